import type { RecordContent } from '../../src/core/election/record.ts';
import type { WriteOutcome } from '../../src/core/store/commands.ts';
import type { ReadOutcome } from '../../src/core/store/reads.ts';
import { check } from '../simulation/violation.ts';
import type { Ledger, ReadMemory, WriteMemory } from './ledger.ts';
import { letterOf, type Place, PLACES } from './names.ts';
import type { Image, LogImage } from './replicas.ts';

/** Who turned, and what it was and is. */
export interface Turned {
  readonly place: Place;
  readonly run: number;
  /** null: it has just started. */
  readonly before: Image | null;
  readonly after: Image;
}

/**
 * The invariants of `replication.md`, in every state: the names are those of the simulator. What a state alone does not
 * show (what was committed, answered, led before) stands in the {@link Ledger}, which is part of the state.
 */
export class Checker {
  readonly #minInSync: number;
  readonly #lineage: string;
  /** Pairs of logs that match: few, and met in every state. */
  readonly #matching = new WeakMap<LogImage, WeakSet<LogImage>>();

  constructor(options: { readonly minInSync: number; readonly lineage: string }) {
    this.#minInSync = options.minInSync;
    this.#lineage = options.lineage;
  }

  /** What a turn may do by itself. Gives the ledger back, with what the turn has added. */
  afterTurn(turned: Turned, ledger: Ledger): Ledger {
    const { place, before, after } = turned;
    const name = letterOf(place);
    const { appliedIndex, commitIndex, log } = after;
    check(
      appliedIndex <= commitIndex && commitIndex <= log.entries.length,
      'order-of-indexes',
      () => `${name}: applied ${appliedIndex}, committed ${commitIndex}, last ${log.entries.length}`,
    );
    check(
      after.dataLineage === null || after.dataLineage === this.#lineage,
      'new-lineage',
      () => `${name} has data of lineage ${after.dataLineage}, though no member's memory is proven gone`,
    );
    if (before !== null && before.dataLineage !== null && before.replica === after.replica) {
      check(
        after.dataLineage !== null && appliedIndex >= before.appliedIndex,
        'applied-grows',
        () => `${name}: applied index went back from ${before.appliedIndex} to ${appliedIndex}`,
      );
      check(
        before.obeyedLineage !== after.obeyedLineage || after.epoch >= before.epoch,
        'epochs-grow',
        () => `${name} obeyed epoch ${before.epoch}, now ${after.epoch}`,
      );
    }
    let next = this.#checkCommitted(turned, ledger);
    if (after.role === 'leading' && (before?.role !== 'leading' || before.epoch !== after.epoch))
      next = this.#checkLeads(turned, next);
    return next;
  }

