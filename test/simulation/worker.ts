import { parentPort, workerData } from 'node:worker_threads';
import { makeGroupOf } from './make-group.ts';
import { runSeed, type SeedReport } from './run-seed.ts';

/** Takes seeds one by one, so that no worker waits for another. */
export interface WorkerOptions {
  readonly seconds: number | null;
  /** Of the list of mutants; null: the real core. */
  readonly mutant: string | null;
}

export type ToWorker = { readonly kind: 'run'; readonly seed: number } | { readonly kind: 'end' };
export interface FromWorker {
  readonly report: SeedReport;
  readonly cpuSeconds: number;
}

const options = workerData as WorkerOptions;
const port = parentPort;
const makeGroup = await makeGroupOf(options.mutant);
if (port !== null) {
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'end') {
      port.close();
      return;
    }
    const before = process.threadCpuUsage();
    const report = runSeed(message.seed, makeGroup, options.seconds === null ? {} : { seconds: options.seconds });
    const { user, system } = process.threadCpuUsage(before);
    port.postMessage({ report, cpuSeconds: (user + system) / 1e6 } satisfies FromWorker);
  });
}
