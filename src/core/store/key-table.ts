import { assert } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { KeyHash } from './last-hash.ts';
import { NOWHERE, type Records, type Ref } from './records.ts';

/** So many tables, by the upper bits of the hash. Each grows by itself: of ten million keys 10,000 move at a time, in 0.2 ms. */
const TABLE_BITS = 10;
const TABLES = 1 << TABLE_BITS;
const SLOTS_MIN = 8;
/** Slots in use at most, of eight. */
const FULL = 6;
/** A table with fewer, of eight, is halved. */
const SPARSE = 1;

/** Two words a slot: the hash, and where the record is. */
type Slots = Uint32Array;

/**
 * Where the record of each key is: open addressing with linear probing, and deletion that moves back what follows (Knuth, 6.4,
 * algorithm R), so that nothing deleted is left in the way. Some 14 bytes a key. A look-up reads one line of the table,
 * as a rule, and then the record; growing reads no record.
 *
 * A Map of V8's copies itself whole when it grows or shrinks: at a million keys that holds up everybody for 60 ms, each
 * replica at the same entry; and it ends at 2^24 keys.
 */
export class KeyTable {
  readonly #records: Records;
  readonly #hash: KeyHash;
  readonly #tables: (Slots | null)[] = new Array<Slots | null>(TABLES).fill(null);
  /** Of what was read, so that no compiler leaves the reads out. */
  #fetched = 0;
  readonly #counts = new Uint32Array(TABLES);

  constructor(records: Records, hash: KeyHash) {
    this.#records = records;
    this.#hash = hash;
  }

  /** {@link NOWHERE}: there is none. */
  find(key: Key): Ref {
    const hash = this.#hash.of(key);
    const slots = this.#tables[tableOf(hash)];
    if (slots == null) return NOWHERE;
    const at = this.#slotOf(slots, hash, key);
    return slots[at + 1] as Ref;
  }

  /** One that is not there yet. */
  add(key: Key, ref: Ref): void {
    this.#insert(this.#hash.of(key), ref);
  }

  /** Of different keys. @throws if one of them is there */
  addAll(refs: readonly Ref[]): void {
    const hashes = new Uint32Array(refs.length);
    for (let at = 0; at < hashes.length; at += 1) hashes[at] = this.#records.hashAt(refs[at] as Ref, this.#hash);
    this.#fetch(hashes);
    for (let at = 0; at < hashes.length; at += 1) {
      const [hash, ref] = [hashes[at] as number, refs[at] as Ref];
      const slots = this.#withRoom(tableOf(hash));
      const mask = slots.length - 1;
      let slot = homeOf(hash, mask);
      for (; slots[slot + 1] !== NOWHERE; slot = (slot + 2) & mask) {
        assert(
          slots[slot] !== hash || !this.#records.haveSameKey(slots[slot + 1] as Ref, ref),
          'R11: a snapshot brings each value once, and before any entry that changes it',
        );
      }
      slots[slot] = hash;
      slots[slot + 1] = ref;
    }
  }

  /** As {@link Records.fetch}, where they will be. Of a million keys it saves 0.1 µs each. */
  #fetch(hashes: Uint32Array): void {
    for (const hash of hashes) {
      const slots = this.#tables[tableOf(hash)];
      if (slots != null) this.#fetched ^= slots[homeOf(hash, slots.length - 1)] as number;
    }
  }

  #insert(hash: number, ref: Ref): void {
    insert(this.#withRoom(tableOf(hash)), hash, ref);
  }

  /** For one more, who is counted. */
  #withRoom(table: number): Slots {
    const count = (this.#counts[table] as number) + 1;
    this.#counts[table] = count;
    const slots = this.#tables[table] ?? (this.#tables[table] = new Uint32Array(2 * SLOTS_MIN));
    return 8 * count > FULL * slotsOf(slots) ? this.#resize(table, slots, 2 * slotsOf(slots)) : slots;
  }

  /** The key's record is another one now. */
  replace(key: Key, ref: Ref): void {
    const hash = this.#hash.of(key);
    const slots = this.#tables[tableOf(hash)] as Slots;
    slots[this.#slotOf(slots, hash, key) + 1] = ref;
  }

  /** Its record is this one now, whether or not it had one; which one that was. */
  put(key: Key, ref: Ref): Ref {
    const hash = this.#hash.of(key);
    const slots = this.#tables[tableOf(hash)];
    if (slots != null) {
      const at = this.#slotOf(slots, hash, key) + 1;
      const before = slots[at] as Ref;
      if (before !== NOWHERE) {
        slots[at] = ref;
        return before;
      }
    }
    this.#insert(hash, ref);
    return NOWHERE;
  }

  /** One that is there, before its record goes. */
  remove(key: Key): void {
    const hash = this.#hash.of(key);
    const table = tableOf(hash);
    const slots = this.#tables[table] as Slots;
    close(slots, this.#slotOf(slots, hash, key));
    const count = (this.#counts[table] as number) - 1;
    this.#counts[table] = count;
    if (slotsOf(slots) > SLOTS_MIN && 8 * count < SPARSE * slotsOf(slots))
      this.#resize(table, slots, slotsOf(slots) / 2);
  }

  clear(): void {
    this.#tables.fill(null);
    this.#counts.fill(0);
  }

  /** The slot of the key, or the empty one where it would be. */
  #slotOf(slots: Slots, hash: number, key: Key): number {
    const mask = slots.length - 1;
    for (let at = homeOf(hash, mask); ; at = (at + 2) & mask) {
      const ref = slots[at + 1] as Ref;
      if (ref === NOWHERE || (slots[at] === hash && this.#records.isAt(ref, key))) return at;
    }
  }

  #resize(table: number, before: Slots, slots: number): Slots {
    const after = new Uint32Array(2 * slots);
    for (let at = 0; at < before.length; at += 2)
      if (before[at + 1] !== NOWHERE) insert(after, before[at] as number, before[at + 1] as Ref);
    this.#tables[table] = after;
    return after;
  }
}

const tableOf = (hash: number): number => hash >>> (32 - TABLE_BITS);
const slotsOf = (slots: Slots): number => slots.length / 2;
const homeOf = (hash: number, mask: number): number => (2 * hash) & mask;

function insert(slots: Slots, hash: number, ref: Ref): void {
  const mask = slots.length - 1;
  let at = homeOf(hash, mask);
  while (slots[at + 1] !== NOWHERE) at = (at + 2) & mask;
  slots[at] = hash;
  slots[at + 1] = ref;
}

/** Empties a slot, and moves up whoever would not be found behind an empty one. */
function close(slots: Slots, from: number): void {
  const mask = slots.length - 1;
  let empty = from;
  for (let at = (empty + 2) & mask; slots[at + 1] !== NOWHERE; at = (at + 2) & mask) {
    const home = homeOf(slots[at] as number, mask);
    // Its home lies behind the empty slot: it is found as it is.
    if (((at - home) & mask) < ((at - empty) & mask)) continue;
    slots[empty] = slots[at] as number;
    slots[empty + 1] = slots[at + 1] as number;
    empty = at;
  }
  slots[empty] = 0;
  slots[empty + 1] = NOWHERE;
}