  #checkLeads({ place, run, after }: Turned, ledger: Ledger): Ledger {
    const { epoch } = after;
    const other = ledger.leaders.find((led) => led.epoch === epoch);
    check(
      other === undefined,
      'one-leader-per-epoch',
      () =>
        `${letterOf(place)} leads epoch ${epoch}, which ${other === undefined ? '' : letterOf(other.place)} has led already`,
    );
    return { ...ledger, leaders: [...ledger.leaders, { epoch, place, run }] };
  }

  /** Only a leader may be the first to count an entry as committed, and nobody may count another one in its place. */
  #checkCommitted({ place, before, after }: Turned, ledger: Ledger): Ledger {
    const { commitIndex, log, role } = after;
    if (before !== null && before.log === log && before.commitIndex === commitIndex) return ledger;
    const { committed } = ledger;
    for (let index = 1; index <= Math.min(commitIndex, committed.length); index += 1) {
      const own = log.entries[index - 1];
      const known = committed[index - 1];
      check(
        own === known,
        'committed-survives',
        () => `${letterOf(place)} counts entry ${own?.words} as committed, but ${known?.words} was`,
      );
    }
    if (commitIndex <= committed.length) return ledger;
    check(
      role === 'leading' || before?.role === 'leading',
      'committed-survives',
      () => `${letterOf(place)}, a follower, counts ${commitIndex} entries as committed before any leader`,
    );
    const grown = log.entries.slice(0, commitIndex);
    const writes = grown.map((entry) => entry.write).filter((write) => write !== null);
    for (const write of writes) {
      check(
        writes.indexOf(write) === writes.lastIndexOf(write),
        'applied-once',
        () => `write ${write} is committed twice: ${grown.map((entry) => entry.words).join(', ')}`,
      );
      check(
        ledger.writes[write - 1]?.status !== 'refused',
        'refused-writes',
        () => `write ${write} was refused for good, and is committed`,
      );
    }
    return { ...ledger, committed: grown };
  }

  /** Everything that must hold between the replicas and the record, whoever moved last. */
  everywhere(images: readonly (Image | null)[], ledger: Ledger): void {
    for (const a of PLACES) {
      for (const b of PLACES) if (a < b) this.#checkMatch(images[a] ?? null, images[b] ?? null, a, b);
    }
    const { record } = ledger;
    if (record === null) return;
    for (const place of PLACES) {
      const image = images[place] ?? null;
      if (image === null || !record.members.includes(image.replica)) continue;
      const { entries } = image.log;
      const missing = ledger.committed.find((entry, at) => entries[at] !== entry);
      check(
        missing === undefined,
        'committed-survives',
        () =>
          `${letterOf(place)} is a member in epoch ${record.epoch}, but does not hold the committed entry ${missing?.words}`,
      );
    }
  }

  /** Two logs that agree on the epoch at an index agree on everything up to it. */
  #checkMatch(a: Image | null, b: Image | null, ofA: Place, ofB: Place): void {
    if (a === null || b === null || a.dataLineage === null || a.dataLineage !== b.dataLineage || a.log === b.log)
      return;
    if (this.#matching.get(a.log)?.has(b.log) === true) return;
    for (let at = Math.min(a.log.entries.length, b.log.entries.length) - 1, agree = false; at >= 0; at -= 1) {
      const ofOne = a.log.entries[at];
      const ofOther = b.log.entries[at];
      agree ||= ofOne?.epoch === ofOther?.epoch;
      check(
        !agree || ofOne === ofOther,
        'log-matching',
        () =>
          `${letterOf(ofA)} has ${ofOne?.words} where ${letterOf(ofB)} has ${ofOther?.words}, and both agree after it`,
      );
    }
    let known = this.#matching.get(a.log);
    if (known === undefined) this.#matching.set(a.log, (known = new WeakSet()));
    known.add(b.log);
  }

  /** A replica's replace has landed, over what it was to replace. */
  onReplaced(before: RecordContent, after: RecordContent, isOwnHistory: boolean): void {
    check(
      after.holder === null || after.inSync.includes(after.holder),
      'committed-survives',
      () => `${after.holder} is made holder, but is not in the set`,
    );
    if (!isOwnHistory) return;
    check(
      after.inSync.length >= Math.min(this.#minInSync, before.inSync.length),
      'committed-survives',
      () => `the set shrinks to ${after.inSync.length}, below the minimum`,
    );
    check(
      after.epoch >= before.epoch,
      'epochs-grow',
      () => `epoch ${after.epoch} is written into a record of epoch ${before.epoch}`,
    );
    check(
      after.epoch > before.epoch || after.holder === before.holder || after.holder === null,
      'one-leader-per-epoch',
      () => `${after.holder} is made holder in epoch ${after.epoch}, which belongs to ${before.holder}`,
    );
  }

  onWriteAnswered(at: Place, number: number, outcome: WriteOutcome, ledger: Ledger): WriteMemory {
    const memory = ledger.writes[number - 1] as WriteMemory;
    // That an attempt is refused says nothing of the attempts before it.
    if (outcome.kind === 'refused') return { ...memory, status: memory.attempts > 1 ? 'unknown' : 'refused' };
    if (outcome.kind === 'unknown') return { ...memory, status: 'unknown' };
    const { revision } = outcome;
    const entry = ledger.committed[revision - 1];
    check(
      entry?.write === number,
      'acknowledged-writes',
      () =>
        `${letterOf(at)} acknowledges write ${number} at ${revision}: there stands ${entry?.words ?? 'nothing committed'}`,
    );
    check(
      outcome.members >= this.#minInSync,
      'acknowledged-writes',
      () => `${letterOf(at)} acknowledges write ${number} with ${outcome.members} members`,
    );
    check(
      memory.revision === 0 || memory.revision === revision,
      'applied-once',
      () => `write ${number} is acknowledged at ${revision}, and was at ${memory.revision} before`,
    );
    return { ...memory, status: 'committed', revision };
  }

  onReadAnswered(at: Place, memory: ReadMemory, outcome: ReadOutcome, ledger: Ledger): ReadMemory {
    if (outcome.kind !== 'read') return { ...memory, status: 'declined' };
    const shown = outcome.found?.revision ?? 0;
    const { committed } = ledger;
    check(
      outcome.revision <= committed.length,
      'committed-reads',
      () => `${letterOf(at)} answers a read as of ${outcome.revision}, but ${committed.length} entries are committed`,
    );
    const due = committed.findLast((entry) => entry.index <= outcome.revision && entry.write !== null)?.index ?? 0;
    check(shown === due, 'committed-reads', () => `${letterOf(at)} shows revision ${shown}, as of then it was ${due}`);
    check(
      shown >= memory.floor,
      'linearizable-reads',
      () => `${letterOf(at)} shows revision ${shown}, but ${memory.floor} had been acknowledged or read before`,
    );
    return { ...memory, status: 'answered', revision: shown };
  }
}
