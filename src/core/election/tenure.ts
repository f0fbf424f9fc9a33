import { assert } from '../base/assert.ts';
import type { Epoch, Instant } from '../base/numbers.ts';
import type { Effect } from '../group/io.ts';
import type { GroupLimits, GroupTimes, UncleanRecovery } from '../group/options.ts';
import type { Leader } from '../replication/leader.ts';
import { type Lineage, sameLineage } from '../replication/lineage.ts';
import type { Answer } from '../replication/messages.ts';
import type { Replica } from '../replication/replica.ts';
import type { ReplicaId } from '../replication/replica-id.ts';
import type { ApiAnswer } from './api.ts';
import { call, type Errand, type ErrandPort, ErrandRunner, pause, survey } from './errand.ts';
import { isGone } from './gone.ts';
import type { Beginnings } from './beginnings.ts';
import type { Nonces } from './nonces.ts';
import type { Obedience } from './obedience.ts';
import { listPods } from './pod-list.ts';
import { recoverByWord } from './recover-by-word.ts';
import type { Addresses, LeaseRecord, RecordContent, RecordVersion } from './record.ts';
import type { Recovery, RecoverRequest, SeenRecord } from './recovery.ts';
import { type PodTestimony, podTestimonies } from './survey.ts';

export interface TenureOptions {
  readonly leader: Leader;
  readonly replica: Replica;
  readonly obedience: Obedience;
  readonly nonces: Nonces;
  readonly beginnings: Beginnings;
  readonly recovery: Recovery;
  readonly addresses: Addresses;
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
  readonly uncleanRecovery: UncleanRecovery;
  readonly port: ErrandPort;
  readonly testify: (now: Instant) => Answer;
  readonly podUid: string;
  /** The record by which it leads. */
  readonly record: LeaseRecord;
}

export type TenureVerdict =
  /** Another leads, or may: what was read is the candidate's to judge. */
  | { readonly kind: 'deposed'; readonly reason: string }
  /** R9: the successor is named. */
  | { readonly kind: 'handedOver'; readonly successor: ReplicaId }
  /** R7: nobody was heard from; somebody better connected may lead. */
  | { readonly kind: 'gaveUp' }
  /** R13: the lost record was written again, in the next epoch. */
  | {
      readonly kind: 'rewritten';
      readonly record: LeaseRecord;
      readonly askedMs: number;
      readonly alarm: string | null;
    }
  /** R9: the epoch is marked as ended. */
  | { readonly kind: 'ended' };

/** What stands where a leader's record should. */
interface LostRecord {
  /** null: nothing stands there. */
  readonly version: RecordVersion | null;
  /** 0: none that can be read. */
  readonly epoch: Epoch;
}

const SURVEY_MS = 300;
const ROUND_MS = 600;
const WHO_STAYS_MS = 500;
/** R7: after the members turned out to be gone, or the record could not be given up. */
const GIVE_UP_PAUSE_MS = 2000;

/**
 * The leader's dealings with the record: renewals, changes of the set, hand-over, and what is to be done when the record
 * is lost. One call is under way at a time. An outcome that is in doubt stays in doubt until the version has moved, and
 * the maximal set counts everything that may have happened (R1, R4). While the API server is away the leader goes on: it
 * steps down on evidence only (R7).
 */
export class Tenure {
  readonly #options: TenureOptions;
  readonly #runner: ErrandRunner<TenureVerdict | null>;
  /** The record as it stands, as far as is known. */
  #base: LeaseRecord;
  /** R3: a record of this epoch is obeyed only with one of these: the newest that is confirmed, and those in doubt. */
  #nonces: Set<string>;
  #readWanted = false;
  /** A replace may still land; settled once the version has moved. */
  #inDoubt = false;
  /** R13: what stands in the record's place. */
  #lost: LostRecord | null = null;
  #renewDueMs: number;
  #notBeforeMs = 0;
  #giveUpNotBeforeMs: number;
  #successor: { readonly id: ReplicaId; readonly addresses: Addresses } | null = null;
  #endWanted = false;
  /** R9: the API server lists no pod of the group that stays; as of the last time that it was asked. */
  #nobodyStays = false;
  /** The mark stands; any other write of the record would drop it. */
  #ended = false;
  #whoStaysAskedMs: number | null = null;
  #renewals = 0;
  #lostSinceMs: number | null = null;
  #frozen: string | null = null;
  #now: Instant;
  #effects: Effect[] = [];

