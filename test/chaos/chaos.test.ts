import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ResultsProcess } from '../jest/results-process.ts';
import type { RunResult } from './run.ts';

/** Other seeds each time; `KV_CHAOS_SEED` repeats them. The names of the tests print them. */
const FIRST_SEED = Number(process.env['KV_CHAOS_SEED'] ?? Math.floor(Date.now() / 1000));
const RUNS = Number(process.env['KV_CHAOS_RUNS'] ?? 30);
const SECONDS = Number(process.env['KV_CHAOS_SECONDS'] ?? 15);
/** For an installation to start, a run to settle, be looked at and judged. */
const OVERHEAD_MS = 120_000;

function startChaos(): ResultsProcess<RunResult> {
  const runs = ['--runs', String(RUNS), '--seconds', String(SECONDS), '--seed', String(FIRST_SEED)];
  return new ResultsProcess(join(import.meta.dirname, 'main.ts'), ['--json', ...runs], (line) => {
    if (line.startsWith('network:')) process.stderr.write(`${line}\n`);
  });
}

describe(`real processes under chaos, seeds from ${FIRST_SEED}`, () => {
  let chaos: ResultsProcess<RunResult>;

  beforeAll(() => {
    chaos = startChaos();
  });

  afterAll(() => chaos.end());

  test.each(Array.from({ length: RUNS }, (_, number) => FIRST_SEED + number))(
    'seed %i: every promise is kept',
    async (seed) => {
      const result = await chaos.result(`seed ${seed}`, (run) => run.seed === seed);
      expect(result.violations).toEqual([]);
      expect(result.operations.ok).toBeGreaterThan(0);
      expect(result.settledMs).not.toBeNull();
    },
    SECONDS * 1000 + OVERHEAD_MS,
  );
});
