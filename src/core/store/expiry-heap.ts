import { Deque } from '../base/deque.ts';
import type { Key } from '../base/key.ts';

/** Below it nobody counts what is out of date. */
const OUTDATED_MIN = 64;

/** A key that has come up, and when it fell due. */
interface Overdue {
  readonly key: Key;
  readonly atMs: number;
}

/**
 * R17: which keys fall due when, the earliest on top: a binary heap in two arrays, 16 bytes a key. Every replica keeps one,
 * so that a new leader need not look through all values. What a key was added with before is out of date, and stays until
 * it comes up or half of all is so: finding it would cost a second index.
 *
 * What was asked for as due leaves the heap, and waits in a queue for the entry that removes it: were it left in, whoever asks
 * next would have to pass it by, and a million keys that fall due together took 27 µs each to find, and now 3.
 */
export class ExpiryHeap {
  #timesMs: number[] = [];
  #keys: Key[] = [];
  /** The earliest first. */
  readonly #overdue = new Deque<Overdue>();
  #outdated = 0;
  readonly #isCurrent: (key: Key, atMs: number) => boolean;

  /** `isCurrent`: whether this is still the time at which the key falls due. */
  constructor(isCurrent: (key: Key, atMs: number) => boolean) {
    this.#isCurrent = isCurrent;
  }

  get length(): number {
    return this.#keys.length + this.#overdue.length;
  }

  add(key: Key, atMs: number): void {
    this.#timesMs.push(atMs);
    this.#keys.push(key);
    this.#rise(this.#keys.length - 1);
  }

  /** A key that was added is gone, or falls due at another time. What is on top goes at once: so does what has expired. */
  outdate(): void {
    this.#outdated += 1;
    this.#dropOutdatedOverdue();
    this.#dropOutdatedTops(2);
    if (this.#outdated > OUTDATED_MIN && this.#outdated > this.length / 2) this.#rebuild();
  }

  /** When the first key falls due; null: none ever does. */
  get earliestMs(): number | null {
    this.#dropOutdatedOverdue();
    this.#dropOutdatedTops(Infinity);
    const [overdueMs, topMs] = [this.#overdue.first()?.atMs, this.#timesMs[0]];
    return overdueMs === undefined ? (topMs ?? null) : Math.min(overdueMs, topMs ?? Infinity);
  }

  #dropOutdatedOverdue(): void {
    for (let first = this.#overdue.first(); first !== undefined; first = this.#overdue.first()) {
      if (this.#isCurrent(first.key, first.atMs)) return;
      this.#overdue.shift();
      this.#outdated = Math.max(0, this.#outdated - 1);
    }
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

  /** Up to `max` keys that are due at `timeMs`, the earliest first. They stay: whoever removes them does so by an entry. */
  due(timeMs: number, max: number): Key[] {
    const due = new Set<Key>();
    this.#dropOutdatedOverdue();
    for (let at = 0; at < this.#overdue.length && due.size < max; at += 1) {
      const { key, atMs } = this.#overdue.at(at) as Overdue;
      if (atMs <= timeMs && this.#isCurrent(key, atMs)) due.add(key);
    }
    while (due.size < max) {
      this.#dropOutdatedTops(Infinity);
      const [key, atMs] = [this.#keys[0], this.#timesMs[0]];
      if (key === undefined || atMs === undefined || atMs > timeMs) break;
      this.#pop();
      this.#queue({ key, atMs });
      due.add(key);
    }
    return [...due];
  }

  /** Most often it is the latest of all: only what was added since the last time may have been due before. */
  #queue(overdue: Overdue): void {
    const later: Overdue[] = [];
    for (let last = this.#overdue.last(); last !== undefined && last.atMs > overdue.atMs; last = this.#overdue.last()) {
      this.#overdue.pop();
      later.push(last);
    }
    this.#overdue.push(overdue);
    for (const one of later.reverse()) this.#overdue.push(one);
  }

  clear(): void {
    this.#timesMs = [];
    this.#keys = [];
    this.#overdue.clear();
    this.#outdated = 0;
  }

  /** Floyd's: the halves beneath are heaps before what is above them sinks in. */
  #rebuild(): void {
    const [timesMs, keys] = [this.#timesMs, this.#keys];
    for (let first = this.#overdue.shift(); first !== undefined; first = this.#overdue.shift()) {
      keys.push(first.key);
      timesMs.push(first.atMs);
    }
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
