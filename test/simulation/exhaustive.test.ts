import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import type { Comparison } from '../exhaustive/comparison.ts';
import { deaths } from '../exhaustive/deaths.ts';
import { describeSearch, describeViolation } from '../exhaustive/report.ts';
import { runSearches } from '../exhaustive/run-searches.ts';

test('in every order in which a replica can crash amid two writes, all invariants hold', async () => {
  const [searched] = await runSearches({
    searches: [{ configuration: 'crash', statesMax: 1_000_000, mutant: null }],
    jobs: 1,
  });
  if (searched === undefined) throw new Error('nothing was searched');
  process.stderr.write(`${describeSearch(searched)}\n`);
  const { found } = searched;
  expect(found.violation === null ? null : describeViolation(searched)).toBeNull();
  expect(found.isComplete).toBe(true);
  expect(found.counts.states).toBeGreaterThan(50_000);
  expect(found.counts.takeoversInFlight).toBeGreaterThan(0);
  expect(found.counts.progressChecked).toBeGreaterThan(50);
}, 300_000);

/** Some three times what the most expensive of them takes. */
const STATES_MAX = 600_000;

test('each clause of R2, R3 and R4 that is taken out shows within its configuration', async () => {
  const searched = await runSearches({
    searches: deaths.map(({ mutant, configuration }) => ({ configuration, statesMax: STATES_MAX, mutant })),
    jobs: 2,
  });
  for (const { options, found } of searched) {
    const end = found.violation?.invariant ?? 'lives';
    process.stderr.write(
      `${options.mutant ?? ''} in ${options.configuration}: ${end} after ${found.counts.states} states\n`,
    );
  }
  const living = searched.filter(({ found }) => found.violation === null).map(({ options }) => options.mutant);
  expect(living).toEqual([]);

  // The core itself passes wherever one of them died, and as far.
  const farthest = new Map<string, number>();
  for (const { options, found } of searched)
    farthest.set(options.configuration, Math.max(farthest.get(options.configuration) ?? 0, found.counts.states));
  const unmutated = await runSearches({
    searches: [...farthest].map(([configuration, statesMax]) => ({ configuration, statesMax, mutant: null })),
    jobs: 2,
  });
  expect(unmutated.filter(({ found }) => found.violation !== null).map(describeViolation)).toEqual([]);
}, 600_000);

test('states that count as one behave alike: telling replicas apart by their whole history reaches no others', async () => {
  const worker = new Worker(new URL('../exhaustive/comparison.ts', import.meta.url), { execArgv: ['--no-warnings'] });
  const [comparison] = (await once(worker, 'message')) as [Comparison];
  expect(comparison.byContent).toBeGreaterThan(1000);
  expect(comparison.byHistory).toBeGreaterThan(2 * comparison.byContent);
  expect(comparison).toMatchObject({ onlyByContent: 0, onlyByHistory: 0 });
}, 300_000);
