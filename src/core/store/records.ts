import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import { Arena, blockBytes, byteOf, NOWHERE, numberOf, wordOf, type Ref } from './arena.ts';
import { ContentTypes } from './content-types.ts';
import type { Stay, StoredValue, Tombstone } from './reads.ts';

/*
 * A record is a block of the arena, in the order of the machine's bytes. First what finding it reads, mostly one line of the
 * processor's cache:
 *
 *   word 0      length of the key | TOMBSTONE | APART
 *   word 1      length of the value; of one that is apart, its number there
 *   the key, up to a multiple of 8 bytes
 *
 * Then doubles, counted from here, and of a value its bytes:
 *
 *   a value                                                  a tombstone
 *   0  version                                               version
 *   1  revision                                              revision
 *   2  revision of its creation                              its number in the order of deletion
 *   3  when it was written                                   two words: its neighbours in that order
 *   4  when it falls due, or NaN
 *   5  its idle time, or NaN
 *   6  two words: its content type's number; its place among those that fall due, and 1, or 0: it does not
 *   7  the bytes
 */
const KEY_LENGTH = 0xffff;
const TOMBSTONE = 1 << 16;
const APART = 1 << 17;
const [VERSION, REVISION, CREATED, MODIFIED, EXPIRES, IDLE, WORDS, BYTES] = [0, 1, 2, 3, 4, 5, 6, 7];
const [ORDER, NEIGHBOURS, TOMBSTONE_END] = [2, 3, 4];
/** What is larger has an array of its own, which nobody ever writes to again: it is neither copied in nor out. */
const PACKED_BYTES_MAX = 4096;
/** The array's header, in V8's heap and beside it, and its place. */
const APART_OVERHEAD_BYTES = 250;

/**
 * The values and tombstones themselves, packed: 64 bytes beside a key and its value, and no object. What they are found by is
 * {@link KeyTable}.
 */
export class Records {
  readonly #arena = new Arena();
  readonly #contentTypes = new ContentTypes();
  /** The values that are apart, by number. */
  #apart: (Uint8Array | null)[] = [];
  #freeNumbers: number[] = [];

  /** Of the content types, which values share. */
  get typeBytes(): number {
    return this.#contentTypes.bytes;
  }

  // --- both kinds ------------------------------------------------------------------------------------------------------

