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
