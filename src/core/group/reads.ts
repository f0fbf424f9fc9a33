import { ChurningMap, ChurningSet } from '../base/churning.ts';
import { unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { Instant, LogIndex } from '../base/numbers.ts';
import type { Obedience } from '../election/obedience.ts';
import type { Follower } from '../replication/follower.ts';
import type { Leader } from '../replication/leader.ts';
import { type Lineage, sameLineage } from '../replication/lineage.ts';
import type { Replica } from '../replication/replica.ts';
import { list } from '../store/listing.ts';
import { holderOf } from '../store/locks.ts';
import { kept, past } from '../store/past.ts';
import type { PastRead, ReadOutcome, ReadRequest, StoredValue } from '../store/reads.ts';
import type { Effect, Ticket } from './io.ts';
import type { GroupLimits, GroupTimes } from './options.ts';

export interface ReadsOptions {
  readonly replica: Replica;
  readonly obedience: Obedience;
  readonly follower: Follower;
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
}

interface WaitingRead {
  readonly ticket: Ticket;
  readonly request: ReadRequest;
  readonly deadlineMs: number;
  /** The history that it was asked of; an answer from another would say nothing. */
  readonly lineage: Lineage | null;
  waitsFor: 'session' | 'authority' | 'key';
  settled: boolean;
}

/**
 * R12: what this replica may answer from its own memory, and what must be shown first. A read passes up to three gates:
 * the state that its session has seen is applied; the leader's authority is shown as its mode asks; the fate of the
 * newest entry for its key is known.
 */
export class Reads {
  readonly #replica: Replica;
  readonly #obedience: Obedience;
  readonly #follower: Follower;
  readonly #times: GroupTimes;
  readonly #limits: GroupLimits;
  #leader: Leader | null = null;
  readonly #waiting = new ChurningMap<Ticket, WaitingRead>();
  /** Those that go on once the entry at this index is applied. */
  readonly #byIndex = new ChurningMap<LogIndex, WaitingRead[]>();
  /** Those whose round has become full, until the end of the turn. */
  readonly #ready = new ChurningSet<WaitingRead>();
  /** Those that wait for the leader's word, by the number of the question. */
  #vouching: { readonly read: WaitingRead; readonly number: number }[] = [];
  #vouchNumber = 0;
  #vouchWanted = false;

  constructor(options: ReadsOptions) {
    this.#replica = options.replica;
    this.#obedience = options.obedience;
    this.#follower = options.follower;
    this.#times = options.times;
    this.#limits = options.limits;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Another role: what waited for the old one's proof has to ask elsewhere. */
  setLeader(leader: Leader | null, effects: Effect[]): void {
    this.#leader = leader;
    this.declineAll(effects);
  }

  read(ticket: Ticket, request: ReadRequest, now: Instant, effects: Effect[]): void {
    const deadlineMs = now.monotonicMs + this.#times.readWaitMs;
    const { lineage } = this.#replica;
    const read: WaitingRead = { ticket, request, deadlineMs, lineage, waitsFor: 'session', settled: false };
    this.#passSession(read, now, effects);
  }

  cancel(ticket: Ticket): void {
    const read = this.#waiting.get(ticket);
    if (read === undefined) return;
    read.settled = true;
    this.#waiting.delete(ticket);
  }

  // --- the gates -------------------------------------------------------------------------------------------------------

  #passSession(read: WaitingRead, now: Instant, effects: Effect[]): void {
    const { lineage } = this.#replica;
    if (lineage === null) {
      this.#settle(read, { kind: 'declined', code: 'empty' }, effects);
      return;
    }
    if (!sameLineage(lineage, this.#obedience.lineage)) {
      // Its data belongs to a history that was replaced; the new one is on its way.
      this.#settle(read, { kind: 'declined', code: 'replica-behind' }, effects);
      return;
    }
    const { token } = read.request;
    if (token !== null && !sameLineage(token.lineage, lineage)) {
      const later = token.lineage.number > lineage.number;
      this.#settle(
        read,
        later ? { kind: 'declined', code: 'replica-behind' } : { kind: 'replaced-lineage', lineage },
        effects,
      );
      return;
    }
    const revision = Math.max(token?.revision ?? 0, revisionToSee(read.request)) as LogIndex;
    if (this.#replica.machine.appliedIndex < revision) {
      this.#awaitApplied(read, revision, effects);
      return;
    }
    this.#passAuthority(read, now, effects);
  }

  #passAuthority(read: WaitingRead, now: Instant, effects: Effect[]): void {
    read.waitsFor = 'authority';
    switch (read.request.mode) {
      case 'eventual':
      case 'session':
        this.#answer(read, now, effects);
        return;
      case 'in-sync': {
        const untilMs =
          this.#leader === null
            ? this.#follower.inSyncUntilMs()
            : this.#leader.rounds.authorityMs + this.#times.readStalenessMs;
        if (now.monotonicMs > untilMs) this.#settle(read, { kind: 'declined', code: 'not-in-sync' }, effects);
        else this.#passKey(read, now, effects);
        return;
      }
      case 'linearizable':
        if (this.#leader === null) this.#awaitVouch(read, effects);
        else this.#awaitRound(read, this.#leader, effects);
        return;
      default:
        unreachable(read.request.mode);
    }
  }

  #passKey(read: WaitingRead, now: Instant, effects: Effect[]): void {
    read.waitsFor = 'key';
    const index = this.#indexToAwait(read.request);
    if (index === null) this.#answer(read, now, effects);
    else this.#awaitApplied(read, index, effects);
  }

  #indexToAwait(request: ReadRequest): LogIndex | null {
    switch (request.kind) {
      case 'key':
      case 'history':
        return this.#replica.fadingIndexOf(request.key) ?? this.#replica.openIndexOf(request.key);
      case 'past':
        return this.#indexOfPast(request);
      case 'list':
        return this.#replica.openIndexUnder(request.selection.prefix);
      case 'lock':
        return this.#replica.openIndexOfLock(request.lock);
      default:
        return unreachable(request);
    }
  }

  /**
   * R20: as for a key, and of a revision that is not applied yet all entries up to it. One that this log does not have was
   * acknowledged to nobody.
   */
  #indexOfPast({ key, at }: PastRead): LogIndex | null {
    const { log, machine } = this.#replica;
    const index = this.#replica.fadingIndexOf(key) ?? this.#replica.openIndexOf(key);
    if (at.kind === 'version' || at.revision <= machine.appliedIndex || at.revision > log.lastIndex) return index;
    return index !== null && index > at.revision ? index : at.revision;
  }

  #answer(read: WaitingRead, now: Instant, effects: Effect[]): void {
    const { lineage, machine } = this.#replica;
    if (lineage === null || !sameLineage(lineage, read.lineage)) {
      this.#settle(read, { kind: 'declined', code: 'empty' }, effects);
      return;
    }
    const { request } = read;
    const revision = machine.appliedIndex;
    if (request.kind === 'list') {
      const page = list(machine.store, request.selection, machine.timeMs);
      this.#settle(read, { kind: 'listed', ...page, lineage, revision }, effects);
      return;
    }
    const nowMs = Math.max(machine.timeMs, this.#replica.clock.lastMs ?? 0);
    if (request.kind === 'lock') {
      const held = machine.holderOf(request.lock);
      const holder = held === null ? null : holderOf(held);
      const remainingMs = held === null ? 0 : Math.max(1, held.expiresAtMs - nowMs);
      this.#settle(read, { kind: 'lock', holder, remainingMs, lineage, revision }, effects);
      return;
    }
    const remainingMsOf = (stored: StoredValue | null): number | null =>
      stored?.expiresAtMs == null ? null : Math.max(1, stored.expiresAtMs - nowMs);
    if (request.kind === 'history') {
      const versions = kept(machine, request.key, request.withValues);
      this.#settle(read, { kind: 'history', versions, lineage, revision }, effects);
      return;
    }
    if (request.kind === 'past') {
      const told = past(machine, request.key, request.at);
      const remainingMs = told.kind === 'found' ? remainingMsOf(told.stored) : null;
      this.#settle(read, { kind: 'past', past: told, remainingMs, lineage, revision }, effects);
      return;
    }
    const found = machine.find(request.key);
    if (found !== null) this.#onUse(request.key, now);
    this.#settle(read, { kind: 'read', found, remainingMs: remainingMsOf(found), lineage, revision }, effects);
  }

  /** R21. Where no value ends when it is idle this is a look at a number. */
  #onUse(key: Key, { monotonicMs }: Instant): void {
    const { uses } = this.#replica.machine.store;
    if (uses.size === 0) return;
    if (this.#leader === null) this.#follower.onRead(key, monotonicMs);
    else uses.use(key, monotonicMs);
  }

  #settle(read: WaitingRead, outcome: ReadOutcome, effects: Effect[]): void {
    if (read.settled) return;
    read.settled = true;
    this.#waiting.delete(read.ticket);
    effects.push({ kind: 'readAnswered', ticket: read.ticket, outcome });
  }

  // --- waiting ---------------------------------------------------------------------------------------------------------

  #wait(read: WaitingRead, effects: Effect[]): boolean {
    if (!this.#waiting.has(read.ticket) && this.#waiting.size >= this.#limits.waitingReadsMax) {
      this.#settle(read, { kind: 'declined', code: 'replica-behind' }, effects);
      return false;
    }
    this.#waiting.set(read.ticket, read);
    return true;
  }

  #awaitApplied(read: WaitingRead, index: LogIndex, effects: Effect[]): void {
    if (!this.#wait(read, effects)) return;
    const others = this.#byIndex.get(index);
    if (others === undefined) this.#byIndex.set(index, [read]);
    else others.push(read);
  }

  #awaitRound(read: WaitingRead, leader: Leader, effects: Effect[]): void {
    if (!this.#wait(read, effects)) return;
    leader.rounds.await({ kind: 'read', proven: () => this.#ready.add(read), abandoned: () => undefined });
  }

  #awaitVouch(read: WaitingRead, effects: Effect[]): void {
    if (!this.#follower.member) {
      this.#settle(read, { kind: 'declined', code: this.#follower.streaming ? 'not-in-sync' : 'no-leader' }, effects);
      return;
    }
    if (!this.#wait(read, effects)) return;
    // One question a turn, for all that came in it.
    this.#vouchWanted = true;
    this.#vouching.push({ read, number: this.#vouchNumber + 1 });
  }

  onVouched(number: number, granted: boolean, now: Instant, effects: Effect[]): void {
    const covered = this.#vouching.filter((vouching) => vouching.number <= number);
    this.#vouching = this.#vouching.filter((vouching) => vouching.number > number);
    for (const { read } of covered) {
      if (read.settled) continue;
      if (granted) this.#passKey(read, now, effects);
      else this.#settle(read, { kind: 'declined', code: 'not-in-sync' }, effects);
    }
  }

  /** An entry was applied. */
  onApplied(index: LogIndex, now: Instant, effects: Effect[]): void {
    if (this.#byIndex.size === 0) return;
    const reads = this.#byIndex.get(index);
    if (reads === undefined) return;
    this.#byIndex.delete(index);
    for (const read of reads) {
      if (read.settled) continue;
      if (read.waitsFor === 'session') this.#passAuthority(read, now, effects);
      else this.#answer(read, now, effects);
    }
  }

  // --- turns -----------------------------------------------------------------------------------------------------------

  tick(now: Instant, effects: Effect[]): void {
    for (const read of this.#waiting.values()) {
      if (read.deadlineMs > now.monotonicMs) continue;
      const code = read.request.mode === 'linearizable' ? 'not-in-sync' : 'replica-behind';
      this.#settle(read, { kind: 'declined', code }, effects);
    }
    // The stream by which the answer would come is gone.
    if (this.#vouching.length > 0 && !this.#follower.member) this.onVouched(this.#vouchNumber + 1, false, now, effects);
    if (this.#byIndex.size > 0) this.#sweep();
  }

  #sweep(): void {
    for (const [index, reads] of this.#byIndex) {
      const left = reads.filter((read) => !read.settled);
      if (left.length === 0) this.#byIndex.delete(index);
      else if (left.length < reads.length) this.#byIndex.set(index, left);
    }
  }

  flush(now: Instant, effects: Effect[]): void {
    // Emptying an empty set costs a new table, in every turn.
    if (this.#ready.size > 0) {
      for (const read of this.#ready) if (!read.settled) this.#passKey(read, now, effects);
      this.#ready.clear();
    }
    if (!this.#vouchWanted) return;
    this.#vouchWanted = false;
    this.#vouchNumber += 1;
    if (this.#follower.vouch(this.#vouchNumber, effects)) return;
    this.onVouched(this.#vouchNumber, false, now, effects);
  }

  /** What waits here will not be answered here: the stream broke, the log was cut, or the role has changed. */
  declineAll(effects: Effect[]): void {
    for (const read of this.#waiting.values()) this.#settle(read, { kind: 'declined', code: 'not-in-sync' }, effects);
    this.#byIndex.clear();
    this.#vouching = [];
    this.#ready.clear();
  }
}

/**
 * R20: the revision that a read asks for must be applied. In the two other modes the log says whether there is such a
 * revision (R12), and nobody has to wait in vain.
 */
function revisionToSee(request: ReadRequest): number {
  if (request.kind !== 'past' || request.at.kind !== 'revision') return 0;
  return request.mode === 'session' || request.mode === 'eventual' ? request.at.revision : 0;
}
