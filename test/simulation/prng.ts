/**
 * The only source of chance in a simulated run. sfc32: 128 bits of state, so that neighbouring seeds give unrelated
 * runs, and integer arithmetic only, so that every machine draws the same.
 */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.#c = (stream ^ 0x9e3779b9) | 0;
    this.#counter = 1;
    for (let warmUp = 0; warmUp < 15; warmUp += 1) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const mixed = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + mixed;
    return (mixed >>> 0) / 0x1_0000_0000;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A whole number in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** A number in [low, high). */
  within(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** With the given mean, never more than ten times it. */
  exponential(mean: number): number {
    return Math.min(-Math.log(1 - this.next()) * mean, 10 * mean);
  }

  /** Sorts `items` into a random order, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const item = items[last] as T;
      items[last] = items[other] as T;
      items[other] = item;
    }
    return items;
  }
}

/**
 * Each actor draws from a stream of its own, and where there are many of a kind each has its number added: what one of
 * them does, or that it is left out, changes nothing that another draws.
 */
export const streams = {
  plan: 1,
  schedule: 2,
  /** For schedules that are written by hand. */
  scenario: 3,
  fault: 4,
  pods: 5,
  api: 6,
  /** Of the plan, what came later: seeds go on to draw as they did. */
  history: 7,
  recency: 8,
  eviction: 9,
  client: 1000,
  arrivals: 2000,
  watcher: 3000,
  kubelet: 0x1_0000,
  network: 0x2_0000,
  apiCalls: 0x3_0000,
  process: 0x100_0000,
  operation: 0x1000_0000,
} as const;

/** One generator per machine. */
export class PrngPerMachine {
  readonly #seed: number;
  readonly #stream: number;
  readonly #machines: (Prng | undefined)[] = [];

  constructor(seed: number, stream: number) {
    this.#seed = seed;
    this.#stream = stream;
  }

  of(machine: number): Prng {
    return (this.#machines[machine] ??= new Prng(this.#seed, this.#stream + machine));
  }
}
