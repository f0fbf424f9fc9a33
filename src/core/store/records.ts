import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import { Arena, BLOCK_STEP_BYTES_MAX, blockBytes, byteOf, NOWHERE, numberOf, wordOf, type Ref } from './arena.ts';
import { ContentTypes } from './content-types.ts';
import type { Stay, StoredValue, Tombstone } from './reads.ts';

/*
 * A record is a block of the arena, in the order of the machine's bytes. First what finding it reads, mostly one line of the
 * processor's cache:
 *
 *   word 0      lengths of the key and of the value | TOMBSTONE | APART | ENDS | OLDER
 *   word 1      of a value: its content type's number
 *   the key, up to a multiple of 8 bytes
 *
 * Then doubles, counted from here, those in brackets only where they say something, and of a value its bytes:
 *
 *   a value                                                  a tombstone
 *   0  version                                               version
 *   1  revision                                              revision
 *   2  when it was written                                   its number in the order of deletion
 *   3  revision of its creation                              two words: its neighbours in that order
 *     [when it falls due, or NaN
 *      its idle time, or NaN
 *      a word: its place among those that fall due, and 1, or 0: it does not]
 *     [of an older version: its number in the order of superseding
 *      two words: its neighbours in that order
 *      the entry that superseded it
 *      two words: its neighbours among those of its key]
 *      the bytes; of a value that is apart a word, its number there
 */
const KEY_LENGTH = (1 << 11) - 1;
const VALUE_LENGTH_SHIFT = 11;
const VALUE_LENGTH = (1 << 13) - 1;
const TOMBSTONE = 1 << 24;
const APART = 1 << 25;
/** It has a time to live, or an idle time. A put that leaves that as it was finds its place as large as it needs. */
const ENDS = 1 << 26;
/** R20: another version has taken its place. */
const OLDER = 1 << 27;
const [VERSION, REVISION, MODIFIED, CREATED, ENDS_FROM] = [0, 1, 2, 3, 4];
/** Within what {@link ENDS} adds. */
const [EXPIRES, IDLE, DUE_PLACE, ENDS_LENGTH] = [0, 1, 2, 3];
/** Where the list begins that a tombstone is in; that of an older version begins behind what the value has. */
const TOMBSTONE_LIST_FROM = 2;
/** Within a list, and within what {@link OLDER} adds. */
const [ORDER, NEIGHBOURS, LIST_LENGTH, SUPERSEDED, KEY_NEIGHBOURS, OLDER_LENGTH] = [0, 1, 2, 2, 3, 4];
/** What is larger has an array of its own, which nobody ever writes to again: it is neither copied in nor out. */
export const PACKED_BYTES_MAX = 4096;
const APART_NUMBER_BYTES = 4;
/** The array's header, in V8's heap and beside it, and its place. */
const APART_OVERHEAD_BYTES = 250;

/**
 * The values, tombstones and older versions themselves, packed: 40 bytes beside a key and its value, 64 if it ends, 32 more if it is
 * an older one; and no object. What they are found by is {@link KeyTable}.
 */
export class Records {
  readonly #arena = new Arena();
  readonly #contentTypes = new ContentTypes();
  /** To make a key of so many bytes. */
  readonly #units: (number[] | undefined)[] = [];
  /** The values that are apart, by number. */
  #apart: (Uint8Array | null)[] = [];
  #freeNumbers: number[] = [];

  /** Of the content types, which values share. */
  get typeBytes(): number {
    return this.#contentTypes.bytes;
  }

  // --- all kinds -------------------------------------------------------------------------------------------------------

