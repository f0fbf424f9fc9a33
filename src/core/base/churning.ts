/**
 * Once so many were deleted, and some times as many as there are, the next to come finds a new table: often enough that what is kept of the
 * old ones is little, seldom enough that copying what is there costs nothing (64 in flight: 5 ns for each that comes).
 */
const RENEWED_AFTER = 1_000;
const RENEWED_AFTER_TIMES = 4;

/**
 * A Map that things come to and go from all the time, such as requests under way.
 *
 * When V8 replaces the table of a Map or a Set, because it is full of what was deleted, the old table goes on referring to the new
 * one, for iterators that are under way. So if a table that nobody needs any more has come to the old space, whose garbage is
 * only found by a collection of the whole heap, then all tables after it live until then, and with them whatever was in them when they were
 * replaced. Each collection of the young space copies it: in a proxy at 10,000 requests a second 8 of 50 MB, in 12 to 19 ms, for a
 * few kilobytes that were really alive. A new Map has no table before it.
 *
 * Iterators are those of a Map, unless something is added meanwhile: then they may miss that, and meet what has gone since.
 */
export class ChurningMap<Key, Value> {
  #map = new Map<Key, Value>();
  #deleted = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  set(key: Key, value: Value): this {
    if (this.#deleted >= RENEWED_AFTER && this.#deleted >= RENEWED_AFTER_TIMES * this.#map.size) {
      this.#map = new Map(this.#map);
      this.#deleted = 0;
    }
    this.#map.set(key, value);
    return this;
  }

  delete(key: Key): boolean {
    const wasThere = this.#map.delete(key);
    if (wasThere) this.#deleted += 1;
    return wasThere;
  }

  clear(): void {
    this.#map = new Map();
    this.#deleted = 0;
  }

  keys(): MapIterator<Key> {
    return this.#map.keys();
  }

  values(): MapIterator<Value> {
    return this.#map.values();
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.#map[Symbol.iterator]();
  }
}

/** The same for a Set. */
export class ChurningSet<Item> {
  readonly #items = new ChurningMap<Item, Item>();

  get size(): number {
    return this.#items.size;
  }

  has(item: Item): boolean {
    return this.#items.has(item);
  }

  add(item: Item): this {
    this.#items.set(item, item);
    return this;
  }

  delete(item: Item): boolean {
    return this.#items.delete(item);
  }

  clear(): void {
    this.#items.clear();
  }

  [Symbol.iterator](): MapIterator<Item> {
    return this.#items.keys();
  }
}
