import type { Instant, LogIndex, WallMs } from '../base/numbers.ts';
import type { Random } from '../base/random.ts';
import type { GroupLimits, GroupTimes } from '../group/options.ts';
import { isLapsed } from '../store/locks.ts';
import { evictEffect, expireEffect, isDue } from '../store/newest.ts';
import type { Store } from '../store/store.ts';
import { ENTRY_OVERHEAD_BYTES, type Entry, type EntryBody, type StateEffect } from './entry.ts';
import { victimsOf } from './eviction.ts';
import type { Proposals } from './proposals.ts';
import type { Replica } from './replica.ts';
import type { Rounds } from './rounds.ts';

/** What it needs of its leader. */
export interface HousekeepingOptions {
  readonly replica: Replica;
  readonly proposals: Proposals;
  readonly rounds: Rounds;
  readonly limits: GroupLimits;
  readonly times: GroupTimes;
  /** R22: for what it looks at. */
  readonly random: Random;
  /** Whether the leader knows what it holds, and its log takes more. */
  readonly mayAppend: () => boolean;
  readonly append: (body: EntryBody, now: Instant) => Entry;
  /** The log's. */
  readonly timeFor: (now: Instant) => WallMs;
}

/**
 * R17: what is due is hidden at once, and need not be removed at once: 5,000 keys a second, each of which costs some 15 µs on every
 * replica, most of it memory that no cache holds. With 40,000 others waited for 40 ms, in the median, and not for 6.
 */
const EXPIRED_PER_TICK_MIN = 125;
/** Where three quarters of the memory are used, it is wanted; from a half on, more and more. */
const EXPIRED_PER_TICK_MAX = 1000;
const EXPIRED_PER_ENTRY = 500;
/** Where a write needs their memory. */
const EXPIRED_PER_WRITE_MAX = 32_000;
/** R21: of the keys with an idle time, some tens of microseconds; of a million each is looked at after 5 s. */
const LOOKED_AT_PER_TICK = 5000;
/** R20, R22: beyond what is wanted, so that not every write has to have something forgotten, or evicted. */
const FREED_BYTES_MIN = 256 * 1024;
/** R22: but of keys no more than this part of the memory. */
const EVICTED_SHARE = 64;

/**
 * What a leader has removed without being asked, by entries of its log: what is due or idle, and, where a write needs the
 * memory, what can best be done without.
 */
export class Housekeeping {
  readonly #replica: Replica;
  readonly #proposals: Proposals;
  readonly #rounds: Rounds;
  readonly #limits: GroupLimits;
  readonly #times: GroupTimes;
  readonly #random: Random;
  readonly #mayAppend: () => boolean;
  readonly #append: HousekeepingOptions['append'];
  readonly #timeFor: HousekeepingOptions['timeFor'];
  /** R17: what falls due after the entry at this index is applied is looked at then. */
  #expiresThrough = 0 as LogIndex;

  constructor(options: HousekeepingOptions) {
    this.#replica = options.replica;
    this.#proposals = options.proposals;
    this.#rounds = options.rounds;
    this.#limits = options.limits;
    this.#times = options.times;
    this.#random = options.random;
    this.#mayAppend = options.mayAppend;
    this.#append = options.append;
    this.#timeFor = options.timeFor;
  }

  tick(now: Instant): void {
    const { history } = this.#store;
    // Older versions take whatever is free, and give it back.
    const used = (this.#memoryBytes - history.bytes) / this.#limits.memoryBytesMax;
    const wanted = Math.min(1, Math.max(0, 4 * used - 2));
    const most = Math.round(EXPIRED_PER_TICK_MIN + wanted * (EXPIRED_PER_TICK_MAX - EXPIRED_PER_TICK_MIN));
    this.#expireWhatIsDue(now, most);
    this.#expireWhatIsIdle(now, most);
  }

  /** So much more, once everything that is decided is done. */
  fits(wanted: number): boolean {
    return this.#missing(wanted) <= 0;
  }

  /**
   * R17, R20, R22: what is due goes first, for it is gone for everybody, and only fills the memory; then what was superseded
   * first, before anything new is refused: as much as is wanted, and a little more. Where that is not enough, keys go, with all of
   * their versions, if they may.
   */
  makeRoom(wanted: number, now: Instant): boolean {
    for (let most = EXPIRED_PER_ENTRY; !this.fits(wanted) && most <= EXPIRED_PER_WRITE_MAX; most *= 2)
      this.#expireDue(now, most);
    const missing = this.#missing(wanted);
    if (missing <= 0) return true;
    const { forgettingThrough } = this.#proposals;
    const { history } = this.#store;
    // The entry that says so wants room, too.
    const least = missing + ENTRY_OVERHEAD_BYTES;
    const enough =
      history.enoughFor(missing + FREED_BYTES_MIN, forgettingThrough) ?? history.enoughFor(least, forgettingThrough);
    if (enough === null) return this.#limits.eviction === 'lru' && this.#evict(missing, now);
    const { index } = this.#append({ kind: 'forget', through: enough.through }, now);
    this.#proposals.frees(index, enough.bytes);
    return true;
  }

  get #store(): Store {
    return this.#replica.machine.store;
  }

