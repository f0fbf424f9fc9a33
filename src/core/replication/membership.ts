import { Deque } from '../base/deque.ts';
import type { LogIndex } from '../base/numbers.ts';
import type { GroupLimits, GroupTimes } from '../group/options.ts';
import type { InSyncSet } from './in-sync-set.ts';
import type { Progress } from './progress.ts';
import type { Replica } from './replica.ts';
import { parseReplicaId, type ReplicaId } from './replica-id.ts';

export interface MembershipOptions {
  readonly set: InSyncSet;
  readonly followers: ReadonlyMap<ReplicaId, Progress>;
  readonly self: ReplicaId;
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
  readonly startedMs: number;
}

/** A turn that comes this late has not read what arrived meanwhile: nobody is judged for that time (R6). */
const LATE_TURN_MS = 250;
/** After this long in the set a pod's earlier removals are forgotten. */
const SETTLED_MS = 60_000;

/**
 * Who should be in the in-sync set (R5, R6): whom the leader has waited for too long, who is caught up, and which one
 * change follows. Only when something is tried is decided here; whether a change is safe is settled by the maximal set
 * and the compare-and-swap.
 */
export class Membership {
  readonly #set: InSyncSet;
  readonly #followers: ReadonlyMap<ReplicaId, Progress>;
  readonly #self: ReplicaId;
  readonly #times: GroupTimes;
  readonly #limits: GroupLimits;
  readonly #startedMs: number;
  /** When entries were appended: the last of each turn. */
  readonly #appended = new Deque<{ readonly index: LogIndex; readonly ms: number }>();
  /** Members whose memory is proven gone. */
  readonly #gone = new Set<ReplicaId>();
  /** Members whose link was lost, and at whose address nobody listens. */
  readonly #refusing = new Set<ReplicaId>();
  /** By pod: how long it must be caught up before it is added again. */
  readonly #removals = new Map<string, { readonly waitMs: number; readonly atMs: number }>();
  #lastTickMs: number;
  /** The commit index at the latest ticks, the oldest first. */
  readonly #commits = new Deque<{ readonly index: LogIndex; readonly ms: number }>();
  /** R6: when this leader last woke from a time in which it could hear nobody. */
  #awakeSinceMs = -Infinity;
  #changeBeganMs = 0;
  #sessionsScannedMs: number;
  /** R9: the leader is about to hand over; standbys come in without a wait. */
  stopping = false;

  constructor(options: MembershipOptions) {
    this.#set = options.set;
    this.#followers = options.followers;
    this.#self = options.self;
    this.#times = options.times;
    this.#limits = options.limits;
    this.#startedMs = options.startedMs;
    this.#lastTickMs = options.startedMs;
    this.#sessionsScannedMs = options.startedMs;
  }

  onAppend(index: LogIndex, nowMs: number): void {
    const last = this.#appended.last();
    if (last?.ms === nowMs) this.#appended.pop();
    this.#appended.push({ index, ms: nowMs });
  }

  onCommit(through: LogIndex): void {
    for (
      let first = this.#appended.first();
      first !== undefined && first.index <= through;
      first = this.#appended.first()
    ) {
      this.#appended.shift();
    }
  }

  /** Another process of a member's pod is the proof that the member's memory is gone. */
  onHello(from: ReplicaId): void {
    this.#refusing.delete(from);
    const identity = parseReplicaId(from);
    for (const id of this.#set.confirmed) {
      const member = parseReplicaId(id);
      if (id !== from && member?.podUid === identity?.podUid) this.#gone.add(id);
    }
  }

