import { assert } from '../base/assert.ts';
import { Deque } from '../base/deque.ts';
import type { Epoch, Instant, LogIndex, WallMs } from '../base/numbers.ts';
import type { Random } from '../base/random.ts';
import type { Effect, FollowerStatus, LinkId, Ticket } from '../group/io.ts';
import type { GroupLimits, GroupTimes } from '../group/options.ts';
import {
  gotBytes,
  keysOf,
  type DecidedOutcome,
  type SessionId,
  type WriteOutcome,
  type WriteRefusal,
  type WriteRequest,
} from '../store/commands.ts';
import { decideWrite } from '../store/decide-write.ts';
import { bytesAdded } from '../store/store.ts';
import type { Uses } from '../store/uses.ts';
import { Entry, type EntryBody } from './entry.ts';
import { Housekeeping } from './housekeeping.ts';
import { Knocks } from './knocks.ts';
import { InSyncSet, type SetChange } from './in-sync-set.ts';
import type { Lineage } from './lineage.ts';
import { LOG_START } from './log.ts';
import type { Ack, Append, Hello, PeerMessage, Vouch } from './messages.ts';
import { Membership } from './membership.ts';
import { Progress } from './progress.ts';
import { Proposals } from './proposals.ts';
import type { Replica } from './replica.ts';
import type { ReplicaId } from './replica-id.ts';
import { Rounds } from './rounds.ts';
import { SnapshotScan } from './snapshot.ts';

export interface LeaderOptions {
  readonly replica: Replica;
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  /** The in-sync set of the record by which it leads. */
  readonly members: readonly ReplicaId[];
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
  /** When the API was asked for the record by which it leads: its authority stood after that (R12). */
  readonly authorityMs: number;
  /** R22: for what it looks at. */
  readonly random: Random;
  readonly nextLink: () => LinkId;
}

/** Somebody who waits for an entry to be committed. */
interface Waiter {
  readonly index: LogIndex;
  readonly ticket: Ticket;
  readonly deadlineMs: number;
}

/** One who repeats a request. `known`: the outcome that the first had, where that is not what the entry at `index` says. */
interface RepeatedWaiter extends Waiter {
  readonly known: { readonly outcome: DecidedOutcome; readonly revision: LogIndex } | null;
}

/** An append carries no more than this, so that a follower that comes back is not sent one giant frame. */
const APPEND_BYTES_MAX = 1 << 20;
/** A process has one id, so there is hardly ever more than one. */
const REFUSED_MAX = 100;
const REFUSED = 'the replica has acknowledged what it was not sent';
/**
 * Of a snapshot, per turn: 450 small values, a millisecond. Whoever writes meanwhile waits for two turns, and clients with one request
 * under way each write the less the longer a turn is: with 1 MiB of it 64 of them no longer came to 5,000 writes/s.
 */
const SNAPSHOT_BYTES_PER_TURN = 64 * 1024;

/**
 * The leader of one epoch: takes requests, decides them, streams the log to whoever follows, and commits what every
 * member of the maximal set has acknowledged (R4). It knows nothing of the Lease; whether it may still lead is the
 * tenure's business, and it asks for changes of the set only through {@link InSyncSet}.
 */
export class Leader {
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  /** R4: its first entry; what it found in its log commits with it. */
  readonly firstIndex: LogIndex;
  readonly set: InSyncSet;
  readonly rounds: Rounds;
  readonly membership: Membership;
  readonly #replica: Replica;
  readonly #times: GroupTimes;
  readonly #limits: GroupLimits;
  readonly #housekeeping: Housekeeping;
  readonly #followers = new Map<ReplicaId, Progress>();
  readonly #byLink = new Map<LinkId, Progress>();
  readonly #proposals = new Proposals();
  readonly #knocks: Knocks;
  readonly #waiting = new Deque<Waiter>();
  /** Repeated requests that wait for the entry of the first (R15). */
  readonly #repeated = new Map<LogIndex, RepeatedWaiter[]>();
  readonly #sessionWaiters = new Map<LogIndex, Waiter>();
  #uncommittedBytes = 0;
  #lastTimeMs: WallMs;
  /** The last entry, by this leader's own count. */
  #lastIndex: LogIndex;
  /** R10: who has acknowledged what it was not sent. */
  readonly #refused = new Set<ReplicaId>();
  /** R9: new writes are refused while what is in flight is finished. */
  #draining = false;
  #heartbeatMs: number;

