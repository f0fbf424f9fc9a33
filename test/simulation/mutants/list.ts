import { clientMutants } from './clients.ts';
import { leadershipMutants } from './leadership.ts';
import type { Mutant } from './mutant.ts';
import { recordMutants } from './record.ts';
import { replicationMutants } from './replication.ts';

/** Every clause of R1 to R15 that can be taken out. */
export const mutants: readonly Mutant[] = [
  ...recordMutants,
  ...replicationMutants,
  ...leadershipMutants,
  ...clientMutants,
];

/**
 * Those that no schedule kills reliably within the time of a test run, with what is known of each. `--elusive` hunts them;
 * docs/simulation.md lists them as open.
 */
export const elusive: Readonly<Record<string, string>> = {
  'follower-ignores-the-epoch': 'a follower hears one connection only, and opens another for another epoch',
  'leader-ignores-the-epoch': 'a leader closes the connections of the epoch before',
  'lineage-not-compared': 'less than one seed in fifty: the same as for the epoch',
  'id-outlives-the-data': 'a record must come back that names data which was given up since',
  'round-before-the-read-counts': 'the takeover must fall between a round and the next',
  'staleness-from-arrival': 'a read must come between two messages that were waiting',
};