  get #nextIndex(): LogIndex {
    return (this.#replica.log.lastIndex + 1) as LogIndex;
  }

  /** What counts against `memoryBytesMax`. */
  get #memoryBytes(): number {
    return this.#replica.machine.bytes + this.#replica.log.bytes;
  }

  /** What would be beyond the limit with so much more. */
  #missing(wanted: number): number {
    return this.#memoryBytes - this.#proposals.freeingBytes + wanted - this.#limits.memoryBytesMax;
  }

  /** R22: by entries that stand before the write. There are no more than it has bytes for. */
  #evict(missing: number, now: Instant): boolean {
    const more = Math.min(FREED_BYTES_MIN, this.#limits.memoryBytesMax / EVICTED_SHARE);
    const victims =
      victimsOf(this.#replica, missing + more, this.#random) ?? victimsOf(this.#replica, missing, this.#random);
    if (victims === null) return false;
    const { keys, bytes } = victims;
    for (let at = 0; at < keys.length; at += EXPIRED_PER_ENTRY) {
      const some = keys.slice(at, at + EXPIRED_PER_ENTRY);
      const index = this.#nextIndex;
      const effects = some.map((key) => evictEffect(key, this.#replica.stateOf(key), index));
      this.#append({ kind: 'evict', effects }, now);
      this.#proposals.frees(index, (bytes * some.length) / keys.length);
    }
    return true;
  }

  /**
   * R17, R18: an entry makes the log's time go on, so that what is due is hidden everywhere; and it removes it. One round
   * after the other, each of them bounded: what goes on beside it must not wait, however much falls due at once.
   */
  #expireWhatIsDue(now: Instant, most: number): void {
    if (this.#replica.machine.appliedIndex >= this.#expiresThrough) this.#expireDue(now, most);
  }

  /** Of so many that are due those that no open entry removes already. */
  #expireDue(now: Instant, most: number): void {
    const { machine } = this.#replica;
    if (!this.#mayAppend()) return;
    const timeMs = this.#timeFor(now);
    if (machine.earliestExpiryMs > timeMs) return;
    const effects: StateEffect[] = [];
    for (const key of machine.store.due(timeMs, most)) {
      const state = this.#replica.stateOf(key);
      // Somebody has written it, or removed it, and that is not applied yet.
      if (state.current === null || !isDue(state.current, timeMs)) continue;
      effects.push(expireEffect(key, state, this.#nextIndex));
      if (effects.length === EXPIRED_PER_ENTRY) this.#expire(effects, now);
    }
    for (const lock of machine.locks.due(timeMs, most)) {
      const held = this.#replica.lockOf(lock);
      // Somebody has got it since, or has renewed or released it, and that is not applied yet.
      if (held === null || !isLapsed(held, timeMs)) continue;
      effects.push({ kind: 'free', lock });
      if (effects.length === EXPIRED_PER_ENTRY) this.#expire(effects, now);
    }
    this.#expire(effects, now);
    this.#expiresThrough = this.#replica.log.lastIndex;
  }

  /**
   * R21: a value goes once all members have told what they were asked for until its idle time had passed. A round shows that;
   * one that is old says nothing of now.
   */
  #expireWhatIsIdle(now: Instant, most: number): void {
    const { answeredMs } = this.#rounds;
    const { uses } = this.#store;
    if (uses.size === 0 || !this.#mayAppend()) return;
    if (now.monotonicMs - answeredMs > this.#times.readStalenessMs) return;
    const effects: StateEffect[] = [];
    for (const key of uses.idleAt(answeredMs, LOOKED_AT_PER_TICK, most)) {
      // Somebody writes or removes it now.
      if (this.#replica.openIndexOf(key) !== null) continue;
      effects.push(expireEffect(key, this.#replica.stateOf(key), this.#nextIndex));
      if (effects.length === EXPIRED_PER_ENTRY) this.#expire(effects, now);
    }
    this.#expire(effects, now);
  }

  /** Appends what has come together, and empties it. */
  #expire(effects: StateEffect[], now: Instant): void {
    if (effects.length === 0) return;
    let freed = 0;
    for (const effect of effects) if (effect.kind === 'expire') freed += this.#store.bytesFreedBy(effect.key);
    const { index } = this.#append({ kind: 'expire', effects: effects.splice(0) }, now);
    this.#proposals.frees(index, freed);
  }
}
