import { lineageOf, nameOfLineage, type Lineages } from '../lineages.ts';
import type { HistoryOperation } from '../operation.ts';
import type { Violation } from '../violation.ts';
import { wordsOf } from '../words.ts';
import { type Change, isLater, type KeyFacts } from './key-facts.ts';
import { tooOld } from './recency.ts';

/**
 * R12: no read is older than the session state that was sent along, in any mode and whoever answers; so that a client
 * that sends what it got reads its own writes, and never goes back.
 */
export function tokenViolations(facts: KeyFacts, lineages: Lineages): Violation[] {
  return facts.reads.flatMap((read) => {
    const { token, seen } = read;
    if (token === undefined || token === null) return [];
    const sent = nameOfLineage(token.lineage);
    const lineage = lineageOf(read) ?? sent;
    if (lineage !== sent) return lineageViolation(facts.key, read, { sent, lineage, lineages });
    if (seen !== undefined && seen !== null && seen.revision < token.revision) {
      return [
        violation(facts.key, [
          wordsOf(read),
          `    shows the state as of ${seen.revision}; the session had seen ${token.revision}`,
        ]),
      ];
    }
    const due = facts.changeUpTo(lineageOf(read), token.revision);
    return due === null || facts.showsAtLeast(read, due) ? [] : [tooOld(facts.key, 'session', read, due)];
  });
}

function lineageViolation(
  key: string,
  read: HistoryOperation,
  { sent, lineage, lineages }: { readonly sent: string; readonly lineage: string; readonly lineages: Lineages },
): Violation[] {
  if (read.consistency === 'session') {
    return [
      violation(key, [wordsOf(read), `    shows lineage ${lineage}, and does not say that ${sent} was replaced`]),
    ];
  }
  if (lineages.ordinalOf(lineage) > lineages.ordinalOf(sent)) return [];
  return [violation(key, [wordsOf(read), `    shows lineage ${lineage}; the session had seen ${sent}`])];
}

const violation = (key: string, lines: readonly string[]): Violation => ({ broken: 'session', key, lines });

/**
 * Where a history does not say what was sent along, reads of the mode `session` are of the session of their client: it
 * has seen what that client was told before.
 */
export function clientSessionViolations(facts: KeyFacts, lineages: Lineages): Violation[] {
  const violations: Violation[] = [];
  for (const ofClient of Map.groupBy(facts.operations, ({ client }) => client).values()) {
    const reads = ofClient.filter(
      ({ op, outcome, consistency, token }) =>
        op === 'get' && outcome === 'ok' && consistency === 'session' && token === undefined,
    );
    if (reads.length === 0) continue;
    const byEnd = ofClient
      .filter(({ outcome }) => outcome === 'ok' || outcome === 'refused')
      .sort((a, b) => (a.end ?? 0) - (b.end ?? 0));
    let ended = 0;
    let newest: Change | null = null;
    for (const read of reads.sort((a, b) => a.start - b.start)) {
      for (;;) {
        const next = byEnd[ended];
        if (next === undefined || (next.end ?? Infinity) > read.start) break;
        ended += 1;
        if (next.revision === null) continue;
        const change = { ordinal: lineages.ordinalOf(lineageOf(next)), revision: next.revision, from: next };
        if (newest === null || isLater(change, newest)) newest = change;
      }
      if (newest !== null && !facts.showsAtLeast(read, newest)) {
        violations.push(tooOld(facts.key, 'session', read, newest));
      }
    }
  }
  return violations;
}
