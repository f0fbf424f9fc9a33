import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Lab } from './powers/lab.ts';
import type { RowResult } from './report.ts';
import { rows } from './rows.ts';

/** For the lab to start and the images to be built, where they are built for the first time. */
const START_WITHIN_MS = 300_000;
const ROW_WITHIN_MS = 300_000;
/** Whether it works is asked here, on whatever machine; how long it takes exactly, by `npm run e2e -- --full`. */
const PAUSE_TOLERANCE = 5;
const OUTPUT_KEPT = 40;
/**
 * What every run of the tests plays. The others are played by hand (`npm run e2e`): autoscaling takes its load from the very
 * processors that carry the cluster, and of the rest not every row has been seen to pass time after time on a machine of two.
 */
const EVERY_TIME: ReadonlySet<string> = new Set([
  'apply',
  'rollout-proxy',
  'scale',
  'leader-deleted',
  'lease-deleted',
  'leader-cut-from-api',
  'api-paused',
]);
const played = rows.filter(({ name }) => EVERY_TIME.has(name));

/** Each row once, with short outages, in a process of its own: inside jest the same code is several times slower. */
class E2eProcess {
  readonly #process: ChildProcess;
  readonly #results: RowResult[] = [];
  readonly #lastLines: string[] = [];
  #hasEnded = false;
  #onNews: () => void = () => undefined;

  constructor() {
    const program = join(import.meta.dirname, 'main.ts');
    const options = ['--lines', '--tolerance', String(PAUSE_TOLERANCE)];
    const words = ['--disable-warning=ExperimentalWarning', program, ...played.map(({ name }) => name), ...options];
    this.#process = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.#process.stdout === null || this.#process.stderr === null) throw new Error('it has no output');
    createInterface(this.#process.stdout).on('line', (line) => {
      this.#results.push(JSON.parse(line) as RowResult);
      this.#onNews();
    });
    createInterface(this.#process.stderr).on('line', (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > OUTPUT_KEPT) this.#lastLines.shift();
    });
    this.#process.once('close', () => {
      this.#hasEnded = true;
      this.#onNews();
    });
  }

  async result(name: string): Promise<RowResult> {
    for (;;) {
      const result = this.#results.find(({ row }) => row === name);
      if (result !== undefined) return result;
      if (this.#hasEnded) throw new Error(`it ended before ${name}:\n${this.#lastLines.join('\n')}`);
      await new Promise<void>((resolve) => (this.#onNews = resolve));
    }
  }

  /** It takes the lab down itself. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGTERM');
    await ended;
  }
}

const lab = Lab.find('kvstore-e2e');
if ('skip' in lab) {
  test.skip(`in a real cluster: ${lab.skip}`, () => {});
} else {
  describe('in a real cluster of three nodes, under load', () => {
    let e2e: E2eProcess;

    beforeAll(() => {
      e2e = new E2eProcess();
    });

    afterAll(() => e2e.end(), START_WITHIN_MS);

    test.each(played.map((row) => [row.name, row.what, row] as const))(
      '%s: %s',
      async (name) => {
        const result = await e2e.result(name);
        if (result.kind === 'skipped') throw new Error(`skipped: ${result.reason}`);
        expect(result.shortcomings).toEqual([]);
        expect(result.rounds).not.toHaveLength(0);
      },
      START_WITHIN_MS + ROW_WITHIN_MS,
    );
  });
}
