import type { Effect } from './exchange.ts';
import type { KvError } from './kv-error.ts';

const PAUSE_MS = 50;
const PAUSE_MS_MAX = 2000;

/** Whether nothing speaks against sending it again, but for the number of attempts and the time. */
export function mayRepeat(effect: Effect, failure: KvError): boolean {
  // How long to wait for a lock, whoever asks for it has said already.
  if (!failure.retryable || failure.code === 'lock-held') return false;
  return effect.kind !== 'write' || effect.idempotencyKey !== null || failure.outcome === 'none';
}

/**
 * How long to wait before the next attempt: full jitter over an exponential bound, so that clients that failed together do not
 * come back together; on top of what the server asked for.
 */
export function pauseMs(
  failure: Pick<KvError, 'retryAfterMs'>,
  { attempts, random }: { readonly attempts: number; readonly random: () => number },
): number {
  const bound = Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** (attempts - 1));
  return (failure.retryAfterMs ?? 0) + random() * bound;
}

/**
 * Whether a write may have been applied, after all attempts: once that was unknown of one, only an answer about the key
 * itself settles it, and only under an `Idempotency-Key`, by which the store knows the attempt before. A refusal says
 * nothing of an attempt that still waits somewhere.
 */
export function outcomeOf(
  effect: Effect,
  failure: KvError,
  { wasUnknown }: { readonly wasUnknown: boolean },
): 'none' | 'unknown' {
  if (effect.kind === 'read') return 'none';
  if (failure.outcome === 'unknown') return 'unknown';
  const isSettled =
    (effect.kind === 'repeatable' || effect.idempotencyKey !== null) && SETTLED.has(failure.status ?? 0);
  return wasUnknown && !isSettled ? 'unknown' : 'none';
}

/** No such key; exists or cannot be counted; precondition failed. */
const SETTLED: ReadonlySet<number> = new Set([404, 409, 412]);

/** `Retry-After`, in seconds or as a date; null: none. */
export function retryAfterMsOf(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
