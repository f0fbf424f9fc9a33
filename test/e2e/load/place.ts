import type { Progress } from '../../chaos/load/order-taker.ts';

/** What the load's pod and whoever orders it agree on. */
export const LOAD_PORT = 8090;
export const HISTORY_FOLDER = '/histories';

export interface LoadProgress extends Progress {
  /** By the clock of the histories. */
  readonly nowUs: number;
  /** The longest that the load's own process was away: no pause can be told to be shorter. */
  readonly stallMsMax: number;
}
