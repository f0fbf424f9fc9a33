import type { OpenEndedPlan } from './plan.ts';
import type { Requests } from './requests.ts';
import type { Tally } from './tally.ts';

export interface LoadOptions {
  readonly plan: OpenEndedPlan;
  readonly requests: Requests;
  readonly tally: Tally;
  readonly onFailure: (reason: string) => void;
}

/** The phases of a run, in their order; it fills, or it starts. */
export interface Load {
  /** Resolves when every connection stands. */
  open(): Promise<void>;
  /** Resolves when every key is written. */
  fill(): Promise<void>;
  /** At the plan's pace. */
  start(): void;
  /** No further requests; resolves when those that are under way are answered, and everything is closed. */
  stop(): Promise<void>;
}
