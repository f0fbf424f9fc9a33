import type { InstallationOptions } from './installation.ts';
import type { RoundResult, Run } from './round.ts';
import { allKilled } from './rows/all-killed.ts';
import { apiAwayLeaderKilled } from './rows/api-away-leader-killed.ts';
import { apiKill } from './rows/api-kill.ts';
import { badInput } from './rows/bad-input.ts';
import { followerKill } from './rows/follower-kill.ts';
import { leaderKill } from './rows/leader-kill.ts';
import { leaderPause } from './rows/leader-pause.ts';
import { millionDue } from './rows/million-due.ts';
import { terminate } from './rows/terminate.ts';
import { twoOfThree } from './rows/two-of-three.ts';
import { undisturbed } from './rows/undisturbed.ts';
import { watchersLeaderKill } from './rows/watchers-leader-kill.ts';

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

/** The pause is what the fault is made of. */
const NO_LIMIT = { median: Infinity, worst: Infinity };

export const rows: Readonly<Record<string, Row>> = {
  undisturbed: {
    what: 'no fault, for comparison',
    rounds: 3,
    installation: {},
    pauseMsMax: NO_LIMIT,
    failures: 'none',
    round: undisturbed,
  },
  'leader-kill': {
    what: 'leader kill -9 under load through the proxy',
    rounds: 20,
    installation: {},
    pauseMsMax: { median: 300, worst: 1000 },
    failures: 'none',
    round: leaderKill,
  },
  'leader-pause': {
    what: 'leader SIGSTOP under load, continued later',
    rounds: 10,
    installation: {},
    pauseMsMax: { median: 2000, worst: 2000 },
    failures: 'none',
    round: leaderPause,
  },
  terminate: {
    what: 'SIGTERM of leader, follower and proxy in turn, with two proxies and a client that knows both',
    rounds: 10,
    installation: { proxies: 2 },
    pauseMsMax: { median: 200, worst: 200 },
    failures: 'none',
    round: terminate,
  },
  'follower-kill': {
    what: 'follower kill -9 under load',
    rounds: 10,
    installation: {},
    pauseMsMax: { median: 1000, worst: 1000 },
    failures: 'none',
    round: followerKill,
  },
  'api-kill': {
    what: 'Kubernetes API kill -9 and away under load',
    rounds: 1,
    installation: {},
    // Nothing is to be seen of it; this is what else happens on a machine.
    pauseMsMax: { median: 200, worst: 200 },
    failures: 'none',
    round: apiKill,
  },
  'api-away-leader-killed': {
    what: 'Kubernetes API away, then leader kill -9; the API back after 5 s',
    rounds: 5,
    installation: {},
    pauseMsMax: NO_LIMIT,
    failures: 'none',
    round: apiAwayLeaderKilled,
  },
  'two-of-three': {
    what: 'leader and a follower kill -9 at once, started again when writes are refused',
    rounds: 3,
    installation: {},
    pauseMsMax: NO_LIMIT,
    failures: 'some',
    round: twoOfThree,
  },
  'all-killed': {
    what: 'every replica kill -9 at once, started again',
    rounds: 3,
    installation: {},
    pauseMsMax: NO_LIMIT,
    failures: 'none',
    round: allKilled,
  },
  'bad-input': {
    what: 'nonsense, too much, too slow or nothing at all is sent; 500 writes/s beside it',
    rounds: 1,
    installation: {},
    pauseMsMax: { median: 1000, worst: 1000 },
    failures: 'none',
    round: badInput,
  },
  'million-due': {
    what: 'a million keys fall due in the same second, 300 reads/s and 300 writes/s beside it',
    rounds: 1,
    installation: { env: { KV_MEMORY_MAX: '3GiB' } },
    pauseMsMax: { median: 1000, worst: 1000 },
    failures: 'none',
    round: millionDue,
  },
  'watchers-leader-kill': {
    what: 'leader kill -9 with 10,000 watchers at it, who go on elsewhere; 2 writes/s to what they watch',
    rounds: 1,
    installation: {},
    pauseMsMax: NO_LIMIT,
    failures: 'none',
    round: watchersLeaderKill,
  },
};
