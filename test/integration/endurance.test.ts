import { expect, jest, test } from '@jest/globals';
import { MEASURES } from '../endurance/measures.ts';
import { drawPlot } from '../endurance/plot.ts';
import { runEndurance } from '../endurance/run.ts';

/** The long run of `npm run endurance` for half a minute: that it works, and what does not depend on how long it is. */
jest.setTimeout(240_000);

const DURATION_S = 25;
const FAULT_EVERY_S = 5;

test('under mixed load and churn everything is recorded, no answer is wrong, and no write is lost', async () => {
  const seen: number[] = [];
  const recording = await runEndurance({
    durationS: DURATION_S,
    sampleEveryS: 1,
    faultEveryS: FAULT_EVERY_S,
    ratePerS: 200,
    seed: Date.now() % 1e6,
    onProgress: ({ sample }) => seen.push(sample.atS),
  });
  const { load, samples, faults, kept } = recording;

  // Whatever was killed: everything asked was answered, but for what was under way at a proxy when it was killed.
  expect(load.wrong).toEqual([]);
  expect(load.answered).toBeGreaterThan(1000);
  const failures = Object.entries(load.failures);
  const sumOf = (counts: typeof failures) => counts.reduce((sum, [, count]) => sum + count, 0);
  expect(load.requests).toBe(load.answered + sumOf(failures));
  const cuts = failures.filter(([code]) => code.startsWith('connection '));
  // A read is declined where nobody can show in time that it is fresh, on a slow machine; a write waits longer.
  const declined = failures.filter(([code]) => /^503 .*\(a read\)$/.test(code));
  expect(failures.filter((failure) => !cuts.includes(failure) && !declined.includes(failure))).toEqual([]);
  expect(sumOf(cuts)).toBeLessThanOrEqual(32 * faults.filter(({ what }) => what.startsWith('SIGKILL of proxy')).length);

  expect(faults[0]?.what).toMatch(/^SIGKILL of kvstore-\d/);
  expect(seen).toEqual(samples.map(({ atS }) => atS));
  for (const measure of MEASURES) {
    const isRecorded = samples.some(
      ({ group, processes }) =>
        group[measure.id] !== undefined || kept.some((name) => processes[name]?.[measure.id] !== undefined),
    );
    expect({ [measure.id]: isRecorded }).toEqual({ [measure.id]: true });
  }
  for (const name of kept)
    expect(samples.filter(({ processes }) => processes[name] != null).length).toBeGreaterThan(10);

  const plot = drawPlot(recording);
  for (const { title } of MEASURES) expect(plot).toContain(`>${title}</text>`);
});
