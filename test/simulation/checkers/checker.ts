import { isUnfilled, type RecordContent } from '../../../src/core/election/record.ts';
import type { Entry, StateEffect } from '../../../src/core/replication/entry.ts';
import type { Report } from '../../../src/core/group/io.ts';
import { sameLineage, type Lineage } from '../../../src/core/replication/lineage.ts';
import type { WriteOutcome } from '../../../src/core/store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../../../src/core/store/reads.ts';
import type { Lease } from '../api-server.ts';
import type { Inspection } from '../inspection.ts';
import { MS, SECOND } from '../plan.ts';
import type { Process } from '../process.ts';
import { check } from '../violation.ts';
import type { World } from '../world.ts';
import { Chronicle, sameEntry } from './chronicle.ts';
import { refusedByLeaseGuard, type GuardedWrite } from './lease-guard.ts';
import { IdleModel } from './idle-model.ts';
import { Mirror } from './mirror.ts';
import { Histories, keysOf, type WriteOperation } from './operations.ts';

/** R14: who is silent is waited for no longer than this. */
const SILENT_WAIT_US = 30 * SECOND;
/** So many keys hold more than the largest write, however small they are. */
const PLENTY = 60;
/** A key with all of its versions; and the largest write, with what it adds to the log. */
const EVICTED_BYTES_MAX = 8000;
const WRITE_BYTES_MAX = 20_000;
/** Between two comparisons of a replica's whole store with the chronicle. */
const STORE_CHECK_US = 2 * SECOND;

/**
 * The invariants of `replication.md`, checked after every turn of every replica and every change of the record. It
 * knows what no replica can know: whose memory is really gone, and what every log holds at this moment.
 */
export class Checker {
  readonly #world: World;
  readonly #chronicles = new Map<string, Chronicle>();
  readonly histories: Histories;
  readonly idles: IdleModel;
  readonly #forgetsTombstones: boolean;
  /** By lineage and epoch: who leads or led it. */
  readonly #leaders = new Map<string, string>();
  /** What a replica wrote last into the record; what others put there does not count. */
  lastRecord: RecordContent | null = null;
  /** New lineages for which somebody must raise the alarm, with the replica that began each. */
  readonly #alarmsDue = new Map<string, Process>();
  readonly #lineagesBegun = new Set<string>();
  readonly #alarms: { readonly process: Process; readonly code: string }[] = [];
  readonly #requests = new Map<string, WriteOperation>();
  leaderships = 0;
  newLineages = 0;
  setChanges = 0;
  snapshots = 0;
  evictions = 0;

  constructor(world: World) {
    this.#world = world;
    // R22: of what was evicted the highest version is remembered, too.
    this.#forgetsTombstones = world.plan.limits.tombstonesMax < 1000 || world.plan.limits.eviction === 'lru';
    this.idles = new IdleModel(world.plan);
    this.histories = new Histories({
      chronicleOf: (id) => this.#chronicles.get(id),
      readStalenessMs: world.plan.times.readStalenessMs,
      drift: world.plan.clock.drift,
    });
  }

  chronicleOf(lineage: Lineage): Chronicle | undefined {
    return this.#chronicles.get(lineage.id);
  }

  /** A client has given its write this id. */
  onRequestNamed(session: string, number: number, operation: WriteOperation): void {
    this.#requests.set(`${session}#${number}`, operation);
  }

  readonly #operationOf = (session: string, number: number): WriteOperation | undefined =>
    this.#requests.get(`${session}#${number}`);

