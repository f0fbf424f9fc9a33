import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunResult } from './run.ts';

/** Other seeds each time; `KV_CHAOS_SEED` repeats them. The names of the tests print them. */
const FIRST_SEED = Number(process.env['KV_CHAOS_SEED'] ?? Math.floor(Date.now() / 1000));
const RUNS = Number(process.env['KV_CHAOS_RUNS'] ?? 30);
const SECONDS = Number(process.env['KV_CHAOS_SECONDS'] ?? 15);
/** For an installation to start, a run to settle, be looked at and judged. */
const OVERHEAD_MS = 120_000;
const OUTPUT_KEPT = 20;

/** In a process of its own: inside jest the same code is several times slower. */
class ChaosProcess {
  readonly #process: ChildProcess;
  readonly #results: RunResult[] = [];
  readonly #lastLines: string[] = [];
  #hasEnded = false;
  #onNews: () => void = () => undefined;

  constructor() {
    const program = join(import.meta.dirname, 'main.ts');
    const runs = ['--runs', String(RUNS), '--seconds', String(SECONDS), '--seed', String(FIRST_SEED)];
    const words = ['--disable-warning=ExperimentalWarning', program, '--json', ...runs];
    this.#process = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.#process.stdout === null || this.#process.stderr === null) throw new Error('it has no output');
    createInterface(this.#process.stdout).on('line', (line) => {
      this.#results.push(JSON.parse(line) as RunResult);
      this.#onNews();
    });
    createInterface(this.#process.stderr).on('line', (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > OUTPUT_KEPT) this.#lastLines.shift();
      if (line.startsWith('network:')) process.stderr.write(`${line}\n`);
    });
    this.#process.once('close', () => {
      this.#hasEnded = true;
      this.#onNews();
    });
  }

  async result(seed: number): Promise<RunResult> {
    for (;;) {
      const result = this.#results.find((candidate) => candidate.seed === seed);
      if (result !== undefined) return result;
      if (this.#hasEnded) throw new Error(`it ended before seed ${seed}:\n${this.#lastLines.join('\n')}`);
      await new Promise<void>((resolve) => (this.#onNews = resolve));
    }
  }

  /** Lets it clean up what it has made. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGTERM');
    await ended;
  }
}

describe(`real processes under chaos, seeds from ${FIRST_SEED}`, () => {
  let chaos: ChaosProcess;

  beforeAll(() => {
    chaos = new ChaosProcess();
  });

  afterAll(() => chaos.end());

  test.each(Array.from({ length: RUNS }, (_, number) => FIRST_SEED + number))(
    'seed %i: every promise is kept',
    async (seed) => {
      const result = await chaos.result(seed);
      expect(result.violations).toEqual([]);
      expect(result.operations.ok).toBeGreaterThan(0);
      expect(result.settledMs).not.toBeNull();
    },
    SECONDS * 1000 + OVERHEAD_MS,
  );
});
