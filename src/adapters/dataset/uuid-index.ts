import type { Place, Records } from './records.ts';
import { newUuidWords, type UuidWords } from './uuid.ts';

/** Half of the slots are taken: 1.5 are looked at for a UUID that is there, 2.5 for one that is not, each a miss of the cache. */
const SLOTS_PER_RECORD = 2;
const EMPTY = 0;

/**
 * UUIDs to records: open addressing over one typed array, whose slots hold places and nothing else; the UUIDs that are
 * compared stand in the records. 8 bytes for each line. It is made for a number of records that is known, and never grows.
 */
export class UuidIndex {
  readonly #records: Records;
  /** Places, from 1; {@link EMPTY}. There is always an empty one, at which a search ends. */
  readonly #slots: Uint32Array;
  readonly #slotsOfHash: number;
  readonly #uuid = newUuidWords();
  #size = 0;

  constructor(records: Records) {
    this.#records = records;
    this.#slots = new Uint32Array(records.count * SLOTS_PER_RECORD + 1);
    this.#slotsOfHash = this.#slots.length / 2 ** 32;
  }

  /** UUIDs that are there; each counts once. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Of two records with one UUID the later one stands. */
  add(place: Place): void {
    this.#records.readUuid(place, this.#uuid);
    const slot = this.#slotOf(this.#uuid);
    if (this.#slots[slot] === EMPTY) this.#size += 1;
    this.#slots[slot] = place + 1;
  }

  find(uuid: UuidWords): Place | null {
    const entry = this.#slots[this.#slotOf(uuid)] as number;
    return entry === EMPTY ? null : ((entry - 1) as Place);
  }

  /** Where the UUID is, or would be. */
  #slotOf(uuid: UuidWords): number {
    const slots = this.#slots;
    let slot = Math.floor(hashOf(uuid) * this.#slotsOfHash);
    for (;;) {
      const entry = slots[slot] as number;
      if (entry === EMPTY || this.#records.hasUuid((entry - 1) as Place, uuid)) return slot;
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
  }
}

/** 32 bits, each of which depends on all of the UUID: not every file has random ones. The end is MurmurHash3's. */
function hashOf(uuid: UuidWords): number {
  let hash = uuid[0] as number;
  for (let word = 1; word < 4; word += 1) {
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ (uuid[word] as number);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
