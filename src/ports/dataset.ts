import type { Key } from '../core/base/key.ts';
import type { LookupOutcome } from '../core/routing/frames.ts';

/** Read-only pairs beside the store (`KV_DATASET`): of this process alone, and never replicated. */
export interface Dataset {
  lookUp(key: Key): LookupOutcome;
}

/** Where no data file is configured. */
export const NO_DATASET: Dataset = { lookUp: () => ({ kind: 'absent' }) };
