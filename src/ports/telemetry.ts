/** Structured log: an event's name and its fields. Quiet by default; adapters/observability implements it with winston. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/**
 * What a process refuses to protect itself, as `kvstore_limits_hit_total` names it. Where a client reads of it, the code
 * is that of the error; the others close a connection.
 */
export const LIMITS = [
  'bad-request',
  'connections',
  'headers-too-large',
  'idempotency-full',
  'memory-full',
  'overloaded',
  'peer-connections',
  'request-timeout',
  'session-full',
  'sessions-full',
  'silent-connections',
  'too-large',
  'too-many-keys',
  'too-many-requests',
  'unread-answers',
] as const;

export type Limit = (typeof LIMITS)[number];
