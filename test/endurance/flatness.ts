import { MEASURES, type Measure } from './measures.ts';
import type { Recording } from './recording.ts';

export interface Point {
  readonly atS: number;
  readonly value: number;
}

export interface Verdict {
  readonly measure: Measure;
  /** null: of the installation as a whole. */
  readonly process: string | null;
  readonly median: number;
  /** By the trend, from the end of the warm-up to the end of the run. */
  readonly growth: number;
  readonly growthMax: number;
  readonly isFlat: boolean;
}

/** With fewer nothing can be said of a trend. */
const POINTS_MIN = 8;

/** Of every judged measure of everything that ran all the time. A fall is never a leak. */
export function judge(recording: Recording): readonly Verdict[] {
  const { kept, warmUpS, durationS } = recording;
  const verdicts: Verdict[] = [];
  for (const measure of MEASURES) {
    const { growthMax: allowed } = measure;
    if (allowed === null) continue;
    for (const process of [null, ...kept]) {
      const all = pointsOf(recording, measure, process);
      const points = leastOf(all, measure.leastOfS ?? 0).filter(({ atS }) => atS >= warmUpS);
      if (points.length < POINTS_MIN) continue;
      const middle = medianOf(points.map(({ value }) => value));
      const growth = trendOf(points) * (durationS - warmUpS);
      const growthMax = Math.max(allowed.share * middle, allowed.atLeast);
      verdicts.push({ measure, process, median: middle, growth, growthMax, isFlat: growth <= growthMax });
    }
  }
  return verdicts;
}

/** The values that there are. */
export function pointsOf(recording: Recording, measure: Measure, process: string | null): readonly Point[] {
  const points: Point[] = [];
  for (const { atS, group, processes } of recording.samples) {
    const value = (process === null ? group : processes[process])?.[measure.id];
    if (typeof value === 'number') points.push({ atS, value });
  }
  return points;
}

/** For each point the least of those of the last `windowS` seconds. */
export function leastOf(points: readonly Point[], windowS: number): readonly Point[] {
  return points.map(({ atS }) => {
    const lately = points.filter((other) => other.atS <= atS && other.atS >= atS - windowS);
    return { atS, value: Math.min(...lately.map(({ value }) => value)) };
  });
}

/**
 * The slope per second by Theil and Sen: the median of the slopes between any two points. Up to 29 % of the points may
 * be anything at all (a collection that was late, a process that stood still) without moving it far.
 */
export function trendOf(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [place, to] of points.entries()) {
    for (const from of points.slice(0, place)) {
      if (to.atS !== from.atS) slopes.push((to.value - from.value) / (to.atS - from.atS));
    }
  }
  return slopes.length === 0 ? 0 : medianOf(slopes);
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? NaN) + upper) / 2 : upper;
}
