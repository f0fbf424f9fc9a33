import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ResultsProcess } from '../jest/results-process.ts';
import { Lab } from './powers/lab.ts';
import type { RowResult } from './report.ts';
import { rows } from './rows.ts';

/** For the lab to start and the images to be built, where they are built for the first time. */
const START_WITHIN_MS = 300_000;
const ROW_WITHIN_MS = 300_000;
/** Whether it works is asked here, on whatever machine; how long it takes exactly, by `npm run e2e -- --full`. */
const PAUSE_TOLERANCE = 5;
/** Each row once, with short outages. It takes the lab down itself. */
function startRows(): ResultsProcess<RowResult> {
  const options = ['--lines', '--tolerance', String(PAUSE_TOLERANCE)];
  return new ResultsProcess(join(import.meta.dirname, 'main.ts'), options);
}

const lab = Lab.find('kvstore-e2e');
if ('skip' in lab) {
  test.skip(`in a real cluster: ${lab.skip}`, () => {});
} else {
  describe('in a real cluster of three nodes, under load', () => {
    let e2e: ResultsProcess<RowResult>;

    beforeAll(() => {
      e2e = startRows();
    });

    afterAll(() => e2e.end(), START_WITHIN_MS);

    test.each(rows.map((row) => [row.name, row.what, row] as const))(
      '%s: %s',
      async (name) => {
        const result = await e2e.result(name, ({ row }) => row === name);
        if (result.kind === 'skipped') throw new Error(`skipped: ${result.reason}`);
        expect(result.shortcomings).toEqual([]);
        expect(result.rounds).not.toHaveLength(0);
      },
      START_WITHIN_MS + ROW_WITHIN_MS,
    );
  });
}
