import type { Key } from '../base/key.ts';
import type { LogIndex, WallMs } from '../base/numbers.ts';
import { ExpiryHeap } from './expiry-heap.ts';

/** R18: who holds a lock. */
export interface LockHolder {
  /** As the holder calls itself, at most {@link LOCK_OWNER_BYTES_MAX} bytes; empty if it does not. */
  readonly owner: string;
  /** The index of the entry by which it got the lock; renewals leave it. */
  readonly revision: LogIndex;
  /** From then on nobody holds it any more, by the log's time. */
  readonly expiresAtMs: WallMs;
}

export interface HeldLock extends LockHolder {
  /** What only the holder knows; whoever asks for the lock draws it. */
  readonly lockId: string;
}

export const LOCK_OWNER_BYTES_MAX = 256;
export const LOCK_ID_BYTES_MAX = 64;
/** What only hiccups would outlive is no lock; what outlives a day is forgotten by whoever took it. */
export const LOCK_TTL_MS_MIN = 1000;
export const LOCK_TTL_MS_MAX = 24 * 3_600_000;

/** Locks have names as keys have them, in a namespace of their own. */
export type LockCommand =
  | {
      readonly kind: 'acquire';
      readonly lock: Key;
      readonly lockId: string;
      readonly owner: string;
      /** 1 to {@link LOCK_TTL_MS_MAX}. */
      readonly ttlMs: number;
    }
  /** From now on for so long; the token stays. */
  | { readonly kind: 'renew'; readonly lock: Key; readonly lockId: string; readonly ttlMs: number }
  | { readonly kind: 'release'; readonly lock: Key; readonly lockId: string };

/**
 * R18: the revision at which the lock was got, in a lineage. Revisions grow within a lineage, and its number grows when
 * revisions may come again: so tokens of a lock only grow, and nothing need be remembered of one that nobody holds.
 */
export interface FencingToken {
  readonly lineageNumber: number;
  readonly revision: LogIndex;
}

/** "Only while the lock is held under this token." */
export interface Fence {
  readonly lock: Key;
  readonly token: FencingToken;
}

/** What an entry does to a lock, whole: whatever stood there before. */
export type LockEffect =
  | { readonly kind: 'hold'; readonly lock: Key; readonly held: HeldLock }
  /** Released, or lapsed. */
  | { readonly kind: 'free'; readonly lock: Key };

export type LockOutcome =
  /** Got, or renewed. */
  | { readonly kind: 'locked'; readonly held: HeldLock }
  /** Somebody else has it. */
  | { readonly kind: 'held'; readonly holder: LockHolder }
  | { readonly kind: 'released' }
  /** It is not held under this id (any more). */
  | { readonly kind: 'notHeld' };

/** The newest state of every lock, committed or not; it may have lapsed. */
export interface NewestLocks {
  lockOf(lock: Key): HeldLock | null;
}

export interface LockDecision {
  readonly effects: readonly LockEffect[];
  readonly outcome: LockOutcome;
}

/** R18: whether it passes on at `timeMs`, by the log's time. */
export const isLapsed = ({ expiresAtMs }: LockHolder, timeMs: WallMs): boolean => expiresAtMs <= timeMs;

const NOT_HELD: LockDecision = { effects: [], outcome: { kind: 'notHeld' } };

/** By the newest state of the lock, as the entry at `index`. */
export function decideLock(
  command: LockCommand,
  newest: HeldLock | null,
  { index, timeMs }: { readonly index: LogIndex; readonly timeMs: WallMs },
): LockDecision {
  const { lock, lockId } = command;
  const held = newest === null || isLapsed(newest, timeMs) ? null : newest;
  if (command.kind === 'release')
    return held?.lockId === lockId ? { effects: [{ kind: 'free', lock }], outcome: { kind: 'released' } } : NOT_HELD;
  const expiresAtMs = (timeMs + command.ttlMs) as WallMs;
  if (command.kind === 'renew') return held?.lockId === lockId ? hold(lock, { ...held, expiresAtMs }) : NOT_HELD;
  if (held !== null) return { effects: [], outcome: { kind: 'held', holder: holderOf(held) } };
  return hold(lock, { lockId, owner: command.owner, revision: index, expiresAtMs });
}

