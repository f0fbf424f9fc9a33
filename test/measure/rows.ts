import type { InstallationOptions } from './installation.ts';
import type { RoundResult, Run } from './round.ts';
import { leaderKill } from './rows/leader-kill.ts';

/** One of the things that must be seen: what is done in a round, and what is required of all of them. */
export interface Row {
  readonly what: string;
  readonly rounds: number;
  readonly installation: InstallationOptions;
  readonly pauseMsMax: { readonly median: number; readonly worst: number };
  /** How many requests may fail. */
  readonly failures: 'none' | 'some';
  readonly round: (run: Run) => Promise<RoundResult>;
}

export const rows: Readonly<Record<string, Row>> = {
  'leader-kill': {
    what: 'leader kill -9 under load through the proxy',
    rounds: 20,
    installation: {},
    pauseMsMax: { median: 300, worst: 1000 },
    failures: 'none',
    round: leaderKill,
  },
};
