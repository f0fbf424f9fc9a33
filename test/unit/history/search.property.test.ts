import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { arrange, type Pruning } from '../../history/arrangement.ts';
import { type HistoryOperation, reasonAgainst } from '../../history/operation.ts';
import { search } from '../../history/search.ts';
import { isLinearizable } from './brute-force.ts';
import { executions, mutated, scribbles } from './executions.ts';

const verdict = (operations: readonly HistoryOperation[], pruning: Pruning) =>
  search(arrange(operations, pruning), { stepsMax: 5_000_000, pruning }).kind;

/** Each that any of the operations names, and room for those that nobody was told. */
const revisionMaxOf = (operations: readonly HistoryOperation[]): number =>
  operations.length +
  Math.max(0, ...operations.flatMap(({ revision, expect: expected }) => [revision ?? 0, expected ?? 0]));

function expectJudgedAsByBruteForce(operations: readonly HistoryOperation[]): void {
  expect(operations.map(reasonAgainst).filter((reason) => reason !== null)).toEqual([]);
  const truth = isLinearizable(operations, revisionMaxOf(operations)) ? 'found' : 'none';
  expect({ pruned: verdict(operations, 'all'), plain: verdict(operations, 'none') }).toEqual({
    pruned: truth,
    plain: truth,
  });
}

const kinds = [
  { counters: 'some', revisions: 'most' },
  { counters: 'none', revisions: 'most' },
  { counters: 'none', revisions: 'few' },
] as const;

test.each(kinds)('what a correct store tells is always accepted: $counters counters, $revisions revisions', (kind) => {
  const lengthMax = kind.revisions === 'most' ? 60 : 14;
  fc.assert(
    fc.property(executions({ lengthMax, overlapMax: 6, ...kind }), (history) => {
      expect(verdict(history, 'all')).toBe('found');
    }),
    { numRuns: 400 },
  );
});

test.each(kinds)('short histories are judged as by brute force: $counters counters, $revisions revisions', (kind) => {
  const short = executions({ lengthMax: 6, overlapMax: 3, ...kind });
  fc.assert(fc.property(short, expectJudgedAsByBruteForce), { numRuns: 300 });
});

test.each(kinds)('and with one thing changed: $counters counters, $revisions revisions', (kind) => {
  const changed = executions({ lengthMax: 6, overlapMax: 3, ...kind }).chain(mutated);
  fc.assert(fc.property(changed, expectJudgedAsByBruteForce), { numRuns: 700 });
});

test.each(['some', 'most'] as const)('scribbles are judged as by brute force, unknown: %s', (unknown) => {
  fc.assert(fc.property(scribbles(unknown), expectJudgedAsByBruteForce), { numRuns: 2000 });
});
