import type { Operation } from '../operation.ts';
import { adminOperations } from '../schemas/admin.ts';
import { compositeOperations } from '../schemas/composite.ts';
import { documentOperations } from '../schemas/documents.ts';
import { earlierOperations } from '../schemas/earlier.ts';
import { keyOperations } from '../schemas/keys.ts';
import { listOperations } from '../schemas/list.ts';
import { lockOperations } from '../schemas/locks.ts';
import { processOperations } from '../schemas/process.ts';
import { watchOperations } from '../schemas/watch.ts';

/** Everything that is served by anybody, in the order of the document. */
const ALL: readonly Operation[] = [
  ...keyOperations,
  ...listOperations,
  ...compositeOperations,
  ...watchOperations,
  ...lockOperations,
  ...processOperations,
  ...documentOperations,
  ...adminOperations,
  ...earlierOperations,
];

export type ServingProcess = 'kvstore' | 'proxy';

export const operationsOf = (process: ServingProcess): readonly Operation[] =>
  ALL.filter(({ servedBy }) => servedBy === undefined || servedBy === process);
