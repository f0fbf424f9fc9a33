import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Outcome } from './plan.ts';

const NS_PER_MS = 1e6;

/** What was answered, and how long it took, from {@link begin} to {@link end}; what comes before and after does not count. */
export class Tally {
  readonly #took: RecordableHistogram = createHistogram({ figures: 3 });
  #state: 'before' | 'within' | 'after' = 'before';
  #requests = 0;
  #operations = 0;
  #all = 0;
  #beginMs = 0;
  #endMs = 0;
  #cpu: NodeJS.CpuUsage = { user: 0, system: 0 };

  /** Answers ever counted: it stands still when nobody answers. */
  get all(): number {
    return this.#all;
  }

  begin(): void {
    this.#cpu = process.cpuUsage();
    this.#beginMs = performance.now();
    this.#state = 'within';
  }

  end(): void {
    this.#state = 'after';
    this.#endMs = performance.now();
    this.#cpu = process.cpuUsage(this.#cpu);
  }

  add(operations: number, sinceMs: number): void {
    this.#all += 1;
    if (this.#state !== 'within') return;
    this.#requests += 1;
    this.#operations += operations;
    this.#took.record(Math.max(1, Math.round((performance.now() - sinceMs) * NS_PER_MS)));
  }

  /** @throws if nothing was answered */
  get outcome(): Outcome {
    if (this.#requests === 0) throw new Error('nothing was answered in the measured time');
    const ms = (percentile: number): number => this.#took.percentile(percentile) / NS_PER_MS;
    return {
      requests: this.#requests,
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
