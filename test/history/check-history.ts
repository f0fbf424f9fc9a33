import { explain } from './explanation.ts';
import { lineageOf, Lineages, lineageViolations, splitByLineage } from './lineages.ts';
import { checkLinearizability, DEFAULT_OPTIONS } from './linearizability.ts';
import type { HistoryOperation } from './operation.ts';
import { KeyFacts } from './promises/key-facts.ts';
import { inSyncViolations, lostWrites } from './promises/recency.ts';
import { clientSessionViolations, tokenViolations } from './promises/sessions.ts';
import { revisionViolations, valueViolations } from './promises/values.ts';
import { versionViolations } from './promises/versions.ts';
import type { Violation } from './violation.ts';

export interface CheckOptions {
  /**
   * Whether data may have been lost on the way, so that a new lineage began (R14): only who has destroyed every copy
   * says `several`.
   */
  readonly lineages: 'one' | 'several';
  /** The store's `READ_STALENESS_MAX`. */
  readonly readStalenessMs: number;
  /** By how much a second of the store's clocks may differ from one of the history's, as a share. */
  readonly clockDrift: number;
  /** From then on every replica is in sync and every fault over; null: that never was. */
  readonly settledAtUs: number | null;
  /** {@link LinearizabilityOptions.stepsMax} */
  readonly stepsMax: number;
}

export const DEFAULT_CHECKS: CheckOptions = {
  lineages: 'one',
  readStalenessMs: 1000,
  clockDrift: 0.01,
  settledAtUs: null,
  stepsMax: DEFAULT_OPTIONS.stepsMax,
};

export interface Counts {
  readonly operations: number;
  readonly keys: number;
  readonly clients: number;
  readonly lineages: number;
  readonly byOutcome: Readonly<Record<HistoryOperation['outcome'], number>>;
  /** Answered reads by mode; `linearizable` and those of R12. */
  readonly readsByMode: Readonly<Record<string, number>>;
  /** How often the model was asked. */
  readonly steps: number;
}

/** Who asserts on a verdict takes `undecided` for a failure: nobody knows whether the history is right. */
export interface Verdict {
  readonly kind: 'ok' | 'violated' | 'undecided';
  readonly violations: readonly Violation[];
  /** Keys for which the search for an order was given up. */
  readonly undecided: readonly string[];
  readonly counts: Counts;
}

/** Everything that a history can show of R12's promises, in every mode; no key may have been written before it begins. */
export function checkHistory(operations: readonly HistoryOperation[], options: Partial<CheckOptions> = {}): Verdict {
  const { lineages: expected, readStalenessMs, clockDrift, settledAtUs, stepsMax } = { ...DEFAULT_CHECKS, ...options };
  const lineages = new Lineages(operations);
  const stalenessUs = 1000 * readStalenessMs * (1 + clockDrift);
  const violations: Violation[] = [...lineageViolations(operations, expected), ...revisionViolations(operations)];
  for (const [key, ofKey] of Map.groupBy(operations, (operation) => operation.key)) {
    const facts = new KeyFacts(key, ofKey, lineages);
    violations.push(
      ...valueViolations(facts),
      ...versionViolations(facts, lineages),
      ...tokenViolations(facts, lineages),
      ...clientSessionViolations(facts, lineages),
      ...inSyncViolations(facts, stalenessUs),
      ...(settledAtUs === null ? [] : lostWrites(facts, settledAtUs)),
    );
  }
  const undecided: string[] = [];
  let steps = 0;
  // A lineage that was not to be is a violation already; its operations are still to fit to those before.
  for (const part of expected === 'several' ? splitByLineage(operations) : [operations]) {
    for (const result of checkLinearizability(part, { stepsMax, pruning: 'all' })) {
      steps += result.steps;
      if (result.kind === 'undecided') undecided.push(result.key);
      else if (result.kind === 'contradiction') {
        const lines = explain(result.contradiction, operations);
        violations.push({ broken: 'linearizable', key: result.key, lines });
      }
    }
  }
  return {
    kind: violations.length > 0 ? 'violated' : undecided.length > 0 ? 'undecided' : 'ok',
    violations,
    undecided,
    counts: countsOf(operations, steps),
  };
}

function countsOf(operations: readonly HistoryOperation[], steps: number): Counts {
  const byOutcome = { ok: 0, refused: 0, failed: 0, unknown: 0 };
  const readsByMode: Record<string, number> = {};
  for (const { op, outcome, mode, consistency } of operations) {
    byOutcome[outcome] += 1;
    if (op !== 'get' || outcome !== 'ok') continue;
    const name = mode ?? consistency ?? 'mode not told';
    readsByMode[name] = (readsByMode[name] ?? 0) + 1;
  }
  return {
    operations: operations.length,
    keys: new Set(operations.map(({ key }) => key)).size,
    clients: new Set(operations.map(({ client }) => client)).size,
    lineages: new Set(operations.flatMap((operation) => lineageOf(operation) ?? [])).size,
    byOutcome,
    readsByMode,
    steps,
  };
}
