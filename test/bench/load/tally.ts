import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Outcome } from './plan.ts';

const NS_PER_MS = 1e6;

/**
 * How long requests took that were begun (or due, in an open loop) within the measured time, whenever they were answered: none is
 * left out because it took too long.
 */
export class Tally {
  readonly #took: RecordableHistogram = createHistogram({ figures: 3 });
  readonly #refusals: Record<string, number> = {};
  #requests = 0;
  #operations = 0;
  #all = 0;
  #beginMs = Infinity;
  #endMs = Infinity;
  #cpu: NodeJS.CpuUsage = { user: 0, system: 0 };

  /** Answers ever counted: it stands still when nobody answers. */
  get all(): number {
    return this.#all;
  }

  /** Whether nothing counts so far. */
  get isEmpty(): boolean {
    return this.#requests === 0;
  }

  begin(): void {
    this.#cpu = process.cpuUsage();
    this.#beginMs = performance.now();
  }

  end(): void {
    this.#endMs = performance.now();
    this.#cpu = process.cpuUsage(this.#cpu);
  }

  /** Of a request that was begun at that time, and is answered now. */
  add(operations: number, sinceMs: number): void {
    this.#all += 1;
    if (sinceMs < this.#beginMs || sinceMs >= this.#endMs) return;
    this.#requests += 1;
    this.#operations += operations;
    this.#took.record(Math.max(1, Math.round((performance.now() - sinceMs) * NS_PER_MS)));
  }

  /** Of a request that was begun at that time, and is refused now. */
  refuse(code: string, sinceMs: number): void {
    this.#all += 1;
    if (sinceMs < this.#beginMs || sinceMs >= this.#endMs) return;
    this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
  }

  /** @throws if nothing was begun */
  get outcome(): Outcome {
    if (this.#requests === 0) throw new Error('no request was begun in the measured time');
    const ms = (percentile: number): number => this.#took.percentile(percentile) / NS_PER_MS;
    return {
      requests: this.#requests,
      refusals: this.#refusals,
      operations: this.#operations,
      seconds: (this.#endMs - this.#beginMs) / 1000,
      p50Ms: ms(50),
      p99Ms: ms(99),
      p999Ms: ms(99.9),
      maxMs: this.#took.max / NS_PER_MS,
      generatorUs: (this.#cpu.user + this.#cpu.system) / this.#requests,
    };
  }
}
