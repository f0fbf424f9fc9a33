import type { IdempotentOutcome } from '../store/idempotency.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex } from '../base/numbers.ts';
import { outcomeExtraBytes, type SessionId } from '../store/commands.ts';
import type { HeldLock } from '../store/locks.ts';
import type { Session } from '../store/sessions.ts';
import type { Ref } from '../store/records.ts';
import type { StateMachine } from '../store/state-machine.ts';
import type { Tombstone } from '../store/reads.ts';
import type { KeptOutcome, SnapshotItem } from './messages.ts';

const ITEM_OVERHEAD_BYTES = 64;
/** A session with more goes in several items: one may have kept more than a frame can carry. */
const SESSION_ITEM_BYTES = 256 * 1024;

/**
 * R11: walks over a state machine that goes on changing. What an entry after `startIndex` has changed is not sent, for
 * that entry travels in the same stream; so every value and tombstone is either sent as it stood at `startIndex`, before
 * any entry that changes it is known to be committed, or made anew by an entry. What such an entry has superseded is sent
 * as an older version; so are those that were superseded before, in their order (R20). Locks, sessions and outcomes are sent as
 * they stand: an entry that changes a lock says all of it, and what entries repeat of the others changes nothing.
 */
export class SnapshotScan {
  readonly startIndex: LogIndex;
  /** The key from which on values are still to be sent; null: all were. */
  #from: string | null = '';
  readonly #tombstones: Iterator<[Key, Tombstone]>;
  readonly #older: Iterator<Ref>;
  readonly #locks: Iterator<[Key, HeldLock]>;
  readonly #sessions: Iterator<[SessionId, Session]>;
  readonly #idempotency: Iterator<[string, IdempotentOutcome]>;
  readonly #machine: StateMachine;
  /** The session that is being sent, and what of its outcomes is still to come. */
  #session: SessionId | null = null;
  #outcomes: Iterator<KeptOutcome> = [].values();
  #chunks = 0;
  #done = false;

  constructor(machine: StateMachine) {
    this.#machine = machine;
    this.startIndex = machine.appliedIndex;
    this.#tombstones = machine.store.tombstones();
    this.#older = machine.store.history.refs();
    this.#locks = machine.locks.entries();
    this.#sessions = machine.sessions.entries();
    this.#idempotency = machine.idempotency.entries();
  }

  /** How many chunks there have been. */
  get chunks(): number {
    return this.#chunks;
  }

  get done(): boolean {
    return this.#done;
  }

  /** The next items, about `bytes` of them; none once everything was visited. */
  nextChunk(
    bytes: number,
  ): { readonly number: number; readonly items: readonly SnapshotItem[]; readonly bytes: number } | null {
    const items: SnapshotItem[] = [];
    let taken = 0;
    if (this.#from !== null) {
      this.#from = this.#takeValues(this.#from, bytes, items);
      for (const item of items) taken += itemBytes(item);
    }
    while (taken < bytes && this.#from === null) {
      const some = this.#nextItems(bytes - taken);
      if (some === null) {
        this.#done = true;
        break;
      }
      items.push(...some);
      for (const item of some) taken += itemBytes(item);
    }
    if (items.length === 0) return null;
    this.#chunks += 1;
    return { number: this.#chunks - 1, items, bytes: taken };
  }

  /** Where the next piece begins. */
  #takeValues(from: string, bytes: number, items: SnapshotItem[]): Key | null {
    const { store } = this.#machine;
    const onChanged = (key: Key): number => {
      const stood = store.history.standingAt(key, this.startIndex);
      if (stood === null) return 0;
      const item = { kind: 'older', ...stood } as const;
      items.push(item);
      return itemBytes(item);
    };
    const { packed, large, next } = store.pieceFrom(from, { through: this.startIndex, bytes, onChanged });
    for (const values of packed) items.push({ kind: 'values', ...values });
    for (const [key, stored] of large) items.push({ kind: 'value', key, stored });
    return next;
  }

  /** What comes next, about `bytes` of it if it can be more than one; none of what is skipped; null: there is no more. */
  #nextItems(bytes: number): readonly SnapshotItem[] | null {
    const tombstone = this.#tombstones.next();
    if (tombstone.done !== true) {
      const [key, { version, revision }] = tombstone.value;
      return revision > this.startIndex ? [] : [{ kind: 'tombstone', key, version, revision }];
    }
    const older = this.#machine.store.pieceOfOlder(this.#older, { through: this.startIndex, bytes });
    if (older.length > 0)
      return older.map((each) => ('bytes' in each ? { kind: 'olderValues', ...each } : { kind: 'older', ...each }));
    const item = this.#nextItem();
    return item === 'skipped' ? [] : item === null ? null : [item];
  }

  #nextItem(): SnapshotItem | 'skipped' | null {
    const lock = this.#locks.next();
    if (lock.done !== true) return { kind: 'lock', lock: lock.value[0], held: lock.value[1] };
    const rest = this.#nextOutcomes();
    if (rest !== null) return rest;
    const session = this.#sessions.next();
    if (session.done !== true) {
      const [id, { outcomes }] = session.value;
      this.#session = id;
      this.#outcomes = [...outcomes.values()].values();
      return this.#nextOutcomes() ?? 'skipped';
    }
    const idempotent = this.#idempotency.next();
    if (idempotent.done !== true) {
      const [key, { digest, timeMs, revision, outcome }] = idempotent.value;
      return { kind: 'idempotency', key: { key, digest }, timeMs, revision, outcome };
    }
    return null;
  }

  /** Of the session that is being sent, as many as one item may have; one at least, for a session may have none. */
  #nextOutcomes(): SnapshotItem | 'skipped' | null {
    const id = this.#session;
    if (id === null) return null;
    const session = this.#machine.sessions.get(id);
    const outcomes: KeptOutcome[] = [];
    let bytes = 0;
    while (bytes < SESSION_ITEM_BYTES && this.#session !== null) {
      const next = this.#outcomes.next();
      if (next.done === true) {
        this.#session = null;
        continue;
      }
      const kept = next.value;
      outcomes.push(kept);
      bytes += ITEM_OVERHEAD_BYTES + outcomeExtraBytes(kept.outcome);
    }
    if (session === undefined) this.#session = null;
    // It has ended since it was met: whoever is sent it must not open it again.
    if (session === undefined) return 'skipped';
    return {
      kind: 'session',
      session: id,
      lastUsedMs: session.lastUsedMs,
      settledThrough: session.settledThrough,
      outcomes,
    };
  }
}

/** What an item counts for in the stream's window, at both ends. */
export function itemBytes(item: SnapshotItem): number {
  switch (item.kind) {
    case 'values':
    case 'olderValues':
      return ITEM_OVERHEAD_BYTES + item.bytes.length;
    case 'value':
    case 'older':
      return ITEM_OVERHEAD_BYTES + item.key.length + item.stored.value.length;
    case 'tombstone':
      return ITEM_OVERHEAD_BYTES + item.key.length;
    case 'lock':
      return ITEM_OVERHEAD_BYTES + item.lock.length + item.held.lockId.length + item.held.owner.length;
    case 'session':
      return item.outcomes.reduce(
        (sum, { outcome }) => sum + ITEM_OVERHEAD_BYTES + outcomeExtraBytes(outcome),
        ITEM_OVERHEAD_BYTES,
      );
    case 'idempotency':
      return ITEM_OVERHEAD_BYTES + item.key.key.length + outcomeExtraBytes(item.outcome);
  }
}
