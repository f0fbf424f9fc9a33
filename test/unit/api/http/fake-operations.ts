import {
  logIndex,
  version,
  wallMs,
  type LogIndex,
  type Version,
  type WallMs,
} from '../../../../src/core/base/numbers.ts';
import type { Key } from '../../../../src/core/base/key.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type {
  DecidedOutcome,
  IdempotencyKey,
  WriteCommand,
  WriteOutcome,
} from '../../../../src/core/store/commands.ts';
import { decideWrite } from '../../../../src/core/store/decide-write.ts';
import { holderOf, isLapsed, LockTable, type HeldLock, type NewestLocks } from '../../../../src/core/store/locks.ts';
import { kept, past } from '../../../../src/core/store/past.ts';
import { list } from '../../../../src/core/store/listing.ts';
import { afterwards, type NewestKeys, type NewestState } from '../../../../src/core/store/newest.ts';
import type { HistoryRead, PastRead, ReadOutcome, ReadRequest, StoredValue } from '../../../../src/core/store/reads.ts';
import type { WatchRequest } from '../../../../src/core/store/watching.ts';
import { Store } from '../../../../src/core/store/store.ts';
import type {
  ClusterView,
  DataOperations,
  LookupResult,
  ReadResult,
  Watch,
  Watcher,
  WriteResult,
} from '../../../../src/ports/data-operations.ts';

/** One replica's worth of the store: a small honest model, and answers that a test puts in the way of the next request. */
export class FakeOperations implements DataOperations, NewestKeys, NewestLocks {
  readonly servedBy = 'kv-1';
  lineage: Lineage = { number: 1, id: 'd1-1' };
  revision: LogIndex = logIndex(0);
  /** The log's time. */
  timeMs: WallMs = wallMs(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  readonly values = new Map<Key, StoredValue>();
  readonly locks = new LockTable();
  readonly reads: ReadRequest[] = [];
  readonly writes: { readonly command: WriteCommand; readonly idempotencyKey: IdempotencyKey | null }[] = [];
  nextWrite: WriteResult | WriteOutcome | null = null;
  /** The data file. */
  readonly dataset = new Map<Key, string>();
  nextLookup: LookupResult | null = null;
  nextRead: ReadResult | ReadOutcome | null = null;
  /** Those of the cluster that answer. */
  replicas: ClusterView['replicas'] = [];
  readonly watches: {
    readonly request: WatchRequest;
    readonly watcher: Watcher;
    granted: number;
    state: 'open' | 'cancelled';
  }[] = [];
  /** While set, requests wait for it. */
  gate: Promise<void> | null = null;
  readonly #versions = new Map<Key, Version>();
  /** What was written here, with its past. */
  readonly #store = new Store(100);
  readonly #outcomes = new Map<string, { readonly digest: string; readonly outcome: WriteOutcome }>();

  constructor() {
    this.#store.history.limit = 3;
  }

  async write(
    command: WriteCommand,
    options: { readonly idempotencyKey: IdempotencyKey | null },
  ): Promise<WriteResult> {
    if (this.gate !== null) await this.gate;
    this.writes.push({ command, idempotencyKey: options.idempotencyKey });
    const next = this.nextWrite;
    this.nextWrite = null;
    if (next !== null) return 'servedBy' in next || next.kind === 'unavailable' ? next : this.#answered(next);
    return this.#answered(this.#write(command, options.idempotencyKey));
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    if (this.gate !== null) await this.gate;
    this.reads.push(request);
    const next = this.nextRead;
    this.nextRead = null;
    if (next !== null) return 'servedBy' in next || next.kind === 'unavailable' ? next : this.#answered(next);
    if (request.token !== null && request.token.lineage.id !== this.lineage.id) {
      return this.#answered({ kind: 'replaced-lineage', lineage: this.lineage });
    }
    if (request.token !== null && request.token.revision > this.revision) {
      return this.#answered({ kind: 'declined', code: 'replica-behind' });
    }
    if (request.kind === 'list') {
      const store = new Store(100);
      for (const [key, stored] of this.values) store.restoreValue(key, stored);
      const page = list(store, request.selection, this.timeMs);
      return this.#answered({ kind: 'listed', ...page, lineage: this.lineage, revision: this.revision });
    }
    if (request.kind === 'lock') {
      const held = this.locks.lockOf(request.lock);
      const holder = held === null || isLapsed(held, this.timeMs) ? null : holderOf(held);
      const remainingMs = holder === null ? 0 : holder.expiresAtMs - this.timeMs;
      return this.#answered({ kind: 'lock', holder, remainingMs, lineage: this.lineage, revision: this.revision });
    }
    if (request.kind === 'past' || request.kind === 'history') return this.#answered(this.#readPast(request));
    const found = this.values.get(request.key) ?? null;
    const remainingMs = found === null || found.expiresAtMs === null ? null : found.expiresAtMs - this.timeMs;
    return this.#answered({ kind: 'read', found, remainingMs, lineage: this.lineage, revision: this.revision });
  }

  #readPast(request: PastRead | HistoryRead): ReadOutcome {
    const { lineage, revision, timeMs } = this;
    const applied = { store: this.#store, timeMs, appliedIndex: revision };
    if (request.kind === 'history')
      return { kind: 'history', versions: kept(applied, request.key, request.withValues), lineage, revision };
    return { kind: 'past', past: past(applied, request.key, request.at), remainingMs: null, lineage, revision };
  }

  async lookUp(key: Key): Promise<LookupResult> {
    if (this.gate !== null) await this.gate;
    const next = this.nextLookup;
    this.nextLookup = null;
    if (next !== null) return next;
    const value = this.dataset.get(key);
    return this.#answered(value === undefined ? { kind: 'absent' } : { kind: 'found', value: Buffer.from(value) });
  }

  /** A test plays the replica. */
  watch(request: WatchRequest, watcher: Watcher): Watch {
    const watch = { request, watcher, granted: 0, state: 'open' as 'open' | 'cancelled' };
    this.watches.push(watch);
    return {
      grant(bytes) {
        watch.granted += bytes;
      },
      cancel() {
        watch.state = 'cancelled';
      },
    };
  }

  cluster(): Promise<ClusterView> {
    return Promise.resolve({
      leader: 'kv-1',
      epoch: 3,
      lineage: this.lineage,
      members: ['kv-0', 'kv-1', 'kv-2'],
      standbys: [],
      frozen: false,
      replicas: this.replicas,
      unreachable: [{ podName: 'kv-2', peerAddress: '[::1]:7000', reason: 'refused' }],
    });
  }

  #answered<Outcome>(outcome: Outcome): { kind: 'answered'; outcome: Outcome; servedBy: string } {
    return { kind: 'answered', outcome, servedBy: this.servedBy };
  }

