import { median } from '../../measure/measure.ts';
import { boundText, number, reachedText, table } from '../command/markdown.ts';
import { textOf } from '../command/taken.ts';
import type { Outcome } from '../load/plan.ts';
import type { GoalReport, LaneReport, Report, Spread, SuiteReport } from './report.ts';

/** The report as a page's section: on what machine, which goals, and a table for each suite. */
export function markdownOf(report: Report): string {
  return [
    textOf(report, `${report.rounds} rounds of ${report.seconds} s each.`),
    '',
    '### Goals',
    '',
    ...table({
      head: ['suite', 'of', 'beside', 'asked', 'ratio', 'reached'],
      rows: report.suites.flatMap(({ name, goals }) => goals.map((goal) => goalRow(name, goal))),
    }),
    ...report.suites.flatMap((suite) => [
      '',
      `### ${suite.name}`,
      '',
      `${sentence(suite.what)} In ${suite.unit}.`,
      '',
      ...lanesTable(suite),
    ]),
  ].join('\n');
}

function goalRow(suite: string, { of, beside, bound, ratio, isReached }: GoalReport): readonly string[] {
  const reached = isReached === null ? (ratio === null ? 'not measured' : '') : reachedText(isReached);
  return [suite, of, beside, bound === null ? '' : boundText(bound), ratio === null ? '' : number(ratio), reached];
}

function lanesTable({ lanes }: SuiteReport): readonly string[] {
  return table({
    head: ['', 'median', 'min–max', 'requests/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'generator µs', ''],
    rows: lanes.map(laneRow),
  });
}

function laneRow({ name, contestant, outcomes, figure }: LaneReport): readonly string[] {
  if (figure === null) return [name, '', '', '', '', '', '', '', `skipped: ${contestant}`];
  const of = (pick: (outcome: Outcome) => number): string => number(median(outcomes.map(pick)));
  const rate = of(({ requests, seconds }) => requests / seconds);
  const times = [of(({ p50Ms }) => p50Ms), of(({ p99Ms }) => p99Ms), of(({ p999Ms }) => p999Ms)];
  return [name, number(figure.median), range(figure), rate, ...times, of(({ generatorUs }) => generatorUs), contestant];
}

const range = ({ min, max }: Spread): string => `${number(min)}–${number(max)}`;

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
