import { lineageOf, type Lineages } from '../lineages.ts';
import type { HistoryOperation } from '../operation.ts';
import type { Violation } from '../violation.ts';
import { wordsOf } from '../words.ts';
import { isWrite, type KeyFacts } from './key-facts.ts';

interface Sighting {
  readonly revision: number;
  readonly version: number;
  /** null: nobody had to tell. */
  readonly from: HistoryOperation | null;
}

const UNWRITTEN: Sighting = { revision: 0, version: 0, from: null };

/**
 * A version counts the writes that took effect on a key. So between two that were told lie as many as it grew by: not
 * less than those that were told, and not more than with all unknown ones. A write that was applied twice is one too
 * many, also if nobody ever read what it wrote.
 */
export function versionViolations(facts: KeyFacts, lineages: Lineages): Violation[] {
  const told = facts.operations.filter(
    ({ outcome, version }) => outcome === 'ok' || (outcome === 'refused' && version !== undefined),
  );
  return [...Map.groupBy(told, lineageOf).values()].flatMap((ofLineage) =>
    // A later lineage begins with what an older one had come to.
    violationsIn(facts, ofLineage, lineages.names.length < 2 ? 'unwritten' : 'inherited'),
  );
}

function violationsIn(
  facts: KeyFacts,
  told: readonly HistoryOperation[],
  beginning: 'unwritten' | 'inherited',
): Violation[] {
  const revisions = [...new Set(told.flatMap(({ revision }) => revision ?? []))].sort((a, b) => a - b);
  const rank = new Map(revisions.map((revision, place) => [revision, place]));
  const sightings = told
    .flatMap((from): Sighting[] =>
      from.revision === null || from.version === undefined || from.version === null
        ? []
        : [{ revision: from.revision, version: from.version, from }],
    )
    .sort((a, b) => a.revision - b.revision);
  const unknownMax = writesOfUnknownRevision(facts);
  const violations: Violation[] = [];
  for (const [place, later] of sightings.entries()) {
    const earlier = sightings[place - 1] ?? (beginning === 'unwritten' ? UNWRITTEN : null);
    if (earlier === null) continue;
    const grown = later.version - earlier.version;
    const toldMin = (rank.get(later.revision) ?? 0) - (rank.get(earlier.revision) ?? -1);
    if (grown >= toldMin && grown <= (toldMin === 0 ? 0 : toldMin + unknownMax)) continue;
    violations.push({
      broken: 'applied-once',
      key: facts.key,
      lines: [
        `the version grew by ${grown}, from ${earlier.version} to ${later.version}; ${toldMin} writes were told, and at most ${unknownMax} others can be among them:`,
        ...(earlier.from === null ? [] : [`    ${wordsOf(earlier.from)}`]),
        ...(later.from === null ? [] : [`    ${wordsOf(later.from)}`]),
      ],
    });
  }
  return violations;
}

/** Writes that took effect, or may have, though nobody was told at which revision. */
function writesOfUnknownRevision({ operations, reads }: KeyFacts): number {
  const read = new Set(reads.map(({ value, revision }) => (revision === null ? null : value)));
  return operations.filter(
    (operation) =>
      isWrite(operation) &&
      operation.outcome !== 'failed' &&
      operation.revision === null &&
      (operation.value === null || !read.has(operation.value)),
  ).length;
}
