import { hash } from 'node:crypto';
import type { Store } from '../../src/core/store/store.ts';
import { exchangeInNumber, exchangeInText } from './names.ts';
import { Suspended } from './suspended.ts';
import { VISIBLE } from './visible-core.ts';

/** How a value is put into words that are the same for all values that mean the same. */
export interface Wording {
  /** The two interchangeable replicas swap their names. */
  readonly naming: 'own' | 'exchanged';
  /**
   * Whether the order of sets of names and of maps counts. It decides only whom a leader tries first among equals, but
   * with it no two states are ever symmetric.
   */
  readonly order: 'counts' | 'sorted';
}

/** Overwritten at the beginning of every turn, before anything reads it. */
const TRANSIENT = new Set([`${VISIBLE}effects`]);

/** When keys were last used; in the space that is searched none has an idle time. */
const USED = `${VISIBLE}usedMs`;

function unused(uses: object): string {
  if ((uses as { readonly size: number }).size > 0) throw new Error('cannot be compared: when keys were last used');
  return 'unused';
}

/** How many have gone from a map that is renewed now and then: nothing depends on it but when. */
const GONE = `${VISIBLE}deleted`;
const RENEWED = `${VISIBLE}map`;

/** A store's records are bytes whose places depend on what was there before: it is told by what it has. */
const PACKED = `${VISIBLE}records`;

/**
 * Everything that can be reached from an object, as one text: two objects with the same text behave alike. Instances of
 * classes count by identity (the second time that one is met it is only referred to), plain objects by value; the core
 * compares none of these by identity.
 */
export class Canonical {
  /** Which never change: they are left out. */
  readonly #constants: ReadonlySet<unknown>;

  constructor(constants: Iterable<unknown>) {
    this.#constants = new Set(constants);
  }

  text(value: unknown, wording: Wording): string {
    return new Walk(this.#constants, wording).text(value);
  }
}

class Walk {
  readonly #constants: ReadonlySet<unknown>;
  readonly #exchanges: boolean;
  readonly #sorts: boolean;
  readonly #seen = new Map<object, number>();

  constructor(constants: ReadonlySet<unknown>, wording: Wording) {
    this.#constants = constants;
    this.#exchanges = wording.naming === 'exchanged';
    this.#sorts = wording.order === 'sorted';
  }

  text(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return `"${this.#exchanges ? exchangeInText(value) : value}"`;
      case 'number':
        return String(this.#exchanges ? exchangeInNumber(value) : value);
      case 'boolean':
      case 'undefined':
        return String(value);
      case 'function':
        return `function ${value.name}`;
      case 'object':
        return value === null ? 'null' : this.#object(value);
      default:
        throw new Error(`cannot be compared: ${typeof value}`);
    }
  }

  #object(value: object): string {
    if (this.#constants.has(value)) return '=';
    if (Array.isArray(value)) return this.#list(value);
    if (value instanceof Uint8Array) return `bytes ${value.join(' ')}`;
    if (USED in value) return unused(value);
    if (GONE in value && RENEWED in value) return this.text((value as Record<string, unknown>)[RENEWED]);
    if (PACKED in value && 'versionFloor' in value) return this.#store(value as unknown as Store);
    const prototype: unknown = Object.getPrototypeOf(value);
    const isPlain = prototype === Object.prototype || prototype === null;
    if (!isPlain) {
      const seen = this.#seen.get(value);
      if (seen !== undefined) return `@${seen}`;
      this.#seen.set(value, this.#seen.size);
    }
    if (value instanceof Map) return `map{${this.#entries([...value.entries()])}}`;
    if (value instanceof Set) return `set{${this.#sorted([...value].map((item) => this.text(item)))}}`;
    const kind = Object.prototype.toString.call(value);
    // What it is about is told beside it: `Suspended`.
    if (kind === '[object Generator]') return 'an errand';
    if (value instanceof Suspended) return this.#suspended(value);
    if (kind !== '[object Object]') throw new Error(`cannot be compared: ${kind}`);
    if ('first' in value && 'at' in value && 'length' in value) return this.#list(queued(value as Queue));
    let text = '{';
    for (const field of Object.keys(value)) {
      if (TRANSIENT.has(field)) continue;
      const content = (value as Record<string, unknown>)[field];
      const isSet = field === 'inSync' && this.#sorts && Array.isArray(content);
      text += `${field}:${isSet ? `set{${this.#sorted(content.map((item) => this.text(item)))}}` : this.text(content)},`;
    }
    return `${text}}`;
  }

  #store(store: Store): string {
    const { history, uses, versionFloor, evictedKeys } = store;
    const tombstones = this.#list([...store.tombstones()]);
    // Of one that a snapshot will bring nothing is told but that it is missing.
    if (history.missing > 0) throw new Error('cannot be compared: older versions that are not there yet');
    const older = `${history.limit}:${this.#list([...history.superseded()])}`;
    return `store{${older},${this.text(uses)},${this.#entries([...store.values()])},${tombstones},${versionFloor},${evictedKeys}}`;
  }

  #list(items: readonly unknown[]): string {
    let text = '[';
    for (const item of items) text += `${this.text(item)},`;
    return `${text}]`;
  }

  /** Keys first: what is met in which order must not depend on the order of insertion. */
  #entries(entries: readonly (readonly [unknown, unknown])[]): string {
    const worded = entries.map(([key, value]) => [this.text(key), value] as const);
    if (this.#sorts) worded.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return worded.map(([key, value]) => `${key}=>${this.text(value)}`).join(',');
  }

  #sorted(texts: string[]): string {
    return (this.#sorts ? texts.sort() : texts).join(',');
  }

  #suspended(errand: Suspended): string {
    const locals = errand.locals().map(([name, value]) => `${name}:${this.text(value)}`);
    return `${errand.place}(${locals.join(',')})`;
  }
}

interface Queue {
  readonly length: number;
  at(position: number): unknown;
}

/** A ring buffer says where it stands in its ring, which nobody asks. */
function queued(queue: Queue): unknown[] {
  return Array.from({ length: queue.length }, (_, position) => queue.at(position));
}

/** 128 bits of a text: as a key, and the first 64 as two numbers. */
export interface Digest {
  readonly key: string;
  readonly high: number;
  readonly low: number;
}

export function digestOf(text: string): Digest {
  const key = hash('md5', text, 'hex');
  return { key, high: Number.parseInt(key.slice(0, 8), 16), low: Number.parseInt(key.slice(8, 16), 16) };
}
