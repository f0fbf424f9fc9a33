import { cpus, release, totalmem, type as system } from 'node:os';
import { median } from '../../measure/measure.ts';
import type { Outcome } from '../load/plan.ts';
import { figures, type Goal, type Suite } from './suite.ts';

/** When, of what and where figures are. */
export interface Surroundings {
  readonly startedAt: string;
  readonly release: string;
  readonly machine: Machine;
}

/** All that a run has shown: what is printed, drawn and kept as JSON. */
export interface Report extends Surroundings {
  readonly rounds: number;
  readonly seconds: number;
  readonly suites: readonly SuiteReport[];
}

/** Of all processors; where others use more the figures are theirs as much as ours. */
export const QUIET_SHARE_MAX = 0.1;

export interface Machine {
  readonly processors: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Share of all processors that others used, while none of our servers ran: the larger of before and after. */
  readonly busyShare: number;
}

export interface SuiteReport {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly lanes: readonly LaneReport[];
  readonly goals: readonly GoalReport[];
}

export interface LaneReport {
  readonly name: string;
  /** Title and version; why it did not take part, if it has no outcomes. */
  readonly contestant: string;
  /** One for each round. */
  readonly outcomes: readonly Outcome[];
  /** The suite's figure; null: it did not take part. */
  readonly figure: Spread | null;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface GoalReport {
  readonly of: string;
  readonly beside: string;
  readonly bound: Goal['bound'];
  /** Of the medians; null: one of them did not take part. */
  readonly ratio: number | null;
  /** null: nothing is asked of it, or there is no ratio. */
  readonly isReached: boolean | null;
}

export interface Seen {
  /** Title and version, or why it did not take part. */
  readonly contestant: string;
  readonly outcomes: readonly Outcome[];
}

export function suiteReport(name: string, suite: Suite, seen: ReadonlyMap<string, Seen>): SuiteReport {
  const figure = figures[suite.figure];
  const lanes = Object.entries(suite.lanes).map(([lane, options]): LaneReport => {
    const { contestant, outcomes } = seen.get(lane) ?? { contestant: 'not asked for', outcomes: [] };
    return {
      name: lane,
      contestant,
      outcomes,
      figure: spreadOf(outcomes.map((outcome) => figure.of(outcome, options))),
    };
  });
  const medianOf = (lane: string): number | null => lanes.find((one) => one.name === lane)?.figure?.median ?? null;
  const goals = suite.goals.map(({ of, beside, bound }): GoalReport => {
    const [above, below] = [medianOf(of), medianOf(beside)];
    const ratio = above === null || below === null ? null : above / below;
    return { of, beside, bound, ratio, isReached: bound === null || ratio === null ? null : isWithin(bound, ratio) };
  });
  return { name, what: suite.what, unit: figure.unit, lanes, goals };
}

export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function machineNow(busyShare: number): Machine {
  const all = cpus();
  return {
    processors: all.length,
    model: all[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${system()} ${release()}`,
    node: process.version,
    busyShare,
  };
}

function isWithin(bound: NonNullable<Goal['bound']>, ratio: number): boolean {
  return 'atLeast' in bound ? ratio >= bound.atLeast : ratio <= bound.atMost;
}
