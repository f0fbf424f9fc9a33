import { lineageOf } from '../lineages.ts';
import type { HistoryOperation } from '../operation.ts';
import type { Broken, Violation } from '../violation.ts';
import { wordsOf } from '../words.ts';
import type { Change, KeyFacts } from './key-facts.ts';

/** R12, `in-sync`: a read shows all that was acknowledged a staleness bound before it began. */
export const inSyncViolations = (facts: KeyFacts, stalenessUs: number): Violation[] =>
  staleReads(facts, 'in-sync', ({ consistency, start }) => (consistency === 'in-sync' ? start - stalenessUs : null));

/** Once the faults are over and every replica has caught up, each shows all that was acknowledged, in any mode. */
export const lostWrites = (facts: KeyFacts, settledAtUs: number): Violation[] =>
  staleReads(facts, 'nothing-lost', ({ start }) => (start >= settledAtUs ? start : null));

function staleReads(
  facts: KeyFacts,
  broken: Broken,
  /** All that was acknowledged before that time has to be shown; null: nothing has. */
  dueBefore: (read: HistoryOperation) => number | null,
): Violation[] {
  const violations: Violation[] = [];
  for (const read of facts.reads) {
    const time = dueBefore(read);
    const due = time === null ? null : facts.acknowledgedBefore(time);
    if (due === null || facts.showsAtLeast(read, due)) continue;
    violations.push(tooOld(facts.key, broken, read, due));
  }
  return violations;
}

export const tooOld = (key: string, broken: Broken, read: HistoryOperation, due: Change): Violation => ({
  broken,
  key,
  lines: [
    wordsOf(read),
    `    ${stateOf(read)}, but revision ${due.revision}${inLineage(due)} was due:`,
    `    ${wordsOf(due.from)}`,
  ],
});

function stateOf(read: HistoryOperation): string {
  const lineage = lineageOf(read);
  const seen = read.seen === undefined || read.seen === null ? '' : `, as of ${read.seen.revision}`;
  return `shows ${read.revision === null ? 'none' : `revision ${read.revision}`}${seen}${lineage === null ? '' : ` of lineage ${lineage}`}`;
}

function inLineage({ from }: Change): string {
  const lineage = lineageOf(from);
  return lineage === null ? '' : ` of lineage ${lineage}`;
}
