/**
 * A history of the data. A new one (number + 1, another id) is made when data may have been lost, so that nobody
 * mistakes the new history for the old.
 */
export interface Lineage {
  /** From 1. */
  readonly number: number;
  /** Unique: the data id of the replica that began it, and a count of its own. */
  readonly id: string;
}

export const sameLineage = (a: Lineage | null, b: Lineage | null): boolean =>
  a === b || (a !== null && b !== null && a.number === b.number && a.id === b.id);