  afterTurn(process: Process): void {
    const view = process.group.inspect();
    const mirror = (process.mirror ??= new Mirror());
    if (view.id !== process.id) this.#world.onProcessRenamed(process, view.id);
    check(
      view.appliedIndex <= view.commitIndex && view.commitIndex <= view.log.lastIndex,
      'order-of-indexes',
      () => `${process.label}: applied ${view.appliedIndex}, committed ${view.commitIndex}, last ${view.log.lastIndex}`,
    );
    this.#checkLineage(process, mirror, view);
    this.#checkEpoch(process, mirror, view);
    this.#checkLog(process, mirror, view);
    this.#checkCommit(process, mirror, view);
    this.#checkRole(process, mirror, view);
    const chronicle = mirror.chronicle;
    if (chronicle !== null && this.#world.now - mirror.storeCheckedUs > STORE_CHECK_US) this.checkStore(process);
  }

  /** Compares a replica's whole store with the chronicle. */
  checkStore(process: Process): void {
    const mirror = process.mirror;
    const chronicle = mirror?.chronicle;
    if (mirror === null || chronicle === null || chronicle === undefined) return;
    const view = process.group.inspect();
    if (view.dataLineage?.id !== chronicle.lineage.id) return;
    mirror.storeCheckedUs = this.#world.now;
    chronicle.checkStore(process.label, view.appliedIndex, view.storeEntries());
    chronicle.locks.checkTable(process.label, view.appliedIndex, view.locks());
    chronicle.checkOlder(process.label, view.appliedIndex, view.superseded());
    chronicle.checkSessions(process.label, view.appliedIndex, view.sessions());
  }

  #checkLineage(process: Process, mirror: Mirror, view: Inspection): void {
    const lineage = view.dataLineage;
    const known = mirror.chronicle;
    if (lineage === null) {
      if (known !== null) mirror.empty();
      return;
    }
    if (known !== null && known.lineage.id === lineage.id) {
      check(
        view.appliedIndex >= mirror.appliedIndex,
        'applied-grows',
        () => `${process.label}: applied index went back from ${mirror.appliedIndex} to ${view.appliedIndex}`,
      );
      return;
    }
    let chronicle = this.#chronicles.get(lineage.id);
    if (chronicle === undefined) {
      check(
        view.role === 'leading' && this.#lineagesBegun.has(lineage.id),
        'new-lineage',
        () => `${process.label} has data of lineage ${lineage.id}, which nobody began`,
      );
      chronicle = new Chronicle(
        lineage,
        {
          ordinal: this.#chronicles.size,
          forgetsTombstones: this.#forgetsTombstones,
          sessionIdleMs: this.#world.plan.times.sessionIdleMs,
          idles: this.idles,
        },
        known === null || view.appliedIndex < mirror.appliedIndex
          ? null
          : { chronicle: known, throughIndex: mirror.appliedIndex, beganInEpoch: view.epoch },
      );
      this.#chronicles.set(lineage.id, chronicle);
      mirror.storeCheckedUs = 0;
      if (chronicle.committed > 0) {
        // The log goes on in the new lineage, and some of it may have been committed and trimmed within this turn.
        for (let index = chronicle.committed + 1; index <= mirror.lastIndex; index += 1) {
          const entry = mirror.entries[index];
          if (entry !== undefined) chronicle.see(entry, null);
        }
        mirror.chronicle = chronicle;
        mirror.commitIndex = chronicle.committed;
        return;
      }
    } else if (view.role !== 'leading') this.snapshots += 1;
    mirror.empty();
    mirror.chronicle = chronicle;
    mirror.commitIndex = view.log.firstIndex - 1;
  }

