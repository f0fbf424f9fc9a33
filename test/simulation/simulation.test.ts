import { availableParallelism } from 'node:os';
import { expect, test } from '@jest/globals';
import { describeFailure, describeSummary } from './report.ts';
import { runMany } from './run-many.ts';

/** How long the random search of one test run takes. */
const WALL_SECONDS = Number(process.env['KV_SIM_SECONDS'] ?? 55);

/** Other seeds every day, so that a year of test runs searches more than one of them does. */
function baseSeed(): number {
  const given = process.env['KV_SIM_SEED'];
  if (given !== undefined) return Number(given);
  return Number(new Date().toISOString().slice(0, 10).replaceAll('-', '')) * 100_000;
}

test(
  'no seed violates an invariant, and each is a real trial',
  async () => {
    const firstSeed = baseSeed();
    process.stderr.write(
      `simulation: seeds from ${firstSeed} on (KV_SIM_SEED), for ${WALL_SECONDS} s (KV_SIM_SECONDS)\n`,
    );
    const { summary, wallSeconds } = await runMany({
      firstSeed,
      lastSeed: Infinity,
      jobs: availableParallelism(),
      wallSeconds: WALL_SECONDS,
      failuresMax: 1,
    });
    process.stderr.write(`${describeSummary(summary, wallSeconds)}\n`);
    const [failure] = summary.failures;
    if (failure !== undefined) process.stderr.write(`${failure.violation?.trace.join('\n') ?? ''}\n`);
    expect(summary.failures.map(describeFailure)).toEqual([]);

    const perSeed = (sum: number): number => sum / summary.seeds;
    expect(summary.seeds).toBeGreaterThan(0);
    expect(perSeed(summary.simulatedSeconds)).toBeGreaterThanOrEqual(20);
    expect(perSeed(summary.operations)).toBeGreaterThanOrEqual(1000);
    expect(perSeed(summary.faults)).toBeGreaterThanOrEqual(10);
    expect(perSeed(summary.takeovers)).toBeGreaterThanOrEqual(1);
  },
  (WALL_SECONDS + 60) * 1000,
);
