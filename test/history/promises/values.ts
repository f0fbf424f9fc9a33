import { lineageOf } from '../lineages.ts';
import type { HistoryOperation } from '../operation.ts';
import type { Broken, Violation } from '../violation.ts';
import { quoted, wordsOf } from '../words.ts';
import { isWrite, type KeyFacts } from './key-facts.ts';

/**
 * R12, `eventual` and with it every mode: a read shows what some write wrote, not one that was refused or failed, at the
 * revision that it had.
 */
export function valueViolations(facts: KeyFacts): Violation[] {
  // What a counter holds may be the sum of writes that nobody was told of.
  if (facts.isCounter) return [];
  return facts.reads.flatMap((read) => {
    const { value } = read;
    if (value === null) return [];
    const writers = facts.writers.get(value) ?? [];
    const able = writers.filter(
      (writer) => isWrite(writer) && writer.outcome !== 'failed' && writer.start <= (read.end ?? Infinity),
    );
    if (able.length === 0) {
      const words = writers.length === 0 ? `nobody wrote ${quoted(value)}` : `${quoted(value)} is only of`;
      return [violation('only-committed', facts.key, [wordsOf(read), `    ${words}`, ...indented(writers)])];
    }
    const [writer, ...others] = able;
    if (writer === undefined || others.length > 0 || agree(read, writer)) return [];
    return [
      violation('applied-once', facts.key, [
        wordsOf(read),
        '    shows another revision than its writer was told',
        ...indented([writer]),
      ]),
    ];
  });
}

/** In another lineage the write may have been made anew. */
function agree(a: HistoryOperation, b: HistoryOperation): boolean {
  return a.revision === null || b.revision === null || lineageOf(a) !== lineageOf(b) || a.revision === b.revision;
}

/** One revision, one key, one value; and one value of a write, one revision. */
export function revisionViolations(operations: readonly HistoryOperation[]): Violation[] {
  const violations: Violation[] = [];
  const ofRevision = new Map<string, HistoryOperation>();
  const ofValue = new Map<string, HistoryOperation>();
  const repeated = repeatedValues(operations);
  for (const operation of operations) {
    const { op, key, value, outcome, revision } = operation;
    if (revision === null || outcome !== 'ok') continue;
    const lineage = lineageOf(operation) ?? '';
    const place = `${lineage}\0${revision}`;
    const other = ofRevision.get(place);
    if (other === undefined) ofRevision.set(place, operation);
    else if (other.key !== key || other.value !== value || (op !== 'get' && other.op !== 'get')) {
      violations.push(
        violation('applied-once', key, [`revision ${revision} was given twice`, ...indented([other, operation])]),
      );
      continue;
    }
    // That a write is not read at its revision is told with the read (valueViolations).
    if (op !== 'get' || value === null || repeated.has(`${key}\0${value}`)) continue;
    const content = `${lineage}\0${key}\0${value}`;
    const sight = ofValue.get(content);
    if (sight === undefined) ofValue.set(content, operation);
    else if (sight.revision !== revision) {
      violations.push(
        violation('applied-once', key, [`${quoted(value)} has two revisions`, ...indented([sight, operation])]),
      );
    }
  }
  return violations;
}

/** Values of which more than one write can be, as those of counters; by key. */
function repeatedValues(operations: readonly HistoryOperation[]): ReadonlySet<string> {
  const counters = new Set(operations.filter(({ op }) => op === 'incr').map(({ key }) => key));
  const once = new Set<string>();
  const repeated = new Set<string>();
  for (const { op, key, value, outcome } of operations) {
    if (value === null) continue;
    const content = `${key}\0${value}`;
    if (counters.has(key)) repeated.add(content);
    if (op === 'get' || outcome === 'failed' || outcome === 'refused') continue;
    if (once.has(content)) repeated.add(content);
    once.add(content);
  }
  return repeated;
}

const indented = (operations: readonly HistoryOperation[]): string[] =>
  operations.map((operation) => `        ${wordsOf(operation)}`);

const violation = (broken: Broken, key: string, lines: readonly string[]): Violation => ({ broken, key, lines });
