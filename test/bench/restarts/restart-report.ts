import { median } from '../../measure/measure.ts';
import { goalsTable, number, table } from '../command/markdown.ts';
import { textOf, type Taken } from '../command/taken.ts';
import type { Outcome } from '../load/plan.ts';

/** A follower that was killed and started again. Times count from the start of its process. */
export interface Restart {
  /** Until it has all of the data, and follows. */
  readonly caughtUpMs: number;
  /** Until it is a member of the in-sync set again. */
  readonly inSyncMs: number;
  /** Of the writes at the leader that were due before, while nothing was done. */
  readonly undisturbed: Outcome;
  /** Of those that were due from the kill until it was in sync again. */
  readonly meanwhile: Outcome;
}

/** What is asked for. */
export interface RestartsAsked {
  readonly rounds: number;
  readonly keys: number;
  readonly ratePerS: number;
  /** How long a replica that was removed must be caught up before it is added again (R5), in milliseconds. */
  readonly readmitMs: number;
}

/** What a run has seen. */
export interface RestartsSeen extends RestartsAsked {
  readonly restarts: readonly Restart[];
}

/** The report as a page's section. */
export function restartMarkdownOf(report: Taken & RestartsSeen): string {
  const { keys, ratePerS, readmitMs, restarts } = report;
  const load = `${number(keys)} keys of 16 bytes with values of 64, ${number(ratePerS)} writes/s at the leader.`;
  return [
    textOf(report, `${load} ${readmitMs / 1000} s of being caught up are asked for (R5).`),
    '',
    ...goalsTable([
      {
        what: 'in sync after, median',
        bound: { atMost: 3 },
        value: median(restarts.map(({ inSyncMs }) => inSyncMs)) / 1000,
        unit: 's',
      },
      {
        what: "the leader's p99 meanwhile, of that undisturbed, median",
        bound: { atMost: 3 },
        value: median(restarts.map(({ meanwhile, undisturbed }) => meanwhile.p99Ms / undisturbed.p99Ms)),
        unit: '',
      },
    ]),
    '',
    ...table({
      head: [
        'round',
        'caught up after s',
        'in sync after s',
        'p50 ms',
        'p99 ms',
        'longest ms',
        'undisturbed: p50 ms',
        'p99 ms',
        'longest ms',
      ],
      rows: restarts.map(({ caughtUpMs, inSyncMs, meanwhile, undisturbed }, at) =>
        [at + 1, caughtUpMs / 1000, inSyncMs / 1000, ...timesOf(meanwhile), ...timesOf(undisturbed)].map(number),
      ),
    }),
  ].join('\n');
}

const timesOf = ({ p50Ms, p99Ms, maxMs }: Outcome): readonly number[] => [p50Ms, p99Ms, maxMs];
