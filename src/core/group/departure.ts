import type { Instant } from '../base/numbers.ts';
import type { Addresses } from '../election/record.ts';
import type { Leader } from '../replication/leader.ts';
import type { Progress } from '../replication/progress.ts';
import type { Replica } from '../replication/replica.ts';
import type { ReplicaId } from '../replication/replica-id.ts';

/** What a leader that is told to stop does now. */
export interface DeparturePlan {
  /** New writes are refused, so that those in flight come to an end. */
  readonly draining: boolean;
  readonly successor: { readonly id: ReplicaId; readonly addresses: Addresses } | null;
  /** Every member is stopping: ask which pods stay; at the end of the grace period mark the epoch as ended. */
  readonly windDown: 'ask' | 'end' | null;
}

/** What the record and the log say of a replica that is stopping. */
export interface DepartureStanding {
  readonly leads: boolean;
  /** The record, as last read, names this replica as a member. */
  readonly inSet: boolean;
  /** The record, as last read, carries the mark of its own epoch. */
  readonly ended: boolean;
}

/** How long a stopping leader waits for standbys to become members, and for what is in flight. */
const GATHER_MS = 500;
const DRAIN_MS = 1000;
/** Writing the record takes a moment. If it takes longer, writes need not wait for it: they are safe without (R7). */
const NAMING_MS = 250;
/** Before the grace period ends: time for the last calls to the API. */
const END_MARGIN_MS = 2000;

/**
 * R9: stopping on purpose. A leader brings standbys in, finishes what is in flight and names the most advanced member
 * that is not stopping itself; a follower asks to be removed, and both wait until the set no longer names them, or until
 * the grace period ends.
 */
export class Departure {
  readonly #replica: Replica;
  #begunMs: number | null = null;
  #deadlineMs = Infinity;
  #endMs = Infinity;
  #drainingSinceMs: number | null = null;
  #drainedSinceMs: number | null = null;
  #ended = false;

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  get begun(): boolean {
    return this.#begunMs !== null;
  }

  begin(now: Instant, graceMs: number): void {
    this.#begunMs = now.monotonicMs;
    this.#deadlineMs = now.monotonicMs + graceMs;
    this.#endMs = this.#deadlineMs - Math.min(END_MARGIN_MS, graceMs / 2);
  }

  markEnded(): void {
    this.#ended = true;
  }

  plan(leader: Leader, nobodyStays: boolean, now: Instant): DeparturePlan {
    const nowMs = now.monotonicMs;
    const others = [...leader.set.confirmed].filter((id) => id !== this.#replica.id);
    const everybodyStops = others.every((id) => leader.progress(id)?.stopping === true);
    if (everybodyStops) {
      const end = nobodyStays && !this.#ended && nowMs >= this.#endMs && leader.set.change === null;
      return { draining: nobodyStays, successor: null, windDown: end ? 'end' : 'ask' };
    }

    const gathering =
      nowMs - (this.#begunMs ?? nowMs) < GATHER_MS && (leader.set.change !== null || this.#hasStandby(leader));
    const successor = gathering ? null : this.#successor(leader, others);
    if (successor === null) {
      this.#drainingSinceMs = null;
      this.#drainedSinceMs = null;
      return { draining: false, successor: null, windDown: null };
    }
    this.#drainingSinceMs ??= nowMs;
    if (leader.drained || nowMs - this.#drainingSinceMs > DRAIN_MS) this.#drainedSinceMs ??= nowMs;
    const draining = nowMs - (this.#drainedSinceMs ?? nowMs) <= NAMING_MS;
    return { draining, successor: this.#drainedSinceMs === null ? null : successor, windDown: null };
  }

  done(now: Instant, standing: DepartureStanding): boolean {
    if (this.#begunMs === null) return false;
    if (now.monotonicMs >= this.#deadlineMs || this.#ended) return true;
    if (standing.leads) return false;
    if (standing.ended) return true;
    return !standing.inSet;
  }

  #hasStandby(leader: Leader): boolean {
    for (const progress of leader.followers) {
      if (!leader.set.maximal.has(progress.id) && progress.caughtUpSinceMs !== null && !progress.stopping) return true;
    }
    return false;
  }

  /** The most advanced member that is not itself stopping: one that is silent falls behind within three heartbeats (R6). */
  #successor(leader: Leader, others: readonly ReplicaId[]): DeparturePlan['successor'] {
    let best: Progress | null = null;
    for (const id of others) {
      const progress = leader.progress(id);
      if (progress === undefined || !progress.streaming || progress.stopping) continue;
      if (best === null || progress.matchIndex > best.matchIndex) best = progress;
    }
    return best?.addresses == null ? null : { id: best.id, addresses: best.addresses };
  }
}
