import { assert } from '../base/assert.ts';
import type { Epoch, Instant, WallMs } from '../base/numbers.ts';
import type { Random } from '../base/random.ts';
import type { Effect } from '../group/io.ts';
import type { GroupLimits, GroupTimes, UncleanRecovery } from '../group/options.ts';
import type { Follower } from '../replication/follower.ts';
import { type Lineage, sameLineage } from '../replication/lineage.ts';
import { LOG_START } from '../replication/log.ts';
import type { Answer } from '../replication/messages.ts';
import type { Replica } from '../replication/replica.ts';
import type { ReplicaId } from '../replication/replica-id.ts';
import type { ApiAnswer, PodInfo } from './api.ts';
import type { Beginning, Beginnings } from './beginnings.ts';
import { call, type Errand, type ErrandPort, ErrandRunner, survey } from './errand.ts';
import { isGone } from './gone.ts';
import type { Nonces } from './nonces.ts';
import type { Obedience } from './obedience.ts';
import { listPods } from './pod-list.ts';
import { compareStanding, lineageCloseness } from './ranking.ts';
import { recoverByWord } from './recover-by-word.ts';
import { type Addresses, isUnfilled, type LeaseRecord, type RecordContent, type RecordVersion } from './record.ts';
import type { Recovery, RecoverRequest, SeenRecord } from './recovery.ts';
import { type FoundLeader, type PodTestimony, podTestimonies, podUidOf } from './survey.ts';

export interface CandidateOptions {
  readonly replica: Replica;
  readonly follower: Follower;
  readonly obedience: Obedience;
  readonly nonces: Nonces;
  readonly beginnings: Beginnings;
  readonly recovery: Recovery;
  readonly random: Random;
  readonly addresses: Addresses;
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
  readonly uncleanRecovery: UncleanRecovery;
  readonly port: ErrandPort;
  /** What this replica would answer to a question. */
  readonly testify: (now: Instant) => Answer;
  readonly podUid: string;
  /** How often this replica has promised something to anyone: acknowledged, or told how it stands (R2). */
  readonly promises: () => number;
}

/** What the replica that does not lead knows of the record. */
export type RecordView =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  /** Just created: nobody has filled it. */
  | { readonly kind: 'unfilled'; readonly record: LeaseRecord }
  | { readonly kind: 'obeyed'; readonly record: LeaseRecord }
  /** R13: damaged, or not one to be obeyed. */
  | { readonly kind: 'lost'; readonly reason: string; readonly version: RecordVersion };

/** This replica leads: by which record, when it asked for it, and what is to be said about it. */
export interface LeadVerdict {
  readonly record: LeaseRecord;
  readonly askedMs: number;
  readonly reason: string;
  /** R14: acknowledged writes may be lost. */
  readonly alarm: string | null;
}

type StandReason = 'vacant' | 'dead' | 'expired';

const QUESTION_MS = 100;
const SURVEY_MS = 400;
/** R14: how long replicas that are listed as running, but silent, are waited for. */
const SILENT_WAIT_MS = 30_000;
const UNREACHABLE_MS = 250;
const RECOVERY_PAUSE_MS = 200;

/**
 * What a replica that does not lead does about the record: it reads it, follows the leader that it names, and decides
 * when to take over (R8), to found the group (R13) or to begin anew (R14). Every decision rests on a read from the API
 * server and ends in a compare-and-swap on just what was read (R1).
 */
export class Candidate {
  readonly #options: CandidateOptions;
  readonly #runner: ErrandRunner<LeadVerdict | null>;
  #view: RecordView = { kind: 'unknown' };
  #lookWanted = true;
  #notBeforeMs = 0;
  /** When the record was last seen to move: an expiry by this replica's own observation (R8). */
  #movedMs: number;
  #movedVersion = '';
  #lookedMs = -Infinity;
  /** The leader of this epoch is plainly dead (R8). */
  #deadEpoch: Epoch | null = null;
  #unreachableSinceMs: number | null = null;
  #recoveringSinceMs: number | null = null;
  #lostSinceMs: number | null = null;
  #recoveryNotBeforeMs = 0;
  /** R7: who led the epoch of a record without a holder, and gave it up, as far as this replica has seen it lead. */
  #former: { readonly id: ReplicaId; readonly epoch: Epoch } | null = null;
  /** R7: this replica gave the record up, and lets others try first. */
  #heldOffUntilMs = -Infinity;
  #peerAddresses: readonly string[] = [];
  #standing: 'free' | 'stopping' | 'handedOver' = 'free';
  #frozen: string | null = null;
  #alarmed = false;
  #lineageChanges = 0;
  #now: Instant;
  #effects: Effect[] = [];

