import { LIFETIME_MS_MAX, type Lifetime, type TouchCommand } from '../../core/store/commands.ts';

/** How long a value stays, as the header X-KV-TTL and `ttl` in JSON say it: `60` (seconds), `60s`, `1500ms`, `5m`, `12h`, `30d`. */
export const LIFETIME_PATTERN = '^[0-9]{1,13}(?:ms|s|m|h|d)?$';
/** `keep`: as long as what stood there before. */
export const LIFETIME_OR_KEEP_PATTERN = '^(?:keep|[0-9]{1,13}(?:ms|s|m|h|d)?)$';
export const LIFETIME_DESCRIPTION = 'seconds, or a number with ms, s, m, h or d; more than 0, at most 36525d';
/** Reads are told of some tenths of a second later: what is shorter would end while it is read. */
export const IDLE_MS_MIN = 1000;
export const IDLE_DESCRIPTION = 'seconds, or a number with ms, s, m, h or d; at least 1s, at most 36525d';

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Of what matches one of the patterns; null: it is 0, or too long. */
export function lifetimeOf(text: string): Lifetime | null {
  if (text === 'keep') return { kind: 'kept' };
  const limited = limitedLifetimeOf(text);
  return limited === null ? null : { kind: 'limited', ms: limited };
}

/** What a touch sets; what it leaves out stays as it is, and null is for ever. */
export interface TouchBody {
  readonly ttl?: string | number | null;
  readonly idle?: string | number | null;
}

/** A text: what is wrong with it. */
export function stayOfTouch({ ttl, idle }: TouchBody): Pick<TouchCommand, 'lifetime' | 'idle'> | string {
  const [lifetime, unused] = [lifetimeOfTouch(ttl), idleOf(lifetimeOfTouch(idle))];
  if (lifetime === null) return `the ttl must be null, or ${LIFETIME_DESCRIPTION}.`;
  if (unused === null) return `the idle time must be null, or ${IDLE_DESCRIPTION}.`;
  if (ttl === undefined && idle === undefined) return 'give ttl, idle, or both.';
  return { lifetime, idle: unused };
}

/** null: what a lifetime cannot be. */
function lifetimeOfTouch(given: string | number | null | undefined): Lifetime | null {
  if (given === undefined) return { kind: 'kept' };
  return given === null ? { kind: 'unlimited' } : lifetimeOf(String(given));
}

/** null: too short. */
export const idleOf = (idle: Lifetime | null): Lifetime | null =>
  idle?.kind === 'limited' && idle.ms < IDLE_MS_MIN ? null : idle;

/** Milliseconds. */
function limitedLifetimeOf(text: string): number | null {
  const ms = durationMsOf(text);
  return ms >= 1 && ms <= LIFETIME_MS_MAX ? ms : null;
}

/** Of what matches {@link LIFETIME_PATTERN}: milliseconds, 0 and any number above. */
export function durationMsOf(text: string): number {
  const [, digits = '', unit = 's'] = /^([0-9]+)([a-z]*)$/.exec(text) ?? [];
  return Number(digits) * UNIT_MS[(unit === '' ? 's' : unit) as keyof typeof UNIT_MS];
}

/** As it may be given again: `300s`, `1500ms`. */
export const durationText = (ms: number): `${number}s` | `${number}ms` =>
  ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;

/** Whole seconds, rounded up: what is left of a moment is not nothing. */
export const secondsOf = (ms: number): string => String(Math.max(0, Math.ceil(ms / 1000)));
