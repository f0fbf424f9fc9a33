import type { RunResult } from './run.ts';

/** What all runs came to. */
export class Sums {
  #runs = 0;
  #violations = 0;
  #elections = 0;
  #setChanges = 0;
  #lineages = 0;
  #slowestMs = 0;
  readonly #operations: Record<string, number> = {};
  readonly #failures: Record<string, number> = {};
  readonly #faults: Record<string, number> = {};

  get violations(): number {
    return this.#violations;
  }

  add(result: RunResult): void {
    this.#runs += 1;
    this.#violations += result.violations.length;
    this.#elections += result.elections;
    this.#setChanges += result.setChanges;
    this.#lineages += result.lineages;
    this.#slowestMs = Math.max(this.#slowestMs, result.settledMs ?? 0);
    for (const [outcome, count] of Object.entries(result.operations)) add(this.#operations, outcome, count);
    for (const [code, count] of Object.entries(result.failures)) add(this.#failures, code, count);
    for (const [kind, count] of Object.entries(result.faults)) add(this.#faults, kind, count);
  }

  lines(): readonly string[] {
    return [
      '',
      `${this.#runs} runs, slowest to settle ${(this.#slowestMs / 1000).toFixed(1)} s`,
      `operations: ${textOf(this.#operations)}`,
      `refusals and errors: ${textOf(this.#failures)}`,
      `faults: ${textOf(this.#faults)}`,
      `elections ${this.#elections}, set changes ${this.#setChanges}, new lineages ${this.#lineages}`,
      `violations: ${this.#violations}`,
    ];
  }
}

function add(counts: Record<string, number>, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count;
}

function textOf(counts: Readonly<Record<string, number>>): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return `${total} (${parts.join(', ')})`;
}
