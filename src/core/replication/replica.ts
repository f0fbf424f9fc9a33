import { ChurningMap } from '../base/churning.ts';
import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { Epoch, LogIndex, WallMs } from '../base/numbers.ts';
import type { HeldLock, NewestLocks } from '../store/locks.ts';
import { afterwards, isDue, type NewestKeys, type NewestState } from '../store/newest.ts';
import { StateMachine, type StateMachineOptions } from '../store/state-machine.ts';
import { effectsOf, type Entry, type KeyEffect } from './entry.ts';
import type { Lineage } from './lineage.ts';
import { LogClock } from './log-clock.ts';
import { LOG_START, Log, type LogPosition } from './log.ts';
import type { EntryCodec } from './packed-entries.ts';
import { type ReplicaId, type ReplicaIdentity, replicaId } from './replica-id.ts';

interface OpenChange {
  readonly index: LogIndex;
  readonly effect: KeyEffect;
  /**
   * R17: beneath a touch, the newest change that is none; null: what is applied. That is looked up when somebody asks: while
   * a snapshot comes in, what is applied may not be there yet.
   */
  readonly beneath: OpenChange | null;
}

export interface ReplicaOptions extends StateMachineOptions {
  readonly entryCodec: EntryCodec;
}

/**
 * The data of one replica, whatever role it plays: the log, what of it is committed, and what that has made. A replica
 * without a lineage is *empty* (R11): it has no data, or not yet all of a snapshot.
 */
export class Replica implements NewestKeys, NewestLocks {
  readonly #identity: ReplicaIdentity;
  #id: ReplicaId;
  /** R15: the log's time, as it was last heard or read. */
  readonly clock = new LogClock();
  #discarded = 0;
  readonly log: Log;
  readonly machine: StateMachine;
  /** R12: the newest change of a key that is not committed. */
  readonly #open = new ChurningMap<Key, OpenChange>();
  /** R18: the same of a lock; null: it is free. */
  readonly #openLocks = new Map<Key, { readonly index: LogIndex; readonly held: HeldLock | null }>();
  #lineage: Lineage | null = null;
  #commitIndex = 0 as LogIndex;
  #beginnings = 0;

  constructor(identity: ReplicaIdentity, options: ReplicaOptions) {
    this.#identity = identity;
    this.#id = replicaId(identity);
    this.log = new Log(options.entryCodec);
    this.machine = new StateMachine(options);
  }

  get id(): ReplicaId {
    return this.#id;
  }

  /** Lineage of the data; null while the replica is empty. */
  get lineage(): Lineage | null {
    return this.#lineage;
  }

  get empty(): boolean {
    return this.#lineage === null;
  }

  get commitIndex(): LogIndex {
    return this.#commitIndex;
  }

  /** R19: how often the data became another, or went on in another lineage. */
  get beginnings(): number {
    return this.#beginnings;
  }

  /** What others are told: nothing, while the replica is empty. */
  get position(): LogPosition {
    return this.empty ? LOG_START : this.log.last;
  }

  /** R12: the entry with the newest change of `key` whose fate is open; null if there is none. */
  openIndexOf(key: Key): LogIndex | null {
    return this.#open.get(key)?.index ?? null;
  }

  /**
   * R17: the last entry, if its time shows the key as gone, and what is applied does not: somebody may have been shown so
   * already. null: nothing of the kind.
   */
  fadingIndexOf(key: Key): LogIndex | null {
    const last = this.#lastOpen;
    if (last === null) return null;
    const open = this.#open.get(key);
    const current = open === undefined ? this.machine.store.get(key) : this.#stateAfter(open, key).current;
    const expiresAtMs = current?.expiresAtMs ?? null;
    if (expiresAtMs === null || expiresAtMs <= this.machine.timeMs) return null;
    return expiresAtMs <= last.timeMs ? last.index : null;
  }

  /**
   * R12, R17: what a list must be applied up to. The newest entry that changes a key under `prefix` and whose fate is open;
   * the last one, if its time lets anything go that is not removed yet: who was asked before may have been shown it as gone.
   * That is asked of all keys, for the heap knows no prefixes: at worst a list waits for a commit more. null: it need not wait.
   */
  openIndexUnder(prefix: string): LogIndex | null {
    const last = this.#lastOpen;
    if (last === null) return null;
    if ((this.machine.store.earliestExpiryMs ?? Infinity) <= last.timeMs) return last.index;
    let newest: LogIndex | null = null;
    for (const [key, change] of this.#open) {
      if (!key.startsWith(prefix)) continue;
      // What is not applied is in no heap.
      const { current } = this.#stateAfter(change, key);
      if (current !== null && isDue(current, last.timeMs)) return last.index;
      if (newest === null || change.index > newest) newest = change.index;
    }
    return newest;
  }

