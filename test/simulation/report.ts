import type { ManyResult } from './run-many.ts';
import type { SeedReport } from './run-seed.ts';

/** What many seeds showed together. */
export interface Summary {
  seeds: number;
  simulatedSeconds: number;
  events: number;
  operations: number;
  answered: number;
  faults: number;
  takeovers: number;
  newLineages: number;
  setChanges: number;
  snapshots: number;
  frozen: number;
  /** Processor time of the workers, together. */
  cpuSeconds: number;
  readonly faultCounts: Record<string, number>;
  readonly failures: SeedReport[];
}

export function emptySummary(): Summary {
  return {
    seeds: 0,
    simulatedSeconds: 0,
    events: 0,
    operations: 0,
    answered: 0,
    faults: 0,
    takeovers: 0,
    newLineages: 0,
    setChanges: 0,
    snapshots: 0,
    frozen: 0,
    cpuSeconds: 0,
    faultCounts: {},
    failures: [],
  };
}

export function addReport(summary: Summary, report: SeedReport): void {
  summary.seeds += 1;
  summary.simulatedSeconds += report.simulatedSeconds;
  summary.events += report.events;
  summary.operations += report.operations;
  summary.answered += report.answered;
  summary.faults += report.faults;
  summary.takeovers += report.takeovers;
  summary.newLineages += report.newLineages;
  summary.setChanges += report.setChanges;
  summary.snapshots += report.snapshots;
  if (report.frozen !== null) summary.frozen += 1;
  for (const [kind, count] of Object.entries(report.faultCounts)) {
    summary.faultCounts[kind] = (summary.faultCounts[kind] ?? 0) + count;
  }
  if (report.violation !== null) summary.failures.push(report);
}

export function describeSummary({ summary, wallSeconds, firstSeed, nextSeed }: ManyResult): string {
  const per = (value: number): string => (value / Math.max(1, summary.seeds)).toFixed(1);
  const perMinute = (seconds: number): string => ((60 * summary.seeds) / Math.max(0.001, seconds)).toFixed(0);
  const perSecond = (seconds: number): string => (summary.events / Math.max(0.001, seconds)).toFixed(0);
  const kinds = Object.entries(summary.faultCounts)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
  return [
    `${summary.seeds} seeds in ${wallSeconds.toFixed(1)} s: ${perMinute(wallSeconds)} seeds/min, ${perMinute(summary.cpuSeconds)} per minute of one core`,
    `seeds ${firstSeed}..${nextSeed - 1}: ${summary.events} events, ${perSecond(wallSeconds)} per second, ${perSecond(summary.cpuSeconds)} per second of one core`,
    `per seed: ${per(summary.simulatedSeconds)} s simulated, ${per(summary.events)} events, ${per(summary.operations)} operations (${per(summary.answered)} answered), ${per(summary.faults)} faults, ${per(summary.takeovers)} takeovers`,
    `in all: ${summary.takeovers} takeovers, ${summary.newLineages} new lineages, ${summary.setChanges} changes of the set, ${summary.snapshots} snapshots, ${summary.frozen} seeds rightly frozen at the end`,
    `faults: ${kinds}`,
    `${summary.failures.length} violations`,
  ].join('\n');
}

export function describeFailure(report: SeedReport): string {
  const violation = report.violation;
  if (violation === null) return `seed ${report.seed} passed`;
  return [
    `seed ${report.seed}: ${violation.invariant} violated at ${violation.message}`,
    `repeat it: npm run sim -- --seeds ${report.seed} --trace (all that happens) or --shrink (as short as it gets)`,
  ].join('\n');
}
