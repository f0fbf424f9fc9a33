import { expect, test } from '@jest/globals';
import { deaths } from '../exhaustive/deaths.ts';
import { describeSearch, describeViolation } from '../exhaustive/report.ts';
import { runSearches } from '../exhaustive/run-searches.ts';

test('in every order in which a leader can crash amid a write, all invariants hold', async () => {
  const [searched] = await runSearches({
    searches: [{ configuration: 'crash', statesMax: 1_000_000, mutant: null }],
    jobs: 1,
  });
  if (searched === undefined) throw new Error('nothing was searched');
  process.stderr.write(`${describeSearch(searched)}\n`);
  const { found } = searched;
  expect(found.violation === null ? null : describeViolation(searched)).toBeNull();
  expect(found.isComplete).toBe(true);
  expect(found.counts.states).toBeGreaterThan(150_000);
  expect(found.counts.takeoversInFlight).toBeGreaterThan(0);
  expect(found.counts.progressChecked).toBeGreaterThan(50);
}, 120_000);

/** Twice what the most expensive of them takes. */
const STATES_MAX = 150_000;

test('each clause of R2, R3 and R4 that is taken out shows within its configuration', async () => {
  const searched = await runSearches({
    searches: deaths.map(({ mutant, configuration }) => ({ configuration, statesMax: STATES_MAX, mutant })),
    jobs: 2,
  });
  for (const one of searched) {
    const { counts, violation } = one.found;
    process.stderr.write(
      `${one.options.mutant} in ${one.options.configuration}: ${violation?.invariant ?? 'lives'} after ${counts.states} states\n`,
    );
  }
  const living = searched.filter(({ found }) => found.violation === null).map(({ options }) => options.mutant);
  expect(living).toEqual([]);
}, 300_000);
