import { Installation } from './installation.ts';
import type { Findings } from './load/ledger.ts';
import { msText, newRun, type RoundResult } from './round.ts';
import type { Row } from './rows.ts';

export interface MeasureOptions {
  readonly rounds: number;
  readonly ratePerS: number;
  readonly outageMs: number;
  readonly say: (line: string) => void;
}

export interface Measurement {
  readonly rounds: number;
  readonly ratePerS: number;
  /** Of the rounds that ask for one, in their order. */
  readonly pausesMs: readonly number[];
  readonly failed: number;
  /** How often each code or end of a connection was met. */
  readonly failures: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly lost: number;
  readonly doubled: number;
  /** What the row requires and was not seen, whatever the machine; empty: the promise is kept. */
  readonly broken: readonly string[];
  /** Pauses, and what else took longer than the row allows, on this machine and with what else it had to do. */
  readonly slow: readonly string[];
}

/** Starts an installation, runs a row's rounds on it, and looks at every key on every replica after each. */
export async function measure(row: Row, options: MeasureOptions): Promise<Measurement> {
  const { rounds, ratePerS, outageMs, say } = options;
  const installation = await Installation.start(row.installation);
  try {
    const run = newRun({ installation, ratePerS, outageMs, say });
    const results: RoundResult[] = [];
    const broken: string[] = [];
    let findings: Findings = { lost: 0, doubled: 0, diverged: 0, examples: [] };
    for (let round = 1; round <= rounds; round += 1) {
      const result = await row.round(run);
      results.push(result);
      findings = run.ledger.judge(await installation.held(run.ledger.keys));
      const of = `round ${round} of ${rounds}`;
      broken.push(...[...result.broken, ...findings.examples].map((text) => `${of}: ${text}`));
      say(`${of}: ${lineOf(result)}`);
      // What is lost stays lost: every later round would find it again.
      if (findings.lost + findings.doubled + findings.diverged > 0) break;
    }
    const pausesMs = results.flatMap(({ pauseMs }) => pauseMs ?? []);
    const failures = countBy(
      results.flatMap((result) => result.failures.map(({ status, code }) => `${status} ${code}`)),
    );
    const failed = results.reduce((sum, result) => sum + result.failures.length, 0);
    const { acknowledged, unknown } = run.ledger;
    const { lost, doubled } = findings;
    if (failed > 0 && row.failures === 'none') broken.push(`${failed} requests failed`);
    const slow = [...slowIn(row, pausesMs), ...results.flatMap((result) => result.slow ?? [])];
    return {
      rounds: results.length,
      ratePerS,
      pausesMs,
      failed,
      failures,
      acknowledged,
      unknown,
      lost,
      doubled,
      broken,
      slow,
    };
  } finally {
    await installation.end();
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

function slowIn(row: Row, pausesMs: readonly number[]): readonly string[] {
  const slow: string[] = [];
  const [middle, worst] = [median(pausesMs), Math.max(0, ...pausesMs)];
  if (middle > row.pauseMsMax.median) slow.push(`median pause ${msText(middle)}, required ${row.pauseMsMax.median} ms`);
  if (worst > row.pauseMsMax.worst) slow.push(`worst pause ${msText(worst)}, required ${row.pauseMsMax.worst} ms`);
  return slow;
}

function lineOf({ pauseMs, pauseAt, stallMs, failures, note }: RoundResult): string {
  const parts = [note];
  if (pauseMs !== null)
    parts.push(
      `pause ${msText(pauseMs)} at ${pauseAt.slice(11, 23)} (this client itself was away for ${msText(stallMs)} at most)`,
    );
  if (failures.length > 0) parts.push(`${failures.length} failed`);
  return parts.join('; ');
}

function countBy(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
