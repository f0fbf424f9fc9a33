import type { HistoryLineage } from '../history/operation.ts';
import type { RecordedOperation } from './load/requests.ts';

/**
 * A history in parts, one for each stretch between losses of data that the protocol allows (R14: every member had died).
 * What a part's store begins with nobody knows but this: whatever was written before may be there, and need not be. So every
 * write of an earlier part is in doubt in the later ones.
 */
export function segmentsOf(
  history: readonly RecordedOperation[],
  lineagesWithLoss: readonly string[],
): readonly (readonly RecordedOperation[])[] {
  const operations = history.map(withoutForeignTag);
  if (lineagesWithLoss.length === 0) return [operations];
  // Which part a lineage belongs to: those that began without loss go on with the part before.
  const order = lineagesInOrder(operations);
  const partOf = new Map<string, number>();
  let part = 0;
  for (const { id } of order) {
    if (lineagesWithLoss.includes(id)) part += 1;
    partOf.set(id, part);
  }
  return Array.from({ length: part + 1 }, (_, number) =>
    operations.flatMap((operation) => {
      const own = partOf.get(idOf(operation.lineage ?? null) ?? '');
      if (own === undefined || own === number) return [operation];
      return own < number && isWritten(operation) ? [inDoubt(operation)] : [];
    }),
  );
}

/** A tag names a lineage as well: in another it matches nothing, which says nothing of the revision. */
function withoutForeignTag(operation: RecordedOperation): RecordedOperation {
  const { op, outcome, etag, lineage = null } = operation;
  const id = idOf(lineage);
  if (op !== 'cas' || outcome !== 'refused' || etag === undefined || id === null) return operation;
  return etag.includes(`-${encodeURIComponent(id)}"`) ? operation : { ...operation, outcome: 'failed' };
}

function isWritten({ op, outcome }: RecordedOperation): boolean {
  return op !== 'get' && outcome === 'ok';
}

function inDoubt(operation: RecordedOperation): RecordedOperation {
  return { ...operation, outcome: 'unknown', end: null, revision: null, version: null, seen: null, lineage: null };
}

function lineagesInOrder(operations: readonly RecordedOperation[]): readonly { number: number; id: string }[] {
  const numbers = new Map<string, number>();
  for (const { lineage } of operations) {
    if (typeof lineage === 'object' && lineage !== null) numbers.set(lineage.id, lineage.number);
  }
  return [...numbers].map(([id, number]) => ({ id, number })).sort((a, b) => a.number - b.number);
}

function idOf(lineage: HistoryLineage | null): string | null {
  return lineage === null || typeof lineage === 'string' ? lineage : lineage.id;
}
