import type { RecordedOperation } from '../chaos/load/requests.ts';

/** What the clients of a load have met, as a whole. */
export interface Figures {
  readonly operations: number;
  readonly acknowledgedWrites: number;
  readonly answeredReads: number;
  /** The longest time between two acknowledged writes, whoever made them, from the first to the last. */
  readonly writePauseMs: number;
  /** The same of answered reads. */
  readonly readPauseMs: number;
  /** When the longest pause of writes began, since the load began. */
  readonly writePauseAtMs: number;
  /** Requests that got another answer than one that their client reckons with, or none: how often each. */
  readonly failures: Readonly<Record<string, number>>;
  readonly failed: number;
}

export function figuresOf(
  history: readonly RecordedOperation[],
  options: {
    /** Codes that this load had to meet. */
    readonly expectedCodes: readonly string[];
  },
): Figures {
  const startUs = history.reduce((least, { start }) => Math.min(least, start), Infinity);
  const isDone = ({ outcome }: RecordedOperation): boolean => outcome === 'ok';
  const writes = history.filter((operation) => operation.op !== 'get' && isDone(operation));
  const reads = history.filter((operation) => operation.op === 'get' && isDone(operation));
  const writePause = longestPause(writes);
  const failures: Record<string, number> = {};
  for (const { op, outcome, code } of history) {
    if (outcome === 'ok' || outcome === 'refused') continue;
    if (code !== null && options.expectedCodes.includes(code)) continue;
    const name = `${op === 'get' ? 'read' : 'write'}: ${String(code)}`;
    failures[name] = (failures[name] ?? 0) + 1;
  }
  return {
    operations: history.length,
    acknowledgedWrites: writes.length,
    answeredReads: reads.length,
    writePauseMs: writePause.us / 1000,
    readPauseMs: longestPause(reads).us / 1000,
    writePauseAtMs: (writePause.fromUs - startUs) / 1000,
    failures,
    failed: Object.values(failures).reduce((sum, count) => sum + count, 0),
  };
}

function longestPause(operations: readonly RecordedOperation[]): { readonly fromUs: number; readonly us: number } {
  const ends = operations.flatMap(({ end }) => end ?? []).toSorted((a, b) => a - b);
  let longest = { fromUs: ends[0] ?? 0, us: 0 };
  for (const [at, end] of ends.entries()) {
    const fromUs = ends[at - 1] ?? end;
    if (end - fromUs > longest.us) longest = { fromUs, us: end - fromUs };
  }
  return longest;
}