  /** Its link was lost, and its address refuses another: it may come back, but nobody waits for it. */
  onRefused(id: ReplicaId): void {
    if (this.#set.confirmed.has(id)) this.#refusing.add(id);
  }

  /** The API server's word, or that of its pod, proves that this member's memory is gone. */
  onGone(id: ReplicaId): void {
    if (this.#set.confirmed.has(id)) this.#gone.add(id);
  }

  tick(replica: Replica, nowMs: number): void {
    if (nowMs - this.#lastTickMs > LATE_TURN_MS) this.#awakeSinceMs = nowMs;
    this.#lastTickMs = nowMs;
    const due = this.#committedBefore(replica.commitIndex, nowMs);
    for (const progress of this.#followers.values()) {
      const caughtUp = progress.streaming && progress.matchIndex >= due;
      if (!caughtUp) progress.caughtUpSinceMs = null;
      else progress.caughtUpSinceMs ??= nowMs;
    }
    for (const [pod, removal] of this.#removals) {
      if (nowMs - removal.atMs > SETTLED_MS + removal.waitMs) this.#removals.delete(pod);
    }
  }

  /** R5: caught up is who lags by less than half of what would remove a member; a busy moment is no relapse. */
  #committedBefore(commitIndex: LogIndex, nowMs: number): LogIndex {
    this.#commits.push({ index: commitIndex, ms: nowMs });
    const beforeMs = nowMs - this.#lateMs;
    for (let next = this.#commits.at(1); next !== undefined && next.ms <= beforeMs; next = this.#commits.at(1)) {
      this.#commits.shift();
    }
    return this.#commits.first()?.index ?? commitIndex;
  }

  /** Sessions are looked through for idle ones ten times in their idle time. */
  mayScanSessions(nowMs: number): boolean {
    if (nowMs - this.#sessionsScannedMs < this.#times.sessionIdleMs / 10) return false;
    this.#sessionsScannedMs = nowMs;
    return true;
  }

  /** R6: a member has left a round unanswered for some heartbeats. */
  hasSilentMember(nowMs: number): boolean {
    const silentMs = 3 * this.#times.heartbeatMs;
    for (const id of this.#set.confirmed) {
      if (id === this.#self) continue;
      const progress = this.#followers.get(id);
      const heardMs = Math.max(progress?.heardMs ?? -Infinity, this.#startedMs + this.#times.electionMs - silentMs);
      if (nowMs - heardMs > silentMs) return true;
    }
    return false;
  }

  /**
   * How long the oldest entry that it has not acknowledged has waited, in milliseconds: since it could first be sent, and
   * since this leader last slept, for what came meanwhile may still be unread.
   */
  waitedMs(progress: Progress | undefined, nowMs: number): number {
    const match = progress?.matchIndex ?? 0;
    const last = this.#appended.last();
    if (last === undefined || last.index <= match) return 0;
    let appendedMs = last.ms;
    for (let at = 0; at < this.#appended.length; at += 1) {
      const mark = this.#appended.at(at);
      if (mark === undefined || mark.index <= match) continue;
      appendedMs = mark.ms;
      break;
    }
    // A new leader gives everybody the election time-out to connect.
    const sendableMs = progress?.sendableSinceMs ?? this.#startedMs + this.#times.electionMs;
    return Math.max(0, nowMs - Math.max(appendedMs, sendableMs, this.#awakeSinceMs));
  }

  /** Somebody, member or not, was heard from lately: this replica is not the one that is cut off. */
  hearsFromAnybody(nowMs: number, withinMs: number): boolean {
    for (const progress of this.#followers.values()) if (nowMs - progress.heardMs <= withinMs) return true;
    return false;
  }

  /**
   * Who is silent for longer lags. Others were heard from later than the oldest entry was appended, so that a leader that is
   * cut off from all at once, under load, would at the end of `removalMs` still take one for gone and the others for there.
   */
  get #lateMs(): number {
    return this.#times.removalMs / 2;
  }

  /** Begins the change that is due, or drops one that came to nothing before it was sent. */
  consider(nowMs: number): void {
    const set = this.#set;
    if (set.change !== null) {
      this.#reconsider(nowMs);
      return;
    }
    // The sockets may have been read before the clock: whoever is read last must not pay for it.
    if (nowMs - this.#lastTickMs > LATE_TURN_MS) return;
    const leaving = this.#leaving(nowMs);
    if (leaving !== null && set.confirmed.size - 1 >= this.#limits.minInSync) {
      this.#begin({ add: null, remove: leaving.id, reason: leaving.reason }, nowMs);
      return;
    }
    // At the minimum writes wait for whoever comes, so nobody waits for its turn.
    const needed = leaving !== null || set.confirmed.size < this.#limits.minInSync;
    if (leaving === null && set.confirmed.size >= this.#limits.inSyncMax) return;
    const candidate = this.#candidate({ needed, nowMs });
    if (candidate === null) return;
    const reason = leaving === null ? 'caught up' : `caught up, in the place of a member: ${leaving.reason}`;
    this.#begin({ add: candidate, remove: leaving?.id ?? null, reason }, nowMs);
  }

  /**
   * A pod that left the set is to be caught up for a while before it is back; longer each time that it flaps. One that
   * asked to leave does not flap (R9).
   */
  onRemoved(id: ReplicaId, nowMs: number): void {
    this.#gone.delete(id);
    this.#refusing.delete(id);
    const progress = this.#followers.get(id);
    // It shows anew that it is caught up: what it was as a member does not count.
    if (progress !== undefined) progress.caughtUpSinceMs = null;
    if (progress?.stopping === true) return;
    const pod = podOf(id);
    const before = this.#removals.get(pod);
    const waitMs =
      before === undefined ? this.#times.readmitMinMs : Math.min(before.waitMs * 2, this.#times.readmitMaxMs);
    this.#removals.set(pod, { waitMs, atMs: nowMs });
  }

  #begin(change: Parameters<InSyncSet['begin']>[0], nowMs: number): void {
    this.#changeBeganMs = nowMs;
    this.#set.begin(change);
  }

  #reconsider(nowMs: number): void {
    const { change, sent } = this.#set;
    if (change === null || sent) return;
    const adding = change.add === null ? null : this.#followers.get(change.add);
    const hopeless =
      adding !== null &&
      (adding?.streaming !== true || adding.stopping || nowMs - this.#changeBeganMs > this.#times.removalMs);
    const returned = change.remove !== null && this.#leaving(nowMs) === null;
    if (!hopeless && !returned) return;
    if (adding != null) adding.caughtUpSinceMs = null;
    this.#set.abandon();
  }

  /** R6, R9: the member that should go: one whose memory is gone, one that nobody is there of, one that is waited for too long, one that asks to. */
  #leaving(nowMs: number): { readonly id: ReplicaId; readonly reason: string } | null {
    let asks: ReplicaId | null = null;
    const hears = this.hearsFromAnybody(nowMs, this.#lateMs);
    for (const id of this.#set.confirmed) {
      if (id === this.#self) continue;
      const progress = this.#followers.get(id);
      if (this.#gone.has(id)) return { id, reason: 'its memory is gone' };
      if (this.#refusing.has(id)) return { id, reason: 'nobody listens at its address' };
      if (hears && this.waitedMs(progress, nowMs) > this.#times.removalMs)
        return { id, reason: 'it does not acknowledge' };
      if (progress?.stopping === true && progress.link !== null) asks = id;
    }
    return asks === null ? null : { id: asks, reason: 'it is stopping' };
  }

  #candidate(options: { readonly needed: boolean; readonly nowMs: number }): ReplicaId | null {
    let best: Progress | null = null;
    for (const progress of this.#followers.values()) {
      if (this.#set.confirmed.has(progress.id) || !progress.streaming || progress.stopping) continue;
      if (progress.caughtUpSinceMs === null || options.nowMs - progress.heardMs > this.#lateMs) continue;
      const removal = this.#removals.get(podOf(progress.id));
      const waitMs = options.needed || this.stopping ? 0 : (removal?.waitMs ?? 0);
      if (options.nowMs - progress.caughtUpSinceMs < waitMs) continue;
      if (best === null || progress.matchIndex > best.matchIndex) best = progress;
    }
    return best?.id ?? null;
  }
}

/** Name and UID: a pod that was made anew starts with a clean record. */
const podOf = (id: ReplicaId): string => id.slice(0, id.lastIndexOf('/'));