  /** Those that are applied, in the order of their bytes, then those that only an open entry has made. */
  *keysUnder(prefix: string): IterableIterator<Key> {
    const { store } = this.machine;
    for (const key of store.keysFrom(prefix)) {
      if (!key.startsWith(prefix)) break;
      yield key;
    }
    for (const key of this.#open.keys()) if (key.startsWith(prefix) && store.get(key) === null) yield key;
  }

  /** The newest state of a key, whether its fate is open or not. */
  stateOf(key: Key): NewestState {
    return this.#stateAfter(this.#open.get(key) ?? null, key);
  }

  #stateAfter(change: OpenChange | null, key: Key): NewestState {
    if (change === null) return this.machine.store.stateOf(key);
    return afterwards(change.effect, () => this.#stateAfter(change.beneath, key));
  }

  /** R18: the newest state of a lock, whether its fate is open or not. */
  lockOf(lock: Key): HeldLock | null {
    const open = this.#openLocks.get(lock);
    return open === undefined ? this.machine.locks.lockOf(lock) : open.held;
  }

  /**
   * R18: what a read of the lock must be applied up to: the last entry, if the lock lapses by its time, and what is applied
   * does not show that; else the newest entry that changes it and whose fate is open. null: it need not wait.
   */
  openIndexOfLock(lock: Key): LogIndex | null {
    const last = this.#lastOpen;
    if (last === null) return null;
    const expiresAtMs = this.lockOf(lock)?.expiresAtMs ?? Infinity;
    if (expiresAtMs <= last.timeMs && expiresAtMs > this.machine.timeMs) return last.index;
    return this.#openLocks.get(lock)?.index ?? null;
  }

  append(entry: Entry): void {
    this.log.append(entry);
    this.#expect(entry);
  }

  #expect(entry: Entry): void {
    for (const effect of effectsOf(entry)) {
      if ('lock' in effect) {
        this.#openLocks.set(effect.lock, { index: entry.index, held: effect.kind === 'hold' ? effect.held : null });
        continue;
      }
      const before = this.#open.get(effect.key) ?? null;
      // Of several touches the last one counts.
      const value = before?.effect.kind === 'touch' ? before.beneath : before;
      const beneath = effect.kind === 'touch' ? value : null;
      this.#open.set(effect.key, { index: entry.index, effect, beneath });
    }
  }

  /** R10: only uncommitted entries can be dropped; being asked for more is a broken invariant. */
  truncateAfter(index: LogIndex): void {
    assert(index >= this.#commitIndex, 'R10: a committed entry is never dropped');
    if (index >= this.log.lastIndex) return;
    this.log.truncateAfter(index);
    this.#open.clear();
    this.#openLocks.clear();
    for (let at = this.#commitIndex + 1; at <= index; at += 1) {
      const entry = this.log.at(at as LogIndex);
      if (entry !== undefined) this.#expect(entry);
    }
  }

  /** Commits and applies everything up to `index`, as far as the log reaches; `onApplied` sees each entry. */
  commitThrough(index: LogIndex, onApplied: ((entry: Entry) => void) | null): void {
    const through = Math.min(index, this.log.lastIndex);
    while (this.#commitIndex < through) {
      const entry = this.log.at((this.#commitIndex + 1) as LogIndex);
      assert(entry !== undefined, 'R4: applied ≤ committed ≤ last index');
      this.#commitIndex = entry.index;
      this.machine.apply(entry);
      this.#settle(entry);
      onApplied?.(entry);
    }
  }

  /** Its fate is open no more. */
  #settle(entry: Entry): void {
    for (const effect of effectsOf(entry)) {
      if ('lock' in effect) {
        if (this.#openLocks.get(effect.lock)?.index === entry.index) this.#openLocks.delete(effect.lock);
      } else if (this.#open.get(effect.key)?.index === entry.index) {
        this.#open.delete(effect.key);
      }
    }
  }

  /** The data begins here, or goes on in another lineage (R13, R14). */
  beginLineage(lineage: Lineage): void {
    const { number } = this.#lineage ?? { number: 0 };
    assert(lineage.number > number, 'R14: data goes on only in a later lineage');
    this.#lineage = lineage;
    this.#beginnings += 1;
  }

  /** R11: forgets everything; what comes next goes on after `position`, in no lineage until it is complete. */
  becomeEmpty(position: LogPosition, timeMs: Entry['timeMs']): void {
    this.#lineage = null;
    this.#beginnings += 1;
    this.#open.clear();
    this.#openLocks.clear();
    this.log.restartAfter(position);
    this.machine.restart({ index: position.index, timeMs });
    this.#commitIndex = position.index;
  }

  /**
   * Gives up data that a record or a snapshot has overtaken. A data id lives and dies with the data: were it kept, a
   * record that names this replica as a member would name one that holds nothing.
   */
  discard(): void {
    this.#discarded += 1;
    this.#id = replicaId({ ...this.#identity, dataId: `${this.#identity.dataId}.${this.#discarded}` });
    this.becomeEmpty(LOG_START, 0 as WallMs);
  }

  /** The last entry, if its fate is open. */
  get #lastOpen(): Entry | null {
    const { lastIndex } = this.log;
    return lastIndex > this.#commitIndex ? (this.log.at(lastIndex) ?? null) : null;
  }

  /** Packs applied entries, and drops those beyond the limits, but nothing after `keepAfter`. */
  trimLog(limits: { readonly logEntriesMax: number; readonly logBytesMax: number }, keepAfter: LogIndex): void {
    const { log } = this;
    log.pack(this.#commitIndex);
    if (log.length <= limits.logEntriesMax && log.bytes <= limits.logBytesMax) return;
    const through = Math.min(keepAfter, this.#commitIndex);
    while ((log.length > limits.logEntriesMax || log.bytes > limits.logBytesMax) && log.dropped.index < through) {
      log.dropThrough((log.dropped.index + 1) as LogIndex);
    }
  }

  /** What every turn must leave behind. */
  assertInOrder(): void {
    const { appliedIndex } = this.machine;
    assert(
      this.log.dropped.index <= appliedIndex &&
        appliedIndex <= this.#commitIndex &&
        this.#commitIndex <= this.log.lastIndex,
      'R4: dropped ≤ applied ≤ committed ≤ last index',
    );
  }

  /** The epoch of the first entry that this replica would lead with must exceed every epoch in its log. */
  get lastEpoch(): Epoch {
    return this.log.lastEpoch;
  }
}
