import type { Bound } from '../command/markdown.ts';
import type { Role } from '../contestants/contestant.ts';
import type { DialectName } from '../load/dialects.ts';
import type { Outcome, Pace } from '../load/plan.ts';

/** Contestants beside each other under the same load, and what is asked of the ratio of two of them. */
export interface Suite {
  readonly what: string;
  readonly figure: FigureName;
  /** By the name that tables give them; they run in this order, round after round. */
  readonly lanes: Readonly<Record<string, Lane>>;
  readonly goals: readonly Goal[];
}

/** One contestant under one load. */
export interface Lane {
  /** By its name in the table of contestants. */
  readonly contestant: string;
  readonly at: Role;
  readonly dialect: DialectName;
  /** 0: writes only; 1: reads only. */
  readonly getShare: number;
  /** @default 64 */
  readonly connections?: number;
  /** @default 64 */
  readonly valueBytes?: number;
  /** @default as many as {@link keysOf} says */
  readonly keys?: number;
  /** @default a closed loop */
  readonly pace?: Pace;
}

/** The figure of a lane, divided by that of another; null: the ratio is shown, and nothing is asked of it. */
export interface Goal {
  readonly of: string;
  readonly beside: string;
  readonly bound: Bound | null;
}

export interface Figure {
  readonly unit: string;
  of(outcome: Outcome, lane: Lane): number;
}

export const figures = {
  operations: { unit: 'keys/s', of: ({ operations, seconds }) => operations / seconds },
  bytes: {
    unit: 'MB/s',
    of: ({ operations, seconds }, { valueBytes = VALUE_BYTES }) => (operations * valueBytes) / seconds / 1e6,
  },
  p99: { unit: 'ms at p99', of: ({ p99Ms }) => p99Ms },
  generator: { unit: 'µs of the generator for each request', of: ({ generatorUs }) => generatorUs },
} as const satisfies Readonly<Record<string, Figure>>;

export type FigureName = keyof typeof figures;

export const CONNECTIONS = 64;
export const VALUE_BYTES = 64;
const KEYS = 10_000;
/** Of all values together: their older versions and the log take several times as much. */
const VALUES_BYTES_MAX = 16 * 1024 ** 2;

export function keysOf({ keys, valueBytes = VALUE_BYTES }: Lane): number {
  return keys ?? Math.min(KEYS, Math.floor(VALUES_BYTES_MAX / valueBytes));
}
