import { boundText, number, reachedText, table } from '../command/markdown.ts';
import { textOf, type Taken } from '../command/taken.ts';
import { disturbances, type Disturbance } from './disturbances.ts';
import { gapsOf, percentileOf, verdictsOf, type GapReport, type GapsSeen, type GapVerdict } from './gap-report.ts';

/** The report as a page's section: what was done, the goals, and everybody's gaps. */
export function gapMarkdownOf(report: Taken & GapsSeen): string {
  return [
    textOf(report, `${number(report.ratePerS)} writes/s.`),
    '',
    ...table({
      head: ['disturbance', 'of p99 is asked', 'p99 ms', 'reached'],
      rows: verdictsOf(report).map(verdictRow),
    }),
    '',
    ...table({
      head: [
        'disturbance',
        '',
        'rounds',
        'p50 ms',
        'p99 ms',
        'longest ms',
        'whole again after s, p50',
        'client away ms',
        'attempts that failed',
        'lost',
      ],
      rows: report.gaps.map(gapRow),
    }),
    '',
    ...Object.entries(disturbances).map(
      ([name, { what }]: readonly [string, Disturbance]) => `- \`${name}\`: ${what}.`,
    ),
  ].join('\n');
}

function verdictRow({ disturbance, goal, p99Ms, undisturbedP99Ms, isReached }: GapVerdict): readonly string[] {
  const undisturbed = undisturbedP99Ms === null ? '' : ` (${number(undisturbedP99Ms)})`;
  const asked =
    goal.kind === 'atMost' ? boundText({ atMost: goal.ms }) : `as undisturbed${undisturbed}, within ${goal.withinMs}`;
  const reached = isReached === null ? 'not measured' : reachedText(isReached);
  return [disturbance, asked, p99Ms === null ? '' : number(p99Ms), reached];
}

function gapRow(report: GapReport): readonly string[] {
  const { disturbance, title, rounds } = report;
  const gaps = gapsOf(report);
  const lastedMs = rounds.map((round) => round.lastedMs);
  const sum = (values: readonly number[]): string => number(values.reduce((all, value) => all + value, 0));
  return [
    disturbance,
    title,
    number(rounds.length),
    ...[0.5, 0.99, 1].map((share) => number(percentileOf(gaps, share))),
    number(percentileOf(lastedMs, 0.5) / 1000),
    number(Math.max(...rounds.map(({ stallMs }) => stallMs))),
    sum(rounds.map(({ failed }) => failed)),
    sum(rounds.map(({ lost }) => lost)),
  ];
}
