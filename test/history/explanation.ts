import { asTold, type CertainOperation } from './arrangement.ts';
import { timeDiagram } from './diagram.ts';
import type { Contradiction } from './linearizability.ts';
import type { HistoryOperation } from './operation.ts';
import { isLook, type KeyState, step } from './register.ts';
import type { LongestOrder } from './search.ts';
import { quoted, wordsOf } from './words.ts';

/** How much of the order is shown: what is wrong lies near its end. */
const SHOWN_MAX = 8;

/** Why a key's history has no order, for a person who has the file and wants to know where to look. */
export function explain(contradiction: Contradiction, operations: readonly HistoryOperation[]): string[] {
  const { prefix, last, longest } = contradiction;
  const blocked = blockedBy(contradiction);
  const tail = longest.order.slice(-SHOWN_MAX);
  return [
    `the first ${prefix.length} of its operations have no order; without the last to end they have one:`,
    `    ${wordsOf(last)}`,
    ...originOf(last, operations),
    tail.length === 0 ? 'none of them can come first:' : `the longest order has ${longest.order.length}, and ends with`,
    ...tail.map((operation) => `    ${wordsOf(operation)}`),
    ...(tail.length === 0 ? [] : [`then the key has ${wordsOfState(longest.state)}, and none of these can follow:`]),
    ...blocked.flatMap((operation) => [`    ${wordsOf(asTold(operation))}`, `        ${whyNot(longest, operation)}`]),
    ...timeDiagram([...tail, ...blocked.map(asTold)]).map((row) => `    ${row}`),
  ];
}

/** What would have to come next, and the last to end, if it has no place either. */
function blockedBy({ longest: { left }, last }: Contradiction): readonly CertainOperation[] {
  const firstEnd = Math.min(...left.map(({ end }) => end));
  return left.filter((operation) => operation.start <= firstEnd || asTold(operation) === last);
}

/** Who wrote the value that a read shows. */
function originOf({ op, value }: HistoryOperation, operations: readonly HistoryOperation[]): string[] {
  if (op !== 'get' || value === null) return [];
  const writers = operations.filter((other) => other.value === value && !isLook(other));
  if (writers.length === 0) return [`    nobody wrote ${quoted(value)}`];
  return [`    ${quoted(value)} is of`, ...writers.map((writer) => `        ${wordsOf(writer)}`)];
}

function wordsOfState({ value, revision, isExact, excluded }: KeyState): string {
  if (value === null) return revision === 0 ? 'never been written' : `no value (${revision} or later)`;
  const others = excluded.length === 0 ? '' : `, but not ${excluded.join(', ')}`;
  return `${quoted(value)} at ${revision}${isExact ? '' : ' or later'}${others}`;
}

function whyNot({ state, left }: LongestOrder, operation: CertainOperation): string {
  const [over] = left.filter(({ end }) => end < operation.start);
  if (over !== undefined) return `it began when this was over: ${wordsOf(asTold(over))}`;
  if (step(state, operation) !== null) {
    const earlier = left.filter(
      (other) => !isLook(other) && other.revision !== null && other.revision < (operation.revision ?? 0),
    );
    const [first] = earlier.sort((a, b) => (a.revision ?? 0) - (b.revision ?? 0));
    return first === undefined || isLook(operation)
      ? 'it can, but this was tried and leads no further'
      : `it comes after revision ${first.revision ?? ''}, of ${wordsOf(asTold(first))}`;
  }
  const { op, value, expect, outcome, revision } = operation;
  const hasValue = state.value !== null;
  if (outcome === 'refused') return `nothing refuses it${revision === null ? '' : ` with revision ${revision}`}`;
  if (op === 'get') {
    return state.value === value ? `it shows another revision` : `it shows ${quoted(value)}`;
  }
  if (op === 'create' && hasValue) return 'there is a value';
  if (op === 'delete' && revision === null) return 'there is a value';
  if (op === 'delete' && !hasValue) return 'there is nothing to delete';
  if (revision !== null && revision <= state.revision) return `its revision, ${revision}, has passed`;
  if (expect !== null) return `it expects revision ${expect}`;
  return `the sum is another`;
}
