import {
  QUIET_SHARE_MAX,
  type GoalReport,
  type LaneReport,
  type Report,
  type Spread,
  type SuiteReport,
  type Surroundings,
} from './report.ts';
import { median } from '../../measure/measure.ts';
import type { Outcome } from '../load/plan.ts';

/** The report as a page's section: on what machine, which goals, and a table for each suite. */
export function markdownOf(report: Report): string {
  return [
    surroundingsText(report, `${report.rounds} rounds of ${report.seconds} s each.`),
    '',
    '### Goals',
    '',
    ...goalsTable(report.suites),
    ...report.suites.flatMap((suite) => [
      '',
      `### ${suite.name}`,
      '',
      `${sentence(suite.what)} In ${suite.unit}.`,
      '',
      ...table(suite),
    ]),
  ].join('\n');
}

/** When, of what, where; and how much others did there, after what else there is to say. */
export function surroundingsText({ startedAt, release, machine }: Surroundings, what: string): string {
  const { processors, model, memoryGiB, system, node, busyShare } = machine;
  const noise = busyShare > QUIET_SHARE_MAX ? ' **That is too much: the figures are worth nothing.**' : '';
  return [
    `${startedAt.slice(0, 10)}, release ${release}, Node ${node}, ${system}, ${processors} × ${model}, ${memoryGiB} GiB.`,
    `${what} What others used of the processors while none of the servers ran: ${percent(busyShare)}.${noise}`,
  ].join('\n');
}

function goalsTable(suites: readonly SuiteReport[]): readonly string[] {
  const rows = suites.flatMap(({ name, goals }) => goals.map((goal) => goalRow(name, goal)));
  return ['| suite | of | beside | asked | ratio | reached |', '|---|---|---|---|---|---|', ...rows];
}

function goalRow(suite: string, { of, beside, bound, ratio, isReached }: GoalReport): string {
  const asked = bound === null ? '' : 'atLeast' in bound ? `≥ ${number(bound.atLeast)}` : `≤ ${number(bound.atMost)}`;
  const reached = isReached === null ? (ratio === null ? 'not measured' : '') : isReached ? 'yes' : '**no**';
  return row([suite, of, beside, asked, ratio === null ? '' : number(ratio), reached]);
}

function table({ lanes }: SuiteReport): readonly string[] {
  return [
    '| | median | min–max | requests/s | p50 ms | p99 ms | p99.9 ms | generator µs | |',
    '|---|---|---|---|---|---|---|---|---|',
    ...lanes.map(laneRow),
  ];
}

function laneRow({ name, contestant, outcomes, figure }: LaneReport): string {
  if (figure === null) return row([name, '', '', '', '', '', '', '', `skipped: ${contestant}`]);
  const of = (pick: (outcome: Outcome) => number): string => number(median(outcomes.map(pick)));
  const rate = of(({ requests, seconds }) => requests / seconds);
  const times = [of(({ p50Ms }) => p50Ms), of(({ p99Ms }) => p99Ms), of(({ p999Ms }) => p999Ms)];
  return row([
    name,
    number(figure.median),
    range(figure),
    rate,
    ...times,
    of(({ generatorUs }) => generatorUs),
    contestant,
  ]);
}

/** Of a table. */
export const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

const range = ({ min, max }: Spread): string => `${number(min)}–${number(max)}`;

const percent = (share: number): string => `${Math.round(100 * share)} %`;

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Three digits, or all before the point. */
export function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
