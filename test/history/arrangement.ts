import { isLook } from './register.ts';
import type { HistoryOperation } from './operation.ts';

/** An operation with a place in time: it took effect between its start and its end. */
export type CertainOperation = HistoryOperation & {
  readonly end: number;
  /** What the history says of it, where more was concluded. */
  readonly told?: HistoryOperation;
};

export const asTold = (operation: CertainOperation): HistoryOperation => operation.told ?? operation;

/** The operations of one key, sorted by what the search has to decide about them. */
export interface Arrangement {
  /** Each has to be given its place. */
  readonly certain: readonly CertainOperation[];
  /**
   * Writes with an unknown outcome: each may be given a place at any time after its start, or none. Those of one class
   * differ in nothing that anybody could have noticed but their start, by which they are in order.
   */
  readonly free: readonly (readonly HistoryOperation[])[];
}

export type Pruning = 'all' | 'none';

/** Operations of one key and one lineage. Those that certainly did nothing, and reads in other modes, have no part. */
export function arrange(operations: readonly HistoryOperation[], pruning: Pruning): Arrangement {
  const certain: CertainOperation[] = [];
  const unknown: HistoryOperation[] = [];
  for (const operation of operations) {
    const { op, outcome, mode } = operation;
    if (outcome === 'failed' || (op === 'get' && (outcome === 'unknown' || mode === null))) continue;
    if (outcome === 'unknown') unknown.push(operation);
    else if (hasEnd(operation)) certain.push(operation);
  }
  if (pruning === 'none') return { certain, free: unknown.map((operation) => [operation]) };
  const sightings = sightingsIn(certain, unknown);
  const settled = certain.map((operation) => settledBySighting(operation, sightings) ?? operation);
  const free: HistoryOperation[] = [];
  for (const operation of unknown) {
    const seen = settledBySighting(operation, sightings);
    if (seen === null) free.push(operation);
    else settled.push(seen);
  }
  return { certain: settled, free: classesOf(free, certain) };
}

const hasEnd = (operation: HistoryOperation): operation is CertainOperation => operation.end !== null;

/** A value that only one write can have written, and somebody read. */
interface Sighting {
  readonly revision: number | null;
  /** When the first of its readers knew. */
  readonly end: number;
}

/** By value. Counters have none: what they hold may be the sum of anything. */
function sightingsIn(
  certain: readonly CertainOperation[],
  unknown: readonly HistoryOperation[],
): ReadonlyMap<string, Sighting> {
  const sightings = new Map<string, Sighting>();
  const writers = new Map<string, number>();
  for (const operation of [...certain, ...unknown]) {
    if (operation.op === 'incr') return new Map();
    if (operation.value === null || isLook(operation)) continue;
    writers.set(operation.value, (writers.get(operation.value) ?? 0) + 1);
  }
  for (const { op, value, revision, end } of certain) {
    if (op !== 'get' || value === null || writers.get(value) !== 1) continue;
    const earlier = sightings.get(value);
    sightings.set(value, {
      revision: earlier?.revision ?? revision,
      end: Math.min(earlier?.end ?? end, end),
    });
  }
  return sightings;
}

/**
 * Who reads a value proves that its write took effect, before the read's end, and at which revision. null: nobody read
 * it, or before it was written, which no order of operations explains.
 */
function settledBySighting(
  operation: HistoryOperation,
  sightings: ReadonlyMap<string, Sighting>,
): CertainOperation | null {
  if (operation.value === null || isLook(operation)) return null;
  const sighting = sightings.get(operation.value);
  if (sighting === undefined || sighting.end < operation.start) return null;
  return {
    ...operation,
    told: operation,
    outcome: 'ok',
    revision: operation.revision ?? sighting.revision,
    end: Math.min(operation.end === null || operation.outcome === 'unknown' ? Infinity : operation.end, sighting.end),
  };
}

function classesOf(free: readonly HistoryOperation[], certain: readonly HistoryOperation[]): HistoryOperation[][] {
  const read = new Set(certain.filter(({ op }) => op === 'get').map(({ value }) => value));
  // A counter adds to whatever value is there.
  const isCounter = [...free, ...certain].some(({ op }) => op === 'incr');
  const classes = new Map<string, HistoryOperation[]>();
  for (const operation of [...free].sort((a, b) => a.start - b.start)) {
    const { op, value, expect, revision, by } = operation;
    const noticeable = isCounter || read.has(value) ? value : null;
    const name = JSON.stringify([op, noticeable, expect, revision, by ?? 1]);
    const members = classes.get(name);
    if (members === undefined) classes.set(name, [operation]);
    else members.push(operation);
  }
  return [...classes.values()];
}
