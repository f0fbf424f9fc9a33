import { assert, unreachable } from '../base/assert.ts';
import type { Epoch, Instant } from '../base/numbers.ts';
import { Random } from '../base/random.ts';
import type { ApiAnswer } from '../election/api.ts';
import { Candidate, type LeadVerdict } from '../election/candidate.ts';
import type { ErrandPort } from '../election/errand.ts';
import { Nonces } from '../election/nonces.ts';
import { Beginnings } from '../election/beginnings.ts';
import { Obedience } from '../election/obedience.ts';
import type { LeaseRecord } from '../election/record.ts';
import { Recovery, type RecoveryView } from '../election/recovery.ts';
import { Tenure, type TenureVerdict } from '../election/tenure.ts';
import type { Entry } from '../replication/entry.ts';
import { Follower } from '../replication/follower.ts';
import { Leader } from '../replication/leader.ts';
import { type Lineage, sameLineage } from '../replication/lineage.ts';
import type { Answer, Hello, PeerMessage } from '../replication/messages.ts';
import type { ReplicaId } from '../replication/replica-id.ts';
import { Replica } from '../replication/replica.ts';
import { Departure, type DepartureStanding } from './departure.ts';
import type { Effect, GroupStatus, Input, LinkId, Report, Ticket } from './io.ts';
import type { GroupOptions } from './options.ts';
import { Reads } from './reads.ts';
import { Watches } from './watches.ts';

/** A replica that is about to lead, or may be, keeps hellos this long before it says that it does not. */
const EARLY_HELLO_MS = 300;
const EPOCHS_GROW = 'R3: epochs that are obeyed only grow, and lineages too';

/** Whom it was last said to follow. */
interface Following {
  readonly leader: ReplicaId | null;
  readonly epoch: Epoch | null;
}

const NOBODY: Following = { leader: null, epoch: null };

interface EarlyHello {
  readonly hello: Hello;
  readonly untilMs: number;
}

/**
 * One replica of one replica group: the data, and the role that the record gives it. The host hands it everything that
 * happens (`step`), says when a turn is over (`flush`), and performs the effects in their order. It holds no timer and
 * calls nothing; time and chance come from outside.
 *
 * A replica either leads ({@link Leader} streams the log, {@link Tenure} keeps the record) or does not ({@link Follower}
 * takes the log, {@link Candidate} watches the record). Whoever goes from one to the other passes through `#lead` and
 * `#stepDown`, and leaves nothing behind.
 */
export class Group {
  readonly #options: GroupOptions;
  readonly #replica: Replica;
  readonly #obedience = new Obedience();
  readonly #follower: Follower;
  readonly #candidate: Candidate;
  readonly #reads: Reads;
  readonly #watches: Watches;
  readonly #nonces: Nonces;
  readonly #random: Random;
  readonly #beginnings = new Beginnings();
  readonly #recovery = new Recovery();
  readonly #port: ErrandPort;
  readonly #departure: Departure;
  #leader: Leader | null = null;
  #tenure: Tenure | null = null;
  readonly #earlyHellos = new Map<LinkId, EarlyHello>();
  #links = 0;
  #calls = 0;
  #lineageChanges = 0;
  /** R3: what was obeyed at the end of the last turn; null while the replica was empty, for then it obeys any record. */
  #obeyed: { readonly lineage: Lineage; readonly epoch: number } | null = null;
  #testimonies = 0;
  #reportedFollowing = NOBODY;
  #stopped = false;

