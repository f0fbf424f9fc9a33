import type { HistoryOperation } from './operation.ts';
import { deedOf } from './words.ts';

const COLUMNS = 48;

/**
 * Operations as bars over time, one row each, in the order given:
 *
 *     client 1  |=====|                    put k "v1" -> ok at 1
 *     client 2      |=========|            get k linearizable -> no value
 *     client 3            |...........>    delete k -> unknown
 */
export function timeDiagram(operations: readonly HistoryOperation[]): string[] {
  const times = operations.flatMap(({ start, end }) => (end === null ? [start] : [start, end]));
  const first = Math.min(...times);
  const span = Math.max(...times) - first;
  const columnOf = (time: number): number =>
    span === 0 ? 0 : Math.min(COLUMNS - 1, Math.floor(((time - first) * COLUMNS) / span));
  const clientWidth = Math.max(...operations.map(({ client }) => String(client).length));
  return operations.map((operation) => {
    const bar = barOf(operation, columnOf).padEnd(COLUMNS);
    return `client ${String(operation.client).padStart(clientWidth)}  ${bar}  ${deedOf(operation)}`;
  });
}

function barOf({ start, end, outcome }: HistoryOperation, columnOf: (time: number) => number): string {
  const from = columnOf(start);
  const indent = ' '.repeat(from);
  // What is unknown can take effect for ever after.
  if (outcome === 'unknown' || end === null) return `${indent}|${'.'.repeat(Math.max(0, COLUMNS - from - 2))}>`;
  const length = columnOf(end) - from;
  return length === 0 ? `${indent}|` : `${indent}|${'='.repeat(length - 1)}|`;
}