  #write(command: WriteCommand, idempotencyKey: IdempotencyKey | null): WriteOutcome {
    if (idempotencyKey !== null) {
      const known = this.#outcomes.get(idempotencyKey.key);
      if (known?.digest === idempotencyKey.digest) return known.outcome;
      if (known !== undefined) return { kind: 'refused', code: 'idempotency-mismatch', leaderHint: null };
    }
    this.revision = logIndex(this.revision + 1);
    const decided = this.#decide(command);
    const outcome: WriteOutcome = {
      kind: 'committed',
      decided,
      revision: this.revision,
      lineage: this.lineage,
      acks: 3,
      members: 3,
    };
    if (idempotencyKey !== null && decided.kind !== 'held')
      this.#outcomes.set(idempotencyKey.key, { digest: idempotencyKey.digest, outcome });
    return outcome;
  }

  #decide(command: WriteCommand): DecidedOutcome {
    const { id: lineageId, number: lineageNumber } = this.lineage;
    const place = { index: this.revision, timeMs: this.timeMs, lineageId, lineageNumber };
    const { effects, outcome } = decideWrite(command, this, place);
    for (const effect of effects) {
      if ('lock' in effect) {
        this.locks.apply(effect);
        continue;
      }
      this.#store.apply(effect);
      const { current, lastVersion } = afterwards(effect, () => this.stateOf(effect.key));
      if (current === null) this.values.delete(effect.key);
      else this.values.set(effect.key, current);
      this.#versions.set(effect.key, lastVersion);
    }
    return outcome;
  }

  lockOf(lock: Key): HeldLock | null {
    return this.locks.lockOf(lock);
  }

  keysUnder(prefix: string): Iterable<Key> {
    return [...this.values.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  stateOf(key: Key): NewestState {
    return { current: this.values.get(key) ?? null, lastVersion: this.#versions.get(key) ?? version(0) };
  }
}
