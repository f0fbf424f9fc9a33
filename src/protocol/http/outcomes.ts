import type { UnknownOutcome, RefusedOutcome, WriteOutcome } from '../../core/store/commands.ts';
import type { ReadOutcome } from '../../core/store/reads.ts';
import { fault, type Fault } from './problem.ts';

/**
 * What each outcome of the core is in HTTP. Refusals, declined reads and unknown outcomes carry codes that stand in the
 * table of errors under the same name, so that nothing has to be translated; the compiler holds the two together.
 */

/** A committed write, by what it did. `exists`, `revision-mismatch` and `no-key` are answers about the key, not about the service. */
export type WriteMethod = 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export const WRITE_STATUS = { created: 201, replaced: 200, touched: 204, deleted: 204 } as const;

export const MISMATCH_CODE = {
  PUT: 'revision-mismatch',
  PATCH: 'revision-mismatch',
  DELETE: 'revision-mismatch',
  POST: 'exists',
} as const satisfies Record<WriteMethod, string>;

export function faultOfWrite(outcome: Exclude<WriteOutcome, { kind: 'committed' }>): Fault {
  return outcome.kind === 'refused' ? faultOfRefusal(outcome) : faultOfUnknown(outcome);
}

function faultOfRefusal(outcome: RefusedOutcome): Fault {
  const refusal = fault(outcome.code);
  if (outcome.leaderHint === null) return refusal;
  return { ...refusal, detail: `${refusal.detail} The leader may be at ${outcome.leaderHint}.` };
}

function faultOfUnknown(outcome: UnknownOutcome): Fault {
  return { ...fault(outcome.code), outcome: 'unknown' };
}

export function faultOfRead(outcome: Exclude<ReadOutcome, { kind: 'read' }>): Fault {
  return fault(outcome.kind === 'declined' ? outcome.code : 'replaced-lineage');
}
