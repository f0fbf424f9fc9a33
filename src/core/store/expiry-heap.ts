import type { Key } from '../base/key.ts';

/** Below it nobody counts what is out of date. */
const OUTDATED_MIN = 64;

/**
 * R17: which keys fall due when, the earliest on top: a binary heap in two arrays, 16 bytes a key. Every replica keeps one,
 * so that a new leader need not look through all values. What a key was added with before is out of date, and stays until
 * it comes up or half of all is so: finding it would cost a second index.
 */
export class ExpiryHeap {
  #timesMs: number[] = [];
  #keys: Key[] = [];
  #outdated = 0;
  readonly #isCurrent: (key: Key, atMs: number) => boolean;

  /** `isCurrent`: whether this is still the time at which the key falls due. */
  constructor(isCurrent: (key: Key, atMs: number) => boolean) {
    this.#isCurrent = isCurrent;
  }

  get length(): number {
    return this.#keys.length;
  }

  add(key: Key, atMs: number): void {
    this.#timesMs.push(atMs);
    this.#keys.push(key);
    this.#rise(this.#keys.length - 1);
  }

  /** A key that was added is gone, or falls due at another time. What is on top goes at once: so does what has expired. */
  outdate(): void {
    this.#outdated += 1;
    this.#dropOutdatedTops(2);
    if (this.#outdated > OUTDATED_MIN && this.#outdated > this.#keys.length / 2) this.#rebuild();
  }

  /** When the first key falls due; null: none ever does. */
  get earliestMs(): number | null {
    this.#dropOutdatedTops(Infinity);
    return this.#timesMs[0] ?? null;
  }

  #dropOutdatedTops(max: number): void {
    for (let left = max; left > 0; left -= 1) {
      const [key] = this.#keys;
      const [atMs] = this.#timesMs;
      if (key === undefined || atMs === undefined || this.#isCurrent(key, atMs)) return;
      this.#pop();
      this.#outdated = Math.max(0, this.#outdated - 1);
    }
  }

  /** Up to `max` keys that are due at `timeMs`, in no order. They stay: whoever removes them does so by an entry. */
  due(timeMs: number, max: number): Key[] {
    const due = new Set<Key>();
    const places = [0];
    for (let place = places.pop(); place !== undefined && due.size < max; place = places.pop()) {
      const [key, atMs] = [this.#keys[place], this.#timesMs[place]];
      // No key beneath is due any earlier.
      if (key === undefined || atMs === undefined || atMs > timeMs) continue;
      if (this.#isCurrent(key, atMs)) due.add(key);
      places.push(2 * place + 1, 2 * place + 2);
    }
    return [...due];
  }

  clear(): void {
    this.#timesMs = [];
    this.#keys = [];
    this.#outdated = 0;
  }

  /** Floyd's: the halves beneath are heaps before what is above them sinks in. */
  #rebuild(): void {
    const [timesMs, keys] = [this.#timesMs, this.#keys];
    this.clear();
    const seen = new Set<Key>();
    for (const [place, key] of keys.entries()) {
      const atMs = timesMs[place] as number;
      if (!this.#isCurrent(key, atMs) || seen.has(key)) continue;
      seen.add(key);
      this.#timesMs.push(atMs);
      this.#keys.push(key);
    }
    for (let place = (this.#keys.length >> 1) - 1; place >= 0; place -= 1) this.#sink(place);
  }

  #pop(): void {
    const [key, atMs] = [this.#keys.pop(), this.#timesMs.pop()];
    if (key === undefined || atMs === undefined || this.#keys.length === 0) return;
    this.#keys[0] = key;
    this.#timesMs[0] = atMs;
    this.#sink(0);
  }

  #rise(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if ((this.#timesMs[parent] as number) <= (this.#timesMs[place] as number)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #sink(from: number): void {
    const timesMs = this.#timesMs;
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= timesMs.length) return;
      const right = left + 1;
      const child = right < timesMs.length && (timesMs[right] as number) < (timesMs[left] as number) ? right : left;
      if ((timesMs[place] as number) <= (timesMs[child] as number)) return;
      this.#swap(place, child);
      place = child;
    }
  }

  #swap(a: number, b: number): void {
    const [timesMs, keys] = [this.#timesMs, this.#keys];
    [timesMs[a], timesMs[b]] = [timesMs[b] as number, timesMs[a] as number];
    [keys[a], keys[b]] = [keys[b] as Key, keys[a] as Key];
  }
}