  constructor(options: TenureOptions, now: Instant) {
    this.#options = options;
    this.#base = options.record;
    this.#nonces = new Set([options.record.content.nonce]);
    this.#runner = new ErrandRunner(options.port);
    this.#renewDueMs = now.monotonicMs + options.times.renewMs;
    this.#giveUpNotBeforeMs = now.monotonicMs + 2 * options.times.electionMs;
    this.#now = now;
  }

  get runner(): ErrandRunner<TenureVerdict | null> {
    return this.#runner;
  }

  get base(): LeaseRecord {
    return this.#base;
  }

  /** R13: why the record cannot be written again without an operator; null while it can. */
  get frozen(): string | null {
    return this.#frozen;
  }

  get seenRecord(): SeenRecord {
    if (this.#lost === null) return { kind: 'there', state: 'obeyed', version: this.#base.version };
    const { version } = this.#lost;
    return version === null ? { kind: 'absent' } : { kind: 'there', state: 'lost', version };
  }

  get renewals(): number {
    return this.#renewals;
  }

  /** R9: name this member as soon as nothing else is under way. */
  handOverTo(successor: { readonly id: ReplicaId; readonly addresses: Addresses } | null): void {
    this.#successor = successor;
  }

  get nobodyStays(): boolean {
    return this.#nobodyStays;
  }

  /** R9: every member is stopping. Asks now and then which pods stay, and marks the epoch as ended when told to. */
  windDown(step: 'ask' | 'end'): void {
    this.#endWanted = step === 'end';
    this.#whoStaysAskedMs ??= -Infinity;
  }

  /** The watch says that the record is not what this leader wrote. */
  onHint(record: LeaseRecord | null): void {
    if (
      record !== null &&
      this.#options.nonces.isOwn(record.content.nonce) &&
      record.version.uid === this.#base.version.uid
    )
      return;
    this.#readWanted = true;
  }

  wantRead(): void {
    this.#readWanted = true;
  }

  onApiAnswered(callNumber: number, answer: ApiAnswer, now: Instant, effects: Effect[]): TenureVerdict | null {
    this.#now = now;
    this.#effects = effects;
    return this.#runner.onApiAnswered(callNumber, answer, now, effects);
  }

  kick(now: Instant, effects: Effect[]): TenureVerdict | null {
    this.#now = now;
    this.#effects = effects;
    if (this.#runner.isBusy()) {
      const verdict = this.#runner.poll(now, effects);
      if (verdict !== null || this.#runner.isBusy()) return verdict;
    }
    const errand = this.#nextErrand(now.monotonicMs);
    return errand === null ? null : this.#runner.start(errand, now, effects);
  }

  #nextErrand(nowMs: number): Errand<TenureVerdict | null> | null {
    const word = this.#options.recovery.take();
    if (word !== null) return this.#recoverByWord(word);
    if (this.#ended || nowMs < this.#notBeforeMs) return null;
    const { leader } = this.#options;
    const { content } = this.#base;
    if (this.#readWanted) return this.#read();
    if (this.#lost !== null) return this.#rewrite(this.#lost);
    // R1: the old set once more, so that the version moves and the late request can no longer land.
    if (this.#inDoubt) return this.#replace({ ...content, inSync: [...leader.set.confirmed] });
    if (this.#endWanted) return this.#end();
    if (this.#whoStaysAskedMs !== null && nowMs - this.#whoStaysAskedMs > WHO_STAYS_MS) return this.#askWhoStays();
    const change = leader.changeReady;
    if (change !== null) return this.#changeSet(change.reason);
    // R5: after the change that is under way, which nothing else would bring to its end.
    if (this.#successor !== null && leader.set.change === null) return this.#handOver(this.#successor);
    if (this.#hearsNobody(nowMs)) return this.#giveUp();
    return nowMs >= this.#renewDueMs ? this.#replace(content) : null;
  }

  #retry(): null {
    this.#notBeforeMs = this.#now.monotonicMs + this.#options.times.retryMs;
    return null;
  }

  // --- reading and replacing (R1) --------------------------------------------------------------------------------------

  *#read(): Errand<TenureVerdict | null> {
    const { obedience, leader } = this.#options;
    this.#readWanted = false;
    const answer = yield* call({ kind: 'readLease' });
    switch (answer.kind) {
      case 'record':
        break;
      case 'damaged':
        return this.#lose({ version: answer.version, epoch: 0 as Epoch }, `it is damaged: ${answer.reason}`);
      case 'absent':
        return this.#lose({ version: null, epoch: 0 as Epoch }, 'it was deleted');
      case 'conflict':
      case 'refused':
      case 'inDoubt':
      case 'pods':
        this.#readWanted = true;
        return this.#retry();
    }
    const { record } = answer;
    const { content, version } = record;
    if (
      content.epoch === leader.epoch &&
      sameLineage(content.lineage, leader.lineage) &&
      this.#nonces.has(content.nonce) &&
      version.uid === this.#base.version.uid
    ) {
      return this.#recognise(record);
    }
    const isLater = sameLineage(content.lineage, leader.lineage)
      ? content.epoch > leader.epoch
      : obedience.accepts(content);
    if (isLater) {
      return { kind: 'deposed', reason: `the record names ${content.holder ?? 'nobody'} in epoch ${content.epoch}` };
    }
    const standing = { version, epoch: content.epoch };
    return this.#lose(standing, 'it is not one that this leader wrote, nor one to be obeyed');
  }

  /** One of this leader's own writes stands there. */
  #recognise(record: LeaseRecord): TenureVerdict | null {
    const { leader } = this.#options;
    const moved = record.version.resourceVersion !== this.#base.version.resourceVersion;
    this.#lost = null;
    this.#lostSinceMs = null;
    this.#frozen = null;
    if (!moved) {
      // Nothing has landed. If something still may, it stays in doubt, and is fenced off by the next write.
      if (!this.#inDoubt && leader.set.sent) this.#confirmSet(record, 'the change was refused');
      return null;
    }
    this.#base = record;
    this.#nonces = new Set([record.content.nonce]);
    this.#inDoubt = false;
    if (record.content.holder === null) return { kind: 'gaveUp' };
    this.#confirmSet(record, 'as read from the record');
    return null;
  }

  /** Sends one replace of the record as it is known. `then`: what it means if it succeeds. */
  *#replace(content: RecordContent, then: TenureVerdict | null = null): Errand<TenureVerdict | null> {
    const { leader, nonces, addresses, times, limits } = this.#options;
    // A smaller set, at the start, only grows until it is there.
    const membersMin = Math.min(this.#base.content.inSync.length, limits.minInSync);
    assert(content.inSync.length >= membersMin, 'R6: the set never falls below its minimum');
    const nonce = nonces.next();
    this.#nonces.add(nonce);
    const endedEpoch = then?.kind === 'ended' ? leader.epoch : null;
    this.#renewDueMs = this.#now.monotonicMs + times.renewMs;
    leader.rounds.beginRenewal(this.#now.monotonicMs);
    const answer = yield* call({
      kind: 'replaceLease',
      base: this.#base.version,
      content: {
        ...content,
        addresses: content.holder === this.#options.replica.id ? addresses : content.addresses,
        nonce,
        endedEpoch,
      },
    });
    switch (answer.kind) {
      case 'record': {
        const setMoved = leader.set.sent || this.#inDoubt;
        this.#base = answer.record;
        this.#nonces = new Set([nonce]);
        this.#inDoubt = false;
        this.#renewals += 1;
        if (then?.kind === 'ended') this.#ended = true;
        if (then !== null) return then;
        leader.rounds.renewed();
        if (setMoved) this.#confirmSet(answer.record, leader.set.change?.reason ?? 'settled');
        return null;
      }
      case 'inDoubt':
        this.#inDoubt = true;
        this.#readWanted = true;
        return this.#retry();
      case 'conflict':
      case 'absent':
      case 'refused':
      case 'damaged':
      case 'pods':
        this.#readWanted = true;
        return answer.kind === 'conflict' ? null : this.#retry();
    }
  }

  #confirmSet(record: LeaseRecord, reason: string): void {
    const { leader } = this.#options;
    const before = leader.set.confirmed;
    const after = record.content.inSync;
    leader.confirmSet(after);
    for (const id of before) if (!after.includes(id)) leader.membership.onRemoved(id, this.#now.monotonicMs);
    if (after.length === before.size && after.every((id) => before.has(id))) return;
    this.#effects.push({ kind: 'report', report: { kind: 'setChanged', epoch: leader.epoch, members: after, reason } });
  }

  // --- what the leader asks for ----------------------------------------------------------------------------------------

  /** R5, R6. */
  *#changeSet(reason: string): Errand<TenureVerdict | null> {
    const { leader } = this.#options;
    leader.set.markSent();
    this.#effects.push({
      kind: 'report',
      report: { kind: 'note', message: `asking for a change of the in-sync set: ${reason}` },
    });
    return yield* this.#replace({ ...this.#base.content, inSync: leader.set.target });
  }

  /**
   * R9: one update names the successor, in the next epoch, and leaves this leader out: of all members it follows last, and
   * the successor's first writes would wait for it. It stays in the place of a member that has not acknowledged everything
   * and may be gone, and as the second of two: should the successor die, it takes the record back.
   */
  *#handOver(successor: { readonly id: ReplicaId; readonly addresses: Addresses }): Errand<TenureVerdict | null> {
    const { leader, replica, limits } = this.#options;
    const { content } = this.#base;
    this.#successor = null;
    if (!leader.set.confirmed.has(successor.id)) return null;
    const stay = content.inSync.filter((id) => id !== replica.id);
    const mayLeave = leader.drained && stay.length >= Math.max(limits.minInSync, 2);
    return yield* this.#replace(
      {
        ...content,
        holder: successor.id,
        epoch: (leader.epoch + 1) as Epoch,
        inSync: mayLeave ? stay : content.inSync,
        addresses: successor.addresses,
      },
      { kind: 'handedOver', successor: successor.id },
    );
  }

  *#askWhoStays(): Errand<TenureVerdict | null> {
    this.#whoStaysAskedMs = this.#now.monotonicMs;
    const listed = yield* call({ kind: 'listPods' });
    this.#nobodyStays =
      listed.kind === 'pods' && listed.pods.every((pod) => pod.deleting || pod.state === 'terminated');
    return null;
  }

  /** R9: if no pod of the group stays, what starts next need not ask what was lost. */
  *#end(): Errand<TenureVerdict | null> {
    this.#endWanted = false;
    const { leader } = this.#options;
    yield* this.#askWhoStays();
    if (!this.#nobodyStays || leader.set.change !== null || !leader.drained) return this.#retry();
    return yield* this.#replace(this.#base.content, { kind: 'ended' });
  }

  /** R7: it has heard from no other replica for the election time-out, though the set names another. */
  #hearsNobody(nowMs: number): boolean {
    const { leader, times } = this.#options;
    if (leader.set.confirmed.size < 2 || nowMs < this.#giveUpNotBeforeMs) return false;
    return !leader.membership.hearsFromAnybody(nowMs, times.electionMs);
  }

  *#giveUp(): Errand<TenureVerdict | null> {
    const { leader, replica, uncleanRecovery } = this.#options;
    this.#giveUpNotBeforeMs = this.#now.monotonicMs + GIVE_UP_PAUSE_MS;
    const testimonies = yield* this.#askEverybody();
    if (testimonies === null || !this.#hearsNobodyStill()) return null;
    const others = [...leader.set.confirmed].filter((id) => id !== replica.id);
    const gone = others.filter((id) => isGone(id, testimonies, uncleanRecovery));
    if (gone.length === others.length) {
      // R6: nobody is there who could lead instead, or come back.
      for (const id of gone) leader.membership.onGone(id);
      return null;
    }
    if (leader.set.change !== null) return null;
    return yield* this.#replace({ ...this.#base.content, holder: null, addresses: null }, { kind: 'gaveUp' });
  }

  #hearsNobodyStill(): boolean {
    const { leader, times } = this.#options;
    return !leader.membership.hearsFromAnybody(this.#now.monotonicMs, times.electionMs);
  }

  /** null: the API server did not say, or does not list this leader's own pod in the group. */
  *#askEverybody(): Errand<PodTestimony[] | null> {
    const { podUid, testify, leader } = this.#options;
    const list = yield* listPods(leader.set.maximal);
    if (list === null || !list.listed.some(({ uid }) => uid === podUid)) return null;
    const pods = [...list.listed, ...list.strayed];
    const addresses = pods.filter((pod) => pod.uid !== podUid && pod.state === 'running').map((pod) => pod.peerAddress);
    const asked = yield* survey(
      addresses.filter((address) => address !== null),
      SURVEY_MS,
    );
    return podTestimonies(pods, asked, testify(this.#now));
  }

  // --- a record that was lost (R13) ------------------------------------------------------------------------------------

  #lose(standing: LostRecord, reason: string): null {
    this.#lost = standing;
    if (this.#lostSinceMs !== null) return null;
    this.#lostSinceMs = this.#now.monotonicMs;
    const message = `the record is lost: ${reason}. This leader goes on, and writes it again once every member has answered`;
    this.#effects.push({ kind: 'report', report: { kind: 'alarm', code: 'record-damaged', message } });
    return null;
  }

  /** Somebody of the maximal set has not answered for long, and is not proven gone: only an operator knows more. */
  #considerFreezing(missing: readonly ReplicaId[]): void {
    const { times } = this.#options;
    if (this.#frozen !== null || this.#now.monotonicMs - (this.#lostSinceMs ?? 0) < 3 * times.electionMs) return;
    this.#frozen = `the record is lost, and ${missing.join(', ')} does not answer and is not proven gone`;
    const message = `${this.#frozen}. Bring it back, or see "kv admin recover" in the guide on recovery`;
    this.#effects.push({ kind: 'report', report: { kind: 'alarm', code: 'frozen', message } });
  }

  *#rewrite(lost: LostRecord): Errand<TenureVerdict | null> {
    const { leader, replica, nonces, beginnings, addresses, uncleanRecovery } = this.#options;
    const { version } = lost;
    // Whatever comes of this, the next attempt begins with a read.
    this.#readWanted = true;
    if (version === null) {
      yield* call({ kind: 'createLease' });
      return null;
    }
    const testimonies = yield* this.#askEverybody();
    if (testimonies === null) return this.#retry();
    const later = testimonies.find(
      ({ testimony }) =>
        testimony.kind === 'answered' &&
        Math.max(testimony.answer.obeys?.number ?? 0, testimony.answer.lineage?.number ?? 0) > leader.lineage.number,
    );
    if (later !== undefined) {
      this.#effects.push({
        kind: 'report',
        report: {
          kind: 'note',
          message: `pod ${later.pod.name} holds a later lineage: the record is not this leader's to write`,
        },
      });
      return this.#retry();
    }
    // The round begins after the read of what is replaced: when it is full, nobody had taken over by then.
    const round = leader.rounds.begin(this.#now.monotonicMs);
    yield* pause(this.#now.monotonicMs + ROUND_MS, () => leader.rounds.full >= round);
    // Unseen, an update that adds a member may have landed before the record was lost: the set must not shrink by that.
    const hasGrown = leader.set.sent && leader.set.change?.remove === null;
    let inSync: readonly ReplicaId[] = hasGrown ? leader.set.target : [...leader.set.confirmed];
    let lineage: Lineage = leader.lineage;
    let alarm: string | null = null;
    if (leader.rounds.full < round) {
      const missing = [...leader.set.maximal].filter(
        (id) => id !== replica.id && (leader.progress(id)?.ackedRound ?? 0) < round,
      );
      const allAnswered = testimonies.every(
        ({ pod, testimony }) => pod.state !== 'running' || testimony.kind === 'answered',
      );
      if (!allAnswered || !missing.every((id) => isGone(id, testimonies, uncleanRecovery))) {
        this.#considerFreezing(missing);
        return this.#retry();
      }
      lineage = { number: leader.lineage.number + 1, id: nonces.next() };
      inSync = [replica.id];
      alarm =
        'the Lease was lost together with a member of the in-sync set: a new lineage begins, and acknowledged writes may be lost';
      beginnings.ask({
        lineage,
        reason: 'the record was written again without members that are gone',
        alarm,
        base: version,
      });
    }
    const askedMs = this.#now.monotonicMs;
    // The epoch of another history says nothing here; but the record's never falls, whoever looks at it.
    const epoch = (Math.max(leader.epoch, this.#options.obedience.epoch, lost.epoch) + 1) as Epoch;
    const answer = yield* call({
      kind: 'replaceLease',
      base: version,
      content: { holder: replica.id, epoch, inSync, addresses, lineage, nonce: nonces.next(), endedEpoch: null },
      baseIs: 'lost',
    });
    if (answer.kind !== 'record') return this.#retry();
    return { kind: 'rewritten', record: answer.record, askedMs, alarm };
  }

  /** A leader makes room for what it has asked for: the candidate reads whether it has landed, and begins it. */
  *#recoverByWord(request: RecoverRequest): Errand<TenureVerdict | null> {
    const self = {
      ...this.#options,
      electionMs: this.#options.times.electionMs,
      now: () => this.#now,
      frozen: () => this.#frozen,
    };
    const asked = yield* recoverByWord(self, request);
    this.#readWanted = true;
    return asked ? { kind: 'deposed', reason: 'an operator begins a new lineage' } : null;
  }
}