  constructor(options: GroupOptions, now: Instant) {
    const { identity, addresses, times, limits, uncleanRecovery } = options;
    this.#options = options;
    this.#replica = new Replica(identity, {
      tombstonesMax: limits.tombstonesMax,
      idempotencyKeptMs: times.idempotencyKeptMs,
      eviction: limits.eviction,
      hashSeed: options.randomSeed,
      entryCodec: options.entryCodec,
    });
    this.#random = new Random(options.randomSeed);
    this.#nonces = new Nonces(identity.dataId);
    this.#port = {
      replicaId: () => this.#replica.id,
      nextLink: () => (this.#links += 1),
      nextCall: () => (this.#calls += 1),
    };
    const replica = this.#replica;
    const obedience = this.#obedience;
    this.#follower = new Follower({ replica, obedience, addresses, times, limits, nextLink: this.#port.nextLink });
    this.#candidate = new Candidate(
      {
        replica,
        follower: this.#follower,
        obedience,
        nonces: this.#nonces,
        beginnings: this.#beginnings,
        recovery: this.#recovery,
        random: this.#random,
        addresses,
        times,
        limits,
        uncleanRecovery,
        port: this.#port,
        testify: (at) => this.#testify(0, at),
        podUid: identity.podUid,
        promises: () => this.#follower.acknowledgements + this.#testimonies,
      },
      now,
    );
    this.#reads = new Reads({ replica, obedience, follower: this.#follower, times, limits });
    this.#watches = new Watches({ replica, obedience, limits, ledMs: () => this.#ledMs });
    this.#departure = new Departure(replica);
  }

  // --- inputs ----------------------------------------------------------------------------------------------------------

  step(input: Input, now: Instant, effects: Effect[]): void {
    switch (input.kind) {
      case 'tick':
        this.#tick(now, effects);
        return;
      case 'connected':
        if (this.#candidate.runner.owns(input.link)) this.#candidate.runner.onConnected(input.link, effects);
        else if (this.#tenure?.runner.owns(input.link) === true) this.#tenure.runner.onConnected(input.link, effects);
        else if (this.#leader?.knocksOn(input.link) === true) this.#leader.onKnockHeard(input.link, now, effects);
        else this.#follower.onConnected(input.link, now, effects);
        return;
      case 'accepted':
        return;
      case 'received':
        this.#receive(input.link, input.message, now, effects);
        return;
      case 'closed':
        this.#closed(input.link, input.reason, now, effects);
        return;
      case 'apiAnswered':
        this.#apiAnswered(input.call, input.answer, now, effects);
        return;
      case 'recordHinted':
        if (this.#tenure !== null) this.#tenure.onHint(input.record);
        else this.#candidate.onHint(input.record, now);
        return;
      case 'peersHinted':
        this.#candidate.setPeers(input.peerAddresses.filter((address) => address !== this.#options.addresses.peer));
        return;
      case 'write':
        if (this.#leader !== null) this.#leader.propose(input.ticket, input.request, now, effects);
        else this.#refuseWrite(input.ticket, effects);
        return;
      case 'openSession':
        if (this.#leader !== null) this.#leader.openSession(input.ticket, now, effects);
        else
          effects.push({
            kind: 'sessionAnswered',
            ticket: input.ticket,
            outcome: { kind: 'refused', code: 'not-leader', leaderHint: this.#leaderHint },
          });
        return;
      case 'read':
        this.#reads.read(input.ticket, input.request, now, effects);
        return;
      case 'watch':
        this.#watches.watch(input.ticket, input.request, now, effects);
        return;
      case 'grant':
        this.#watches.grant(input.ticket, input.bytes);
        return;
      case 'cancel':
        this.#reads.cancel(input.ticket);
        this.#watches.cancel(input.ticket);
        return;
      case 'recover':
        if (this.#departure.begun) this.#recovery.refuse(input.ticket, 'stopping', 'this replica is stopping');
        else this.#recovery.give(input.ticket, input.request, now);
        return;
      case 'stop':
        this.#stop(input.graceMs, now, effects);
        return;
      default:
        unreachable(input);
    }
  }

  /** The end of a turn: what came is committed, answered and passed on in as few messages as there are followers. */
  flush(now: Instant, effects: Effect[]): void {
    // Before anything is sent: what has arrived in this turn may have made a change needless.
    this.#leader?.considerChange(now.monotonicMs);
    this.#decideRole(now, effects);
    const applied = (entry: Entry): void => {
      this.#onApplied(entry, now, effects);
    };
    if (this.#leader !== null) {
      this.#leader.flush(now, effects, applied);
    } else {
      this.#follower.flush(now, effects);
      this.#reportFollowing(effects);
    }
    this.#reads.flush(now, effects);
    for (const { ticket, outcome } of this.#recovery.takeAnswered())
      effects.push({ kind: 'recoverAnswered', ticket, outcome });
    // A read that waited may have asked for a round just now: it begins in this turn, not the next.
    if (this.#leader?.rounds.wanted === true) this.#leader.flush(now, effects, applied);
    this.#watches.flush(now, effects);
    if (this.#departure.begun && !this.#stopped && this.#departure.done(now, this.#departureStanding())) {
      this.#stopped = true;
      effects.push({ kind: 'stopped' });
    }
    this.#assertInvariants();
  }

  #onApplied(entry: Entry, now: Instant, effects: Effect[]): void {
    this.#reads.onApplied(entry.index, now, effects);
    this.#watches.onApplied(entry);
  }

  /** When it was last known, by this replica's clock, that a leader was at work, or at least there. */
  get #ledMs(): number {
    return this.#leader === null ? this.#follower.heardMs : this.#leader.rounds.authorityMs;
  }

  /** What is cheap enough to be looked at in every turn, before any of its effects is performed. */
  #assertInvariants(): void {
    this.#replica.assertInOrder();
    const { lineage, epoch } = this.#obedience;
    const holdsData = !this.#replica.empty && lineage !== null;
    const before = this.#obeyed;
    if (holdsData && before !== null) {
      const isSame = sameLineage(lineage, before.lineage);
      assert(isSame ? epoch >= before.epoch : lineage.number > before.lineage.number, EPOCHS_GROW);
    }
    if (!holdsData) this.#obeyed = null;
    else if (before?.epoch !== epoch || before.lineage !== lineage) this.#obeyed = { lineage, epoch };
    if (this.#leader === null) return;
    assert(!this.#follower.streaming, 'R3: a leader acknowledges nothing to anyone');
    assert(lineage !== null && this.#isOurs({ lineage, epoch }), 'R7: who has seen a higher epoch does not lead');
  }

  #refuseWrite(ticket: Ticket, effects: Effect[]): void {
    effects.push({
      kind: 'writeAnswered',
      ticket,
      outcome: { kind: 'refused', code: 'not-leader', leaderHint: this.#leaderHint },
    });
  }

  get #leaderHint(): string | null {
    return this.#follower.target?.address ?? null;
  }

  #tick(now: Instant, effects: Effect[]): void {
    if (this.#leader !== null) this.#leader.tick(now, effects);
    else this.#follower.tick(now, effects);
    this.#reads.tick(now, effects);
    this.#watches.tick(now, effects);
    this.#recovery.tick(now);
    for (const [link, { untilMs }] of this.#earlyHellos) {
      if (now.monotonicMs < untilMs) continue;
      this.#earlyHellos.delete(link);
      this.#reject(link, effects);
    }
  }

  #closed(link: LinkId, reason: 'refused' | 'lost', now: Instant, effects: Effect[]): void {
    if (this.#candidate.runner.owns(link)) {
      this.#candidate.runner.onClosed(link, reason);
      return;
    }
    if (this.#tenure?.runner.owns(link) === true) {
      this.#tenure.runner.onClosed(link, reason);
      return;
    }
    if (this.#leader?.knocksOn(link) === true) {
      this.#leader.onKnockClosed(link, reason, now, effects);
      return;
    }
    this.#earlyHellos.delete(link);
    this.#leader?.onLost(link, now, effects);
    this.#follower.onClosed(link, reason, now, effects);
  }

  #apiAnswered(call: number, answer: ApiAnswer, now: Instant, effects: Effect[]): void {
    const lead = this.#candidate.onApiAnswered(call, answer, now, effects);
    if (lead !== null && this.#leader === null) this.#lead(lead, now, effects);
    const verdict = this.#tenure?.onApiAnswered(call, answer, now, effects);
    if (verdict != null) this.#endTenure(verdict, now, effects);
  }

  // --- messages --------------------------------------------------------------------------------------------------------

  #receive(link: LinkId, message: PeerMessage, now: Instant, effects: Effect[]): void {
    switch (message.kind) {
      case 'question':
        this.#testimonies += 1;
        effects.push({ kind: 'send', link, message: this.#testify(message.number, now) });
        this.#candidate.heardReplica();
        return;
      case 'answer':
        this.#seeEpoch(message.obeys, message.epoch, now, effects);
        this.#candidate.runner.onAnswer(link, message, effects);
        this.#tenure?.runner.onAnswer(link, message, effects);
        return;
      case 'hello':
        this.#candidate.heardReplica();
        this.#seeEpoch(message.lineage, message.epoch, now, effects);
        this.#onHello(link, message, now, effects);
        return;
      case 'reject':
        this.#seeEpoch(message.lineage, message.epoch, now, effects);
        this.#candidate.wantLook();
        this.#follower.onReject(link, message, effects, now);
        return;
      case 'ack':
        if (this.#leader !== null && this.#isOurs(message)) this.#leader.onAck(link, message, now, effects);
        return;
      case 'vouch':
        if (this.#leader !== null && this.#isOurs(message)) this.#leader.onVouch(link, message, effects);
        return;
      case 'resume':
      case 'snapshotBegin':
      case 'snapshotChunk':
      case 'snapshotEnd':
      case 'append':
      case 'vouched':
        if (this.#leader === null) this.#receiveStream(link, message, now, effects);
        return;
      default:
        unreachable(message);
    }
  }

  #receiveStream(
    link: LinkId,
    message: Extract<
      PeerMessage,
      { kind: 'resume' | 'snapshotBegin' | 'snapshotChunk' | 'snapshotEnd' | 'append' | 'vouched' }
    >,
    now: Instant,
    effects: Effect[],
  ): void {
    const follower = this.#follower;
    switch (message.kind) {
      case 'resume':
        follower.onResume(link, message, now, effects);
        return;
      case 'snapshotBegin':
        follower.onSnapshotBegin(link, message, now, effects);
        return;
      case 'snapshotChunk':
        follower.onSnapshotChunk(link, message, now, effects);
        return;
      case 'snapshotEnd':
        follower.onSnapshotEnd(link, message, now, effects);
        return;
      case 'append':
        follower.onAppend(link, message, now, effects, (entry) => {
          this.#onApplied(entry, now, effects);
        });
        return;
      case 'vouched':
        if (follower.onVouched(link, message, effects))
          this.#reads.onVouched(message.number, message.granted, now, effects);
        return;
      default:
        unreachable(message);
    }
  }

  /** R3: acknowledgements of another lineage or epoch are dropped. */
  #isOurs(message: { readonly epoch: number; readonly lineage: Lineage }): boolean {
    return (
      this.#leader !== null &&
      message.epoch === this.#leader.epoch &&
      sameLineage(message.lineage, this.#leader.lineage)
    );
  }

  #onHello(link: LinkId, hello: Hello, now: Instant, effects: Effect[]): void {
    if (this.#leader !== null) this.#leader.onHello(link, hello, now, effects);
    else if (this.#candidate.runner.isBusy())
      this.#earlyHellos.set(link, { hello, untilMs: now.monotonicMs + EARLY_HELLO_MS });
    else this.#reject(link, effects);
  }

  #reject(link: LinkId, effects: Effect[]): void {
    const { id } = this.#replica;
    effects.push({
      kind: 'send',
      link,
      message: { kind: 'reject', from: id, epoch: this.#obedience.epoch, lineage: this.#obedience.lineage },
    });
  }

  /** R3, R7: a leader steps down at once when it sees a higher epoch; nobody acknowledges a lower one any more. */
  #seeEpoch(lineage: Lineage | null, epoch: Hello['epoch'], now: Instant, effects: Effect[]): void {
    if (!this.#obedience.seeEpoch(lineage, epoch)) return;
    this.#candidate.wantLook();
    if (this.#leader !== null) this.#stepDown(`a higher epoch was seen: ${epoch}`, 0, now, effects);
    else this.#follower.fence(effects);
  }

  #testify(number: number, now: Instant): Answer {
    const { id, lineage, position } = this.#replica;
    const { epoch } = this.#obedience;
    const working =
      this.#leader === null
        ? this.#follower.heardWorkingAgoMs(epoch, now.monotonicMs)
        : now.monotonicMs - this.#leader.rounds.authorityMs;
    return {
      kind: 'answer',
      number,
      from: id,
      epoch,
      obeys: this.#obedience.lineage,
      lineage,
      lastIndex: position.index,
      lastEpoch: position.epoch,
      leads: this.#leader !== null,
      stopping: this.#departure.begun,
      heardWorkingMs: working === null ? null : Math.max(0, Math.round(working)),
    };
  }

  // --- roles -----------------------------------------------------------------------------------------------------------

  #decideRole(now: Instant, effects: Effect[]): void {
    if (this.#tenure !== null && this.#leader !== null) {
      this.#steerDeparture(this.#tenure, this.#leader, now);
      const verdict = this.#tenure.kick(now, effects);
      if (verdict !== null) this.#endTenure(verdict, now, effects);
    }
    if (this.#leader === null) {
      const lead = this.#candidate.kick(now, effects);
      if (lead !== null) this.#lead(lead, now, effects);
    }
  }

  #lead(verdict: LeadVerdict, now: Instant, effects: Effect[]): void {
    const { record, askedMs, reason, alarm } = verdict;
    const { content } = record;
    const { lineage, epoch } = content;
    assert(
      lineage !== null && sameLineage(lineage, this.#replica.lineage),
      'R2: a leader holds the data of the lineage that it leads',
    );
    assert(content.holder === this.#replica.id, 'R2: one epoch belongs to one replica id');
    const { times, limits, addresses, uncleanRecovery, identity } = this.#options;
    const replica = this.#replica;
    this.#candidate.runner.cancel(effects);
    this.#follower.unfollow(effects);
    this.#obedience.adopt({ lineage, epoch });
    this.#leader = new Leader(
      {
        replica,
        epoch,
        lineage,
        members: content.inSync,
        times,
        limits,
        authorityMs: askedMs,
        random: this.#random,
        nextLink: this.#port.nextLink,
      },
      now,
    );
    this.#tenure = new Tenure(
      {
        leader: this.#leader,
        replica,
        obedience: this.#obedience,
        nonces: this.#nonces,
        beginnings: this.#beginnings,
        recovery: this.#recovery,
        addresses,
        times,
        limits,
        uncleanRecovery,
        port: this.#port,
        testify: (at) => this.#testify(0, at),
        podUid: identity.podUid,
        record,
      },
      now,
    );
    this.#leader.membership.stopping = this.#departure.begun;
    this.#reads.setLeader(this.#leader, effects);
    this.#reportedFollowing = NOBODY;
    effects.push({ kind: 'report', report: { kind: 'roleChanged', role: 'leading', epoch, reason } });
    effects.push({
      kind: 'report',
      report: { kind: 'setChanged', epoch, members: content.inSync, reason: 'as the record names it' },
    });
    if (alarm !== null)
      effects.push({ kind: 'report', report: { kind: 'alarm', code: 'data-loss-possible', message: alarm } });
    for (const [link, { hello }] of this.#earlyHellos) this.#leader.onHello(link, hello, now, effects);
    this.#earlyHellos.clear();
  }

  #endTenure(verdict: TenureVerdict, now: Instant, effects: Effect[]): void {
    switch (verdict.kind) {
      case 'deposed':
        this.#stepDown(verdict.reason, 0, now, effects);
        return;
      case 'handedOver':
        this.#candidate.setStopping('handedOver');
        this.#stepDown(`handed over to ${verdict.successor}`, 0, now, effects);
        return;
      case 'gaveUp':
        this.#stepDown('heard from no other replica', 4 * this.#options.times.electionMs, now, effects);
        return;
      case 'rewritten': {
        const { record, askedMs, alarm } = verdict;
        const { lineage } = record.content;
        this.#stepDown('the record was lost and is written again', 0, now, effects);
        this.#beginnings.forget();
        if (lineage !== null && !sameLineage(lineage, this.#replica.lineage)) {
          this.#replica.beginLineage(lineage);
          this.#report(effects, {
            kind: 'lineageChanged',
            lineage,
            reason: 'the record was written again without members that are gone',
          });
        }
        this.#lead({ record, askedMs, reason: 'wrote the lost record again', alarm }, now, effects);
        return;
      }
      case 'ended':
        this.#departure.markEnded();
        return;
      default:
        unreachable(verdict);
    }
  }

  #stepDown(reason: string, holdOffMs: number, now: Instant, effects: Effect[]): void {
    const leader = this.#leader;
    if (leader === null || this.#tenure === null) return;
    const { epoch } = leader;
    leader.stepDown(effects);
    this.#tenure.runner.cancel(effects);
    this.#leader = null;
    this.#tenure = null;
    this.#recovery.onRoleChanged();
    this.#reads.setLeader(null, effects);
    this.#candidate.resume(holdOffMs, now);
    this.#report(effects, { kind: 'roleChanged', role: 'seeking', epoch, reason });
  }

  #report(effects: Effect[], report: Report): void {
    if (report.kind === 'lineageChanged') this.#lineageChanges += 1;
    effects.push({ kind: 'report', report });
  }

  #reportFollowing(effects: Effect[]): void {
    const { target, streaming } = this.#follower;
    const leader = streaming && target !== null ? target.leader : null;
    const epoch = leader === null ? null : this.#follower.epoch;
    const reported = this.#reportedFollowing;
    if (leader === reported.leader && epoch === reported.epoch) return;
    this.#reportedFollowing = { leader, epoch };
    if (leader === null)
      this.#report(effects, {
        kind: 'roleChanged',
        role: 'seeking',
        epoch: this.#obedience.epoch,
        reason: 'the leader cannot be heard',
      });
    else
      this.#report(effects, {
        kind: 'roleChanged',
        role: 'following',
        epoch: this.#obedience.epoch,
        reason: `the record names ${leader}`,
      });
  }

  // --- stopping (R9) ---------------------------------------------------------------------------------------------------

  #stop(graceMs: number, now: Instant, effects: Effect[]): void {
    if (this.#departure.begun) return;
    this.#departure.begin(now, graceMs);
    this.#candidate.setStopping('stopping');
    this.#follower.setStopping(now, effects);
    this.#watches.setStopping(effects);
    if (this.#leader !== null) this.#leader.membership.stopping = true;
    this.#report(effects, { kind: 'note', message: `told to stop within ${graceMs} ms` });
  }

  /** A leader that is told to stop: standbys in, writes out, a successor named, or the epoch ended. */
  #steerDeparture(tenure: Tenure, leader: Leader, now: Instant): void {
    if (!this.#departure.begun) return;
    const plan = this.#departure.plan(leader, tenure.nobodyStays, now);
    leader.setDraining(plan.draining);
    tenure.handOverTo(plan.successor);
    if (plan.windDown !== null) tenure.windDown(plan.windDown);
  }

  #departureStanding(): DepartureStanding {
    const content = this.#record()?.content ?? null;
    return {
      leads: this.#leader !== null,
      // Who has not read the record may stand in it; who holds data may be needed to write a lost one again (R13).
      inSet:
        (content === null ? !this.#replica.empty : content.inSync.includes(this.#replica.id)) || this.#follower.member,
      ended: content !== null && content.endedEpoch === content.epoch,
    };
  }

  // --- how things stand ------------------------------------------------------------------------------------------------

  /** Read-only access for checkers and for `/v1/cluster`. */
  inspect() {
    return {
      id: this.#replica.id,
      role:
        this.#leader !== null
          ? ('leading' as const)
          : this.#follower.streaming
            ? ('following' as const)
            : ('seeking' as const),
      epoch: this.#obedience.epoch,
      obeyedLineage: this.#obedience.lineage,
      dataLineage: this.#replica.lineage,
      log: this.#replica.log,
      commitIndex: this.#replica.commitIndex,
      appliedIndex: this.#replica.machine.appliedIndex,
      machine: this.#replica.machine,
      leader: this.#leader,
      record: this.#record(),
      frozen: this.#frozen,
    };
  }

  /** For an operator who is to decide. */
  recoveryView(): RecoveryView {
    const replica = this.#replica;
    const { role } = this.inspect();
    const { index, epoch } = replica.position;
    return {
      replica: replica.id,
      role,
      frozen: this.#frozen,
      takesWrites: this.#leader?.firstCommitted === true && !this.#leader.draining,
      epoch: this.#obedience.epoch,
      obeys: this.#obedience.lineage,
      holding: { lineage: replica.lineage, lastEpoch: epoch, lastIndex: index },
      commitIndex: replica.empty ? 0 : replica.commitIndex,
      keys: replica.machine.store.size,
      record: this.#tenure?.seenRecord ?? this.#candidate.seenRecord,
    };
  }

  /** R13: why nothing more can be done without an operator; null while something can. */
  get #frozen(): string | null {
    return this.#tenure !== null ? this.#tenure.frozen : this.#candidate.frozen;
  }

  #record(): LeaseRecord | null {
    if (this.#tenure !== null) return this.#tenure.base;
    return this.#candidate.view.kind === 'obeyed' ? this.#candidate.view.record : null;
  }

  status(now: Instant): GroupStatus {
    const replica = this.#replica;
    const leader = this.#leader;
    const content = this.#record()?.content ?? null;
    const follower = this.#follower;
    const role = leader !== null ? 'leading' : follower.streaming ? 'following' : 'seeking';
    const standing = this.#standing(now);
    return {
      replica: replica.id,
      role,
      epoch: this.#obedience.epoch,
      lineage: replica.lineage,
      leader: content?.holder ?? null,
      leaderAddresses: content?.addresses ?? null,
      inSync: leader !== null ? [...leader.set.confirmed] : (content?.inSync ?? []),
      standing,
      ready: (standing === 'leader' || standing === 'member' || standing === 'standby') && !this.#departure.begun,
      stopping: this.#departure.begun,
      frozen: this.#frozen !== null,
      lastIndex: replica.position.index,
      commitIndex: replica.empty ? 0 : replica.commitIndex,
      appliedIndex: replica.empty ? 0 : replica.machine.appliedIndex,
      keys: replica.machine.store.size,
      storeBytes: replica.machine.bytes,
      historyBytes: replica.machine.store.history.bytes,
      olderVersions: replica.machine.store.history.size,
      evictedKeys: replica.machine.store.evictedKeys,
      logEntries: replica.log.length,
      logBytes: replica.log.bytes,
      sessions: replica.machine.sessions.size,
      idempotencyKeys: replica.machine.idempotency.size,
      followers: leader?.followerStatus(now.monotonicMs) ?? [],
      lagEntries: replica.log.lastIndex - replica.commitIndex,
      watchers: this.#watches.size,
      lineageChanges: this.#lineageChanges + this.#candidate.lineageChanges,
      sinceLeaderHeardMs:
        leader !== null ? 0 : follower.heardMs > -Infinity ? now.monotonicMs - follower.heardMs : null,
    };
  }

  #standing(now: Instant): GroupStatus['standing'] {
    if (this.#leader !== null) return 'leader';
    const follower = this.#follower;
    if (!follower.streaming) return 'none';
    if (follower.installing || this.#replica.empty) return 'learner';
    if (follower.member && now.monotonicMs - follower.heardMs <= this.#options.times.electionMs) return 'member';
    return follower.caughtUp ? 'standby' : 'learner';
  }
}
