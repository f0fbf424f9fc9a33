import { lineageOf, type Lineages } from '../lineages.ts';
import type { HistoryOperation } from '../operation.ts';
import { isLook } from '../register.ts';

/** A state of one key: it was last changed at this revision of this lineage, the `ordinal`th of the history. */
export interface Change {
  readonly ordinal: number;
  readonly revision: number;
  /** How it is known. */
  readonly from: HistoryOperation;
}

export const isLater = (a: Change, b: Change): boolean =>
  a.ordinal > b.ordinal || (a.ordinal === b.ordinal && a.revision > b.revision);

export const isWrite = (operation: HistoryOperation): boolean => !isLook(operation);

/** What a history tells of one key, whatever the order of its operations. */
export class KeyFacts {
  readonly key: string;
  readonly operations: readonly HistoryOperation[];
  /** Reads that were answered, in any mode. */
  readonly reads: readonly HistoryOperation[];
  /** By value, whatever became of the write. Of counters only what they were told that they wrote. */
  readonly writers: ReadonlyMap<string, readonly HistoryOperation[]>;
  readonly isCounter: boolean;
  readonly #lineages: Lineages;
  readonly #deletes: readonly HistoryOperation[];
  /** Acknowledged writes by their ends, each with the latest change up to it. */
  readonly #acknowledged: readonly { readonly end: number; readonly latest: Change }[];
  /** Of each lineage every change that anybody was told of, by revision. */
  readonly #changes: ReadonlyMap<string | null, readonly Change[]>;

  constructor(key: string, operations: readonly HistoryOperation[], lineages: Lineages) {
    this.key = key;
    this.operations = operations;
    this.#lineages = lineages;
    this.reads = operations.filter(({ op, outcome }) => op === 'get' && outcome === 'ok');
    this.isCounter = operations.some(({ op }) => op === 'incr');
    const writes = operations.filter(isWrite);
    // A refused write is no write, but its value must be known if somebody sees it.
    const asked = operations.filter(({ op, value }) => op !== 'get' && value !== null);
    this.writers = Map.groupBy(asked, ({ value }) => value ?? '');
    this.#deletes = writes.filter(({ op, outcome }) => op === 'delete' && outcome !== 'failed');
    this.#acknowledged = this.#latestByEnd(writes.filter(({ outcome }) => outcome === 'ok'));
    this.#changes = this.#changesByLineage();
  }

  #changeOf(operation: HistoryOperation): Change | null {
    const { revision } = operation;
    if (revision === null) return null;
    return { ordinal: this.#lineages.ordinalOf(lineageOf(operation)), revision, from: operation };
  }

  #latestByEnd(writes: readonly HistoryOperation[]): { end: number; latest: Change }[] {
    const acknowledged: { end: number; latest: Change }[] = [];
    for (const write of [...writes].sort((a, b) => (a.end ?? 0) - (b.end ?? 0))) {
      const change = this.#changeOf(write);
      if (change === null) continue;
      const last = acknowledged.at(-1);
      if (last === undefined || isLater(change, last.latest)) {
        acknowledged.push({ end: write.end ?? Infinity, latest: change });
      }
    }
    return acknowledged;
  }

  #changesByLineage(): Map<string | null, Change[]> {
    const told = this.operations.filter(
      ({ op, outcome }) => outcome === 'ok' || (outcome === 'refused' && op !== 'get'),
    );
    const changes = told.flatMap((operation) => this.#changeOf(operation) ?? []);
    changes.sort((a, b) => a.revision - b.revision);
    return Map.groupBy(changes, ({ from }) => lineageOf(from));
  }

  /** The latest change that had been acknowledged before that time. */
  acknowledgedBefore(time: number): Change | null {
    const place = firstPlace(this.#acknowledged, ({ end }) => end >= time);
    return this.#acknowledged[place - 1]?.latest ?? null;
  }

  /** The latest change of the key up to a revision of a lineage, of those that anybody was told of. */
  changeUpTo(lineage: string | null, revision: number): Change | null {
    const changes = this.#changes.get(lineage) ?? [];
    const place = firstPlace(changes, (change) => change.revision > revision);
    return changes[place - 1] ?? null;
  }

  /** Whether the read can be of a state that has the change. */
  showsAtLeast(read: HistoryOperation, due: Change): boolean {
    const lineage = lineageOf(read);
    const ordinal = lineage === null ? due.ordinal : this.#lineages.ordinalOf(lineage);
    // A later lineage may have lost it, rightly or not: that is another promise.
    if (ordinal !== due.ordinal) return ordinal > due.ordinal;
    const { seen, value } = read;
    if (seen !== undefined && seen !== null && seen.revision < due.revision) return false;
    if (value === null) return this.#deletes.some((deletion) => this.#mayFollow(deletion, due, read));
    const revision = read.revision ?? this.#revisionOf(value);
    return revision === null || revision >= due.revision;
  }

  /** Whether the deletion can have come after the change, or be it, and before the read ended. */
  #mayFollow({ start, expect, outcome, revision }: HistoryOperation, due: Change, read: HistoryOperation): boolean {
    if (start > (read.end ?? Infinity)) return false;
    if (outcome === 'ok') return (revision ?? 0) >= due.revision;
    return expect === null || expect >= due.revision;
  }

  /** The revision at which the only writer of the value was told that it wrote it. */
  #revisionOf(value: string): number | null {
    const [writer, ...others] = this.writers.get(value) ?? [];
    return writer === undefined || others.length > 0 || writer.outcome !== 'ok' ? null : writer.revision;
  }
}

/** The first place for which it holds, of places for which it does not hold, then does. */
function firstPlace<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let from = 0;
  let to = items.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(items[middle] as T)) to = middle;
    else from = middle + 1;
  }
  return from;
}
