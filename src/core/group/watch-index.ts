import type { Key } from '../base/key.ts';
import type { WatchEvent, WatchRange } from '../store/watching.ts';

/** All watchers of one range that are up to date, and what this turn has brought them. */
export class WatchedRange<Watcher> {
  readonly range: WatchRange;
  readonly watchers = new Set<Watcher>();
  news: WatchEvent[] = [];

  constructor(range: WatchRange) {
    this.range = range;
  }
}

/**
 * Who is to be told of a change, by key and by prefix. A change costs one look-up for its key and one for each *length* that
 * watched prefixes have, however many watchers and prefixes there are; what concerns nobody costs no more.
 */
export class WatchIndex<Watcher> {
  readonly #keys = new Map<Key, WatchedRange<Watcher>>();
  readonly #prefixes = new Map<string, WatchedRange<Watcher>>();
  /** How many watched prefixes have this length. */
  readonly #lengths = new Map<number, number>();

  get size(): number {
    return this.#keys.size + this.#prefixes.size;
  }

  add(range: WatchRange, watcher: Watcher): void {
    this.#rangeOf(range).watchers.add(watcher);
  }

  /** One that is not there is none the less gone. */
  remove(range: WatchRange, watcher: Watcher): void {
    const watched = range.kind === 'key' ? this.#keys.get(range.key) : this.#prefixes.get(range.prefix);
    if (watched === undefined) return;
    watched.watchers.delete(watcher);
    if (watched.watchers.size > 0) return;
    if (range.kind === 'key') {
      this.#keys.delete(range.key);
      return;
    }
    const { length } = range.prefix;
    this.#prefixes.delete(range.prefix);
    const left = (this.#lengths.get(length) ?? 1) - 1;
    if (left === 0) this.#lengths.delete(length);
    else this.#lengths.set(length, left);
  }

  /** Calls `visit` with each range that the key is in. */
  visit(key: Key, visit: (watched: WatchedRange<Watcher>) => void): void {
    const exact = this.#keys.get(key);
    if (exact !== undefined) visit(exact);
    for (const length of this.#lengths.keys()) {
      if (length > key.length) continue;
      const watched = this.#prefixes.get(key.slice(0, length));
      if (watched !== undefined) visit(watched);
    }
  }

  *ranges(): IterableIterator<WatchedRange<Watcher>> {
    yield* this.#keys.values();
    yield* this.#prefixes.values();
  }

  clear(): void {
    this.#keys.clear();
    this.#prefixes.clear();
    this.#lengths.clear();
  }

  #rangeOf(range: WatchRange): WatchedRange<Watcher> {
    const known = range.kind === 'key' ? this.#keys.get(range.key) : this.#prefixes.get(range.prefix);
    if (known !== undefined) return known;
    const watched = new WatchedRange<Watcher>(range);
    if (range.kind === 'key') this.#keys.set(range.key, watched);
    else {
      const { length } = range.prefix;
      this.#prefixes.set(range.prefix, watched);
      this.#lengths.set(length, (this.#lengths.get(length) ?? 0) + 1);
    }
    return watched;
  }
}