  isTombstone(ref: Ref): boolean {
    return (this.#head(ref) & TOMBSTONE) !== 0;
  }

  isOlder(ref: Ref): boolean {
    return (this.#head(ref) & OLDER) !== 0;
  }

  version(ref: Ref): Version {
    return this.#number(ref, VERSION) as Version;
  }

  keyAt(ref: Ref): Key {
    const bytes = this.#arena.bytes(ref);
    const from = byteOf(ref) + 8;
    const length = this.#head(ref) & KEY_LENGTH;
    // 16 bytes by way of an array of V8's own: 100 ns; of a view of the page: 260.
    const units = (this.#units[length] ??= new Array<number>(length).fill(0));
    for (let at = 0; at < length; at += 1) units[at] = bytes[from + at] as number;
    return String.fromCharCode.apply(null, units) as Key;
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
    const ref = this.#arena.allocate(valueBytes(key.length, stored));
    this.#writeValue(ref, key, stored);
    this.setDuePlace(ref, null);
    this.#writeKey(ref, key);
    return ref;
  }

  /** In its place, if the block is the right one for it. Its place among those that fall due stays. */
  replaceValue(ref: Ref, key: Key, stored: StoredValue): boolean {
    if (!this.#arena.fits(ref, valueBytes(key.length, stored))) return false;
    const duePlace = this.duePlace(ref);
    this.#dropContent(ref);
    this.#writeValue(ref, key, stored);
    this.setDuePlace(ref, duePlace);
    return true;
  }

  /** A copy, which goes on to be this value whatever becomes of the record. */
  value(ref: Ref): StoredValue {
    const numbers = this.#arena.numbers(ref);
    const first = numberOf(ref) + numbersFrom(this.#head(ref));
    return {
      value: this.#bytes(ref),
      contentType: this.#contentTypes.at(this.#typeNumber(ref)),
      revision: numbers[first + REVISION] as LogIndex,
      version: numbers[first + VERSION] as Version,
      createRevision: numbers[first + CREATED] as LogIndex,
      modifiedMs: numbers[first + MODIFIED] as WallMs,
      expiresAtMs: this.expiresAtMs(ref),
      idleMs: this.#end(ref, IDLE),
    };
  }

  expiresAtMs(ref: Ref): WallMs | null {
    return this.#end(ref, EXPIRES) as WallMs | null;
  }

  /** false: the record has no place for it, or need have none any more. */
  setStay(ref: Ref, stay: Stay): boolean {
    const ends = (this.#head(ref) & ENDS) !== 0;
    if (ends !== hasEnd(stay)) return false;
    if (ends) this.#writeEnds(ref, stay);
    return true;
  }

  /** Among those that fall due; null: it does not. */
  duePlace(ref: Ref): number | null {
    const head = this.#head(ref);
    const place = (head & ENDS) === 0 ? 0 : this.#word(ref, ENDS_FROM + DUE_PLACE, 0);
    return place === 0 ? null : place - 1;
  }

  /** Of one that ends; of another it can only be null. */
  setDuePlace(ref: Ref, place: number | null): void {
    const head = this.#head(ref);
    if ((head & ENDS) !== 0) this.#setWord(ref, ENDS_FROM + DUE_PLACE, 0, place === null ? 0 : place + 1);
  }

  /** What the value counts for: between {@link leastRecordBytes} and {@link mostRecordBytes}. */
  bytes(ref: Ref): number {
    const head = this.#head(ref);
    const apart = (head & APART) === 0 ? null : (this.#apart[this.#apartNumber(ref)] as Uint8Array);
    return recordBytes(head, apart?.length ?? lengthOf(head));
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

  // --- older versions --------------------------------------------------------------------------------------------------

  /** What stands at `ref`, once more: as an older version. Its own is about to be overwritten. */
  addOlderCopy(ref: Ref, supersededAt: LogIndex): Ref {
    const head = this.#head(ref);
    const older = this.#arena.allocate(bytesOfHead(head | OLDER));
    const [from, to] = [this.#arena.words(ref), this.#arena.words(older)];
    const [first, copy] = [wordOf(ref), wordOf(older)];
    // Word by word: a view for `set` costs more than these few.
    const front = 2 * (numbersFrom(head) + bytesFrom(head));
    for (let at = 1; at < front; at += 1) to[copy + at] = from[first + at] as number;
    to[copy] = head | OLDER;
    this.#contentTypes.share(this.#typeNumber(ref));
    this.setDuePlace(older, null);
    this.#setNumber(older, SUPERSEDED + listFrom(head | OLDER), supersededAt);
    const behind = 2 * OLDER_LENGTH;
    const end = front + ((lengthOf(head) + 3) >>> 2);
    for (let at = front; at < end; at += 1) to[copy + behind + at] = from[first + at] as number;
    if ((head & APART) !== 0) {
      // The array is the older one's as well, until the other forgets it.
      const value = this.#apart[this.#apartNumber(ref)] as Uint8Array;
      this.#setWord(older, bytesFrom(head | OLDER), 0, this.#putApart(value));
    }
    return older;
  }

  addOlder(key: Key, stored: StoredValue, supersededAt: LogIndex): Ref {
    const head = headOf(key.length, stored) | OLDER;
    const ref = this.#arena.allocate(bytesOfHead(head));
    this.#writeContent(ref, head, stored);
    this.#setNumber(ref, SUPERSEDED + listFrom(head), supersededAt);
    this.#writeKey(ref, key);
    return ref;
  }

  revision(ref: Ref): LogIndex {
    return this.#number(ref, REVISION) as LogIndex;
  }

  supersededAt(ref: Ref): LogIndex {
    return this.#number(ref, SUPERSEDED + listFrom(this.#head(ref))) as LogIndex;
  }

  /** The version of the same key before it, as far as there is one; before the oldest stands the newest. */
  olderOfKey(ref: Ref): Ref {
    return this.#word(ref, KEY_NEIGHBOURS + listFrom(this.#head(ref)), 0) as Ref;
  }

  newerOfKey(ref: Ref): Ref {
    return this.#word(ref, KEY_NEIGHBOURS + listFrom(this.#head(ref)), 1) as Ref;
  }

  setOlderOfKey(ref: Ref, older: Ref): void {
    this.#setWord(ref, KEY_NEIGHBOURS + listFrom(this.#head(ref)), 0, older);
  }

  setNewerOfKey(ref: Ref, newer: Ref): void {
    this.#setWord(ref, KEY_NEIGHBOURS + listFrom(this.#head(ref)), 1, newer);
  }

  // --- the list of the tombstones, and that of the older versions ------------------------------------------------------

  /** The one before it; {@link NOWHERE}: it is the first. */
  older(ref: Ref): Ref {
    return this.#word(ref, NEIGHBOURS + listFrom(this.#head(ref)), 0) as Ref;
  }

  newer(ref: Ref): Ref {
    return this.#word(ref, NEIGHBOURS + listFrom(this.#head(ref)), 1) as Ref;
  }

  setOlder(ref: Ref, older: Ref): void {
    this.#setWord(ref, NEIGHBOURS + listFrom(this.#head(ref)), 0, older);
  }

  setNewer(ref: Ref, newer: Ref): void {
    this.#setWord(ref, NEIGHBOURS + listFrom(this.#head(ref)), 1, newer);
  }

  order(ref: Ref): number {
    return this.#number(ref, ORDER + listFrom(this.#head(ref)));
  }

  setOrder(ref: Ref, order: number): void {
    this.#setNumber(ref, ORDER + listFrom(this.#head(ref)), order);
  }

  // --- the block -------------------------------------------------------------------------------------------------------

  #head(ref: Ref): number {
    return this.#arena.words(ref)[wordOf(ref)] as number;
  }

  #typeNumber(ref: Ref): number {
    return this.#arena.words(ref)[wordOf(ref) + 1] as number;
  }

  #apartNumber(ref: Ref): number {
    return this.#word(ref, bytesFrom(this.#head(ref)), 0);
  }

  #end(ref: Ref, which: number): number | null {
    if ((this.#head(ref) & ENDS) === 0) return null;
    const ms = this.#number(ref, ENDS_FROM + which);
    return Number.isNaN(ms) ? null : ms;
  }

  #writeEnds(ref: Ref, { expiresAtMs, idleMs }: Stay): void {
    this.#setNumber(ref, ENDS_FROM + EXPIRES, expiresAtMs ?? NaN);
    this.#setNumber(ref, ENDS_FROM + IDLE, idleMs ?? NaN);
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
    this.#writeContent(ref, headOf(key.length, stored), stored);
  }

  #writeContent(ref: Ref, head: number, stored: StoredValue): void {
    const { value } = stored;
    const words = this.#arena.words(ref);
    words[wordOf(ref)] = head;
    words[wordOf(ref) + 1] = this.#contentTypes.take(stored.contentType);
    const numbers = this.#arena.numbers(ref);
    const first = numberOf(ref) + numbersFrom(head);
    numbers[first + VERSION] = stored.version;
    numbers[first + REVISION] = stored.revision;
    numbers[first + MODIFIED] = stored.modifiedMs;
    numbers[first + CREATED] = stored.createRevision;
    if ((head & ENDS) !== 0) this.#writeEnds(ref, stored);
    if ((head & APART) !== 0) this.#setWord(ref, bytesFrom(head), 0, this.#putApart(value));
    else this.#arena.bytes(ref).set(value, byteOf(ref) + 8 * (numbersFrom(head) + bytesFrom(head)));
  }

  #bytes(ref: Ref): Uint8Array {
    const head = this.#head(ref);
    if ((head & APART) !== 0) return this.#apart[this.#apartNumber(ref)] as Uint8Array;
    const from = byteOf(ref) + 8 * (numbersFrom(head) + bytesFrom(head));
    return this.#arena.bytes(ref).slice(from, from + lengthOf(head));
  }

  #putApart(value: Uint8Array): number {
    const number = this.#freeNumbers.pop() ?? this.#apart.length;
    this.#apart[number] = value;
    return number;
  }

  #dropContent(ref: Ref): void {
    this.#contentTypes.giveBack(this.#typeNumber(ref));
    if ((this.#head(ref) & APART) === 0) return;
    const number = this.#apartNumber(ref);
    this.#apart[number] = null;
    this.#freeNumbers.push(number);
  }
}

const hasEnd = ({ expiresAtMs, idleMs }: Stay): boolean => expiresAtMs !== null || idleMs !== null;

const headOf = (keyLength: number, stored: StoredValue): number =>
  keyLength | valueHead(stored.value.length) | (hasEnd(stored) ? ENDS : 0);

const valueHead = (length: number): number => (length > PACKED_BYTES_MAX ? APART : length << VALUE_LENGTH_SHIFT);

const lengthOf = (head: number): number => (head >>> VALUE_LENGTH_SHIFT) & VALUE_LENGTH;

/** The double with which the numbers begin, behind the two words and the key. */
const numbersFrom = (head: number): number => 1 + (((head & KEY_LENGTH) + 7) >>> 3);

/** The number with which the list begins that a tombstone or an older version is in. */
const listFrom = (head: number): number =>
  (head & TOMBSTONE) !== 0 ? TOMBSTONE_LIST_FROM : (head & ENDS) === 0 ? ENDS_FROM : ENDS_FROM + ENDS_LENGTH;

/** The number with which the bytes begin. */
const bytesFrom = (head: number): number =>
  ENDS_FROM + ((head & ENDS) === 0 ? 0 : ENDS_LENGTH) + ((head & OLDER) === 0 ? 0 : OLDER_LENGTH);

/** In the arena. */
const valueBytes = (keyLength: number, stored: StoredValue): number => bytesOfHead(headOf(keyLength, stored));

const bytesOfHead = (head: number): number =>
  8 * (numbersFrom(head) + bytesFrom(head)) + ((head & APART) === 0 ? lengthOf(head) : APART_NUMBER_BYTES);

const recordBytes = (head: number, valueLength: number): number =>
  blockBytes(bytesOfHead(head)) + ((head & APART) === 0 ? 0 : APART_OVERHEAD_BYTES + valueLength);

const tombstoneBytes = (keyLength: number): number => 8 * (numbersFrom(keyLength) + TOMBSTONE_LIST_FROM + LIST_LENGTH);

/** What a value costs, with its key and without its type, wherever they are: one that does not end. */
export const leastRecordBytes = (keyLength: number, valueLength: number): number =>
  recordBytes(keyLength | valueHead(valueLength), valueLength);

export const mostRecordBytes = (keyLength: number, valueLength: number): number =>
  recordBytes(keyLength | valueHead(valueLength) | ENDS, valueLength);

/** What an older version costs more than it did while it stood: what is added, and a step to the next size of blocks. */
export const OLDER_BYTES_MORE_MAX = 8 * OLDER_LENGTH + BLOCK_STEP_BYTES_MAX;

/** What a tombstone costs, with its key. */
export const tombstoneRecordBytes = (keyLength: number): number => blockBytes(tombstoneBytes(keyLength));

export { NOWHERE, type Ref };
