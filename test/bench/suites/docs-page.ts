import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withSection } from '../../endurance/page.ts';
import { QUIET_SHARE_MAX, type Machine } from './report.ts';

const PAGE = join(resolve(import.meta.dirname, '../../..'), 'docs/performance.md');

/** Between two of them stand the newest figures of a benchmark in docs/performance.md. */
export const MARKERS = {
  goals: {
    begin: '<!-- of the newest run: written by npm run bench -- goals --write -->',
    end: '<!-- end of the newest run -->',
  },
  'write-gap': {
    begin: '<!-- of the newest run: written by npm run bench -- write-gap --write -->',
    end: '<!-- end of the newest run of write-gap -->',
  },
  restart: {
    begin: '<!-- of the newest run: written by npm run bench -- restart --write -->',
    end: '<!-- end of the newest run of restart -->',
  },
} as const;

/** Puts figures into the page, in the place of those before; says why not, if not: those of a busy machine do not take the place of better ones. */
export function writeFigures(of: keyof typeof MARKERS, machine: Machine, text: string): 'written' | 'refused' {
  if (machine.busyShare > QUIET_SHARE_MAX) {
    console.error(`not written: others used ${Math.round(100 * machine.busyShare)} % of the processors`);
    return 'refused';
  }
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), MARKERS[of], text));
  return 'written';
}
