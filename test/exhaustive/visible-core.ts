import { registerHooks } from 'node:module';

/** One place of the core, as it stands in the sources, and what stands there instead. */
export interface Patch {
  /** Below `src/core`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

const CORE = new URL('../../src/core/', import.meta.url).href;

/** What private names begin with in this build: nothing in the core does. */
export const VISIBLE = '__';

/**
 * From here on this thread loads the core with its private fields open (`#log` becomes `__log`), so that a state can be
 * compared as a whole, and with the patches of a mutant. Nothing else changes, and nothing of it is known to the sources.
 * It has to be called before the first import of the core, so whatever uses it imports the rest afterwards.
 */
export function openCore(patches: readonly Patch[]): void {
  for (const { file } of patches) if (file.startsWith('.')) throw new Error(`not below src/core: ${file}`);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (!url.startsWith(CORE)) return loaded;
      const source =
        typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array);
      return { ...loaded, source: openPrivates(applyPatches(patches, url.slice(CORE.length), source)) };
    },
  });
}

/** @throws Error if a patch does not fit: the sources have moved on, and the patch has to follow. */
export function applyPatches(patches: readonly Patch[], file: string, source: string): string {
  let patched = source;
  for (const patch of patches) {
    if (patch.file !== file) continue;
    const places = patched.split(patch.find).length - 1;
    if (places !== 1) throw new Error(`found ${places} times, not once, in src/core/${file}:\n${patch.find}`);
    patched = patched.replace(patch.find, () => patch.replace);
  }
  return patched;
}

/** The core writes `#` for private names only; a text that it says to people has none. */
export const openPrivates = (source: string): string => source.replace(/#(?=[a-zA-Z])/g, VISIBLE);
