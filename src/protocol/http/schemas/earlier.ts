import type { Operation } from '../operation.ts';
import { lookupOperations } from './earlier/lookups.ts';
import { mainServiceOperations } from './earlier/main-service.ts';
import { versionedValueOperations } from './earlier/versioned-values.ts';
import { workerOperations } from './earlier/workers.ts';

/** The routes of five services that this one replaces. */
export const earlierOperations: readonly Operation[] = [
  ...mainServiceOperations,
  ...versionedValueOperations,
  ...lookupOperations,
  ...workerOperations,
];
