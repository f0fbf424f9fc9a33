import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { Epoch, Instant, LogIndex } from '../base/numbers.ts';
import type { Obedience } from '../election/obedience.ts';
import type { Addresses } from '../election/record.ts';
import type { Effect, LinkId } from '../group/io.ts';
import type { GroupLimits, GroupTimes } from '../group/options.ts';
import type { Entry } from './entry.ts';
import { type Lineage, sameLineage } from './lineage.ts';
import { LOG_START } from './log.ts';
import type {
  Append,
  PeerMessage,
  Reject,
  Resume,
  SnapshotBegin,
  SnapshotChunk,
  SnapshotEnd,
  Vouched,
} from './messages.ts';
import type { Replica } from './replica.ts';
import type { ReplicaId } from './replica-id.ts';
import { itemBytes } from './snapshot.ts';
import { Touches } from './touches.ts';

export interface FollowerOptions {
  readonly replica: Replica;
  readonly obedience: Obedience;
  readonly addresses: Addresses;
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
  /** Hands out the numbers of links that this replica dials. */
  readonly nextLink: () => LinkId;
}

/** Whom to follow: the record's holder. */
export interface FollowTarget {
  readonly leader: ReplicaId;
  readonly address: string;
  readonly epoch: Epoch;
}

/** The stream that the leader answered the hello with; everything in it names this epoch. */
interface Stream {
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  /** R11: while a snapshot comes in. */
  install: { chunks: number; end: SnapshotEnd | null; progressMs: number } | null;
  round: number;
  receivedBytes: number;
  member: boolean;
  confirmedMs: number;
  fullRound: number;
  /** What the leader had committed, as of its newest append; -1 before the first. */
  commitIndex: number;
}

export type LeaderSign =
  /** Nobody listens where the record says that the leader is. */
  | 'refused'
  /** Another replica answers there. */
  | 'replaced'
  /** It answers that it does not lead. */
  | 'denies'
  /** The connection broke, or nothing came for too long. */
  | 'lost';

/** A leader that does not answer a hello, or a dial, for this long is dialled again. */
const ANSWER_MS = 300;
const REDIAL_MS = 50;

/**
 * A replica that receives the log (R10). It dials the leader that the record names, says where it stands, and takes what
 * comes: appends, or a snapshot. It acknowledges once a turn, and only in the highest epoch that it has seen (R3).
 */
export class Follower {
  readonly #replica: Replica;
  readonly #obedience: Obedience;
  readonly #addresses: Addresses;
  readonly #times: GroupTimes;
  readonly #limits: GroupLimits;
  readonly #nextLink: () => LinkId;
  #target: FollowTarget | null = null;
  #link: LinkId | null = null;
  #helloNumber = 0;
  #stream: Stream | null = null;
  #owesAck = false;
  #heardMs = -Infinity;
  /** R8: the newest news of a round that was full, by this replica's clock. */
  #heardWorkingMs = -Infinity;
  #heardWorkingEpoch = 0 as Epoch;
  #dialledMs = -Infinity;
  #redialMs = -Infinity;
  /** For the connection before had worked. */
  #isDialledAtOnce = false;
  #acknowledgements = 0;
  #stopping = false;
  readonly #touches = new Touches();
  #sign: LeaderSign | null = null;

  constructor(options: FollowerOptions) {
    this.#replica = options.replica;
    this.#obedience = options.obedience;
    this.#addresses = options.addresses;
    this.#times = options.times;
    this.#limits = options.limits;
    this.#nextLink = options.nextLink;
  }

  /** R2: how often this replica has acknowledged anything to anyone. */
  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  get target(): FollowTarget | null {
    return this.#target;
  }

  get link(): LinkId | null {
    return this.#link;
  }

  /** A stream of the highest epoch seen comes in. */
  get streaming(): boolean {
    return this.#stream !== null;
  }

  get installing(): boolean {
    return this.#stream?.install != null;
  }

  get epoch(): Epoch | null {
    return this.#stream?.epoch ?? null;
  }

