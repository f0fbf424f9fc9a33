import { mutants } from '../simulation/mutants/list.ts';
import type { Mutant } from '../simulation/mutants/mutant.ts';

/** A mutant, and the configuration in which its absence shows after the fewest states. */
export interface Death {
  readonly mutant: string;
  readonly configuration: string;
}

/** Of R2 to R4, every mutant that three replicas in one lineage can tell from the core. */
export const deaths: readonly Death[] = [
  { mutant: 'anybody-takes-over', configuration: 'outsider' },
  { mutant: 'takeover-keeps-the-epoch', configuration: 'twice' },
  { mutant: 'takeover-drops-below-the-minimum', configuration: 'outsider' },
  { mutant: 'leads-on-an-old-answer', configuration: 'lost-record' },
  { mutant: 'leads-an-epoch-twice', configuration: 'given-up' },
  { mutant: 'id-outlives-the-process', configuration: 'restarted' },
  { mutant: 'old-leader-not-fenced', configuration: 'reunited' },
  { mutant: 'follower-ignores-the-epoch', configuration: 'ghosts' },
  { mutant: 'leader-ignores-the-epoch', configuration: 'ghosts' },
  { mutant: 'epochs-of-messages-forgotten', configuration: 'lost-record' },
  { mutant: 'lower-epochs-obeyed', configuration: 'restored-record' },
  { mutant: 'any-nonce-obeyed', configuration: 'old-set' },
  { mutant: 'old-nonces-obeyed', configuration: 'old-set' },
  { mutant: 'commits-below-the-minimum', configuration: 'founding' },
  { mutant: 'commits-by-majority', configuration: 'crash' },
  { mutant: 'added-not-counted', configuration: 'grow' },
  { mutant: 'removed-before-confirmed', configuration: 'shrink' },
  { mutant: 'no-first-entry', configuration: 'crash' },
];

export function mutantNamed(name: string): Mutant {
  const found = mutants.find((mutant) => mutant.name === name);
  if (found === undefined) throw new Error(`no mutant ${name}`);
  return found;
}
