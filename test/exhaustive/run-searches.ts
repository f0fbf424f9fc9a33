import { Worker } from 'node:worker_threads';
import type { Counts, Found } from './search.ts';
import type { FromWorker, WorkerOptions } from './worker.ts';

export interface Searched {
  readonly options: WorkerOptions;
  readonly found: Found;
  /** Processor time of the search, the loading of the core included. */
  readonly cpuSeconds: number;
}

/** Runs the searches, so many at a time; each in a plain Node worker. What comes first is told first. */
export async function runSearches(options: {
  readonly searches: readonly WorkerOptions[];
  readonly jobs: number;
  readonly onProgress?: (counts: Counts) => void;
  readonly onSearched?: (searched: Searched) => void;
}): Promise<Searched[]> {
  const due = [...options.searches];
  const all: Searched[] = [];
  const work = async (): Promise<void> => {
    for (let next = due.shift(); next !== undefined; next = due.shift()) {
      const searched = await runSearch(next, options.onProgress);
      all.push(searched);
      options.onSearched?.(searched);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return all;
}

function runSearch(options: WorkerOptions, onProgress: ((counts: Counts) => void) | undefined): Promise<Searched> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: options,
      execArgv: ['--no-warnings'],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'progress') onProgress?.(message.counts);
      else resolve({ options, found: message.found, cpuSeconds: message.cpuSeconds });
    });
    worker.on('error', reject);
    worker.on('exit', () => reject(new Error(`the search of ${options.configuration} ended without a result`)));
  });
}

/** The states themselves are in typed arrays outside of it. */
const HEAP_MB = 4096;
