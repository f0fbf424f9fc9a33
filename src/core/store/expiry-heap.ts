import { Column } from '../base/columns.ts';

const CHILDREN = 4;

/**
 * R17: what falls due when, the earliest on top: a heap with four children each in two columns of numbers, 16 bytes an item.
 * Every replica keeps one, so that a new leader need not look through all values. Whoever puts an item in keeps the place at
 * which it stands, and so can take it out again: nothing that is out of date is ever left in it, to be cleared away by the
 * million at once.
 */
export class ExpiryHeap {
  readonly #timesMs = new Column((length) => new Float64Array(length));
  readonly #items = new Column((length) => new Float64Array(length));
  readonly #onPlace: (item: number, place: number) => void;

  /** `onPlace`: the item stands there from now on. */
  constructor(onPlace: (item: number, place: number) => void) {
    this.#onPlace = onPlace;
  }

  get length(): number {
    return this.#items.length;
  }

  add(item: number, atMs: number): void {
    this.#timesMs.push(atMs);
    this.#items.push(item);
    this.#rise(this.length - 1, item, atMs);
  }

  removeAt(place: number): void {
    const last = this.length - 1;
    const [item, atMs] = [this.#items.at(last), this.#timesMs.at(last)];
    this.#items.pop();
    this.#timesMs.pop();
    if (place === last) return;
    if (place > 0 && atMs < this.#timesMs.at(parentOf(place))) this.#rise(place, item, atMs);
    else this.#sink(place, item, atMs);
  }

  /** It goes under another name from now on. */
  renameAt(place: number, item: number): void {
    this.#items.set(place, item);
  }

  /** When the first item falls due; null: none ever does. */
  get earliestMs(): number | null {
    return this.length === 0 ? null : this.#timesMs.at(0);
  }

  /**
   * Up to `max` items that are due at `timeMs`; among them the earliest. They stay. Beneath an item are only later ones, so no
   * more than four times as many are looked at, however many are due.
   */
  due(timeMs: number, max: number): number[] {
    const due: number[] = [];
    const places = [0];
    for (let next = 0; next < places.length && due.length < max; next += 1) {
      const place = places[next] as number;
      if (place >= this.length || this.#timesMs.at(place) > timeMs) continue;
      due.push(this.#items.at(place));
      for (let child = 1; child <= CHILDREN; child += 1) places.push(CHILDREN * place + child);
    }
    return due;
  }

  clear(): void {
    this.#timesMs.clear();
    this.#items.clear();
  }

  #rise(from: number, item: number, atMs: number): void {
    let place = from;
    while (place > 0) {
      const parent = parentOf(place);
      const parentMs = this.#timesMs.at(parent);
      if (parentMs <= atMs) break;
      this.#put(place, this.#items.at(parent), parentMs);
      place = parent;
    }
    this.#put(place, item, atMs);
  }

  #sink(from: number, item: number, atMs: number): void {
    let place = from;
    for (;;) {
      const [child, childMs] = this.#earliestChild(place);
      if (childMs >= atMs) break;
      this.#put(place, this.#items.at(child), childMs);
      place = child;
    }
    this.#put(place, item, atMs);
  }

  #earliestChild(place: number): readonly [place: number, atMs: number] {
    let [earliest, earliestMs] = [0, Infinity];
    const first = CHILDREN * place + 1;
    const end = Math.min(first + CHILDREN, this.length);
    for (let child = first; child < end; child += 1) {
      const childMs = this.#timesMs.at(child);
      if (childMs < earliestMs) [earliest, earliestMs] = [child, childMs];
    }
    return [earliest, earliestMs];
  }

  #put(place: number, item: number, atMs: number): void {
    this.#items.set(place, item);
    this.#timesMs.set(place, atMs);
    this.#onPlace(item, place);
  }
}

const parentOf = (place: number): number => ((place - 1) / CHILDREN) | 0;
