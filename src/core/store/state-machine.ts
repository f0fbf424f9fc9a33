import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, WallMs } from '../base/numbers.ts';
import type { Entry } from '../replication/entry.ts';
import type { SnapshotItem } from '../replication/messages.ts';
import { isDue } from './newest.ts';
import { IdempotencyTable } from './idempotency.ts';
import type { StoredValue } from './reads.ts';
import { SessionTable } from './sessions.ts';
import { Store } from './store.ts';

export interface StateMachineOptions {
  readonly tombstonesMax: number;
  readonly idempotencyKeptMs: number;
}

/** Everything that committed entries have made: a function of the log, the same on every replica. */
export class StateMachine {
  readonly store: Store;
  readonly sessions = new SessionTable();
  readonly idempotency = new IdempotencyTable();
  readonly #idempotencyKeptMs: number;
  #appliedIndex = 0 as LogIndex;
  #timeMs = 0 as WallMs;

  constructor(options: StateMachineOptions) {
    this.store = new Store(options.tombstonesMax);
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
    return this.store.bytes + this.sessions.bytes + this.idempotency.bytes;
  }

  /** R17: what is due by the log's time is not there, whether or not an entry has removed it yet. */
  find(key: Key): StoredValue | null {
    const found = this.store.get(key);
    return found !== null && isDue(found, this.#timeMs) ? null : found;
  }

  apply(entry: Entry): void {
    assert(entry.index === this.#appliedIndex + 1, 'R4: entries are applied in order, each once');
    assert(entry.timeMs >= this.#timeMs, 'R15: the time of the log never goes back');
    this.#appliedIndex = entry.index;
    this.#timeMs = entry.timeMs;
    const body = entry.body;
    switch (body.kind) {
      case 'empty':
        break;
      case 'write': {
        for (const effect of body.effects) this.store.apply(effect);
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
        for (const effect of body.effects) this.store.apply(effect);
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

  /** R11: empty, about to take in the state at `index`. */
  restart(at: { readonly index: LogIndex; readonly timeMs: WallMs }): void {
    this.store.clear();
    this.sessions.clear();
    this.idempotency.clear();
    this.#appliedIndex = at.index;
    this.#timeMs = at.timeMs;
  }

  /** R11: one piece of a snapshot. What entries since its start have changed is in none. */
  restore(item: SnapshotItem): void {
    switch (item.kind) {
      case 'value':
        this.store.restoreValue(item.key, item.stored);
        break;
      case 'tombstone':
        this.store.restoreTombstone(item.key, item);
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
