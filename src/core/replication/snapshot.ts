import type { IdempotentOutcome } from '../store/idempotency.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex } from '../base/numbers.ts';
import type { SessionId } from '../store/commands.ts';
import type { StoredValue } from '../store/reads.ts';
import type { Session } from '../store/sessions.ts';
import type { StateMachine } from '../store/state-machine.ts';
import type { Tombstone } from '../store/reads.ts';
import type { SnapshotItem } from './messages.ts';

const ITEM_OVERHEAD_BYTES = 64;

/**
 * R11: walks over a state machine that goes on changing. What an entry after `startIndex` has changed is not sent, for
 * that entry travels in the same stream; so every value and tombstone is either sent as it stood at `startIndex`, before
 * any entry that changes it is known to be committed, or made anew by an entry. Sessions and outcomes are sent as they
 * stand, and what entries repeat of them changes nothing.
 */
export class SnapshotScan {
  readonly startIndex: LogIndex;
  readonly #values: Iterator<[Key, StoredValue]>;
  readonly #tombstones: Iterator<[Key, Tombstone]>;
  readonly #sessions: Iterator<[SessionId, Session]>;
  readonly #idempotency: Iterator<[string, IdempotentOutcome]>;
  #chunks = 0;
  #done = false;

  constructor(machine: StateMachine) {
    this.startIndex = machine.appliedIndex;
    this.#values = machine.store.values();
    this.#tombstones = machine.store.tombstones();
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
    while (taken < bytes) {
      const item = this.#nextItem();
      if (item === null) {
        this.#done = true;
        break;
      }
      if (item === 'skipped') continue;
      items.push(item);
      taken += itemBytes(item);
    }
    if (items.length === 0) return null;
    this.#chunks += 1;
    return { number: this.#chunks - 1, items, bytes: taken };
  }

  #nextItem(): SnapshotItem | 'skipped' | null {
    const value = this.#values.next();
    if (value.done !== true) {
      const [key, stored] = value.value;
      return stored.revision > this.startIndex ? 'skipped' : { kind: 'value', key, stored };
    }
    const tombstone = this.#tombstones.next();
    if (tombstone.done !== true) {
      const [key, { version, revision }] = tombstone.value;
      return revision > this.startIndex ? 'skipped' : { kind: 'tombstone', key, version, revision };
    }
    const session = this.#sessions.next();
    if (session.done !== true) {
      const [id, { lastUsedMs, settledThrough, outcomes }] = session.value;
      return { kind: 'session', session: id, lastUsedMs, settledThrough, outcomes: [...outcomes.values()] };
    }
    const idempotent = this.#idempotency.next();
    if (idempotent.done !== true) {
      const [key, { digest, timeMs, revision, outcome }] = idempotent.value;
      return { kind: 'idempotency', key: { key, digest }, timeMs, revision, outcome };
    }
    return null;
  }
}

/** What an item counts for in the stream's window, at both ends. */
export function itemBytes(item: SnapshotItem): number {
  switch (item.kind) {
    case 'value':
      return ITEM_OVERHEAD_BYTES + item.key.length + item.stored.value.length;
    case 'tombstone':
      return ITEM_OVERHEAD_BYTES + item.key.length;
    case 'session':
      return ITEM_OVERHEAD_BYTES * (1 + item.outcomes.length);
    case 'idempotency':
      return ITEM_OVERHEAD_BYTES + item.key.key.length;
  }
}
