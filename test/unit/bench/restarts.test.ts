import { expect, test } from '@jest/globals';
import type { Taken } from '../../bench/command/taken.ts';
import { restartMarkdownOf, type Restart, type RestartsSeen } from '../../bench/restarts/restart-report.ts';
import { outcomeOf, REPORT } from './reports.ts';

const restartOf = (inSyncMs: number, meanwhilePerS: number): Restart => ({
  caughtUpMs: inSyncMs - 500,
  inSyncMs,
  undisturbed: outcomeOf(1000),
  meanwhile: outcomeOf(meanwhilePerS),
});

test('a restart is judged by medians: of the time, and of the ratio of the p99s', () => {
  const { startedAt, release, machine } = REPORT;
  const report: Taken & RestartsSeen = {
    startedAt,
    release,
    machine,
    rounds: 3,
    keys: 1_000_000,
    ratePerS: 5000,
    readmitMs: 2000,
    restarts: [restartOf(2500, 500), restartOf(2900, 250), restartOf(9000, 200)],
  };
  expect(restartMarkdownOf(report)).toBe(`2026-11-29, release 0.1.0, Node v24, Linux 6, 2 × fast, 8 GiB.
1,000,000 keys of 16 bytes with values of 64, 5,000 writes/s at the leader. 2 s of being caught up are asked for (R5). What others used of the processors while none of the servers ran: 4 %.

| goal | asked | seen | reached |
|---|---|---|---|
| in sync after, median | ≤ 3 s | 2.9 s | yes |
| the leader's p99 meanwhile, of that undisturbed, median | ≤ 3 | 4 | **no** |

| round | caught up after s | in sync after s | p50 ms | p99 ms | longest ms | undisturbed: p50 ms | p99 ms | longest ms |
|---|---|---|---|---|---|---|---|---|
| 1 | 2 | 2.5 | 1 | 2 | 40 | 1 | 1 | 40 |
| 2 | 2.4 | 2.9 | 1 | 4 | 40 | 1 | 1 | 40 |
| 3 | 8.5 | 9 | 1 | 5 | 40 | 1 | 1 | 40 |`);
});
