import { Worker } from 'node:worker_threads';
import { addReport, emptySummary, type Summary } from './report.ts';
import type { FromWorker, ToWorker, WorkerOptions } from './worker.ts';

export interface RunManyOptions {
  readonly firstSeed: number;
  /** Inclusive; Infinity to go on until the time is up. */
  readonly lastSeed: number;
  readonly jobs: number;
  readonly wallSeconds?: number;
  readonly eventsMax?: number;
  /** Length of the part with faults, instead of the usual 20 s. */
  readonly simulatedSeconds?: number;
  readonly mutant?: string;
  /** Stop taking new seeds after so many violations. */
  readonly failuresMax: number;
  /** Stop taking new seeds. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (result: ManyResult) => void;
}

export interface ManyResult {
  readonly summary: Summary;
  readonly wallSeconds: number;
  readonly firstSeed: number;
  /** All seeds before it are done. */
  readonly nextSeed: number;
}

/** Other seeds every day, so that a year of runs searches more than one of them does. */
export const dailySeed = (): number => Number(new Date().toISOString().slice(0, 10).replaceAll('-', '')) * 100_000;

const YOUNG_MB = 96;

/** Runs a range of seeds in plain Node workers: inside jest's VM the same code is several times slower. */
export async function runMany(options: RunManyOptions): Promise<ManyResult> {
  const summary = emptySummary();
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  let nextSeed = options.firstSeed;
  const running = new Set<number>();
  const hasMore = (): boolean =>
    nextSeed <= options.lastSeed &&
    elapsed() < (options.wallSeconds ?? Infinity) &&
    summary.events < (options.eventsMax ?? Infinity) &&
    summary.failures.length < options.failuresMax &&
    options.signal?.aborted !== true;
  const result = (): ManyResult => ({
    summary,
    wallSeconds: elapsed(),
    firstSeed: options.firstSeed,
    nextSeed: Math.min(nextSeed, ...running),
  });

  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const workerData: WorkerOptions = { seconds: options.simulatedSeconds ?? null, mutant: options.mutant ?? null };
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        workerData,
        execArgv: ['--no-warnings'],
        // What a seed makes dies young, together: with the default of 16 MB for each half, runs took 5 % longer.
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      });
      const assign = (): void => {
        const message: ToWorker = hasMore() ? { kind: 'run', seed: nextSeed } : { kind: 'end' };
        if (message.kind === 'run') {
          running.add(nextSeed);
          nextSeed += 1;
        }
        worker.postMessage(message);
      };
      worker.on('message', ({ report, cpuSeconds }: FromWorker) => {
        running.delete(report.seed);
        addReport(summary, report);
        summary.cpuSeconds += cpuSeconds;
        options.onProgress?.(result());
        assign();
      });
      worker.on('error', reject);
      worker.on('exit', () => {
        resolve();
      });
      assign();
    });

  await Promise.all(Array.from({ length: options.jobs }, work));
  summary.failures.sort((a, b) => a.seed - b.seed);
  return result();
}
