import type { ErrorCode } from '../core/base/errors.ts';

/**
 * What goes wrong on this side: the call was cancelled (`aborted`), took too long (`timeout`), nobody could be reached
 * (`unreachable`), something else than kvstore answered (`bad-answer`), or a lock is not held any more (`lock-lost`).
 */
export type ClientErrorCode = 'aborted' | 'timeout' | 'unreachable' | 'bad-answer' | 'lock-lost';

/** A newer server may have codes that this release does not know. */
export type KvErrorCode = ErrorCode | ClientErrorCode | (string & {});

/** What stands at a key, as an error of a condition tells it. */
export interface KvCurrent {
  readonly etag: string;
  readonly revision: number;
  readonly version: number;
}

export interface KvErrorFields {
  readonly code: KvErrorCode;
  readonly detail: string;
  readonly status?: number | null;
  readonly retryable?: boolean;
  readonly outcome?: 'none' | 'unknown';
  readonly current?: KvCurrent | null;
  readonly retryAfterMs?: number | null;
  readonly attempts?: number;
  readonly cause?: unknown;
}

/** The one error that calls reject with, but for misuse, which is a `TypeError` or `RangeError`. Match on `code`. */
export class KvError extends Error {
  override readonly name = 'KvError';
  readonly code: KvErrorCode;
  /** What happened and what to do next, for people. */
  readonly detail: string;
  /** Of HTTP; null: there was no answer. */
  readonly status: number | null;
  /** Whether the same call may succeed a little later. It has been repeated already, as far as the options allow. */
  readonly retryable: boolean;
  /** `unknown`: a write may have been applied, or may still be. `none`: it was not, and will not be. */
  readonly outcome: 'none' | 'unknown';
  /** With `revision-mismatch` and `exists`: what is there instead; null: nothing. */
  readonly current: KvCurrent | null;
  /** How long the server asked to wait. */
  readonly retryAfterMs: number | null;
  /** How often the request was sent. */
  readonly attempts: number;

  constructor(fields: KvErrorFields) {
    super(`${fields.code}: ${fields.detail}`, fields.cause === undefined ? {} : { cause: fields.cause });
    this.code = fields.code;
    this.detail = fields.detail;
    this.status = fields.status ?? null;
    this.retryable = fields.retryable ?? false;
    this.outcome = fields.outcome ?? 'none';
    this.current = fields.current ?? null;
    this.retryAfterMs = fields.retryAfterMs ?? null;
    this.attempts = fields.attempts ?? 0;
  }
}

/** Whether it is an error of this client, with that code if one is given. By name: two copies of the package may meet. */
export function isKvError(error: unknown, code?: KvErrorCode): error is KvError {
  const { name, code: found } = (error ?? {}) as Partial<KvError>;
  return name === 'KvError' && (code === undefined || found === code);
}
