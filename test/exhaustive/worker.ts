import { parentPort, workerData } from 'node:worker_threads';
import { configuration } from './configurations.ts';
import { mutantNamed } from './deaths.ts';
import type { Counts, Found } from './search.ts';
import { openCore } from './visible-core.ts';

/** One search, in a thread of its own: the core is loaded once for a thread, as it is or as a mutant. */
export interface WorkerOptions {
  readonly configuration: string;
  readonly statesMax: number;
  readonly mutant: string | null;
}

export type FromWorker =
  | { readonly kind: 'progress'; readonly counts: Counts }
  | { readonly kind: 'found'; readonly found: Found; readonly cpuSeconds: number };

const options = workerData as WorkerOptions;
openCore(options.mutant === null ? null : mutantNamed(options.mutant));
// Only now may the core be loaded.
const { search } = await import('./search.ts');
const found = search({
  configuration: configuration(options.configuration),
  statesMax: options.statesMax,
  onProgress: (counts) => parentPort?.postMessage({ kind: 'progress', counts } satisfies FromWorker),
});
const { user, system } = process.threadCpuUsage();
parentPort?.postMessage({ kind: 'found', found, cpuSeconds: (user + system) / 1e6 } satisfies FromWorker);
