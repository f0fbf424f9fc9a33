import { clientMutants } from './clients.ts';
import { evictionMutants } from './eviction.ts';
import { historyMutants } from './history.ts';
import { idleMutants } from './idle.ts';
import { leadershipMutants } from './leadership.ts';
import { lockMutants } from './locks.ts';
import type { Mutant } from './mutant.ts';
import { recordMutants } from './record.ts';
import { replicationMutants } from './replication.ts';

/** Every clause of the rules that can be taken out. */
export const mutants: readonly Mutant[] = [
  ...recordMutants,
  ...replicationMutants,
  ...leadershipMutants,
  ...clientMutants,
  ...lockMutants,
  ...historyMutants,
  ...idleMutants,
  ...evictionMutants,
];

/**
 * Those that connections made anew for every epoch hide from all but a few schedules: what shows them is a message of an
 * earlier epoch that is heard again, and the exhaustive search tries it wherever it can be (`../../exhaustive/deaths.ts`).
 */
export const searched: ReadonlySet<string> = new Set(['follower-ignores-the-epoch', 'leader-ignores-the-epoch']);
