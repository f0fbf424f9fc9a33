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

test.each(['some', 'none'] as const)('what a correct store tells is always accepted, counters: %s', (counters) => {
  fc.assert(
    fc.property(executions({ lengthMax: 60, overlapMax: 8, counters }), (history) => {
      expect(verdict(history, 'all')).toBe('found');
    }),
    { numRuns: 300 },
  );
});

test.each(['some', 'none'] as const)('short histories are judged as by brute force, counters: %s', (counters) => {
  fc.assert(fc.property(executions({ lengthMax: 6, overlapMax: 3, counters }), expectJudgedAsByBruteForce), {
    numRuns: 300,
  });
});

test.each(['some', 'none'] as const)('with one thing changed, as by brute force, counters: %s', (counters) => {
  const changed = executions({ lengthMax: 6, overlapMax: 3, counters }).chain(mutated);
  fc.assert(fc.property(changed, expectJudgedAsByBruteForce), { numRuns: 1000 });
});

test.each(['some', 'most'] as const)('scribbles are judged as by brute force, unknown: %s', (unknown) => {
  fc.assert(fc.property(scribbles(unknown), expectJudgedAsByBruteForce), { numRuns: 2000 });
});