const hold = (lock: Key, held: HeldLock): LockDecision => ({
  effects: [{ kind: 'hold', lock, held }],
  outcome: { kind: 'locked', held },
});

/** Without what only the holder may know. */
export const holderOf = ({ owner, revision, expiresAtMs }: HeldLock): LockHolder => ({ owner, revision, expiresAtMs });

/** R18: a token is good while the lock is held under just this one, and never again. */
export function isStale(
  { token }: Fence,
  newest: HeldLock | null,
  { timeMs, lineageNumber }: { readonly timeMs: WallMs; readonly lineageNumber: number },
): boolean {
  if (newest === null || isLapsed(newest, timeMs)) return true;
  return token.lineageNumber !== lineageNumber || token.revision !== newest.revision;
}

/** What a lock costs beside its name and its texts, its place in the heap included. Measured, as a test does again. */
const LOCK_OVERHEAD_BYTES = 360;

export const lockBytes = (lock: Key, { lockId, owner }: Pick<HeldLock, 'lockId' | 'owner'>): number =>
  LOCK_OVERHEAD_BYTES + lock.length + lockId.length + owner.length;

/** A lock, and where it stands among those that lapse. */
interface Lock {
  readonly name: Key;
  /** As the heap calls it. */
  readonly number: number;
  held: HeldLock;
  duePlace: number;
}

/** The locks that are held, and those that have lapsed and were not removed yet, as of the last applied entry. */
export class LockTable implements NewestLocks {
  #locks = new Map<Key, Lock>();
  #byNumber = new Map<number, Lock>();
  #numbers = 0;
  readonly #expiries = new ExpiryHeap((number, place) => {
    (this.#byNumber.get(number) as Lock).duePlace = place;
  });
  #bytes = 0;

  get size(): number {
    return this.#locks.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  lockOf(lock: Key): HeldLock | null {
    return this.#locks.get(lock)?.held ?? null;
  }

  /** R11: while a snapshot comes in, what the entry changes may be newer already, or gone; what follows makes it good. */
  apply(effect: LockEffect): void {
    const before = this.#locks.get(effect.lock);
    if (effect.kind === 'free') {
      if (before !== undefined) this.#free(before);
      return;
    }
    const { lock: name, held } = effect;
    this.#bytes += lockBytes(name, held);
    if (before === undefined) {
      this.#numbers += 1;
      const lock = { name, number: this.#numbers, held, duePlace: 0 };
      this.#locks.set(name, lock);
      this.#byNumber.set(lock.number, lock);
      this.#expiries.add(lock.number, held.expiresAtMs);
      return;
    }
    this.#bytes -= lockBytes(name, before.held);
    const beforeMs = before.held.expiresAtMs;
    before.held = held;
    if (held.expiresAtMs === beforeMs) return;
    this.#expiries.removeAt(before.duePlace);
    this.#expiries.add(before.number, held.expiresAtMs);
  }

  #free({ name, number, held, duePlace }: Lock): void {
    this.#locks.delete(name);
    this.#byNumber.delete(number);
    this.#expiries.removeAt(duePlace);
    this.#bytes -= lockBytes(name, held);
  }

  /** When the first lock lapses, by the log's time; null: none is held. */
  get earliestExpiryMs(): number | null {
    return this.#expiries.earliestMs;
  }

  /** Up to `max` locks that have lapsed. */
  due(timeMs: WallMs, max: number): Key[] {
    return this.#expiries.due(timeMs, max).map((number) => (this.#byNumber.get(number) as Lock).name);
  }

  clear(): void {
    this.#locks = new Map();
    this.#byNumber = new Map();
    this.#expiries.clear();
    this.#bytes = 0;
  }

  /** Live, as `Store.values`. */
  *entries(): IterableIterator<[Key, HeldLock]> {
    for (const [name, { held }] of this.#locks) yield [name, held];
  }
}