  constructor(options: CandidateOptions, now: Instant) {
    this.#options = options;
    this.#runner = new ErrandRunner(options.port);
    this.#movedMs = now.monotonicMs;
    this.#now = now;
  }

  get view(): RecordView {
    return this.#view;
  }

  /** Why nothing can be done without an operator; null while something can. */
  get frozen(): string | null {
    return this.#frozen;
  }

  get seenRecord(): SeenRecord {
    const view = this.#view;
    switch (view.kind) {
      case 'unknown':
      case 'absent':
        return view;
      case 'unfilled':
      case 'obeyed':
        return { kind: 'there', state: view.kind, version: view.record.version };
      case 'lost':
        return { kind: 'there', state: 'lost', version: view.version };
    }
  }

  get runner(): ErrandRunner<LeadVerdict | null> {
    return this.#runner;
  }

  /** How often this replica has come to obey another lineage, or begun one. */
  get lineageChanges(): number {
    return this.#lineageChanges;
  }

  setPeers(addresses: readonly string[]): void {
    this.#peerAddresses = addresses;
  }

  setStopping(standing: 'stopping' | 'handedOver'): void {
    this.#standing = standing;
  }

  /** The end of a time as leader. `holdOffMs`: R7. */
  resume(holdOffMs: number, now: Instant): void {
    this.#lookWanted = true;
    this.#notBeforeMs = 0;
    this.#movedMs = now.monotonicMs;
    this.#heldOffUntilMs = now.monotonicMs + holdOffMs;
    this.#deadEpoch = null;
    this.#unreachableSinceMs = null;
  }

  /** R7: somebody can be heard again. */
  heardReplica(): void {
    this.#heldOffUntilMs = -Infinity;
  }

