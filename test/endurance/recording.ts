import type { MeasureId } from './measures.ts';

/** What one process was like at one time; a value is missing where it could not be had. */
export type Values = Readonly<Partial<Record<MeasureId, number>>>;

export interface Sample {
  /** Since the start of the run. */
  readonly atS: number;
  /** Of the installation as a whole. */
  readonly group: Values;
  /** By process; null: it did not run, or did not answer. */
  readonly processes: Readonly<Record<string, Values | null>>;
}

export interface Fault {
  readonly atS: number;
  readonly what: string;
}

/** A run, as it is kept: everything that the plot and the verdict are made of. */
export interface Recording {
  readonly startedAt: string;
  readonly release: string;
  readonly node: string;
  readonly processors: number;
  readonly durationS: number;
  /** What came before is not judged: tables fill up to their bounds, and code is compiled. */
  readonly warmUpS: number;
  readonly settings: Readonly<Record<string, string>>;
  /** Processes that run from the beginning to the end: only they can be judged. */
  readonly kept: readonly string[];
  readonly faults: readonly Fault[];
  readonly samples: readonly Sample[];
  readonly load: LoadSummary;
}

export interface LoadSummary {
  readonly requests: number;
  /** Answered as the store promises. */
  readonly answered: number;
  /** By the code of the error, or by how the connection ended. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers, and contents of replicas in the end, that the writes before do not explain; the first of them, in words. */
  readonly wrong: readonly string[];
  readonly connections: number;
}