  /** Whether the leader counts this replica as a member, as of its newest append. */
  get member(): boolean {
    return this.#stream?.member ?? false;
  }

  /** It holds everything that the leader had committed when it was last heard. */
  get caughtUp(): boolean {
    const stream = this.#stream;
    return (
      stream !== null &&
      stream.install === null &&
      stream.commitIndex >= 0 &&
      this.#replica.log.lastIndex >= stream.commitIndex
    );
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  /** R12: until when in-sync reads may be answered; this replica's clock. */
  inSyncUntilMs(): number {
    return this.#stream?.member === true && this.#stream.install === null && this.#stream.confirmedMs >= 0
      ? this.#stream.confirmedMs + this.#times.readStalenessMs
      : -Infinity;
  }

  /** R8: milliseconds since it heard from a working leader of `epoch`; null if it never has. */
  heardWorkingAgoMs(epoch: Epoch, nowMs: number): number | null {
    return this.#heardWorkingEpoch === epoch && this.#heardWorkingMs > -Infinity ? nowMs - this.#heardWorkingMs : null;
  }

  /** What the last attempts to reach the leader have shown; taken once. */
  takeSign(): LeaderSign | null {
    const sign = this.#sign;
    this.#sign = null;
    return sign;
  }

  setStopping(now: Instant, effects: Effect[]): void {
    this.#stopping = true;
    if (this.#stream !== null && this.#link !== null) this.#sendAck(this.#link, this.#stream, now, effects);
  }

  /** Follows `target` from now on; the connection stays if it is the same. */
  follow(target: FollowTarget, now: Instant, effects: Effect[]): void {
    const same =
      this.#target?.leader === target.leader &&
      this.#target.epoch === target.epoch &&
      this.#target.address === target.address;
    this.#target = target;
    if (same) return;
    // The same process in a new epoch leads anew: it wants a new hello, and so does another leader.
    this.#drop('the record names another leader or epoch', effects);
    this.#dial(now, effects);
  }

  /** Follows nobody: there is no leader, or this replica is about to lead. */
  unfollow(effects: Effect[]): void {
    this.#target = null;
    this.#drop('there is no leader to follow', effects);
  }

  /** A higher epoch was seen: whatever comes in the old one is not acknowledged any more (R3). */
  fence(effects: Effect[]): void {
    if (this.#stream === null || this.#obeys(this.#stream)) return;
    if (this.#link !== null) this.#reject(this.#link, effects);
    this.#drop('a higher epoch was seen', effects);
  }

  // --- the connection --------------------------------------------------------------------------------------------------

  onConnected(link: LinkId, now: Instant, effects: Effect[]): void {
    if (link !== this.#link) return;
    this.#dialledMs = now.monotonicMs;
    this.#hello(link, effects);
  }

  onClosed(link: LinkId, reason: 'refused' | 'lost', now: Instant, effects: Effect[]): void {
    if (link !== this.#link) return;
    const wasStreaming = this.#stream !== null;
    this.#sign = reason;
    this.#forgetLink();
    // A connection that worked is dialled again at once: a process that died refuses it, and that is quickly known; or cuts it off and
    // refuses the next (see `knocks.ts`).
    const isCutOff = reason === 'lost' && this.#isDialledAtOnce;
    this.#isDialledAtOnce = wasStreaming;
    if (wasStreaming || isCutOff) this.#dial(now, effects);
    else this.#redialMs = now.monotonicMs + REDIAL_MS;
  }

  onReject(link: LinkId, reject: Reject, effects: Effect[], now: Instant): void {
    if (link !== this.#link || this.#target === null) return;
    this.#sign = reject.from === this.#target.leader ? 'denies' : 'replaced';
    this.#drop('the other end does not lead', effects);
    this.#redialMs = now.monotonicMs + REDIAL_MS;
  }

  tick(now: Instant, effects: Effect[]): void {
    const nowMs = now.monotonicMs;
    if (this.#target === null) return;
    if (this.#link === null) {
      if (nowMs >= this.#redialMs) this.#dial(now, effects);
      return;
    }
    const install = this.#stream?.install ?? null;
    if (install !== null && install.end === null && nowMs - install.progressMs > this.#times.electionMs) {
      // Heartbeats come, the snapshot does not: a piece of it was lost, and only a new hello brings another.
      this.#hello(this.#link, effects);
      this.#dialledMs = nowMs;
      return;
    }
    const answered = this.#stream !== null;
    const silentMs = nowMs - Math.max(this.#dialledMs, answered ? this.#heardMs : -Infinity);
    if (silentMs <= (answered ? this.#times.electionMs : ANSWER_MS)) return;
    this.#sign = 'lost';
    this.#drop('the leader is silent', effects);
    this.#redialMs = nowMs + REDIAL_MS;
  }

  #dial(now: Instant, effects: Effect[]): void {
    if (this.#target === null) return;
    this.#link = this.#nextLink();
    this.#dialledMs = now.monotonicMs;
    effects.push({ kind: 'connect', link: this.#link, address: this.#target.address });
  }

  #drop(reason: string, effects: Effect[]): void {
    if (this.#link !== null) effects.push({ kind: 'disconnect', link: this.#link, reason });
    this.#forgetLink();
    this.#redialMs = -Infinity;
  }

  #forgetLink(): void {
    this.#link = null;
    this.#stream = null;
    this.#owesAck = false;
  }

  #hello(link: LinkId, effects: Effect[]): void {
    this.#helloNumber += 1;
    this.#stream = null;
    this.#owesAck = false;
    const { index, epoch } = this.#replica.position;
    effects.push({
      kind: 'send',
      link,
      message: {
        kind: 'hello',
        number: this.#helloNumber,
        from: this.#replica.id,
        addresses: this.#addresses,
        epoch: this.#obedience.epoch,
        lineage: this.#replica.lineage,
        lastIndex: index,
        lastEpoch: epoch,
        stopping: this.#stopping,
      },
    });
  }

  // --- the stream ------------------------------------------------------------------------------------------------------

  /** R10: the leader says where both logs last agree. If they do not, it is told where they may. */
  onResume(link: LinkId, resume: Resume, now: Instant, effects: Effect[]): void {
    if (!this.#answersHello(link, resume) || !this.#takeEpoch(resume)) return;
    const position = { index: resume.prevIndex, epoch: resume.prevEpoch };
    if (this.#replica.empty) {
      if (position.index !== 0) return;
      this.#replica.becomeEmpty(LOG_START, 0 as Entry['timeMs']);
      this.#replica.beginLineage(resume.lineage);
    } else if (!sameLineage(this.#replica.lineage, resume.lineage)) {
      return;
    }
    if (!this.#replica.log.holds(position)) {
      const common = this.#replica.log.newestNotBeyond(position);
      assert(common !== null && common.index >= this.#replica.commitIndex, 'R10: a committed entry is never dropped');
      this.#replica.truncateAfter(common.index);
      this.#hello(link, effects);
      return;
    }
    this.#replica.truncateAfter(position.index);
    this.#beginStream(resume, null, now);
  }

  onSnapshotBegin(link: LinkId, begin: SnapshotBegin, now: Instant, effects: Effect[]): void {
    if (!this.#answersHello(link, begin) || !this.#takeEpoch(begin)) return;
    if (!this.#replica.empty) {
      // R11: a snapshot empties whoever takes it, and the data takes its id with it.
      this.#replica.discard();
      this.#hello(link, effects);
      return;
    }
    this.#replica.becomeEmpty({ index: begin.startIndex, epoch: begin.startEpoch }, begin.timeMs);
    this.#replica.machine.store.history.limit = begin.historyLimit;
    this.#beginStream(begin, { chunks: 0, end: null, progressMs: now.monotonicMs }, now);
  }

  onSnapshotChunk(link: LinkId, chunk: SnapshotChunk, now: Instant, effects: Effect[]): void {
    const stream = this.#streamOf(link, chunk, effects);
    if (stream === null || chunk.hello !== this.#helloNumber) return;
    this.#heard(now);
    const install = stream.install;
    if (install === null || chunk.number < install.chunks) return;
    if (chunk.number > install.chunks) {
      this.#hello(link, effects);
      return;
    }
    install.chunks += 1;
    install.progressMs = now.monotonicMs;
    for (const item of chunk.items) {
      this.#replica.machine.restore(item);
      stream.receivedBytes += itemBytes(item);
    }
  }

  onSnapshotEnd(link: LinkId, end: SnapshotEnd, now: Instant, effects: Effect[]): void {
    const stream = this.#streamOf(link, end, effects);
    if (stream === null || end.hello !== this.#helloNumber) return;
    this.#heard(now);
    if (stream.install === null) return;
    if (stream.install.chunks !== end.chunks) {
      this.#hello(link, effects);
      return;
    }
    this.#replica.machine.store.raiseVersionFloor(end.versionFloor);
    stream.install.end = end;
    this.#completeInstall(stream);
  }

  onAppend(link: LinkId, append: Append, now: Instant, effects: Effect[], onApplied: (entry: Entry) => void): void {
    const stream = this.#streamOf(link, append, effects);
    if (stream === null) return;
    const { log } = this.#replica;
    if (append.prevIndex > log.lastIndex) {
      // Something in between was lost: begin again.
      this.#hello(link, effects);
      return;
    }
    this.#heard(now);
    if (append.prevIndex >= log.dropped.index) {
      assert(
        log.epochAt(append.prevIndex) === append.prevEpoch,
        'R10: two logs that agree at an index agree before it',
      );
    }
    const last = append.entries.at(-1);
    assert(last === undefined || last.epoch <= append.epoch, 'R3: no entry is of a later epoch than its leader');
    for (const entry of append.entries) {
      stream.receivedBytes += entry.bytes;
      if (entry.index > log.lastIndex) this.#replica.append(entry);
      else
        assert(
          entry.index <= log.dropped.index || log.epochAt(entry.index) === entry.epoch,
          'R10: two logs that agree at an index agree before it',
        );
    }
    stream.round = Math.max(stream.round, append.round);
    stream.member = append.member;
    stream.commitIndex = Math.max(stream.commitIndex, append.commitIndex);
    stream.confirmedMs = Math.max(stream.confirmedMs, append.confirmedMs);
    this.#replica.clock.hear(append.timeMs, now);
    this.#touches.confirm(stream.confirmedMs);
    if (stream.fullRound < 0) {
      // The first append tells of a round that may be old: it is where news begins.
      stream.fullRound = append.fullRound;
    } else if (append.fullRound > stream.fullRound) {
      stream.fullRound = append.fullRound;
      this.#heardWorkingMs = now.monotonicMs;
      this.#heardWorkingEpoch = stream.epoch;
    }
    this.#replica.commitThrough(append.commitIndex, onApplied);
    if (stream.install !== null) this.#completeInstall(stream);
    this.#replica.trimLog(this.#limits, this.#replica.commitIndex);
  }

  onVouched(link: LinkId, vouched: Vouched, effects: Effect[]): boolean {
    return this.#streamOf(link, vouched, effects) !== null;
  }

  /** R12: asks the leader for a round; false if there is nobody to ask. */
  vouch(number: number, effects: Effect[]): boolean {
    const stream = this.#stream;
    if (this.#link === null || stream?.member !== true || stream.install !== null) return false;
    const { epoch, lineage } = stream;
    effects.push({ kind: 'send', link: this.#link, message: { kind: 'vouch', epoch, lineage, number } });
    return true;
  }

  /** R21: it has answered a read of `key`. The leader hears of it with the next acknowledgement, but not of every one. */
  onRead(key: Key, nowMs: number): void {
    const { uses } = this.#replica.machine.store;
    if (uses.isNews(key, nowMs) && this.#touches.add(key)) uses.use(key, nowMs);
  }

  /** One acknowledgement for everything that arrived in this turn. */
  flush(now: Instant, effects: Effect[]): void {
    if (this.#owesAck && this.#link !== null && this.#stream !== null)
      this.#sendAck(this.#link, this.#stream, now, effects);
  }

  #sendAck(link: LinkId, stream: Stream, now: Instant, effects: Effect[]): void {
    assert(this.#obeys(stream), 'R3: nothing is acknowledged in a lower epoch than the highest seen');
    this.#owesAck = false;
    this.#acknowledgements += 1;
    const installing = stream.install !== null;
    effects.push({
      kind: 'send',
      link,
      message: {
        kind: 'ack',
        epoch: stream.epoch,
        lineage: stream.lineage,
        round: stream.round,
        matchIndex: installing ? (0 as LogIndex) : this.#replica.log.lastIndex,
        appliedIndex: installing ? (0 as LogIndex) : this.#replica.machine.appliedIndex,
        sentMs: now.monotonicMs,
        receivedBytes: stream.receivedBytes,
        stopping: this.#stopping,
        touches: this.#touches.take(now.monotonicMs),
      },
    });
  }

  #beginStream(
    message: { readonly epoch: Epoch; readonly lineage: Lineage },
    install: Stream['install'],
    now: Instant,
  ): void {
    this.#stream = {
      epoch: message.epoch,
      lineage: message.lineage,
      install,
      round: 0,
      receivedBytes: 0,
      member: false,
      confirmedMs: -1,
      fullRound: -1,
      commitIndex: -1,
    };
    this.#touches.begin();
    this.#heard(now);
  }

  #heard(now: Instant): void {
    this.#heardMs = now.monotonicMs;
    this.#owesAck = true;
  }

  /** R11: complete once every chunk is in and everything up to the end of the scan is applied. */
  #completeInstall(stream: Stream): void {
    const end = stream.install?.end;
    if (end == null || this.#replica.machine.appliedIndex < end.endIndex) return;
    assert(this.#replica.machine.store.history.missing === 0, 'R20: a snapshot brings every version that is kept');
    stream.install = null;
    this.#replica.beginLineage(stream.lineage);
  }

  /** A hello is answered once: a second copy of the answer would drop what the stream has brought since. */
  #answersHello(link: LinkId, answer: { readonly hello: number }): boolean {
    return link === this.#link && this.#stream === null && answer.hello === this.#helloNumber;
  }

  /** R3: only what the leader of the highest epoch says, in the lineage that is obeyed. */
  #obeys(message: { readonly epoch: Epoch; readonly lineage: Lineage }): boolean {
    return sameLineage(message.lineage, this.#obedience.lineage) && message.epoch === this.#obedience.epoch;
  }

  /** The leader may have begun a newer epoch than the record that was read: that is news as good as any. */
  #takeEpoch(message: { readonly epoch: Epoch; readonly lineage: Lineage }): boolean {
    this.#obedience.seeEpoch(message.lineage, message.epoch);
    return this.#obeys(message);
  }

  #streamOf(
    link: LinkId,
    message: { readonly epoch: Epoch; readonly lineage: Lineage },
    effects: Effect[],
  ): Stream | null {
    const stream = this.#stream;
    if (link !== this.#link || stream === null) return null;
    if (message.epoch !== stream.epoch || !sameLineage(message.lineage, stream.lineage)) return null;
    if (this.#obeys(message)) return stream;
    if (sameLineage(message.lineage, this.#obedience.lineage)) this.#reject(link, effects);
    return null;
  }

  /** R3: a lower epoch is answered with the higher one. */
  #reject(link: LinkId, effects: Effect[]): void {
    const { epoch, lineage } = this.#obedience;
    const message: PeerMessage = { kind: 'reject', from: this.#replica.id, epoch, lineage };
    effects.push({ kind: 'send', link, message });
  }
}
