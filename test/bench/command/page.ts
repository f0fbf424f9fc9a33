import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withSection } from '../../endurance/page.ts';

export const root = resolve(import.meta.dirname, '../../..');
const PAGE = join(root, 'docs/performance.md');

/** Between them stand the newest figures of a benchmark in docs/performance.md. */
export function markersOf(benchmark: string): { readonly begin: string; readonly end: string } {
  return {
    begin: `<!-- of the newest run: written by npm run bench -- ${benchmark} --write -->`,
    end: '<!-- end of the newest run -->',
  };
}

/** In the place of what the run before showed. */
export function putIntoPage(benchmark: string, section: string): void {
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), markersOf(benchmark), section));
}
