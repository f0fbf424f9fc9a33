import { row, surroundingsText } from '../suites/markdown.ts';
import { disturbances, type Disturbance } from './disturbances.ts';
import { gapsOf, percentileOf, verdictsOf, type GapReport, type GapsReport, type GapVerdict } from './gap-report.ts';

/** The report as a page's section: what was done, the goals, and everybody's gaps. */
export function gapMarkdownOf(report: GapsReport): string {
  return [
    surroundingsText(report, `${report.ratePerS} writes/s.`),
    '',
    '| disturbance | of p99 is asked | p99 ms | reached |',
    '|---|---|---|---|',
    ...verdictsOf(report).map(verdictRow),
    '',
    '| disturbance | | rounds | p50 ms | p99 ms | longest ms | whole again after, p50 | client away ms | attempts that failed | lost |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...report.gaps.map(gapRow),
    '',
    ...Object.entries(disturbances).map(
      ([name, { what }]: readonly [string, Disturbance]) => `- \`${name}\`: ${what}.`,
    ),
  ].join('\n');
}

function verdictRow({ disturbance, goal, p99Ms, undisturbedP99Ms, isReached }: GapVerdict): string {
  const undisturbed = undisturbedP99Ms === null ? '' : ` (${number(undisturbedP99Ms)})`;
  const asked = goal.kind === 'atMost' ? `≤ ${goal.ms}` : `as undisturbed${undisturbed}, within ${goal.withinMs}`;
  const reached = isReached === null ? 'not measured' : isReached ? 'yes' : '**no**';
  return row([disturbance, asked, p99Ms === null ? '' : number(p99Ms), reached]);
}

function gapRow(report: GapReport): string {
  const { disturbance, title, rounds } = report;
  const gaps = gapsOf(report);
  const sum = (values: readonly number[]): string => String(values.reduce((all, value) => all + value, 0));
  return row([
    disturbance,
    title,
    String(rounds.length),
    ...[0.5, 0.99, 1].map((share) => number(percentileOf(gaps, share))),
    `${(
      percentileOf(
        rounds.map(({ lastedMs }) => lastedMs),
        0.5,
      ) / 1000
    ).toFixed(1)} s`,
    number(Math.max(...rounds.map(({ stallMs }) => stallMs))),
    sum(rounds.map(({ failed }) => failed)),
    sum(rounds.map(({ lost }) => lost)),
  ]);
}

const number = (ms: number): string => Math.round(ms).toLocaleString('en-US');