  isTombstone(ref: Ref): boolean {
    return (this.#head(ref) & TOMBSTONE) !== 0;
  }

  version(ref: Ref): Version {
    return this.#number(ref, VERSION) as Version;
  }

  keyAt(ref: Ref): Key {
    const from = byteOf(ref) + 8;
    const units = this.#arena.bytes(ref).subarray(from, from + (this.#head(ref) & KEY_LENGTH));
    return String.fromCharCode.apply(null, units as unknown as number[]) as Key;
  }

  isAt(ref: Ref, key: Key): boolean {
    const { length } = key;
    if ((this.#head(ref) & KEY_LENGTH) !== length) return false;
    const bytes = this.#arena.bytes(ref);
    const from = byteOf(ref) + 8;
    for (let at = 0; at < length; at += 1) if (bytes[from + at] !== key.charCodeAt(at)) return false;
    return true;
  }

  /** Below 0: its key comes before `key` in the order of bytes; 0: it is this one; above: behind it. */
  compare(ref: Ref, key: string): number {
    const length = this.#head(ref) & KEY_LENGTH;
    const bytes = this.#arena.bytes(ref);
    const from = byteOf(ref) + 8;
    const both = Math.min(length, key.length);
    for (let at = 0; at < both; at += 1) {
      const difference = (bytes[from + at] as number) - key.charCodeAt(at);
      if (difference !== 0) return difference;
    }
    return length - key.length;
  }

  free(ref: Ref): void {
    if (!this.isTombstone(ref)) this.#dropContent(ref);
    this.#arena.free(ref);
  }

  /** Up to `max` records that had better stand elsewhere. The caller makes a {@link copyOf} each, tells whoever refers to it, and gives the block back. */
  toMove(max: number): Ref[] {
    return this.#arena.toMove(max);
  }

  /** The same record, in another block; what it has besides its block is the copy's now. */
  copyOf(ref: Ref): Ref {
    return this.#arena.copy(ref);
  }

  /** Of which there is a {@link copyOf}. */
  freeBlock(ref: Ref): void {
    this.#arena.free(ref);
  }

  /** Of memory, with the gaps between records. */
  get pageBytes(): number {
    return this.#arena.pageBytes;
  }

  clear(): void {
    this.#arena.clear();
    this.#contentTypes.clear();
    this.#apart = [];
    this.#freeNumbers = [];
  }

  // --- values ----------------------------------------------------------------------------------------------------------

  addValue(key: Key, stored: StoredValue): Ref {
    const ref = this.#arena.allocate(valueBytes(key.length, stored.value.length));
    this.#writeValue(ref, key, stored);
    this.setDuePlace(ref, null);
    this.#writeKey(ref, key);
    return ref;
  }

  /** In its place, if the block is the right one for it. Its place among those that fall due stays. */
  replaceValue(ref: Ref, key: Key, stored: StoredValue): boolean {
    if (!this.#arena.fits(ref, valueBytes(key.length, stored.value.length))) return false;
    this.#dropContent(ref);
    this.#writeValue(ref, key, stored);
    return true;
  }

  /** A copy, which goes on to be this value whatever becomes of the record. */
  value(ref: Ref): StoredValue {
    const numbers = this.#arena.numbers(ref);
    const first = numberOf(ref) + numbersFrom(this.#head(ref));
    const expiresAtMs = numbers[first + EXPIRES] as WallMs;
    const idleMs = numbers[first + IDLE] as number;
    return {
      value: this.#bytes(ref),
      contentType: this.#contentTypes.at(this.#word(ref, WORDS, 0)),
      revision: numbers[first + REVISION] as LogIndex,
      version: numbers[first + VERSION] as Version,
      createRevision: numbers[first + CREATED] as LogIndex,
      modifiedMs: numbers[first + MODIFIED] as WallMs,
      expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
      idleMs: Number.isNaN(idleMs) ? null : idleMs,
    };
  }

  expiresAtMs(ref: Ref): WallMs | null {
    const expiresAtMs = this.#number(ref, EXPIRES) as WallMs;
    return Number.isNaN(expiresAtMs) ? null : expiresAtMs;
  }

  setStay(ref: Ref, { expiresAtMs, idleMs }: Stay): void {
    this.#setNumber(ref, EXPIRES, expiresAtMs ?? NaN);
    this.#setNumber(ref, IDLE, idleMs ?? NaN);
  }

  /** Among those that fall due; null: it does not. */
  duePlace(ref: Ref): number | null {
    const place = this.#word(ref, WORDS, 1);
    return place === 0 ? null : place - 1;
  }

  setDuePlace(ref: Ref, place: number | null): void {
    this.#setWord(ref, WORDS, 1, place === null ? 0 : place + 1);
  }

  /** What the value counts for, as {@link valueRecordBytes} says. */
  bytes(ref: Ref): number {
    const head = this.#head(ref);
    const length = (head & APART) === 0 ? this.#length(ref) : (this.#apart[this.#length(ref)] as Uint8Array).length;
    return valueRecordBytes(head & KEY_LENGTH, length);
  }

  // --- tombstones ------------------------------------------------------------------------------------------------------

  addTombstone(key: Key, { version, revision }: Tombstone): Ref {
    const ref = this.#arena.allocate(tombstoneBytes(key.length));
    this.#arena.words(ref)[wordOf(ref)] = key.length | TOMBSTONE;
    this.#setNumber(ref, VERSION, version);
    this.#setNumber(ref, REVISION, revision);
    this.#writeKey(ref, key);
    return ref;
  }

  tombstone(ref: Ref): Tombstone {
    return { version: this.version(ref), revision: this.#number(ref, REVISION) as LogIndex };
  }

  /** The one that was deleted before; {@link NOWHERE}: it is the first. */
  older(ref: Ref): Ref {
    return this.#word(ref, NEIGHBOURS, 0) as Ref;
  }

  newer(ref: Ref): Ref {
    return this.#word(ref, NEIGHBOURS, 1) as Ref;
  }

  setOlder(ref: Ref, older: Ref): void {
    this.#setWord(ref, NEIGHBOURS, 0, older);
  }

  setNewer(ref: Ref, newer: Ref): void {
    this.#setWord(ref, NEIGHBOURS, 1, newer);
  }

  order(ref: Ref): number {
    return this.#number(ref, ORDER);
  }

  setOrder(ref: Ref, order: number): void {
    this.#setNumber(ref, ORDER, order);
  }

  // --- the block -------------------------------------------------------------------------------------------------------

  #head(ref: Ref): number {
    return this.#arena.words(ref)[wordOf(ref)] as number;
  }

  #length(ref: Ref): number {
    return this.#arena.words(ref)[wordOf(ref) + 1] as number;
  }

  #number(ref: Ref, which: number): number {
    return this.#arena.numbers(ref)[numberOf(ref) + numbersFrom(this.#head(ref)) + which] as number;
  }

  #setNumber(ref: Ref, which: number, value: number): void {
    this.#arena.numbers(ref)[numberOf(ref) + numbersFrom(this.#head(ref)) + which] = value;
  }

  /** One of the two words that stand where a double could. */
  #word(ref: Ref, which: number, half: 0 | 1): number {
    return this.#arena.words(ref)[wordOf(ref) + 2 * (numbersFrom(this.#head(ref)) + which) + half] as number;
  }

  #setWord(ref: Ref, which: number, half: 0 | 1, value: number): void {
    this.#arena.words(ref)[wordOf(ref) + 2 * (numbersFrom(this.#head(ref)) + which) + half] = value;
  }