  constructor(options: LeaderOptions, now: Instant) {
    const { replica } = options;
    this.epoch = options.epoch;
    this.lineage = options.lineage;
    this.#replica = replica;
    this.#times = options.times;
    this.#limits = options.limits;
    this.set = new InSyncSet(options.members);
    assert(this.set.confirmed.has(replica.id), 'R2: the leader is a member');
    assert(options.epoch > replica.lastEpoch, 'R2: an epoch is led once, by one replica');
    this.rounds = new Rounds(this.set, this.#followers, replica.id, options.authorityMs);
    this.membership = new Membership({
      set: this.set,
      followers: this.#followers,
      self: replica.id,
      times: options.times,
      limits: options.limits,
      startedMs: now.monotonicMs,
    });
    this.#knocks = new Knocks(options.nextLink);
    this.#housekeeping = new Housekeeping({
      replica,
      proposals: this.#proposals,
      rounds: this.rounds,
      limits: options.limits,
      times: options.times,
      random: options.random,
      mayAppend: () => this.firstCommitted && !this.#overloaded,
      append: (body, at) => this.#append(body, at),
      timeFor: (at) => this.#timeFor(at),
    });
    this.#heartbeatMs = now.monotonicMs;
    this.#lastTimeMs = replica.log.at(replica.log.lastIndex)?.timeMs ?? replica.machine.timeMs;
    for (let at = replica.commitIndex + 1; at <= replica.log.lastIndex; at += 1) {
      const entry = replica.log.at(at as LogIndex);
      if (entry !== undefined) this.#stage(entry);
    }
    this.#lastIndex = replica.log.lastIndex;
    this.firstIndex = (this.#lastIndex + 1) as LogIndex;
    this.#uses.lead(now.monotonicMs);
    this.#append({ kind: 'begin', historyLimit: options.limits.historyLimit }, now);
    this.rounds.begin(now.monotonicMs);
  }

  /** Everything that it found in its log is committed, too: what it knows of sessions is what everybody knows. */
  get firstCommitted(): boolean {
    return this.#replica.commitIndex >= this.firstIndex;
  }

  get drained(): boolean {
    return this.#replica.commitIndex === this.#replica.log.lastIndex;
  }

  get draining(): boolean {
    return this.#draining;
  }

  setDraining(draining: boolean): void {
    this.#draining = draining;
  }

