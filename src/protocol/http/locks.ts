import type { Key } from '../../core/base/key.ts';
import type { Lineage } from '../../core/replication/lineage.ts';
import {
  LOCK_OWNER_BYTES_MAX,
  LOCK_TTL_MS_MAX,
  LOCK_TTL_MS_MIN,
  type HeldLock,
  type LockHolder,
} from '../../core/store/locks.ts';
import { encodeFencingToken } from './fencing.ts';
import { textOf } from './key-path.ts';
import { durationMsOf } from './lifetime.ts';
import { fault, type Fault } from './problem.ts';

/** The JSON of locks. What the schemas can say they have said already. */

/** Below what clients and load balancers give up after. */
export const LOCK_WAIT_MS_MAX = 10_000;
/** 128 random bits in base64url. */
export const LOCK_ID_PATTERN = '^[A-Za-z0-9_-]{22}$';
export const LOCK_TTL_DESCRIPTION = 'seconds, or a number with ms, s, m, h or d; 1s to 24h';
export const LOCK_WAIT_DESCRIPTION = 'seconds, or a number with ms, s, m, h or d; at most 10s';

export interface AcquireBody {
  readonly ttl: string | number;
  readonly wait?: string | number;
  readonly owner?: string;
}

export interface RenewBody {
  readonly ttl: string | number;
}

export interface Acquire {
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly owner: string;
}

export function acquireOf({ ttl, wait = 0, owner = '' }: AcquireBody): Acquire | Fault {
  const ttlMs = lockTtlOf(ttl);
  if (typeof ttlMs !== 'number') return ttlMs;
  const waitMs = durationMsOf(String(wait));
  if (waitMs > LOCK_WAIT_MS_MAX) return fault('bad-request', `The wait must be ${LOCK_WAIT_DESCRIPTION}.`);
  if (!owner.isWellFormed() || Buffer.byteLength(owner) > LOCK_OWNER_BYTES_MAX)
    return fault('bad-request', `The owner must be text of at most ${LOCK_OWNER_BYTES_MAX} bytes.`);
  return { ttlMs, waitMs, owner };
}

/** Milliseconds. */
export function lockTtlOf(ttl: string | number): number | Fault {
  const ttlMs = durationMsOf(String(ttl));
  if (ttlMs >= LOCK_TTL_MS_MIN && ttlMs <= LOCK_TTL_MS_MAX) return ttlMs;
  return fault('bad-request', `The ttl must be ${LOCK_TTL_DESCRIPTION}.`);
}

/** What its holder is told. */
export function lockBody(lock: Key, held: HeldLock, lineage: Lineage): object {
  const { lockId, expiresAtMs } = held;
  return {
    name: textOf(lock),
    lockId,
    fencingToken: tokenOf(held, lineage),
    expiresAt: new Date(expiresAtMs).toISOString(),
  };
}

/** What everybody may know. */
export const holderBody = (lock: Key, holder: LockHolder, lineage: Lineage): object => ({
  name: textOf(lock),
  owner: holder.owner === '' ? null : holder.owner,
  fencingToken: tokenOf(holder, lineage),
  expiresAt: new Date(holder.expiresAtMs).toISOString(),
});

/** Of the lineage in which it is told: after a change of lineage the holder learns its new token when it renews. */
const tokenOf = ({ revision }: LockHolder, { number }: Lineage): string =>
  encodeFencingToken({ lineageNumber: number, revision });
