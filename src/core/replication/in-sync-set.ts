import { assert } from '../base/assert.ts';
import type { ReplicaId } from './replica-id.ts';

/** One change of the in-sync set (R5, R6): one may come in, one may go, in one update. */
export interface SetChange {
  readonly add: ReplicaId | null;
  readonly remove: ReplicaId | null;
  readonly reason: string;
}

/**
 * The in-sync set as the leader knows it, and the maximal set that follows: a replica counts from before the update
 * that adds it is sent, and until the update that removes it is confirmed (R4). One change is in flight at a time.
 */
export class InSyncSet {
  #confirmed: ReadonlySet<ReplicaId>;
  #change: SetChange | null = null;
  /** The update may have been sent: the change can no longer be dropped, only be found to have happened or not. */
  #sent = false;
  #maximal: ReadonlySet<ReplicaId>;

  constructor(confirmed: readonly ReplicaId[]) {
    this.#confirmed = new Set(confirmed);
    this.#maximal = this.#confirmed;
  }

  get confirmed(): ReadonlySet<ReplicaId> {
    return this.#confirmed;
  }

  /** The in-sync set, plus the replica being added, plus the one whose removal is not confirmed. */
  get maximal(): ReadonlySet<ReplicaId> {
    return this.#maximal;
  }

  get change(): SetChange | null {
    return this.#change;
  }

  get sent(): boolean {
    return this.#sent;
  }

  /** The set that the update asks for. */
  get target(): readonly ReplicaId[] {
    const target = new Set(this.#confirmed);
    if (this.#change?.remove != null) target.delete(this.#change.remove);
    if (this.#change?.add != null) target.add(this.#change.add);
    return [...target];
  }

  /** Every committed entry is in its log: of a member, and of one being added since the update was sent (R5). */
  holdsCommitted(id: ReplicaId): boolean {
    return this.#confirmed.has(id) || (this.#sent && this.#change?.add === id);
  }

  /** R5: the replica to be added counts from now on. */
  begin(change: SetChange): void {
    assert(this.#change === null, 'R5: one change of the set is in flight at a time');
    assert(change.add === null || !this.#confirmed.has(change.add), 'R5: who is added is no member');
    assert(change.remove === null || this.#confirmed.has(change.remove), 'R6: who is removed is a member');
    this.#change = change;
    if (change.add !== null) this.#maximal = new Set([...this.#confirmed, change.add]);
  }

  markSent(): void {
    assert(this.#change !== null && !this.#sent, 'R5: a change of the set is sent once');
    this.#sent = true;
  }

  /** Drops a change that was never sent. */
  abandon(): void {
    assert(!this.#sent, 'R1: a change in doubt stays in doubt');
    this.#change = null;
    this.#maximal = this.#confirmed;
  }

  /** What the record says now, once nothing that was sent can land any more. */
  confirm(members: readonly ReplicaId[]): void {
    this.#confirmed = new Set(members);
    this.#maximal = this.#confirmed;
    this.#change = null;
    this.#sent = false;
  }
}
