import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** esbuild writes it before what it took from each file. */
const ORIGIN = /^\/\/ ((?:src|node_modules)\/\S+)$/;

/** Which file, relative to the checkout, each line of the bundles comes from. */
export class Sources {
  /** By the bundle's URL: for each of its lines. */
  readonly #origins = new Map<string, readonly (string | null)[]>();

  /** Of a line that counts from 0, as V8's do; null: of no file that is known. */
  at(url: string, line: number): string | null {
    let origins = this.#origins.get(url);
    if (origins === undefined) {
      const file = url.startsWith('file:') ? fileURLToPath(url) : null;
      origins = file !== null && existsSync(file) ? originsIn(readFileSync(file, 'utf8')) : [];
      this.#origins.set(url, origins);
    }
    return origins[line] ?? null;
  }
}

export function originsIn(bundle: string): readonly (string | null)[] {
  let origin: string | null = null;
  return bundle.split('\n').map((line) => (origin = ORIGIN.exec(line)?.[1] ?? origin));
}
