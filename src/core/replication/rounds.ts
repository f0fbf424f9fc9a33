import { Deque } from '../base/deque.ts';
import type { LinkId } from '../group/io.ts';
import type { InSyncSet } from './in-sync-set.ts';
import type { Progress } from './progress.ts';
import type { ReplicaId } from './replica-id.ts';

/** Who waits for proof that the leader's authority stood after they asked (R12). */
export type ProofWaiter =
  | { readonly kind: 'vouch'; readonly link: LinkId; readonly number: number }
  | { readonly kind: 'read'; readonly proven: () => void; readonly abandoned: () => void };

/**
 * Rounds (R12): a number that rides on appends and heartbeats, and is full when every member of the maximal set has
 * answered it in this epoch. Whoever takes over stops acknowledging first, so a full round shows that nobody had taken
 * over when it began; so does a renewal of the Lease that succeeded, when the API server carried it out.
 *
 * What a proof is worth to a follower is told in the follower's own clock: the leader notes, when the round or renewal
 * begins, the time that the follower's newest acknowledgement carried, and gives it back when the proof is complete.
 */
export class Rounds {
  readonly #set: InSyncSet;
  readonly #followers: ReadonlyMap<ReplicaId, Progress>;
  readonly #self: ReplicaId;
  readonly #waiters = new Deque<{ readonly waiter: ProofWaiter; readonly round: number }>();
  /** Asked for since the newest round began: they need the next. */
  #unassigned: ProofWaiter[] = [];
  #newest = 0;
  #full = 0;
  /** Rounds up to this one began before a renewal that has succeeded. */
  #renewedThrough = 0;
  #authorityMs: number;
  #answeredMs = -Infinity;
  /** The round whose echoes are noted; one at a time, so that a follower needs one note and not a list. */
  #tracked: { readonly round: number; readonly beganMs: number } | null = null;
  #renewal: { readonly beganMs: number; readonly round: number } | null = null;

  constructor(set: InSyncSet, followers: ReadonlyMap<ReplicaId, Progress>, self: ReplicaId, authorityMs: number) {
    this.#set = set;
    this.#followers = followers;
    this.#self = self;
    this.#authorityMs = authorityMs;
  }

  get newest(): number {
    return this.#newest;
  }

  /** The newest round that is full. */
  get full(): number {
    return this.#full;
  }

  /** The leader's authority stood at this time of its own clock, or later. */
  get authorityMs(): number {
    return this.#authorityMs;
  }

  /** R21: when the newest round began that is known to be full: all that members had to tell until then has come. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  /** Somebody waits for a round that has not begun. */
  get wanted(): boolean {
    return this.#unassigned.length > 0;
  }

  await(waiter: ProofWaiter): void {
    this.#unassigned.push(waiter);
  }

  begin(nowMs: number): number {
    this.#newest += 1;
    for (const waiter of this.#unassigned) this.#waiters.push({ waiter, round: this.#newest });
    this.#unassigned = [];
    if (this.#tracked === null) {
      this.#tracked = { round: this.#newest, beganMs: nowMs };
      for (const progress of this.#followers.values()) progress.roundEchoMs = progress.echoMs;
    }
    return this.#newest;
  }

  /** Counts the answers. */
  settle(): void {
    let full = this.#newest;
    for (const id of this.#set.maximal) {
      if (id === this.#self) continue;
      full = Math.min(full, this.#followers.get(id)?.ackedRound ?? 0);
    }
    if (full > this.#full) this.#full = full;
    if (this.#tracked === null || this.#full < this.#tracked.round) return;
    this.#answeredMs = this.#tracked.beganMs;
    this.#authorityMs = Math.max(this.#authorityMs, this.#answeredMs);
    for (const progress of this.#followers.values())
      progress.confirmedMs = Math.max(progress.confirmedMs, progress.roundEchoMs);
    this.#tracked = null;
  }

  /** A replace of the record is about to be sent; `renewed` follows if it succeeds. */
  beginRenewal(nowMs: number): void {
    this.#renewal = { beganMs: nowMs, round: this.#newest };
    for (const progress of this.#followers.values()) progress.renewalEchoMs = progress.echoMs;
  }

  renewed(): void {
    if (this.#renewal === null) return;
    this.#authorityMs = Math.max(this.#authorityMs, this.#renewal.beganMs);
    this.#renewedThrough = Math.max(this.#renewedThrough, this.#renewal.round);
    for (const progress of this.#followers.values())
      progress.confirmedMs = Math.max(progress.confirmedMs, progress.renewalEchoMs);
    this.#renewal = null;
  }

  /** Those who have their proof, in the order in which they asked. */
  takeProven(): ProofWaiter[] {
    const proven: ProofWaiter[] = [];
    const through = Math.max(this.#full, this.#renewedThrough);
    for (
      let first = this.#waiters.first();
      first !== undefined && first.round <= through;
      first = this.#waiters.first()
    ) {
      this.#waiters.shift();
      proven.push(first.waiter);
    }
    return proven;
  }

  abandon(): void {
    for (let item = this.#waiters.shift(); item !== undefined; item = this.#waiters.shift()) {
      if (item.waiter.kind === 'read') item.waiter.abandoned();
    }
    for (const waiter of this.#unassigned) if (waiter.kind === 'read') waiter.abandoned();
    this.#unassigned = [];
  }
}