  #writeKey(ref: Ref, key: Key): void {
    const bytes = this.#arena.bytes(ref);
    const from = byteOf(ref) + 8;
    for (let at = 0; at < key.length; at += 1) bytes[from + at] = key.charCodeAt(at);
  }

  /** All but the key and the place among those that fall due. */
  #writeValue(ref: Ref, key: Key, stored: StoredValue): void {
    const { value } = stored;
    const isApart = value.length > PACKED_BYTES_MAX;
    const words = this.#arena.words(ref);
    words[wordOf(ref)] = key.length | (isApart ? APART : 0);
    words[wordOf(ref) + 1] = isApart ? this.#putApart(value) : value.length;
    const numbers = this.#arena.numbers(ref);
    const from = numbersFrom(key.length);
    const first = numberOf(ref) + from;
    numbers[first + VERSION] = stored.version;
    numbers[first + REVISION] = stored.revision;
    numbers[first + CREATED] = stored.createRevision;
    numbers[first + MODIFIED] = stored.modifiedMs;
    numbers[first + EXPIRES] = stored.expiresAtMs ?? NaN;
    numbers[first + IDLE] = stored.idleMs ?? NaN;
    this.#setWord(ref, WORDS, 0, this.#contentTypes.take(stored.contentType));
    if (!isApart) this.#arena.bytes(ref).set(value, byteOf(ref) + 8 * (from + BYTES));
  }

  #bytes(ref: Ref): Uint8Array {
    const [head, length] = [this.#head(ref), this.#length(ref)];
    if ((head & APART) !== 0) return this.#apart[length] as Uint8Array;
    const from = byteOf(ref) + 8 * (numbersFrom(head) + BYTES);
    return this.#arena.bytes(ref).slice(from, from + length);
  }

  #putApart(value: Uint8Array): number {
    const number = this.#freeNumbers.pop() ?? this.#apart.length;
    this.#apart[number] = value;
    return number;
  }

  #dropContent(ref: Ref): void {
    this.#contentTypes.giveBack(this.#word(ref, WORDS, 0));
    if ((this.#head(ref) & APART) === 0) return;
    const number = this.#length(ref);
    this.#apart[number] = null;
    this.#freeNumbers.push(number);
  }
}

/** The double with which the numbers begin, behind the two words and the key. */
const numbersFrom = (head: number): number => 1 + (((head & KEY_LENGTH) + 7) >>> 3);

/** In the arena. */
const valueBytes = (keyLength: number, valueLength: number): number =>
  8 * (numbersFrom(keyLength) + BYTES) + (valueLength > PACKED_BYTES_MAX ? 0 : valueLength);

const tombstoneBytes = (keyLength: number): number => 8 * (numbersFrom(keyLength) + TOMBSTONE_END);

/** What a value costs, with its key and without its type, wherever they are. */
export function valueRecordBytes(keyLength: number, valueLength: number): number {
  const apart = valueLength > PACKED_BYTES_MAX ? APART_OVERHEAD_BYTES + valueLength : 0;
  return blockBytes(valueBytes(keyLength, valueLength)) + apart;
}

/** What a tombstone costs, with its key. */
export const tombstoneRecordBytes = (keyLength: number): number => blockBytes(tombstoneBytes(keyLength));

export { NOWHERE, type Ref };
