/** Times of requests, and what is said of them. Sorted when somebody asks. */
export class Latencies {
  readonly #times: number[] = [];
  #slowest = 0;
  #count = 0;

  add(ms: number): void {
    this.#count += 1;
    this.#slowest = Math.max(this.#slowest, ms);
    // Of many a sample that each has the same chance to be in.
    if (this.#times.length < SAMPLES_MAX) this.#times.push(ms);
    else {
      const at = Math.floor(Math.random() * this.#count);
      if (at < SAMPLES_MAX) this.#times[at] = ms;
    }
  }

  get count(): number {
    return this.#count;
  }

  summary(): LatencySummary | null {
    if (this.#count === 0) return null;
    const sorted = this.#times.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { count: this.#count, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: this.#slowest };
  }
}

export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const SAMPLES_MAX = 200_000;
