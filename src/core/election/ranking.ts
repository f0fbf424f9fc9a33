import { type Lineage, sameLineage } from '../replication/lineage.ts';
import type { Answer } from '../replication/messages.ts';
import type { Holding } from './recovery.ts';

type Standing = Pick<Answer, 'lineage' | 'lastEpoch' | 'lastIndex'>;

/**
 * R14: who has more of the data that the record is about: the record's lineage before the one before it, before any
 * other; within a lineage the last entry with the higher epoch, then the higher index. Positive: `a` has more.
 */
export function compareStanding(a: Standing, b: Standing, lineage: Lineage): number {
  const closeness = lineageCloseness(a.lineage, lineage) - lineageCloseness(b.lineage, lineage);
  if (closeness !== 0) return closeness;
  if (lineageCloseness(a.lineage, lineage) === 0) return 0;
  return a.lastEpoch - b.lastEpoch || a.lastIndex - b.lastIndex;
}

/** 2: the record's own lineage; 1: the one before it; 0: another, or no data. */
export function lineageCloseness(of: Lineage | null, lineage: Lineage): 0 | 1 | 2 {
  if (of === null) return 0;
  if (sameLineage(of, lineage)) return 2;
  return of.number === lineage.number - 1 ? 1 : 0;
}

/**
 * Who has more where no record says which lineage counts: R14's order, the latest lineage first. Two histories of one
 * number cannot be compared: neither has more.
 */
export function compareHoldings(a: Holding, b: Holding): number {
  const numbers = (a.lineage?.number ?? 0) - (b.lineage?.number ?? 0);
  if (numbers !== 0 || !sameLineage(a.lineage, b.lineage) || a.lineage === null) return numbers;
  return a.lastEpoch - b.lastEpoch || a.lastIndex - b.lastIndex;
}
