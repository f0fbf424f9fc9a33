import { arrange, type Pruning } from './arrangement.ts';
import type { HistoryOperation } from './operation.ts';
import { type LongestOrder, search } from './search.ts';

export interface LinearizabilityOptions {
  /** How often the model may be asked about one key; beyond it the verdict is `undecided`, never a false one. */
  readonly stepsMax: number;
  /** `none`: the plain search, for comparison. */
  readonly pruning: Pruning;
}

export const DEFAULT_OPTIONS: LinearizabilityOptions = { stepsMax: 10_000_000, pruning: 'all' };

/** A key whose operations have no order. */
export interface Contradiction {
  readonly key: string;
  /**
   * The history up to the first end at which there is no order any more. Of what had not ended then nobody knew the
   * outcome.
   */
  readonly prefix: readonly HistoryOperation[];
  /** The operation whose end that is. */
  readonly last: HistoryOperation;
  readonly longest: LongestOrder;
}

export type KeyResult = { readonly key: string; readonly steps: number } & (
  | { readonly kind: 'linearizable' }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'contradiction'; readonly contradiction: Contradiction }
);

/**
 * Each key by itself: a history is linearizable if that of every object is (Herlihy and Wing's locality; Horn and
 * Kroening's P-compositionality), and one key's history is short enough to search.
 */
export function checkLinearizability(
  operations: readonly HistoryOperation[],
  options: LinearizabilityOptions = DEFAULT_OPTIONS,
): KeyResult[] {
  const byKey = Map.groupBy(operations, ({ key }) => key);
  return [...byKey].map(([key, ofKey]) => checkKey(key, ofKey, options));
}

function checkKey(key: string, operations: readonly HistoryOperation[], options: LinearizabilityOptions): KeyResult {
  const result = search(arrange(operations, options.pruning), options);
  const { steps } = result;
  switch (result.kind) {
    case 'found':
      return { kind: 'linearizable', key, steps };
    case 'undecided':
      return { kind: 'undecided', key, steps };
    case 'none':
      return { kind: 'contradiction', key, steps, contradiction: smallestContradiction(key, operations, options) };
  }
}

/** Halving is sound: if a history has an order, so has each of its prefixes. */
function smallestContradiction(
  key: string,
  operations: readonly HistoryOperation[],
  options: LinearizabilityOptions,
): Contradiction {
  const ended = arrange(operations, 'none')
    .certain.slice()
    .sort((a, b) => a.end - b.end);
  const orderOfPrefix = (place: number) =>
    search(arrange(prefixOf(operations, (ended[place] as { end: number }).end), options.pruning), options);
  let first = 0;
  let last = ended.length - 1;
  while (first < last) {
    const middle = (first + last) >>> 1;
    if (orderOfPrefix(middle).kind === 'none') last = middle;
    else first = middle + 1;
  }
  const result = orderOfPrefix(first);
  const lastOperation = ended[first];
  if (result.kind !== 'none' || lastOperation === undefined) {
    throw new Error(`a history of ${key} without an order has a prefix without one`);
  }
  return {
    key,
    prefix: prefixOf(operations, lastOperation.end),
    last: lastOperation,
    longest: result.longest,
  };
}

/** What was known at that time. */
function prefixOf(operations: readonly HistoryOperation[], time: number): HistoryOperation[] {
  const prefix: HistoryOperation[] = [];
  for (const operation of operations) {
    if (operation.start > time) continue;
    if (operation.outcome === 'failed' || operation.outcome === 'unknown') prefix.push(operation);
    else if (operation.end !== null && operation.end <= time) prefix.push(operation);
    else if (operation.op !== 'get') prefix.push(notYetKnown(operation));
  }
  return prefix;
}

const notYetKnown = (operation: HistoryOperation): HistoryOperation => ({
  ...operation,
  end: null,
  outcome: 'unknown',
  revision: null,
  value: operation.op === 'incr' ? null : operation.value,
});