  /** The watch says that the record may have changed. */
  onHint(record: LeaseRecord | null, now: Instant): void {
    if (record === null) {
      this.#lookWanted = true;
      return;
    }
    if (this.#view.kind !== 'obeyed') {
      this.#lookWanted = true;
      return;
    }
    this.#noteVersion(record, now);
    if (
      !sameDecision(record.content, this.#view.record.content) ||
      record.version.uid !== this.#view.record.version.uid
    )
      this.#lookWanted = true;
  }

  /** Another replica names a higher epoch, or does not lead although the record says so. */
  wantLook(): void {
    this.#lookWanted = true;
  }

  onApiAnswered(callNumber: number, answer: ApiAnswer, now: Instant, effects: Effect[]): LeadVerdict | null {
    this.#enter(now, effects);
    return this.#runner.onApiAnswered(callNumber, answer, now, effects);
  }

  /** Goes on with what is under way, or begins what is due. */
  kick(now: Instant, effects: Effect[]): LeadVerdict | null {
    this.#enter(now, effects);
    this.#watchLeader(now);
    if (this.#runner.isBusy()) {
      const verdict = this.#runner.poll(now, effects);
      if (verdict !== null || this.#runner.isBusy()) return verdict;
    }
    const errand = this.#nextErrand(now);
    return errand === null ? null : this.#runner.start(errand, now, effects);
  }

  #enter(now: Instant, effects: Effect[]): void {
    this.#now = now;
    this.#effects = effects;
  }

  // --- what is due -----------------------------------------------------------------------------------------------------

  #watchLeader(now: Instant): void {
    const { follower } = this.#options;
    const sign = follower.takeSign();
    if (sign === 'refused' || sign === 'replaced') this.#deadEpoch = follower.target?.epoch ?? this.#deadEpoch;
    if (sign !== null) this.#lookWanted = true;
    if (follower.streaming) {
      if (this.#frozen !== null) this.#thaw();
      this.#unreachableSinceMs = null;
      this.#recoveringSinceMs = null;
      if (follower.epoch !== null && follower.epoch === this.#deadEpoch) this.#deadEpoch = null;
    } else {
      this.#unreachableSinceMs ??= now.monotonicMs;
    }
  }

  #nextErrand(now: Instant): Errand<LeadVerdict | null> | null {
    const nowMs = now.monotonicMs;
    const word = this.#options.recovery.take();
    if (word !== null) return this.#recoverByWord(word);
    if (nowMs < this.#notBeforeMs) return null;
    const { replica, follower, times } = this.#options;
    const seeking = !follower.streaming;
    const recordLost = this.#view.kind !== 'obeyed' && this.#view.kind !== 'unknown';
    const mayFound =
      (this.#view.kind === 'absent' || this.#view.kind === 'unfilled') && replica.empty && this.#standing === 'free';
    // First of all: where dials are refused all the time, there is always a reason to look.
    if (recordLost && !mayFound) this.#considerFreezing(nowMs);
    if (this.#lookWanted) return recordLost && seeking && !replica.empty ? this.#seekLeader() : this.#look();
    switch (this.#view.kind) {
      case 'unknown':
        return this.#look();
      case 'absent':
      case 'unfilled':
      case 'lost':
        if (mayFound) return nowMs >= this.#recoveryNotBeforeMs ? this.#found() : null;
        return seeking && nowMs - this.#lookedMs >= times.renewMs ? this.#seekLeader() : null;
      case 'obeyed': {
        const reason = this.#standReason(this.#view.record.content, nowMs);
        if (reason !== null) return this.#stand(reason, this.#view.record);
        if (!seeking) return null;
        if (this.#mayAskForHolder(this.#view.record.content, nowMs)) return this.#askForHolder(this.#view.record);
        if (this.#mayRecover(this.#view.record.content, nowMs)) return this.#recover();
        return nowMs - this.#lookedMs >= times.renewMs ? this.#look() : null;
      }
    }
  }

  /** R2, R8. */
  #standReason(content: RecordContent, nowMs: number): StandReason | null {
    const { follower, times } = this.#options;
    if (!this.#eligible(content) || this.#standing === 'stopping') return null;
    if (content.holder === null) return nowMs >= this.#heldOffUntilMs && this.#standing === 'free' ? 'vacant' : null;
    if (this.#deadEpoch === content.epoch) return 'dead';
    const heardAgoMs = follower.heardWorkingAgoMs(content.epoch, nowMs);
    const expired = nowMs - this.#movedMs > times.leaseMs;
    return expired && (heardAgoMs === null || heardAgoMs > times.electionMs) ? 'expired' : null;
  }

  #eligible(content: RecordContent): boolean {
    const { replica } = this.#options;
    return content.inSync.includes(replica.id) && !replica.empty && sameLineage(replica.lineage, content.lineage);
  }

  #mayAskForHolder(content: RecordContent, nowMs: number): boolean {
    if (!this.#eligible(content) || this.#standing === 'stopping' || content.holder === null) return false;
    const unreachable = this.#unreachableSinceMs !== null && nowMs - this.#unreachableSinceMs >= UNREACHABLE_MS;
    return unreachable && nowMs >= this.#recoveryNotBeforeMs;
  }

  #mayRecover(content: RecordContent, nowMs: number): boolean {
    // Also while it is stopping: if it has the most, nobody else may begin.
    if (content.inSync.includes(this.#options.replica.id)) return false;
    const unreachable = this.#unreachableSinceMs !== null && nowMs - this.#unreachableSinceMs >= UNREACHABLE_MS;
    return (unreachable || this.#deadEpoch === content.epoch) && nowMs >= this.#recoveryNotBeforeMs;
  }

  /** R13: nobody can show that writing the record again is safe. */
  #considerFreezing(nowMs: number): void {
    const { follower, times } = this.#options;
    if (follower.streaming) {
      this.#lostSinceMs = null;
      return;
    }
    this.#lostSinceMs ??= nowMs;
    if (nowMs - this.#lostSinceMs < 2 * times.electionMs) return;
    const what = this.#view.kind === 'lost' ? this.#view.reason : 'the Lease is not there';
    this.#freeze(`${what}, and no leader is here to write it again`);
  }

  /** R14: a member that is merely unreachable is not gone, and waiting brings it back, or it does not: somebody must know. */
  #considerWaiting(missing: readonly ReplicaId[]): void {
    const nowMs = this.#now.monotonicMs;
    // Whoever renews the record leads somewhere; it is this replica that is cut off.
    const sinceMs = Math.max(this.#unreachableSinceMs ?? nowMs, this.#movedMs);
    if (nowMs - sinceMs < SILENT_WAIT_MS) {
      if (this.#frozen !== null) this.#thaw();
      return;
    }
    this.#freeze(`nobody leads, and ${missing.join(', ')} of the in-sync set can neither be had nor is proven gone`);
  }

  #freeze(why: string): void {
    this.#frozen = why;
    if (this.#alarmed) return;
    this.#alarmed = true;
    const message = `${why}. Reads go on where they can; writes wait for an operator: see "kv admin recover" in the guide on recovery`;
    this.#effects.push({ kind: 'report', report: { kind: 'alarm', code: 'frozen', message } });
  }

  #thaw(): void {
    this.#frozen = null;
    this.#alarmed = false;
    this.#lostSinceMs = null;
  }

  #reportLineage(lineage: Lineage, reason: string): void {
    this.#lineageChanges += 1;
    this.#effects.push({ kind: 'report', report: { kind: 'lineageChanged', lineage, reason } });
  }

  #note(message: string): void {
    this.#effects.push({ kind: 'report', report: { kind: 'note', message } });
  }

  /** After a replace that failed: a conflict is news, and is read at once; anything else is tried again in a while. */
  #missed(answer: ApiAnswer): null {
    if (answer.kind !== 'conflict') return this.#retry();
    this.#lookWanted = true;
    return null;
  }

  #retry(): null {
    const { times, random } = this.#options;
    this.#lookWanted = true;
    this.#notBeforeMs = this.#now.monotonicMs + times.retryMs * (0.5 + random.next());
    return null;
  }

  // --- the record ------------------------------------------------------------------------------------------------------

  /** Reads the record and does what it says: follow, lead, or know that it is lost. */
  *#look(): Errand<LeadVerdict | null> {
    this.#lookWanted = false;
    const asked = this.#ask();
    const answer = yield* call({ kind: 'readLease' });
    return this.#see(answer, asked, 'the record names this replica');
  }

  /**
   * R13: the record is lost, and so nobody reads who leads. The leader may have taken over just before, and can write the
   * record again only once its members have answered it: they ask around for it. Where it is is only a hint; the epoch
   * in its answer to the hello decides (R3).
   */
  *#seekLeader(): Errand<LeadVerdict | null> {
    const verdict = yield* this.#look();
    const { follower, obedience } = this.#options;
    if (verdict !== null || this.#view.kind === 'obeyed' || follower.streaming) return verdict;
    const asked = yield* survey(this.#peerAddresses, QUESTION_MS);
    const found = asked
      .leaders()
      .filter(({ answer }) => sameLineage(answer.obeys, obedience.lineage) && answer.epoch >= obedience.epoch)
      .reduce<FoundLeader | null>(
        (best, next) => (best === null || next.answer.epoch > best.answer.epoch ? next : best),
        null,
      );
    if (found === null) return null;
    const { address, answer } = found;
    follower.follow({ leader: answer.from, address, epoch: answer.epoch }, this.#now, this.#effects);
    return null;
  }

  #ask() {
    return { ms: this.#now.monotonicMs, promises: this.#options.promises() };
  }

  #see(answer: ApiAnswer, asked: { ms: number; promises: number }, reason: string): LeadVerdict | null {
    this.#lookedMs = this.#now.monotonicMs;
    switch (answer.kind) {
      case 'record':
        return this.#adopt(answer.record, asked, reason);
      case 'absent':
        this.#view = { kind: 'absent' };
        return null;
      case 'damaged':
        this.#view = { kind: 'lost', reason: `the record is damaged: ${answer.reason}`, version: answer.version };
        return null;
      case 'conflict':
      case 'refused':
      case 'inDoubt':
      case 'pods':
        return this.#retry();
    }
  }

  #adopt(record: LeaseRecord, asked: { ms: number; promises: number }, reason: string): LeadVerdict | null {
    const { replica, follower, obedience, beginnings } = this.#options;
    const { content } = record;
    this.#noteVersion(record, this.#now);
    if (isUnfilled(content)) {
      this.#view = { kind: 'unfilled', record };
      return null;
    }
    const { lineage } = content;
    if (lineage === null || !(obedience.accepts(content) || replica.empty)) {
      // Or the read began before the newest epoch was seen: whatever is done about it begins with another.
      this.#view = {
        kind: 'lost',
        reason: 'the record is not one to be obeyed: it has gone back in time, or belongs to another history',
        version: record.version,
      };
      return null;
    }
    // One that it has asked for itself it reports when it begins it.
    if (!sameLineage(lineage, obedience.lineage) && beginnings.find(lineage) === null) {
      this.#reportLineage(lineage, 'the record names it');
    }
    obedience.adopt({ lineage, epoch: content.epoch });
    follower.fence(this.#effects);
    const before = this.#view.kind === 'obeyed' ? this.#view.record.content : null;
    if (before?.epoch !== content.epoch || before.holder !== content.holder) {
      this.#movedMs = this.#now.monotonicMs;
      this.#thaw();
    }
    if (content.holder !== null) this.#former = { id: content.holder, epoch: content.epoch };
    this.#view = { kind: 'obeyed', record };
    // Whatever this replica had asked for and did not get can no longer land.
    if (content.holder !== replica.id) beginnings.forgetAllBut(record.version);
    if (content.holder === replica.id) return this.#named(record, asked, reason);
    if (content.holder === null || content.addresses === null) follower.unfollow(this.#effects);
    else
      follower.follow(
        { leader: content.holder, address: content.addresses.peer, epoch: content.epoch },
        this.#now,
        this.#effects,
      );
    return null;
  }

  /**
   * R2: an answer that names this replica counts only if it has acknowledged nothing since it asked; else the next read
   * decides, for by now it acknowledges no lower epoch. "I am empty" and "this is what I have" are acknowledgements too:
   * others may have founded the group on them meanwhile (R13, R14).
   */
  #named(record: LeaseRecord, asked: { ms: number; promises: number }, reason: string): LeadVerdict | null {
    const { follower } = this.#options;
    follower.unfollow(this.#effects);
    if (asked.promises !== this.#options.promises()) {
      this.#lookWanted = true;
      return null;
    }
    const { lineage, epoch } = record.content;
    const beginning = this.#options.beginnings.find(lineage);
    if (beginning !== null) return this.#begin(record, asked.ms, beginning);
    if (this.#options.replica.lastEpoch >= epoch) {
      // An epoch is led once: this replica has led it, or another has written in it. It takes over anew, from itself.
      this.#deadEpoch = epoch;
      return null;
    }
    if (!this.#eligible(record.content)) return null;
    return { record, askedMs: asked.ms, reason, alarm: null };
  }

  #noteVersion(record: LeaseRecord, now: Instant): void {
    const version = `${record.version.uid}/${record.version.resourceVersion}`;
    if (version === this.#movedVersion) return;
    this.#movedVersion = version;
    this.#movedMs = now.monotonicMs;
  }

  /** R8: the leader's pod is gone, by the API server's word: no need to wait for its Lease to expire. */
  *#askForHolder({ content }: LeaseRecord): Errand<LeadVerdict | null> {
    this.#recoveryNotBeforeMs = this.#now.monotonicMs + RECOVERY_PAUSE_MS;
    const { holder, epoch } = content;
    if (holder === null) return null;
    const pods = yield* listPods([holder]);
    if (pods === null) return null;
    const unasked = [...pods.listed, ...pods.strayed].map((pod) => ({ pod, testimony: { kind: 'silent' } as const }));
    if (isGone(holder, unasked, 'auto')) this.#deadEpoch = epoch;
    return null;
  }

  // --- taking over (R2, R8) --------------------------------------------------------------------------------------------

  *#stand(reason: StandReason, against: LeaseRecord): Errand<LeadVerdict | null> {
    const { replica, limits, nonces, addresses } = this.#options;
    const asked = this.#ask();
    const read = yield* call({ kind: 'readLease' });
    const named = this.#see(read, asked, 'the record names this replica');
    if (named !== null || this.#view.kind !== 'obeyed') return named;
    const { record } = this.#view;
    const { content } = record;
    const overtaken = content.epoch !== against.content.epoch || content.holder !== against.content.holder;
    // A leader that is dead or has been silent may still have renewed: what was read decides.
    if (overtaken || this.#standReason(content, this.#now.monotonicMs) !== reason) return null;

    // Who gave the record up heard nobody: writes would wait for it as for one that is dead.
    const former = content.holder ?? (this.#former?.epoch === content.epoch ? this.#former.id : null);
    const dropsFormer = former !== null && former !== replica.id && content.inSync.length - 1 >= limits.minInSync;
    const inSync = dropsFormer ? content.inSync.filter((id) => id !== former) : content.inSync;
    assert(
      inSync.length >= Math.min(content.inSync.length, limits.minInSync),
      'R6: the set never falls below its minimum',
    );
    const askedAgain = this.#ask();
    const answer = yield* call({
      kind: 'replaceLease',
      base: record.version,
      content: {
        holder: replica.id,
        epoch: (content.epoch + 1) as Epoch,
        inSync,
        addresses,
        lineage: content.lineage,
        nonce: nonces.next(),
        endedEpoch: null,
      },
    });
    if (answer.kind !== 'record') return this.#missed(answer);
    return this.#adopt(answer.record, askedAgain, `took over: the leader was ${describe[reason]}`);
  }

  // --- founding the group (R13) ----------------------------------------------------------------------------------------

  *#found(): Errand<LeadVerdict | null> {
    const { replica, obedience } = this.#options;
    this.#recoveryNotBeforeMs = this.#now.monotonicMs + RECOVERY_PAUSE_MS;
    if (this.#view.kind === 'absent') {
      const created = yield* call({ kind: 'createLease' });
      if (created.kind !== 'record' && created.kind !== 'conflict') return this.#retry();
    }
    // Uid and version first, the question after: what is filled is just what stood there when everybody was asked.
    const asked = this.#ask();
    const read = yield* call({ kind: 'readLease' });
    const verdict = this.#see(read, asked, 'the record names this replica');
    if (this.#view.kind !== 'unfilled') return verdict;
    const { record } = this.#view;
    const testimonies = yield* this.#askEverybody([]);
    if (testimonies === null) return this.#retry();
    const doubtful = testimonies.find(({ pod, testimony }) => !isBlank(pod, testimony));
    if (doubtful !== undefined) {
      const { testimony } = doubtful;
      if (testimony.kind === 'answered') this.#considerFreezing(this.#now.monotonicMs);
      this.#note(
        `cannot found the group yet: pod ${doubtful.pod.name} ${testimony.kind === 'answered' ? 'has data' : 'does not answer'}`,
      );
      this.#lookWanted = true;
      this.#notBeforeMs = this.#now.monotonicMs + this.#options.times.retryMs;
      return null;
    }
    if (!replica.empty) return null;
    // Who has lost its data still knows what it was part of, and obeys nothing that is older.
    const known = testimonies.map(({ testimony }) => (testimony.kind === 'answered' ? testimony.answer.obeys : null));
    const number = 1 + Math.max(...[obedience.lineage, ...known].map((lineage) => lineage?.number ?? 0));
    const alarm = number === 1 ? null : 'the Lease was lost together with the data: a new lineage begins';
    return yield* this.#askForLineage(record, number, 'founded the group', alarm);
  }

  /** Puts this replica into the record, alone, as the beginning of a lineage. */
  *#askForLineage(
    record: LeaseRecord,
    number: number,
    reason: string,
    alarm: string | null,
  ): Errand<LeadVerdict | null> {
    const { replica, obedience, nonces, beginnings, addresses } = this.#options;
    const lineage: Lineage = { number, id: nonces.next() };
    beginnings.ask({ lineage, reason, alarm, base: record.version });
    const asked = this.#ask();
    const answer = yield* call({
      kind: 'replaceLease',
      base: record.version,
      content: {
        holder: replica.id,
        epoch: (Math.max(record.content.epoch, obedience.epoch, replica.lastEpoch) + 1) as Epoch,
        inSync: [replica.id],
        addresses,
        lineage,
        nonce: nonces.next(),
        endedEpoch: null,
      },
    });
    if (answer.kind !== 'record') return this.#missed(answer);
    this.#noteVersion(answer.record, this.#now);
    this.#view = { kind: 'obeyed', record: answer.record };
    this.#options.obedience.adopt({ lineage, epoch: answer.record.content.epoch });
    return this.#named(answer.record, asked, reason);
  }

  /** Every pod of the group, and those of `members`. */
  *#askEverybody(members: readonly ReplicaId[]): Errand<PodTestimony[] | null> {
    const list = yield* listPods(members);
    if (list === null) return null;
    const { podUid } = this.#options;
    // Who is not listed may have been given up by the cluster: it decides nothing for the group.
    if (!list.listed.some((pod) => pod.uid === podUid)) return null;
    const pods = [...list.listed, ...list.strayed];
    const addresses = pods.filter((pod) => pod.uid !== podUid && pod.state === 'running').map((pod) => pod.peerAddress);
    const asked = yield* survey(
      addresses.filter((address) => address !== null),
      SURVEY_MS,
    );
    return podTestimonies(pods, asked, this.#options.testify(this.#now));
  }

  /** What this replica has, if anything, goes on in the lineage that it asked for. */
  #begin(record: LeaseRecord, askedMs: number, beginning: Beginning): LeadVerdict {
    const { lineage, reason, alarm } = beginning;
    const { replica, beginnings } = this.#options;
    beginnings.forget();
    // Half a snapshot is no data (R11): it must not become the start of a history.
    if (replica.empty) replica.becomeEmpty(LOG_START, 0 as WallMs);
    replica.beginLineage(lineage);
    this.#thaw();
    this.#reportLineage(lineage, reason);
    this.#options.recovery.onBegun(lineage, record.content.epoch);
    return { record, askedMs, reason, alarm };
  }

  /** Whether what it asked for has landed, the next read decides. */
  *#recoverByWord(request: RecoverRequest): Errand<LeadVerdict | null> {
    const { times } = this.#options;
    const self = {
      ...this.#options,
      electionMs: times.electionMs,
      now: () => this.#now,
      frozen: () => this.#frozen,
    };
    yield* recoverByWord(self, request);
    this.#lookWanted = true;
    this.#notBeforeMs = 0;
    return null;
  }

  // --- nothing left (R14) ----------------------------------------------------------------------------------------------

  /** Others may have replaced `record` while they were asked how they stand: then what they said contradicts nothing. */
  *#hasMoved({ version }: LeaseRecord): Errand<boolean> {
    const answer = yield* call({ kind: 'readLease' });
    if (
      answer.kind === 'record' &&
      answer.record.version.uid === version.uid &&
      answer.record.version.resourceVersion === version.resourceVersion
    )
      return false;
    this.#lookWanted = true;
    return true;
  }

  *#recover(): Errand<LeadVerdict | null> {
    const { replica, uncleanRecovery } = this.#options;
    const beganMs = this.#now.monotonicMs;
    this.#recoveryNotBeforeMs = beganMs + RECOVERY_PAUSE_MS;
    const asked = this.#ask();
    const read = yield* call({ kind: 'readLease' });
    const verdict = this.#see(read, asked, 'the record names this replica');
    if (verdict !== null || this.#view.kind !== 'obeyed' || this.#options.follower.streaming) return verdict;
    const { record } = this.#view;
    const { content } = record;
    const { lineage } = content;
    const testimonies = yield* this.#askEverybody(content.inSync);
    if (testimonies === null || lineage === null) return this.#retry();
    if (content.inSync.includes(replica.id)) return null;
    const overtaken = testimonies.find(
      ({ testimony }) => testimony.kind === 'answered' && isBeyond(testimony.answer, lineage, content.epoch),
    );
    if (overtaken !== undefined) {
      if (yield* this.#hasMoved(record)) return null;
      // Whatever is gone of the members that it names: the record itself is an old one that came back.
      this.#freeze(`the record has gone back in time: pod ${overtaken.pod.name} has seen a later one`);
      return null;
    }
    // A planned end has left nothing behind that could be lost: the API server's word is enough (R9).
    const ended = content.endedEpoch === content.epoch;
    if (!content.inSync.every((id) => isGone(id, testimonies, ended ? 'auto' : uncleanRecovery))) {
      this.#recoveringSinceMs = null;
      const listedNoMore = content.inSync.every((id) => isGone(id, testimonies, 'auto'));
      if (listedNoMore && (yield* this.#hasMoved(record))) return null;
      if (listedNoMore)
        this.#freeze(
          'of a member there is only the word of the API server that its pod is gone, and UNCLEAN_RECOVERY is strict',
        );
      else this.#considerWaiting(content.inSync.filter((id) => !isGone(id, testimonies, 'auto')));
      return null;
    }
    this.#recoveringSinceMs ??= beganMs;
    const silent = testimonies.find(({ pod, testimony }) => pod.state === 'running' && testimony.kind !== 'answered');
    if (silent !== undefined && this.#now.monotonicMs - this.#recoveringSinceMs < SILENT_WAIT_MS) {
      this.#note(`every member's memory is gone; waiting for pod ${silent.pod.name} to answer`);
      return null;
    }
    if (uncleanRecovery === 'never' && !ended) {
      this.#freeze("every member's memory is gone, and UNCLEAN_RECOVERY is never");
      return null;
    }
    const own = this.#options.testify(this.#now);
    const better = testimonies.some(
      ({ testimony }) => testimony.kind === 'answered' && compareStanding(testimony.answer, own, lineage) > 0,
    );
    if (better) return null;
    if (lineageCloseness(replica.lineage, lineage) === 0 && !replica.empty) replica.discard();
    const alarm = ended
      ? null
      : 'every member of the in-sync set is gone with its memory: a new lineage begins, and acknowledged writes may be lost';
    const reason = ended ? 'began anew after a planned end' : 'began anew: every member was gone';
    return yield* this.#askForLineage(record, lineage.number + 1, reason, alarm);
  }
}

const describe: Readonly<Record<StandReason, string>> = {
  vacant: 'gone, and nobody was named',
  dead: 'dead',
  expired: 'not heard of, and its Lease expired',
};

/** It obeys, or holds, what comes after the record: another lineage that is no older, or a higher epoch of the same. */
const isBeyond = (answer: Answer, lineage: Lineage, epoch: Epoch): boolean =>
  [answer.obeys, answer.lineage].some(
    (other) => other !== null && !sameLineage(other, lineage) && other.number >= lineage.number,
  ) ||
  (sameLineage(answer.obeys, lineage) && answer.epoch > epoch);

/** R13: it has no data, or has never run, or does not run any more. */
const isBlank = (pod: PodInfo, testimony: PodTestimony['testimony']): boolean =>
  pod.state !== 'running' ||
  (testimony.kind === 'answered' && testimony.answer.lineage === null && podUidOf(testimony.answer.from) === pod.uid);

/** What of the record a replica acts on; the rest moves with every renewal. */
const sameDecision = (a: RecordContent, b: RecordContent): boolean =>
  a.holder === b.holder &&
  a.epoch === b.epoch &&
  a.addresses?.peer === b.addresses?.peer &&
  sameLineage(a.lineage, b.lineage) &&
  a.inSync.length === b.inSync.length &&
  a.inSync.every((id) => b.inSync.includes(id));
