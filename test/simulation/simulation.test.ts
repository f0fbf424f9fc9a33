import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeFailure, describeSummary } from './report.ts';
import { dailySeed, runMany } from './run-many.ts';

/** How long the random search of one test run takes. */
const WALL_SECONDS = Number(process.env['KV_SIM_SECONDS'] ?? 55);
const SHRINK_SECONDS = 60;

/** In a plain Node process: it is faster than jest's VM, and this is the command that a person would type. */
function showShrunk(seed: number): void {
  const main = resolve(import.meta.dirname, 'main.ts');
  const shown = spawnSync(
    process.execPath,
    [main, '--seeds', String(seed), '--shrink', '--patience', String(SHRINK_SECONDS / 2)],
    {
      encoding: 'utf8',
      timeout: SHRINK_SECONDS * 1000,
    },
  );
  process.stderr.write(shown.stdout);
}

test(
  'no seed violates an invariant, and each is a real trial',
  async () => {
    const firstSeed = Number(process.env['KV_SIM_SEED'] ?? dailySeed());
    process.stderr.write(
      `simulation: seeds from ${firstSeed} on (KV_SIM_SEED), for ${WALL_SECONDS} s (KV_SIM_SECONDS)\n`,
    );
    const result = await runMany({
      firstSeed,
      lastSeed: Infinity,
      jobs: availableParallelism(),
      wallSeconds: WALL_SECONDS,
      failuresMax: 1,
    });
    process.stderr.write(`${describeSummary(result)}\n`);
    const { summary } = result;
    const [failure] = summary.failures;
    if (failure !== undefined) showShrunk(failure.seed);
    expect(summary.failures.map(describeFailure)).toEqual([]);

    const perSeed = (sum: number): number => sum / summary.seeds;
    expect(summary.seeds).toBeGreaterThan(0);
    expect(perSeed(summary.simulatedSeconds)).toBeGreaterThanOrEqual(20);
    expect(perSeed(summary.operations)).toBeGreaterThanOrEqual(1000);
    expect(perSeed(summary.faults)).toBeGreaterThanOrEqual(10);
    expect(perSeed(summary.takeovers)).toBeGreaterThanOrEqual(1);
  },
  (WALL_SECONDS + SHRINK_SECONDS + 60) * 1000,
);
