import type { Aim } from './aims.ts';

/** One place of the core, as it stands in the sources, and what stands there in the mutant. */
export interface Patch {
  /** Below `src/core`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** The core with one clause taken out. */
export interface Mutant {
  /** Unique, in kebab-case. */
  readonly name: string;
  readonly rule: `R${number}`;
  /** The clause, as `replication.md` words it: what this mutant does without. */
  readonly without: string;
  readonly patches: readonly Patch[];
  /** The schedules in which its absence shows. */
  readonly aim: Aim;
}

/** @throws Error if a patch does not fit: the sources have moved on, and the mutant has to follow. */
export function applyPatches(mutant: Mutant, file: string, source: string): string {
  let patched = source;
  for (const patch of mutant.patches) {
    if (patch.file !== file) continue;
    const places = patched.split(patch.find).length - 1;
    if (places !== 1)
      throw new Error(`${mutant.name}: found ${places} times, not once, in src/core/${file}:\n${patch.find}`);
    patched = patched.replace(patch.find, () => patch.replace);
  }
  return patched;
}
