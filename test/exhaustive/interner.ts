import { digestOf } from './canonical.ts';

/** Texts up to here are their own keys: they are few, and looked up in every state. */
const SHORT = 1000;

/**
 * Values as small numbers: what states are made of. Each has two digests, of itself and of itself with the two
 * interchangeable replicas exchanged; both depend on the value only, never on when it was met.
 */
export class Interner<T> {
  readonly #ids = new Map<string, number>();
  readonly #values: T[] = [];
  #digests = new Uint32Array(1 << 10);

  get size(): number {
    return this.#values.length;
  }

  /** `exchanged`: the text with the two replicas exchanged, asked for only when the value is new. */
  intern(text: string, exchanged: () => string, make: () => T): number {
    const short = text.length <= SHORT ? text : null;
    const found = short === null ? undefined : this.#ids.get(short);
    if (found !== undefined) return found;
    const own = digestOf(text);
    const name = short ?? own.key;
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#values.length;
    const other = digestOf(exchanged());
    if (this.#digests.length < 4 * (id + 1)) {
      const grown = new Uint32Array(2 * this.#digests.length);
      grown.set(this.#digests);
      this.#digests = grown;
    }
    this.#digests.set([own.high, own.low, other.high, other.low], 4 * id);
    this.#ids.set(name, id);
    this.#values.push(make());
    return id;
  }

  at(id: number): T {
    const value = this.#values[id];
    if (value === undefined) throw new Error(`no value ${id}`);
    return value;
  }

  /** Four numbers each, from `4 * id`: high and low of the value, high and low of the exchanged one. */
  get digests(): Uint32Array {
    return this.#digests;
  }
}
