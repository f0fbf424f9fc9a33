import { disturbances, type Disturbance, type DisturbanceName, type Goal } from './disturbances.ts';

/** What one round has shown. */
export interface Round {
  /** The longest stretch without an acknowledgement from the disturbance on. */
  readonly gapMs: number;
  /** When it began, counted from the disturbance. */
  readonly gapFromMs: number;
  /** From the disturbance until the group was whole again, and writes went on. */
  readonly lastedMs: number;
  /** How long the client itself was away. */
  readonly stallMs: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly lost: number;
}

/** All rounds of one contestant and one disturbance. */
export interface GapReport {
  readonly contestant: string;
  /** With its version. */
  readonly title: string;
  readonly disturbance: DisturbanceName;
  readonly rounds: readonly Round[];
}

/** What a run has seen. */
export interface GapsSeen {
  readonly ratePerS: number;
  readonly gaps: readonly GapReport[];
}

/** Whose goals these are. */
export const OURS = 'kvstore';

export interface GapVerdict {
  readonly disturbance: DisturbanceName;
  readonly goal: Goal;
  /** null: it was not measured. */
  readonly p99Ms: number | null;
  /** Of the gaps where nothing was done; null: they were not measured. */
  readonly undisturbedP99Ms: number | null;
  /** null: it cannot be told. */
  readonly isReached: boolean | null;
}

/** The least value that so many of all are not above; the largest, of fewer than a hundred, is their p99. */
export function percentileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function verdictsOf({ gaps }: GapsSeen): readonly GapVerdict[] {
  const p99Of = (name: DisturbanceName): number | null => {
    const report = gaps.find(({ contestant, disturbance }) => contestant === OURS && disturbance === name);
    return report === undefined ? null : percentileOf(gapsOf(report), 0.99);
  };
  const undisturbedP99Ms = p99Of('undisturbed');
  return Object.entries(disturbances).flatMap(([name, { goal }]: readonly [string, Disturbance]) => {
    if (goal === null) return [];
    const disturbance = name as DisturbanceName;
    const p99Ms = p99Of(disturbance);
    const mostMs =
      goal.kind === 'atMost' ? goal.ms : undisturbedP99Ms === null ? null : undisturbedP99Ms + goal.withinMs;
    const isReached = p99Ms === null || mostMs === null ? null : p99Ms <= mostMs;
    return [{ disturbance, goal, p99Ms, undisturbedP99Ms, isReached }];
  });
}

export const gapsOf = ({ rounds }: GapReport): readonly number[] => rounds.map(({ gapMs }) => gapMs);

/** Runs that were made one after the other, as one: rounds of the same are put together, in the order of the disturbances. */
export function joined(runs: readonly GapsSeen[]): GapsSeen {
  const rates = new Set(runs.map(({ ratePerS }) => ratePerS));
  const [ratePerS] = rates;
  if (ratePerS === undefined || rates.size > 1) throw new Error(`runs of ${rates.size} rates are not one`);
  const gaps = new Map<string, GapReport>();
  for (const report of runs.flatMap((one) => one.gaps)) {
    const key = `${report.disturbance}/${report.contestant}`;
    gaps.set(key, { ...report, rounds: [...(gaps.get(key)?.rounds ?? []), ...report.rounds] });
  }
  const rank = ({ disturbance }: GapReport): number => Object.keys(disturbances).indexOf(disturbance);
  return { ratePerS, gaps: [...gaps.values()].toSorted((a, b) => rank(a) - rank(b)) };
}

/** @throws if somebody has lost a write that was acknowledged */
export function checkNothingLost({ gaps }: GapsSeen): void {
  const losses = gaps.flatMap(({ contestant, disturbance, rounds }) => {
    const lost = rounds.reduce((sum, round) => sum + round.lost, 0);
    return lost === 0 ? [] : [`${contestant}, ${disturbance}: ${lost}`];
  });
  if (losses.length > 0) throw new Error(`acknowledged writes were lost: ${losses.join('; ')}`);
}
