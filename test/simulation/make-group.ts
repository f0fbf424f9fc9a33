import type { MakeGroup } from './inspection.ts';
import { mutants } from './mutants/list.ts';
import { loadMutant } from './mutants/load-mutant.ts';
import { makeRealGroup } from './real-group.ts';

/** The real core, or the mutant of that name. */
export async function makeGroupOf(name: string | null): Promise<MakeGroup> {
  if (name === null) return makeRealGroup;
  const mutant = mutants.find((other) => other.name === name);
  if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
  return loadMutant(mutant);
}