  get #uses(): Uses {
    return this.#replica.machine.store.uses;
  }

  progress(id: ReplicaId): Progress | undefined {
    return this.#followers.get(id);
  }

  get followers(): Iterable<Progress> {
    return this.#followers.values();
  }

  // --- requests --------------------------------------------------------------------------------------------------------

  /** R15: answers what is known, refuses what cannot be, and else appends one entry, whatever the condition said. */
  propose(ticket: Ticket, request: WriteRequest, now: Instant, effects: Effect[]): void {
    const answer = this.#tryPropose(ticket, request, now);
    if (answer !== null) effects.push({ kind: 'writeAnswered', ticket, outcome: answer });
  }

  openSession(ticket: Ticket, now: Instant, effects: Effect[]): void {
    const sessions = this.#replica.machine.sessions.size + this.#proposals.opening;
    const code = this.#draining
      ? 'not-leader'
      : this.#overloaded
        ? 'overloaded'
        : sessions >= this.#limits.sessionsMax
          ? 'sessions-full'
          : null;
    if (code !== null) {
      effects.push({ kind: 'sessionAnswered', ticket, outcome: { kind: 'refused', code, leaderHint: null } });
      return;
    }
    const index = this.#replica.log.lastIndex + 1;
    // The index makes it unique within the lineage, the lineage's id everywhere: a session is never opened twice, also
    // not by a late copy of the request that opened it.
    const session = `${this.lineage.number}.${this.lineage.id}.${index}` as SessionId;
    const entry = this.#append({ kind: 'openSession', session }, now);
    this.#sessionWaiters.set(entry.index, {
      index: entry.index,
      ticket,
      deadlineMs: now.monotonicMs + this.#times.writeWaitMs,
    });
  }

  #tryPropose(ticket: Ticket, request: WriteRequest, now: Instant): WriteOutcome | null {
    const { machine } = this.#replica;
    const { session: sessionId, number } = request.id;
    const session = machine.sessions.get(sessionId);
    const staged = this.#proposals.session(sessionId);
    if ((session === undefined && !this.#proposals.isOpening(sessionId)) || this.#proposals.isEnding(sessionId))
      return refused('unknown-session');
    const kept = session?.outcomes.get(number);
    if (kept !== undefined) return this.#answerAgain(kept, ticket, now);
    const first = staged?.numbers.get(number);
    if (first !== undefined) return this.#await(first, null, ticket, now);
    // Settled, or never seen and given up: nobody waits for it any more, and it must not be applied now.
    const settled = Math.max(session?.settledThrough ?? 0, staged?.settledThrough ?? 0);
    if (number <= settled) return { kind: 'unknown', code: 'session-lost' };

    const repeated = request.idempotencyKey === null ? null : this.#idempotent(request.idempotencyKey.key, now);
    if (repeated !== null) {
      if (repeated.digest !== request.idempotencyKey?.digest) return refused('idempotency-mismatch');
      const { outcome, index } = repeated;
      return outcome === null
        ? this.#await(index, null, ticket, now)
        : this.#answerAgain({ outcome, revision: index }, ticket, now);
    }
    // R21: what it names is used, also where it is only got, or a condition fails; before anything has to go for it.
    if (this.#uses.size > 0) for (const key of keysOf(request.command)) this.#uses.use(key, now.monotonicMs);
    const refusal = this.#refusal(request, (session?.outcomes.size ?? 0) + (staged?.numbers.size ?? 0), now);
    if (refusal !== null) return refused(refusal);

    const index = (this.#replica.log.lastIndex + 1) as LogIndex;
    const { id: lineageId, number: lineageNumber } = this.lineage;
    const place = { index, timeMs: this.#timeFor(now), lineageId, lineageNumber };
    const { effects, outcome } = decideWrite(request.command, this.#replica, place);
    // What was got is kept with the outcome, for as long as somebody may ask for it again.
    const got = outcome.kind === 'batch' || outcome.kind === 'transaction' ? gotBytes(outcome.results) : 0;
    if (got > 0 && !this.#housekeeping.fits(got)) {
      // The entry that makes room stands before this one, which is decided anew behind it.
      return this.#housekeeping.makeRoom(got, now) ? this.#tryPropose(ticket, request, now) : refused('memory-full');
    }
    const body: EntryBody = {
      kind: 'write',
      request: request.id,
      settledThrough: request.settledThrough,
      // R18: whoever did not get a lock asks again, and under the same key until it has it.
      idempotencyKey: outcome.kind === 'held' ? null : request.idempotencyKey,
      effects,
      outcome,
    };
    this.#append(body, now);
    this.#waiting.push({ index, ticket, deadlineMs: now.monotonicMs + this.#times.writeWaitMs });
    return null;
  }

  #refusal(request: WriteRequest, unsettled: number, now: Instant): WriteRefusal | null {
    if (this.#draining) return 'not-leader';
    if (unsettled >= this.#limits.outcomesPerSessionMax) return 'session-full';
    if (request.idempotencyKey !== null && this.#idempotencyFull(now)) return 'idempotency-full';
    if (this.#overloaded) return 'overloaded';
    const wanted = bytesAdded(request.command);
    return wanted === 0 || this.#housekeeping.fits(wanted) || this.#housekeeping.makeRoom(wanted, now)
      ? null
      : 'memory-full';
  }

  /** Nothing is forgotten early; what is due is forgotten by the very entry that comes next. */
  #idempotencyFull(now: Instant): boolean {
    const { idempotency } = this.#replica.machine;
    if (idempotency.size + this.#proposals.idempotencyKeys < this.#limits.idempotencyKeysMax) return false;
    const { oldestMs } = idempotency;
    return oldestMs === null || oldestMs >= this.#timeFor(now) - this.#times.idempotencyKeptMs;
  }

  get #overloaded(): boolean {
    const entries = this.#replica.log.lastIndex - this.#replica.commitIndex;
    return entries >= this.#limits.uncommittedEntriesMax || this.#uncommittedBytes >= this.#limits.uncommittedBytesMax;
  }

  /** The first use of a client's key: its outcome, or the entry that will have it. */
  #idempotent(
    key: string,
    now: Instant,
  ): { readonly digest: string; readonly outcome: DecidedOutcome | null; readonly index: LogIndex } | null {
    const staged = this.#proposals.idempotent(key);
    if (staged !== undefined) return { digest: staged.digest, outcome: null, index: staged.index };
    const kept = this.#replica.machine.idempotency.get(key);
    if (kept === undefined || kept.timeMs < this.#timeFor(now) - this.#times.idempotencyKeptMs) return null;
    return { digest: kept.digest, outcome: kept.outcome, index: kept.revision };
  }

  /** R15, R4: the first outcome, once this epoch has committed: in a new lineage nobody else may hold the entry yet. */
  #answerAgain(
    known: { readonly outcome: DecidedOutcome; readonly revision: LogIndex },
    ticket: Ticket,
    now: Instant,
  ): WriteOutcome | null {
    return this.firstCommitted
      ? this.#committed(known.outcome, known.revision)
      : this.#await(this.firstIndex, known, ticket, now);
  }

  #await(index: LogIndex, known: RepeatedWaiter['known'], ticket: Ticket, now: Instant): null {
    const waiter = { index, ticket, deadlineMs: now.monotonicMs + this.#times.writeWaitMs, known };
    const others = this.#repeated.get(index);
    if (others === undefined) this.#repeated.set(index, [waiter]);
    else others.push(waiter);
    return null;
  }

  // --- followers -------------------------------------------------------------------------------------------------------

  /** R10: finds where the follower's log and this one last agree, and streams from there; else sends a snapshot. */
  onHello(link: LinkId, hello: Hello, now: Instant, effects: Effect[]): void {
    if (this.#refused.has(hello.from)) {
      effects.push({ kind: 'disconnect', link, reason: REFUSED });
      return;
    }
    const before = this.#byLink.get(link);
    // A late copy, perhaps under an id that the process has given up since: its numbers go on.
    if (before !== undefined && hello.number <= before.hello) return;
    if (before !== undefined && before.id !== hello.from) this.onClosed(link);
    const progress = this.#progressOf(hello.from);
    if (hello.number <= progress.hello) {
      // A second copy, or one that an older connection held back: the newer one has been answered.
      if (progress.link !== link)
        effects.push({ kind: 'disconnect', link, reason: 'the replica has said a newer hello elsewhere' });
      return;
    }
    if (progress.link !== null && progress.link !== link) {
      effects.push({ kind: 'disconnect', link: progress.link, reason: 'the replica said hello on another connection' });
      this.#byLink.delete(progress.link);
    }
    this.#byLink.set(link, progress);
    progress.addresses = hello.addresses;
    progress.stopping = hello.stopping;
    progress.heardMs = now.monotonicMs;
    this.membership.onHello(hello.from);
    this.#knocks.end(hello.from, effects);

    const { epoch, lineage } = this;
    const { log, machine } = this.#replica;
    const follows =
      hello.lineage === null || (hello.lineage.number === lineage.number && hello.lineage.id === lineage.id);
    const theirs = hello.lineage === null ? LOG_START : { index: hello.lastIndex, epoch: hello.lastEpoch };
    const common = follows ? log.newestNotBeyond(theirs) : null;
    if (common !== null) {
      progress.beginStream({ link, hello: hello.number, after: common.index, snapshot: null });
      effects.push(
        send(link, {
          kind: 'resume',
          epoch,
          lineage,
          hello: hello.number,
          prevIndex: common.index,
          prevEpoch: common.epoch,
        }),
      );
      return;
    }
    if (this.set.holdsCommitted(hello.from)) {
      // R11: a snapshot would empty it first. Its log reaches back to what is committed, and so does this one: it was kept
      // for so long that it is out of date, or the member is broken, and then R6 takes it out of the set.
      this.onClosed(link);
      effects.push({ kind: 'disconnect', link, reason: 'a member holds what is committed: say hello again' });
      return;
    }
    const snapshot = new SnapshotScan(machine);
    const startEpoch = log.epochAt(snapshot.startIndex);
    assert(startEpoch !== undefined, 'R11: the last applied entry, or the place where it was dropped, is known');
    progress.beginStream({ link, hello: hello.number, after: snapshot.startIndex, snapshot });
    progress.sentPieceMs = now.monotonicMs;
    effects.push(
      send(link, {
        kind: 'snapshotBegin',
        epoch,
        lineage,
        hello: hello.number,
        startIndex: snapshot.startIndex,
        startEpoch,
        timeMs: machine.timeMs,
        historyLimit: machine.store.history.limit,
      }),
    );
  }

  onAck(link: LinkId, ack: Ack, now: Instant, effects: Effect[]): void {
    const progress = this.#byLink.get(link);
    if (progress === undefined) return;
    progress.heardMs = now.monotonicMs;
    progress.stopping = ack.stopping;
    progress.receivedBytes = Math.max(progress.receivedBytes, ack.receivedBytes);
    progress.echoMs = Math.max(progress.echoMs, ack.sentMs);
    progress.ackedRound = Math.max(progress.ackedRound, ack.round);
    // R21: by when this leader hears of it, which is later than it was.
    for (const key of ack.touches) this.#uses.use(key, now.monotonicMs);
    if (progress.snapshot !== null) {
      // It counts as empty until it has everything; then it acknowledges, and the stream is an ordinary one.
      if (ack.matchIndex === 0 || !progress.snapshot.done) return;
      progress.snapshot = null;
    }
    if (ack.matchIndex > progress.sentHighest) {
      this.#refuse(link, progress, effects);
      return;
    }
    progress.appliedIndex = ack.appliedIndex;
    if (progress.matchIndex < ack.matchIndex) progress.matchIndex = ack.matchIndex;
    progress.sendableSinceMs ??= now.monotonicMs;
  }

  /**
   * R10: nobody acknowledges what it was not sent. Who does is broken, and not this leader: were it to stop for it, one
   * broken replica would bring down every leader in turn. It is heard no more in this epoch, and so leaves the set (R6).
   */
  #refuse(link: LinkId, progress: Progress, effects: Effect[]): void {
    this.onClosed(link);
    effects.push({ kind: 'disconnect', link, reason: REFUSED });
    if (this.#refused.size >= REFUSED_MAX) this.#refused.clear();
    this.#refused.add(progress.id);
    effects.push({
      kind: 'report',
      report: { kind: 'peerRefused', replica: progress.id, reason: 'it acknowledges what it was not sent' },
    });
  }

  /** R12: the follower has linearizable reads that wait for a round. */
  onVouch(link: LinkId, vouch: Vouch, effects: Effect[]): void {
    const progress = this.#byLink.get(link);
    if (progress === undefined || !this.set.confirmed.has(progress.id)) {
      effects.push(
        send(link, { kind: 'vouched', epoch: this.epoch, lineage: this.lineage, number: vouch.number, granted: false }),
      );
      return;
    }
    this.rounds.await({ kind: 'vouch', link, number: vouch.number });
  }

  onClosed(link: LinkId): void {
    const progress = this.#byLink.get(link);
    if (progress === undefined) return;
    this.#byLink.delete(link);
    if (progress.link !== link) return;
    progress.endStream();
    if (!this.set.maximal.has(progress.id)) this.#followers.delete(progress.id);
  }

  /** The other end closed it, or the network did: R6 asks which. */
  onLost(link: LinkId, now: Instant, effects: Effect[]): void {
    const progress = this.#byLink.get(link);
    this.onClosed(link);
    if (progress?.link !== null || progress.addresses === null || !this.set.confirmed.has(progress.id)) return;
    this.#knocks.begin(progress.id, progress.addresses.peer, now, effects);
  }

  knocksOn(link: LinkId): boolean {
    return this.#knocks.owns(link);
  }

  onKnockHeard(link: LinkId, now: Instant, effects: Effect[]): void {
    this.#knocks.onConnected(link, now, effects);
  }

  onKnockClosed(link: LinkId, reason: 'refused' | 'lost', now: Instant, effects: Effect[]): void {
    const id = this.#knocks.onClosed(link, reason, now, effects);
    if (id !== null) this.membership.onRefused(id);
  }

  #progressOf(id: ReplicaId): Progress {
    let progress = this.#followers.get(id);
    if (progress === undefined) {
      progress = new Progress(id);
      this.#followers.set(id, progress);
    }
    return progress;
  }

  // --- time ------------------------------------------------------------------------------------------------------------

  tick(now: Instant, effects: Effect[]): void {
    const nowMs = now.monotonicMs;
    if (nowMs - this.#heartbeatMs >= this.#times.heartbeatMs) {
      this.#heartbeatMs = nowMs;
      this.rounds.begin(nowMs);
    }
    this.membership.tick(this.#replica, nowMs);
    this.#knocks.tick((id) => this.set.confirmed.has(id), now, effects);
    // R6: a silent member shows itself only when it has something to acknowledge.
    if (this.drained && this.membership.hasSilentMember(nowMs)) this.#append({ kind: 'empty' }, now);
    this.#endIdleSessions(now);
    this.#housekeeping.tick(now);
    this.#expireWaiters(nowMs, effects);
    for (const progress of this.#followers.values()) {
      if (progress.link === null && !this.set.maximal.has(progress.id)) this.#followers.delete(progress.id);
    }
  }

  #endIdleSessions(now: Instant): void {
    const { sessions } = this.#replica.machine;
    if (!this.firstCommitted || !this.membership.mayScanSessions(now.monotonicMs)) return;
    const beforeMs = (this.#timeFor(now) - this.#times.sessionIdleMs) as WallMs;
    const idle = sessions
      .idleSince(beforeMs)
      .filter((id) => !this.#proposals.isEnding(id) && this.#proposals.session(id) === undefined);
    for (let at = 0; at < idle.length; at += 256)
      this.#append({ kind: 'endSessions', sessions: idle.slice(at, at + 256) }, now);
  }

  /** R6: the write stays in the log, and nobody can say what becomes of it. */
  #expireWaiters(nowMs: number, effects: Effect[]): void {
    const outcome: WriteOutcome = { kind: 'unknown', code: 'not-enough-in-sync' };
    for (
      let waiter = this.#waiting.first();
      waiter !== undefined && waiter.deadlineMs <= nowMs;
      waiter = this.#waiting.first()
    ) {
      this.#waiting.shift();
      effects.push({ kind: 'writeAnswered', ticket: waiter.ticket, outcome });
    }
    for (const [index, waiters] of this.#repeated) {
      const left = waiters.filter((waiter) => waiter.deadlineMs > nowMs);
      if (left.length === waiters.length) continue;
      for (const { ticket, deadlineMs } of waiters) {
        if (deadlineMs <= nowMs) effects.push({ kind: 'writeAnswered', ticket, outcome });
      }
      if (left.length === 0) this.#repeated.delete(index);
      else this.#repeated.set(index, left);
    }
    for (const [index, { ticket, deadlineMs }] of this.#sessionWaiters) {
      if (deadlineMs > nowMs) continue;
      this.#sessionWaiters.delete(index);
      effects.push({
        kind: 'sessionAnswered',
        ticket,
        outcome: { kind: 'refused', code: 'overloaded', leaderHint: null },
      });
    }
  }

  // --- the end of a turn -----------------------------------------------------------------------------------------------

  /** Commits what can be, answers, and sends every follower what it has not been sent: one frame each, as a rule. */
  flush(now: Instant, effects: Effect[], onApplied: (entry: Entry) => void): void {
    assert(this.#replica.log.lastIndex === this.#lastIndex, 'R10: nobody but the leader itself changes its log');
    this.#uses.beginTurn(now.monotonicMs);
    this.#commit(effects, onApplied);
    if (this.rounds.wanted) this.rounds.begin(now.monotonicMs);
    this.rounds.settle();
    this.#answerVouches(effects);
    for (const progress of this.#followers.values()) {
      // R11: one piece a heartbeat goes before the entries. Behind many of them the follower would else see none for so long
      // that it took one for lost, and began over, for ever.
      if (now.monotonicMs - progress.sentPieceMs >= this.#times.heartbeatMs)
        this.#sendSnapshot(progress, now, effects, { bytesMax: 1 });
      if (progress.link !== null) this.#sendAppends(progress, progress.link, now, effects);
      // R11: the others after the entries, which would else wait for the whole snapshot, until the log no longer has them:
      // under load it would start over for ever.
      this.#sendSnapshot(progress, now, effects, { bytesMax: SNAPSHOT_BYTES_PER_TURN });
    }
    this.#replica.trimLog(this.#limits, this.#replica.commitIndex);
  }

  /** R4. */
  #commit(effects: Effect[], onApplied: (entry: Entry) => void): void {
    if (this.set.confirmed.size < this.#limits.minInSync) return;
    let through = this.#replica.log.lastIndex;
    for (const id of this.set.maximal) {
      if (id === this.#replica.id) continue;
      const match = this.#followers.get(id)?.matchIndex ?? (0 as LogIndex);
      if (match < through) through = match;
    }
    if (through <= this.#replica.commitIndex) return;
    this.#replica.commitThrough(through, (entry) => {
      this.#proposals.remove(entry);
      this.#uncommittedBytes -= entry.bytes;
      this.#answer(entry, effects);
      onApplied(entry);
    });
    this.membership.onCommit(through);
  }

  #answer(entry: Entry, effects: Effect[]): void {
    const { body, index } = entry;
    if (body.kind === 'openSession') {
      const waiter = this.#sessionWaiters.get(index);
      this.#sessionWaiters.delete(index);
      if (waiter !== undefined)
        effects.push({
          kind: 'sessionAnswered',
          ticket: waiter.ticket,
          outcome: { kind: 'opened', session: body.session },
        });
      return;
    }
    const outcome = body.kind === 'write' ? body.outcome : null;
    const first = this.#waiting.first();
    if (first?.index === index && outcome !== null) {
      this.#waiting.shift();
      effects.push({ kind: 'writeAnswered', ticket: first.ticket, outcome: this.#committed(outcome, index) });
    }
    const repeated = this.#repeated.size === 0 ? undefined : this.#repeated.get(index);
    if (repeated === undefined) return;
    this.#repeated.delete(index);
    for (const { ticket, known } of repeated) {
      const answer = known ?? (outcome === null ? null : { outcome, revision: index });
      if (answer !== null)
        effects.push({ kind: 'writeAnswered', ticket, outcome: this.#committed(answer.outcome, answer.revision) });
    }
  }

  #committed(decided: DecidedOutcome, revision: LogIndex): WriteOutcome {
    const members = this.set.confirmed.size;
    return { kind: 'committed', decided, revision, lineage: this.lineage, acks: members, members };
  }

  #answerVouches(effects: Effect[]): void {
    for (const waiter of this.rounds.takeProven()) {
      if (waiter.kind === 'read') {
        waiter.proven();
        continue;
      }
      const progress = this.#byLink.get(waiter.link);
      if (progress === undefined) continue;
      const granted = this.set.confirmed.has(progress.id);
      effects.push(
        send(waiter.link, {
          kind: 'vouched',
          epoch: this.epoch,
          lineage: this.lineage,
          number: waiter.number,
          granted,
        }),
      );
    }
  }

  #sendAppends(progress: Progress, link: LinkId, now: Instant, effects: Effect[]): void {
    const { log } = this.#replica;
    if (progress.sentIndex < log.dropped.index) {
      // R11: it was too slow, and what it lacks is gone: it starts over.
      assert(!this.set.holdsCommitted(progress.id), 'R11: what a member has not acknowledged is kept');
      this.#byLink.delete(link);
      progress.endStream();
      effects.push({ kind: 'disconnect', link, reason: 'the log no longer reaches back to where the follower is' });
      return;
    }
    const member = this.set.confirmed.has(progress.id);
    for (;;) {
      const prevIndex = progress.sentIndex;
      const entries = this.#nextEntries(progress);
      const news =
        entries.length > 0 ||
        progress.sentRound < this.rounds.newest ||
        progress.sentCommitIndex < this.#replica.commitIndex ||
        progress.sentConfirmedMs < progress.confirmedMs ||
        progress.sentMember !== member;
      if (!news) return;
      const prevEpoch = log.epochAt(prevIndex);
      assert(prevEpoch !== undefined, 'R10: the log reaches back to where the follower is');
      const append: Append = {
        kind: 'append',
        epoch: this.epoch,
        lineage: this.lineage,
        round: this.rounds.newest,
        fullRound: this.rounds.full,
        prevIndex,
        prevEpoch,
        commitIndex: this.#replica.commitIndex,
        member,
        confirmedMs: progress.confirmedMs,
        timeMs: this.#timeFor(now),
        entries,
      };
      effects.push({ kind: 'send', link, message: append });
      progress.sentIndex = (prevIndex + entries.length) as LogIndex;
      if (progress.sentHighest < progress.sentIndex) progress.sentHighest = progress.sentIndex;
      progress.sentRound = append.round;
      progress.sentCommitIndex = append.commitIndex;
      progress.sentConfirmedMs = append.confirmedMs;
      progress.sentMember = member;
      if (entries.length === 0 || progress.sentIndex === log.lastIndex) return;
    }
  }

  /** What fits into the window of the follower and into one append. */
  #nextEntries(progress: Progress): Entry[] {
    const { log } = this.#replica;
    const entries: Entry[] = [];
    let bytes = 0;
    for (let at = progress.sentIndex + 1; at <= log.lastIndex; at += 1) {
      if (progress.sentBytes - progress.receivedBytes >= this.#limits.inflightBytesMax || bytes >= APPEND_BYTES_MAX)
        break;
      const entry = log.at(at as LogIndex);
      assert(entry !== undefined, 'R10: the log has no gaps');
      entries.push(entry);
      bytes += entry.bytes;
      progress.sentBytes += entry.bytes;
    }
    return entries;
  }

  /** R11: chunks go out as the follower takes them in, so that a slow one costs a window and no more. */
  #sendSnapshot(
    progress: Progress,
    now: Instant,
    effects: Effect[],
    { bytesMax }: { readonly bytesMax: number },
  ): void {
    const { epoch, lineage } = this;
    const { link, hello, unsentSnapshot: snapshot } = progress;
    if (link === null || snapshot === null) return;
    let sent = 0;
    while (sent < bytesMax && progress.sentBytes - progress.receivedBytes < this.#limits.inflightBytesMax) {
      const chunk = snapshot.nextChunk(this.#limits.snapshotChunkBytes);
      if (chunk !== null) {
        effects.push(
          send(link, { kind: 'snapshotChunk', epoch, lineage, hello, number: chunk.number, items: chunk.items }),
        );
        progress.sentBytes += chunk.bytes;
        progress.sentPieceMs = now.monotonicMs;
        sent += chunk.bytes;
      }
      if (snapshot.done) {
        const { appliedIndex, store } = this.#replica.machine;
        const { chunks } = snapshot;
        effects.push(
          send(link, {
            kind: 'snapshotEnd',
            epoch,
            lineage,
            hello,
            chunks,
            endIndex: appliedIndex,
            versionFloor: store.versionFloor,
          }),
        );
        return;
      }
    }
    // The follower's next word may be far: until its window is full there is more to send.
    if (progress.sentBytes - progress.receivedBytes < this.#limits.inflightBytesMax)
      effects.push({ kind: 'turnWanted' });
  }

  // --- the end of the epoch --------------------------------------------------------------------------------------------

  /** Everybody who waits learns that the outcome is open: the request may be repeated at the next leader (R15). */
  stepDown(effects: Effect[]): void {
    this.#knocks.endAll(effects);
    const outcome: WriteOutcome = { kind: 'unknown', code: 'deposed' };
    for (let waiter = this.#waiting.shift(); waiter !== undefined; waiter = this.#waiting.shift()) {
      effects.push({ kind: 'writeAnswered', ticket: waiter.ticket, outcome });
    }
    for (const waiters of this.#repeated.values()) {
      for (const { ticket } of waiters) effects.push({ kind: 'writeAnswered', ticket, outcome });
    }
    for (const { ticket } of this.#sessionWaiters.values()) {
      effects.push({
        kind: 'sessionAnswered',
        ticket,
        outcome: { kind: 'refused', code: 'not-leader', leaderHint: null },
      });
    }
    for (const link of this.#byLink.keys()) effects.push({ kind: 'disconnect', link, reason: 'no longer leading' });
    this.rounds.abandon();
    this.#uses.follow();
  }

  // --- the log ---------------------------------------------------------------------------------------------------------

  #append(body: EntryBody, now: Instant): Entry {
    const index = (this.#replica.log.lastIndex + 1) as LogIndex;
    this.#lastTimeMs = this.#timeFor(now);
    const entry = new Entry(index, this.epoch, this.#lastTimeMs, body);
    this.#replica.append(entry);
    this.#lastIndex = index;
    this.#stage(entry);
    this.membership.onAppend(index, now.monotonicMs);
    return entry;
  }

  #stage(entry: Entry): void {
    this.#proposals.add(entry);
    this.#uncommittedBytes += entry.bytes;
  }

  /** The log's time never goes back, whatever clocks do. */
  #timeFor(now: Instant): WallMs {
    return Math.max(this.#replica.clock.read(now), this.#lastTimeMs) as WallMs;
  }

  // --- for the tenure and for people -----------------------------------------------------------------------------------

  /** R5, R6: the change of the set that is due, begun; the tenure sends it once {@link changeReady}. */
  considerChange(nowMs: number): void {
    this.membership.consider(nowMs);
  }

  /** R5: who is added has acknowledged everything up to the commit index and this epoch's first entry. */
  get changeReady(): SetChange | null {
    const { change } = this.set;
    if (change === null) return null;
    return change.add === null || this.holdsEnough(change.add) ? change : null;
  }

  /** What the record says now, once nothing that was sent can land any more. */
  confirmSet(members: readonly ReplicaId[]): void {
    for (const id of members) {
      const holds = this.set.confirmed.has(id) || this.holdsEnough(id);
      assert(holds, 'R5: whoever joins the set holds what is committed, and the first entry of the epoch');
    }
    assert(members.includes(this.#replica.id), 'R2: the leader is a member');
    this.set.confirm(members);
  }

  holdsEnough(id: ReplicaId): boolean {
    const match = this.#followers.get(id)?.matchIndex ?? 0;
    return match >= this.#replica.commitIndex && match >= this.firstIndex;
  }

  followerStatus(nowMs: number): FollowerStatus[] {
    const statuses: FollowerStatus[] = [];
    for (const progress of this.#followers.values()) {
      const member = this.set.confirmed.has(progress.id);
      statuses.push({
        replica: progress.id,
        standing: member ? 'member' : progress.caughtUpSinceMs === null ? 'learner' : 'standby',
        stopping: progress.stopping,
        matchIndex: progress.matchIndex,
        lagEntries: this.#replica.log.lastIndex - progress.matchIndex,
        lagMs: this.membership.waitedMs(progress, nowMs),
      });
    }
    return statuses;
  }
}

const refused = (code: WriteRefusal): WriteOutcome => ({ kind: 'refused', code, leaderHint: null });

const send = (link: LinkId, message: PeerMessage): Effect => ({ kind: 'send', link, message });
