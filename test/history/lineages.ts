import type { HistoryLineage, HistoryOperation } from './operation.ts';
import { isLook } from './register.ts';
import type { Violation } from './violation.ts';
import { wordsOf } from './words.ts';

export const nameOfLineage = (lineage: HistoryLineage): string =>
  typeof lineage === 'string' ? lineage : `${lineage.number}-${lineage.id}`;

/** The lineage that an answer named; null if it named none, or there was no answer. */
export function lineageOf({ lineage }: HistoryOperation): string | null {
  return lineage === undefined || lineage === null ? null : nameOfLineage(lineage);
}

/** The lineages of a history, from the oldest on. */
export class Lineages {
  readonly names: readonly string[];
  readonly #ordinals: ReadonlyMap<string, number>;

  constructor(operations: readonly HistoryOperation[]) {
    const found = new Map<string, { readonly lineage: HistoryLineage; firstEnd: number }>();
    for (const { lineage, end } of operations) {
      if (lineage === undefined || lineage === null) continue;
      const entry = found.get(nameOfLineage(lineage));
      const time = end ?? Infinity;
      if (entry === undefined) found.set(nameOfLineage(lineage), { lineage, firstEnd: time });
      else entry.firstEnd = Math.min(entry.firstEnd, time);
    }
    // Names alone cannot be put in order: then whoever was heard of first is the oldest.
    this.names = [...found]
      .sort(([, a], [, b]) => numberOf(a.lineage) - numberOf(b.lineage) || a.firstEnd - b.firstEnd)
      .map(([name]) => name);
    this.#ordinals = new Map(this.names.map((name, ordinal) => [name, ordinal]));
  }

  /** A history whose answers name no lineage has one. */
  ordinalOf(name: string | null): number {
    return name === null ? 0 : (this.#ordinals.get(name) ?? 0);
  }
}

const numberOf = (lineage: HistoryLineage): number => (typeof lineage === 'string' ? 0 : lineage.number);

/** A lineage that nobody was to begin, or that came back after it had been replaced. */
export function lineageViolations(
  operations: readonly HistoryOperation[],
  expected: 'one' | 'several',
): readonly Violation[] {
  const { names } = new Lineages(operations);
  if (names.length < 2) return [];
  if (expected === 'one') {
    const first = names.map((name) => operations.find((operation) => lineageOf(operation) === name));
    const lines = first.flatMap((operation) => (operation === undefined ? [] : [`    ${wordsOf(operation)}`]));
    return [violation([`a new lineage in the midst: ${names.join(', ')}; first told in the answers to`, ...lines])];
  }
  return [...sharedNumbers(operations), ...returns(operations)];
}

const violation = (lines: readonly string[]): Violation => ({ broken: 'lineage', key: null, lines });

function sharedNumbers(operations: readonly HistoryOperation[]): Violation[] {
  const ids = new Map<number, Set<string>>();
  for (const { lineage } of operations) {
    if (typeof lineage !== 'object' || lineage === null) continue;
    ids.set(lineage.number, (ids.get(lineage.number) ?? new Set()).add(lineage.id));
  }
  return [...ids]
    .filter(([, ofNumber]) => ofNumber.size > 1)
    .map(([number, ofNumber]) =>
      violation([`lineage ${number} was begun more than once: ${[...ofNumber].join(', ')}`]),
    );
}

/** R3: who was replaced acknowledges nothing more, and shows it to no linearizable read. */
function returns(operations: readonly HistoryOperation[]): Violation[] {
  const lineages = new Lineages(operations);
  const binding = operations.filter(
    ({ op, mode, outcome, end, lineage }) =>
      end !== null &&
      lineage !== undefined &&
      lineage !== null &&
      (outcome === 'ok' || outcome === 'refused') &&
      (op !== 'get' || mode === 'linearizable'),
  );
  const byEnd = [...binding].sort((a, b) => (a.end ?? 0) - (b.end ?? 0));
  const violations: Violation[] = [];
  let ended = 0;
  let newest: HistoryOperation | null = null;
  for (const operation of [...binding].sort((a, b) => a.start - b.start)) {
    for (;;) {
      const next = byEnd[ended];
      if (next === undefined || (next.end ?? Infinity) >= operation.start) break;
      if (newest === null || ordinal(next) > ordinal(newest)) newest = next;
      ended += 1;
    }
    if (newest === null || ordinal(operation) >= ordinal(newest)) continue;
    violations.push(
      violation([
        `${lineageOf(operation) ?? ''} had been replaced by ${lineageOf(newest) ?? ''}, but answers`,
        `    ${wordsOf(operation)}`,
        `after`,
        `    ${wordsOf(newest)}`,
      ]),
    );
  }
  return violations;

  function ordinal(operation: HistoryOperation): number {
    return lineages.ordinalOf(lineageOf(operation));
  }
}

/**
 * What each lineage has to explain by itself. A new one begins with some state that an older one had: its writes are
 * here unknown ones, that survived or did not. Those that nobody learnt of may have been applied in any.
 */
export function splitByLineage(operations: readonly HistoryOperation[]): (readonly HistoryOperation[])[] {
  const lineages = new Lineages(operations);
  if (lineages.names.length < 2) return [operations];
  return lineages.names.map((name, ordinal) => {
    const older = operations.filter((operation) => {
      const other = lineageOf(operation);
      return other !== null && lineages.ordinalOf(other) < ordinal;
    });
    const own = operations.flatMap((operation) => inLineage(operation, name));
    return [...inherited(older, own), ...own];
  });
}

/** The operation as the lineage knows it: in none of its states, or with a condition that nothing fulfils. */
function inLineage(operation: HistoryOperation, name: string): readonly HistoryOperation[] {
  const told = lineageOf(operation);
  if (told !== null && told !== name) return [];
  const { expectLineage, outcome } = operation;
  const isForeign = expectLineage !== undefined && expectLineage !== null && nameOfLineage(expectLineage) !== name;
  if (!isForeign) return [operation];
  // Revisions begin at 1, so that none is the one expected.
  return outcome === 'ok' ? [{ ...operation, expect: 0 }] : [];
}

/** Of older writes those whose values are still read; and of all others one, whatever it is, to be there unread. */
function inherited(older: readonly HistoryOperation[], own: readonly HistoryOperation[]): HistoryOperation[] {
  const read = new Set(own.flatMap(({ op, key, value }) => (op === 'get' ? [`${key}\0${value ?? ''}`] : [])));
  const ofKey = new Map<string, HistoryOperation>();
  const survivors: HistoryOperation[] = [];
  for (const operation of older) {
    const { op, key, value, outcome } = operation;
    if (op === 'get' || value === null || isLook(operation) || (outcome !== 'ok' && outcome !== 'unknown')) continue;
    const survivor: HistoryOperation = { ...operation, op: 'put', expect: null, outcome: 'unknown', end: null };
    if (read.has(`${key}\0${value}`)) survivors.push(survivor);
    else if (!ofKey.has(key)) ofKey.set(key, { ...survivor, revision: null });
  }
  return [...survivors, ...ofKey.values()];
}
