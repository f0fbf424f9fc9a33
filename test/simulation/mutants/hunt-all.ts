import { Worker } from 'node:worker_threads';
import type { Mutant } from './mutant.ts';
import type { Catch, Hunt } from './worker.ts';

export interface HuntOptions {
  readonly mutants: readonly Mutant[];
  /** Each mutant is looked for from here on. */
  readonly firstSeed: number;
  readonly jobs: number;
  /** Of one mutant. */
  readonly seedsMax: number;
  readonly secondsMax: number;
  readonly onCatch?: (found: Catch) => void;
}

/** Hunts mutants in plain Node workers, each mutant in one of them; the answers stand in the order of the list. */
export async function huntAll(options: HuntOptions): Promise<Catch[]> {
  const found = new Map<string, Catch>();
  const waiting = [...options.mutants];
  const { firstSeed, seedsMax, secondsMax } = options;

  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { execArgv: ['--no-warnings'] });
      const assign = (): void => {
        const next = waiting.shift();
        worker.postMessage(
          next === undefined ? 'end' : ({ mutant: next.name, firstSeed, seedsMax, secondsMax } satisfies Hunt),
        );
      };
      worker.on('message', (caught: Catch) => {
        found.set(caught.mutant, caught);
        options.onCatch?.(caught);
        assign();
      });
      worker.on('error', reject);
      worker.on('exit', () => {
        resolve();
      });
      assign();
    });

  await Promise.all(Array.from({ length: options.jobs }, work));
  return options.mutants.map(({ name }) => {
    const caught = found.get(name);
    if (caught === undefined) throw new Error(`nobody looked for ${name}`);
    return caught;
  });
}
