import { median } from '../../measure/measure.ts';
import type { Outcome } from '../load/plan.ts';
import { row, surroundingsText } from '../suites/markdown.ts';
import type { Surroundings } from '../suites/report.ts';

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

/** All that a run has shown: what is printed and kept as JSON. */
export interface RestartReport extends Surroundings {
  readonly keys: number;
  readonly ratePerS: number;
  /** How long a replica that was removed must be caught up before it is added again (R5), in milliseconds. */
  readonly readmitMs: number;
  readonly restarts: readonly Restart[];
}

export const GOALS = { inSyncMs: 3000, p99Ratio: 3 } as const;

/** The report as a page's section. */
export function restartMarkdownOf(report: RestartReport): string {
  const { keys, ratePerS, readmitMs, restarts } = report;
  const inSyncMs = median(restarts.map((restart) => restart.inSyncMs));
  const ratio = median(restarts.map(p99RatioOf));
  const reached = (isReached: boolean): string => (isReached ? 'yes' : '**no**');
  const load = `${keys.toLocaleString('en-US')} keys of 16 bytes with values of 64, ${ratePerS.toLocaleString('en-US')} writes/s at the leader.`;
  return [
    surroundingsText(report, `${load} ${readmitMs / 1000} s of being caught up are asked for (R5).`),
    '',
    '| | asked | median | reached |',
    '|---|---|---|---|',
    row([
      'in sync after',
      `≤ ${GOALS.inSyncMs / 1000} s`,
      `${seconds(inSyncMs)} s`,
      reached(inSyncMs <= GOALS.inSyncMs),
    ]),
    row([
      "the leader's p99 meanwhile",
      `≤ ${GOALS.p99Ratio} ×`,
      `${ratio.toFixed(1)} ×`,
      reached(ratio <= GOALS.p99Ratio),
    ]),
    '',
    '| round | caught up after s | in sync after s | p50 ms | p99 ms | longest ms | undisturbed: p50 ms | p99 ms | longest ms |',
    '|---|---|---|---|---|---|---|---|---|',
    ...restarts.map((restart, at) =>
      row([
        String(at + 1),
        seconds(restart.caughtUpMs),
        seconds(restart.inSyncMs),
        ...timesOf(restart.meanwhile),
        ...timesOf(restart.undisturbed),
      ]),
    ),
  ].join('\n');
}

/** Of the leader's writes, meanwhile and undisturbed. */
export function p99RatioOf({ meanwhile, undisturbed }: Restart): number {
  return meanwhile.p99Ms / undisturbed.p99Ms;
}

const timesOf = ({ p50Ms, p99Ms, maxMs }: Outcome): readonly string[] => [
  p50Ms.toFixed(1),
  p99Ms.toFixed(1),
  maxMs.toFixed(0),
];

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