  #checkEpoch(process: Process, mirror: Mirror, view: Inspection): void {
    const before = mirror.obeyedLineage;
    const now = view.obeyedLineage;
    if (before !== null && mirror.chronicle !== null) {
      const isSame = sameLineage(before, now);
      check(
        isSame ? view.epoch >= mirror.epoch : now !== null && now.number > before.number,
        'epochs-grow',
        () => `${process.label} obeyed epoch ${mirror.epoch} of lineage ${before.id}, now ${view.epoch} of ${now?.id}`,
      );
    }
    // Who is empty obeys any record (R3), also the one by which it then begins.
    mirror.obeyedBefore = before;
    mirror.obeyedLineage = mirror.chronicle === null ? null : now;
    mirror.epoch = view.epoch;
  }

  #checkLog(process: Process, mirror: Mirror, view: Inspection): void {
    const appended = process.group.takeAppended();
    const { firstIndex, lastIndex } = view.log;
    const chronicle = mirror.chronicle;
    mirror.lastEpoch = view.log.lastEpoch;
    if (chronicle === null) return;
    if (mirror.isNew) {
      // A snapshot is complete: what follows it is in the log, and has not been looked at.
      mirror.isNew = false;
      mirror.lastIndex = firstIndex - 1;
      for (let index = firstIndex; index <= lastIndex; index += 1) {
        const entry = view.log.entryAt(index);
        check(
          entry !== null,
          'log-matching',
          () => `${process.label} has no entry ${index} in ${firstIndex}..${lastIndex}`,
        );
        this.#append(process, mirror, chronicle, entry);
      }
      return;
    }
    for (const entry of appended) this.#append(process, mirror, chronicle, entry);
    if (view.role === 'leading') for (const entry of appended) this.#onProposed(process, entry);
    if (lastIndex < mirror.lastIndex) this.#truncate(process, mirror, lastIndex);
    // A snapshot took the place of the log.
    if (lastIndex > mirror.lastIndex) mirror.lastIndex = lastIndex;
    const last = lastIndex < firstIndex ? null : view.log.entryAt(lastIndex);
    if (last === null || last === mirror.lastEntry) return;
    mirror.lastEntry = last;
    const known = mirror.entries[lastIndex];
    check(
      known === undefined || sameEntry(known, last),
      'world',
      () => `${process.label}: the log's last entry ${lastIndex} was never appended`,
    );
  }

  #append(process: Process, mirror: Mirror, chronicle: Chronicle, entry: Entry): void {
    const { index } = entry;
    if (index <= mirror.lastIndex) this.#truncate(process, mirror, index - 1);
    const previous = index === mirror.lastIndex + 1 ? (mirror.entries[index - 1]?.epoch ?? null) : null;
    check(
      previous === null || previous <= entry.epoch,
      'log-matching',
      () => `${process.label}: the epoch goes back at ${index}, from ${previous} to ${entry.epoch}`,
    );
    chronicle.see(entry, previous);
    mirror.entries[index] = entry;
    mirror.lastIndex = index;
    mirror.changedUs = this.#world.now;
  }

  #onProposed(leader: Process, entry: Entry): void {
    const { body } = entry;
    const { session, number } = body.kind === 'write' ? body.request : { session: '', number: 0 };
    const operation = this.#operationOf(session, number);
    const keys = operation === undefined ? [] : keysOf(operation.command, []);
    this.idles.onProposed(leader, entry, keys, this.#world.now);
    if (body.kind === 'evict') this.#checkEviction(leader, entry, body.effects);
  }

  /** R22: a leader that may evict does so only where a write would not have fitted. */
  #checkEviction(leader: Process, entry: Entry, effects: readonly StateEffect[]): void {
    const { eviction, memoryBytesMax } = leader.limits;
    check(eviction === 'lru', 'eviction', () => `${leader.label} evicts at ${entry.index}, and must not`);
    const { storeBytes, logBytes } = leader.group.status(leader.instant());
    // What is gone already by the end of the turn, and what is not to be seen: the write.
    const unseenBytes = EVICTED_BYTES_MAX * effects.length + WRITE_BYTES_MAX;
    this.evictions += 1;
    check(
      storeBytes + logBytes + unseenBytes > memoryBytesMax,
      'eviction',
      () => `${leader.label} evicts at ${entry.index}, with ${storeBytes + logBytes} of ${memoryBytesMax} bytes in use`,
    );
  }

  #truncate(process: Process, mirror: Mirror, index: number): void {
    check(
      index >= mirror.commitIndex,
      'log-matching',
      () =>
        `${process.label} dropped committed entries: everything after ${index}, committed was ${mirror.commitIndex}`,
    );
    mirror.lastIndex = index;
    mirror.entries.length = Math.min(mirror.entries.length, index + 1);
    mirror.changedUs = this.#world.now;
  }

  #checkCommit(process: Process, mirror: Mirror, view: Inspection): void {
    const chronicle = mirror.chronicle;
    if (chronicle !== null && view.commitIndex > mirror.commitIndex) {
      const isLeader = view.role === 'leading';
      const committedBefore = chronicle.committed;
      for (let index = mirror.commitIndex + 1; index <= view.commitIndex; index += 1) {
        // What a snapshot brought has no entry here; the store is compared instead.
        const entry = mirror.entries[index];
        if (entry !== undefined) chronicle.commit(entry, { isLeader }, this.#operationOf);
      }
      check(
        view.commitIndex <= chronicle.committed,
        'committed-survives',
        () => `${process.label} counts ${view.commitIndex} as committed, the lineage has ${chronicle.committed}`,
      );
      mirror.commitIndex = view.commitIndex;
      if (chronicle.committed > committedBefore) this.#checkMembersHold(chronicle, this.lastRecord);
    } else if (chronicle === null) mirror.commitIndex = 0;
    mirror.appliedIndex = chronicle === null ? 0 : view.appliedIndex;
  }

  /** Every committed entry is in the log of every member of every later in-sync set of its lineage. */
  #checkMembersHold(chronicle: Chronicle, record: RecordContent | null): void {
    if (record === null || record.lineage?.id !== chronicle.lineage.id) return;
    const committed = chronicle.committed;
    for (const member of record.inSync) {
      const process = this.#world.holderOf(member);
      if (process === undefined) continue;
      const mirror = process.mirror;
      const holds = mirror !== null && mirror.chronicle === chronicle && mirror.lastIndex >= committed;
      check(
        holds,
        'committed-survives',
        () =>
          `${process.label} is a member in epoch ${record.epoch}, but does not hold entry ${committed} (it has ${mirror?.lastIndex} of lineage ${mirror?.chronicle?.lineage.id})`,
      );
      const own = mirror.entries[committed];
      const entry = chronicle.entries[committed];
      check(
        own === undefined || entry === undefined || own === entry || own.epoch === entry.epoch,
        'committed-survives',
        () =>
          `${process.label} is a member in epoch ${record.epoch}, but holds another entry ${committed}: of epoch ${own?.epoch}, not ${entry?.epoch}`,
      );
    }
  }

  #checkRole(process: Process, mirror: Mirror, view: Inspection): void {
    if (view.role === 'leading' && (mirror.role !== 'leading' || mirror.ledEpoch !== view.epoch)) {
      const name = leadership(view);
      const other = this.#leaders.get(name);
      check(
        other === undefined || other === process.id,
        'one-leader-per-epoch',
        () => `${process.label} leads epoch ${view.epoch}, which ${other} has led`,
      );
      check(
        !mirror.led.has(name),
        'one-leader-per-epoch',
        () => `${process.label} leads epoch ${view.epoch} a second time`,
      );
      mirror.led.add(name);
      mirror.ledEpoch = view.epoch;
      this.#leaders.set(name, process.id);
      this.leaderships += 1;
      if (mirror.chronicle !== null) this.checkStore(process);
    }
    mirror.role = view.role;
  }

  /** A replica's replace has landed. */
  onRecordReplaced(process: Process, change: GuardedWrite & { readonly sentUs: number }): void {
    const { content } = change;
    const lineage = content.lineage;
    const last = this.lastRecord;
    check(lineage !== null, 'world', () => `${process.label} writes a record without lineage`);
    if (!this.#lineagesBegun.has(lineage.id)) {
      this.#checkNewLineage(process, change, lineage);
      this.#lineagesBegun.add(lineage.id);
    } else if (last !== null && last.lineage?.id === lineage.id) {
      // A takeover that was lost with the record before anybody read it leaves its epoch free.
      if (change.before.content.nonce === last.nonce) this.#checkSuccession(process, last, content);
      const { minInSync } = this.#world.plan.limits;
      check(
        content.inSync.length >= Math.min(minInSync, last.inSync.length),
        'committed-survives',
        () => `${process.label} shrinks the set to ${content.inSync.length}, below the minimum`,
      );
      if (String(content.inSync) !== String(last.inSync)) this.setChanges += 1;
    } else {
      // Unless nobody was left who held the later one.
      const heirs = last?.inSync.filter((member) => this.#world.holderOf(member)?.mirror?.chronicle != null) ?? [];
      check(
        last === null || heirs.length === 0 || heirs.some((member) => member === process.id),
        'new-lineage',
        () => `${process.label} writes a record of lineage ${lineage.id} again, though ${last?.lineage?.id} has begun`,
      );
    }
    check(
      content.holder === null || content.inSync.includes(content.holder),
      'committed-survives',
      () => `${process.label} makes ${content.holder} holder, which is not in the set`,
    );
    this.lastRecord = content;
    const chronicle = this.#chronicles.get(lineage.id);
    if (chronicle !== undefined) this.#checkMembersHold(chronicle, content);
    // Last: whoever breaks a rule is to be told which, and not that a guard would have stopped it.
    const clause = refusedByLeaseGuard(change, this.#world.plan.limits.minInSync);
    check(clause === null, 'lease-guard', () => `the Lease guard refuses a write of ${process.label}: ${clause}`);
  }

  #checkSuccession(process: Process, last: RecordContent, content: RecordContent): void {
    check(
      content.epoch >= last.epoch,
      'epochs-grow',
      () => `${process.label} writes epoch ${content.epoch} into a record of epoch ${last.epoch}`,
    );
    check(
      content.epoch > last.epoch || content.holder === last.holder || content.holder === null,
      'one-leader-per-epoch',
      () =>
        `${process.label} makes ${content.holder} holder in epoch ${content.epoch}, which belongs to ${last.holder}`,
    );
  }

  /** R13, R14: whoever begins a new history must not leave behind a memory that holds the old one. */
  #checkNewLineage(
    process: Process,
    change: { readonly before: Lease; readonly content: RecordContent; readonly sentUs: number },
    lineage: Lineage,
  ): void {
    const { before, content } = change;
    const world = this.#world;
    const last = this.lastRecord;
    const withData = world.pods.running().filter((other) => other.mirror?.chronicle != null && !other.isForsaken);
    if (last === null || last.lineage === null) {
      check(
        withData.length === 0,
        'new-lineage',
        () => `${process.label} begins the first lineage beside data of ${withData[0]?.label}`,
      );
      return;
    }
    this.newLineages += 1;
    if (world.operator.hasChosen(process)) {
      world.operator.checkBest(process);
      this.#alarmsDue.set(lineage.id, process);
      return;
    }
    const isFirstStart = !before.isDamaged && isUnfilled(before.content);
    if (isFirstStart && lineage.number === 1) {
      // To the replicas this is a group's first start: the record is gone, and so is all data.
      check(
        withData.length === 0,
        'new-lineage',
        () => `${process.label} begins a first lineage beside data of ${withData[0]?.label}`,
      );
      return;
    }
    check(
      lineage.number > last.lineage.number || before.content.nonce !== last.nonce,
      'new-lineage',
      () => `lineage ${lineage.number} follows ${last.lineage?.number}`,
    );
    // Who has won the record and does not know it yet is a member that holds nothing, and says so when asked.
    const living = last.inSync
      .map((member) => world.holderOf(member))
      .filter((member) => member !== undefined)
      .filter((member) => member.mirror?.chronicle != null);
    const wasEnded =
      !before.isDamaged && before.content.endedEpoch !== null && before.content.endedEpoch === before.content.epoch;
    if (!wasEnded) this.#alarmsDue.set(lineage.id, process);
    if (living.length > 0) {
      // R13: a leader that lost its record may leave out who is gone, also who was only being added. It holds
      // everything, so nothing is lost.
      const chronicle = this.#chronicles.get(last.lineage.id);
      const mirror = process.mirror;
      // It asks again, for the lost record named it alone, in a lineage whose answer it never saw and so never began.
      const neverBegan = last.inSync.every((member) => member === process.id) && mirror?.chronicle !== chronicle;
      if (neverBegan && content.holder === process.id && before.content.nonce !== last.nonce) return;
      // The last record that was written may have been lost before anybody read it: with a takeover by one that is gone
      // and never led. Who led before need not stand in that one.
      const isLast = before.content.nonce === last.nonce;
      // A change of the set may have landed just before: the leader does not know, and counts who was to go.
      const counted = [...last.inSync, ...process.group.status(process.instant()).inSync];
      const someAreGone = counted.some((member) => world.holderOf(member)?.mirror?.chronicle == null);
      check(
        content.holder === process.id &&
          (!isLast || (someAreGone && last.inSync.some((member) => member === process.id))) &&
          mirror !== null &&
          mirror.chronicle === chronicle &&
          mirror.lastIndex >= chronicle.committed,
        'new-lineage',
        () =>
          `${process.label} begins lineage ${lineage.id} though ${living.map((member) => member.label).join(', ')} of the set lives`,
      );
      return;
    }
    check(
      world.plan.uncleanRecovery !== 'never' || wasEnded || before.isDamaged || isFirstStart,
      'new-lineage',
      () => `${process.label} begins lineage ${lineage.id} though only an operator may`,
    );
    this.#checkMostAdvanced(process, last, change.sentUs);
  }

  /** R14: of those that run, the one with the most of the old history begins the new one. */
  #checkMostAdvanced(process: Process, last: RecordContent, sentUs: number): void {
    const own = place(process, last.lineage);
    const from = process.mirror?.chronicle?.lineage;
    check(
      from === undefined ||
        last.lineage === null ||
        from.id === last.lineage.id ||
        from.number === last.lineage.number - 1,
      'new-lineage',
      () => `${process.label} begins a lineage from data of ${from?.id}, two or more before ${last.lineage?.id}`,
    );
    for (const other of this.#world.pods.running()) {
      const mirror = other.mirror;
      // What changed shortly before may have changed after the question.
      if (other === process || mirror === null || mirror.changedUs > sentUs - 1000 * MS || !other.pod.isListed)
        continue;
      if (other.isPaused && this.#world.now - other.pausedUs > SILENT_WAIT_US) continue;
      const others = place(other, last.lineage);
      check(
        others.epoch < own.epoch || (others.epoch === own.epoch && others.index <= own.index),
        'new-lineage',
        () =>
          `${process.label} begins a lineage from entry ${own.index} of epoch ${own.epoch}, ${other.label} has ${others.index} of ${others.epoch}`,
      );
    }
  }

  onReport(process: Process, report: Report): void {
    // Nobody lies in this world: whoever is taken for a liar shows that one of the two is wrong.
    check(
      report.kind !== 'peerRefused',
      'no-exception',
      () => `${process.label} refuses a peer: ${JSON.stringify(report)}`,
    );
    if (report.kind === 'alarm') {
      this.#alarms.push({ process, code: report.code });
      this.#world.alarms.add(report.code);
    }
  }

  /** What was replaced is not shown any more by whoever knows that. */
  onReadAnswered(process: Process, request: ReadRequest | null, outcome: ReadOutcome): void {
    if (request?.kind === 'key' && outcome.kind === 'read' && outcome.found !== null)
      this.idles.onRead(process, request.key, outcome.found, this.#world.now);
    if (outcome.kind === 'declined' || outcome.kind === 'replaced-lineage') return;
    const obeyed = process.mirror?.obeyedLineage ?? null;
    const before = process.mirror?.obeyedBefore ?? null;
    // What it was asked first in a turn it has answered by what it knew then. null: it has emptied itself since.
    check(
      obeyed === null || sameLineage(outcome.lineage, obeyed) || sameLineage(outcome.lineage, before),
      'committed-reads',
      () => `${process.label} shows data of lineage ${outcome.lineage.id}, and obeys ${obeyed?.id}`,
    );
  }

  onWriteAnswered(process: Process, operation: WriteOperation, outcome: WriteOutcome): void {
    if (outcome.kind === 'refused' && outcome.code === 'memory-full') this.#checkRefusal(process);
    if (outcome.kind !== 'committed') return;
    this.histories.onWriteAnswered(process.label, operation, outcome, this.#world.plan.limits.minInSync);
  }

  /** R22: nothing is refused for want of memory while there are keys in plenty that could go. */
  #checkRefusal(process: Process): void {
    if (process.limits.eviction === 'none' || process.mirror?.role !== 'leading') return;
    const { keys, lagEntries } = process.group.status(process.instant());
    check(
      keys < PLENTY || lagEntries > 0,
      'eviction',
      () => `${process.label} refuses a write for want of memory, and has ${keys} keys`,
    );
  }

  /** At the end of a run. */
  finish(): void {
    for (const process of this.#world.pods.running()) this.checkStore(process);
    for (const [lineage, process] of this.#alarmsDue) {
      if (!process.isAlive || !this.#chronicles.has(lineage)) continue;
      check(
        this.#alarms.some((alarm) => alarm.process === process && alarm.code === 'data-loss-possible'),
        'alarm',
        () => `${process.label} began lineage ${lineage} without an alarm`,
      );
    }
    for (const alarm of this.#alarms) {
      check(
        alarm.code !== 'data-loss-possible' || this.newLineages > 0 || this.#world.operator.hasChosen(alarm.process),
        'alarm',
        () => `${alarm.process.label} says that data may be lost, but no lineage was begun`,
      );
    }
  }
}

const leadership = (view: Inspection): string => `${view.obeyedLineage?.id}/${view.epoch}`;

/** How much of the lineage a replica has. */
function place(process: Process, lineage: Lineage | null): { epoch: number; index: number } {
  const mirror = process.mirror;
  if (mirror === null || mirror.chronicle === null || mirror.chronicle.lineage.id !== lineage?.id)
    return { epoch: -1, index: 0 };
  return { epoch: mirror.lastEpoch, index: mirror.lastIndex };
}
