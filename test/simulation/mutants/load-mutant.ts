import { registerHooks } from 'node:module';
import type { MakeGroup } from '../inspection.ts';
import { applyPatches, type Mutant } from './mutant.ts';

const CORE = new URL('../../../src/core/', import.meta.url).href;
const REAL_GROUP = new URL('../real-group.ts', import.meta.url).href;

const mutants = new Map<string, Mutant>();
let isHooked = false;

/**
 * The real core with a mutant's patches, beside the unmutated one in the same process: its modules have addresses of
 * their own (`?mutant=NAME`), and are patched while they are loaded. Nothing of it is known to the sources.
 */
export async function loadMutant(mutant: Mutant): Promise<MakeGroup> {
  mutants.set(mutant.name, mutant);
  if (!isHooked) hook();
  const { makeRealGroup } = (await import(`${REAL_GROUP}?mutant=${mutant.name}`)) as { makeRealGroup: MakeGroup };
  return makeRealGroup;
}

function hook(): void {
  isHooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const name = mutantOf(context.parentURL ?? '');
      if (name === null || mutantOf(resolved.url) !== null || !resolved.url.startsWith(CORE)) return resolved;
      return { ...resolved, url: `${resolved.url}?mutant=${name}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const mutant = mutants.get(mutantOf(url) ?? '');
      if (mutant === undefined || !url.startsWith(CORE)) return loaded;
      const file = url.slice(CORE.length, url.indexOf('?'));
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: applyPatches(mutant, file, source) };
    },
  });
}

const mutantOf = (url: string): string | null => /\?mutant=(.+)$/.exec(url)?.[1] ?? null;
