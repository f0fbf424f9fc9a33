import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, WallMs } from '../base/numbers.ts';
import type { Entry, StateEffect } from '../replication/entry.ts';
import type { SnapshotItem } from '../replication/messages.ts';
import { isDue } from './newest.ts';
import { IdempotencyTable } from './idempotency.ts';
import { isLapsed, LockTable, type HeldLock } from './locks.ts';
import type { StoredValue } from './reads.ts';
import { SessionTable } from './sessions.ts';
import { Store } from './store.ts';
import type { Eviction } from './uses.ts';

export interface StateMachineOptions {
  readonly tombstonesMax: number;
  readonly idempotencyKeptMs: number;
  /** R22. @default 'none' */
  readonly eviction?: Eviction;
  /** Of {@link Store}. @default 0 */
  readonly hashSeed?: number;
}

/** Everything that committed entries have made: a function of the log, the same on every replica. */
export class StateMachine {
  readonly store: Store;
  readonly locks = new LockTable();
  readonly sessions = new SessionTable();
  readonly idempotency = new IdempotencyTable();
  readonly #idempotencyKeptMs: number;
  #appliedIndex = 0 as LogIndex;
  /** R11: of the snapshot that came in; 0: none did. */
  #startIndex = 0 as LogIndex;
  #timeMs = 0 as WallMs;

  constructor(options: StateMachineOptions) {
    this.store = new Store(options.tombstonesMax, options.eviction, options.hashSeed);
    this.#idempotencyKeptMs = options.idempotencyKeptMs;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  /** The log's time: that of the last applied entry. */
  get timeMs(): WallMs {
    return this.#timeMs;
  }

  get bytes(): number {
    return this.store.bytes + this.locks.bytes + this.sessions.bytes + this.idempotency.bytes;
  }

  /** R17: what is due by the log's time is not there, whether or not an entry has removed it yet. */
  find(key: Key): StoredValue | null {
    const found = this.store.get(key);
    return found !== null && isDue(found, this.#timeMs) ? null : found;
  }

  /** R18: who holds it by the log's time, whether or not an entry has freed it yet. */
  holderOf(lock: Key): HeldLock | null {
    const held = this.locks.lockOf(lock);
    return held !== null && isLapsed(held, this.#timeMs) ? null : held;
  }

  /** R17, R18: when the first value or lock falls due, by the log's time. */
  get earliestExpiryMs(): number {
    return Math.min(this.store.earliestExpiryMs ?? Infinity, this.locks.earliestExpiryMs ?? Infinity);
  }

  apply(entry: Entry): void {
    assert(entry.index === this.#appliedIndex + 1, 'R4: entries are applied in order, each once');
    assert(entry.timeMs >= this.#timeMs, 'R15: the time of the log never goes back');
    this.#appliedIndex = entry.index;
    this.#timeMs = entry.timeMs;
    const body = entry.body;
    switch (body.kind) {
      case 'begin':
        this.store.history.limit = body.historyLimit;
        break;
      case 'empty':
        break;
      case 'write': {
        for (const effect of body.effects) this.#perform(effect);
        const { session, number } = body.request;
        this.sessions.record(
          { session, number, settledThrough: body.settledThrough },
          entry.index,
          body.outcome,
          entry.timeMs,
        );
        if (body.idempotencyKey !== null) {
          this.idempotency.record(body.idempotencyKey, {
            timeMs: entry.timeMs,
            revision: entry.index,
            outcome: body.outcome,
          });
        }
        break;
      }
      case 'expire':
      case 'evict':
        for (const effect of body.effects) this.#perform(effect);
        break;
      case 'forget':
        this.store.history.forgetThrough(body.through);
        break;
      case 'openSession':
        this.sessions.open(body.session, entry.timeMs);
        break;
      case 'endSessions':
        for (const session of body.sessions) this.sessions.end(session);
        break;
    }
    this.idempotency.forgetBefore(entry.timeMs - this.#idempotencyKeptMs);
  }

  #perform(effect: StateEffect): void {
    if (effect.kind === 'hold' || effect.kind === 'free') this.locks.apply(effect);
    else this.store.apply(effect);
  }

  /** R11: empty, about to take in the state at `index`. */
  restart(at: { readonly index: LogIndex; readonly timeMs: WallMs }): void {
    this.store.clear();
    this.locks.clear();
    this.sessions.clear();
    this.idempotency.clear();
    this.#appliedIndex = at.index;
    this.#startIndex = at.index;
    this.#timeMs = at.timeMs;
  }

  /** R11: one piece of a snapshot. What entries since its start have changed is in none. */
  restore(item: SnapshotItem): void {
    switch (item.kind) {
      case 'value':
        this.store.restoreValue(item.key, item.stored);
        break;
      case 'values':
        this.store.restoreValues(item);
        break;
      case 'tombstone':
        this.store.restoreTombstone(item.key, item);
        break;
      case 'older':
        // What is sent may be ahead of what is applied here: then it still stands.
        if (item.supersededAt > this.#appliedIndex) this.store.restoreValue(item.key, item.stored);
        else this.store.history.restore(item, this.#startIndex);
        break;
      case 'olderValues':
        this.store.history.restoreAll(item, this.#startIndex);
        break;
      case 'lock':
        this.locks.apply({ kind: 'hold', lock: item.lock, held: item.held });
        break;
      case 'session':
        this.sessions.restore(item.session, item.lastUsedMs, item.settledThrough, item.outcomes);
        break;
      case 'idempotency':
        this.idempotency.record(item.key, item);
        break;
    }
  }
}
