import { parentPort } from 'node:worker_threads';
import { makeRealGroup } from '../real-group.ts';
import type { SeedReport } from '../run-seed.ts';
import { trialOf } from './aims.ts';
import { mutants } from './list.ts';
import { loadMutant } from './load-mutant.ts';

/** Looks for one mutant, from `firstSeed` on. */
export interface Hunt {
  readonly mutant: string;
  readonly firstSeed: number;
  readonly seedsMax: number;
  readonly secondsMax: number;
}

export interface Catch {
  readonly mutant: string;
  /** Seeds that it took; all of those that were allowed if it lives. */
  readonly tries: number;
  readonly cpuSeconds: number;
  /** null: it lives. */
  readonly killedBy: { readonly seed: number; readonly invariant: string; readonly message: string } | null;
  /** What the unmutated core shows in the schedule that killed: it must show nothing. */
  readonly unmutated: string | null;
}

const port = parentPort;
port?.on('message', (hunt: Hunt | 'end') => {
  if (hunt === 'end') port.close();
  else void pursue(hunt).then((found) => port.postMessage(found));
});

async function pursue(hunt: Hunt): Promise<Catch> {
  const mutant = mutants.find(({ name }) => name === hunt.mutant);
  if (mutant === undefined) throw new Error(`there is no mutant ${hunt.mutant}`);
  const makeGroup = await loadMutant(mutant);
  const trial = trialOf(mutant.aim);
  const before = process.threadCpuUsage();
  const cpuSeconds = (): number => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1e6;
  };
  for (let tries = 1; ; tries += 1) {
    const seed = hunt.firstSeed + tries - 1;
    const { violation } = trial(seed, makeGroup);
    if (violation !== null) {
      const unmutated = describe(trial(seed, makeRealGroup));
      const killedBy = { seed, invariant: violation.invariant, message: violation.message };
      return { mutant: hunt.mutant, tries, cpuSeconds: cpuSeconds(), killedBy, unmutated };
    }
    if (tries >= hunt.seedsMax || cpuSeconds() >= hunt.secondsMax)
      return { mutant: hunt.mutant, tries, cpuSeconds: cpuSeconds(), killedBy: null, unmutated: null };
  }
}

function describe({ violation }: SeedReport): string | null {
  return violation === null ? null : `${violation.invariant}: ${violation.message}`;
}
