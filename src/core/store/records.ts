import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import { Arena, BLOCK_STEP_BYTES_MAX, blockBytes, byteOf, NOWHERE, numberOf, wordOf, type Ref } from './arena.ts';
import { ContentTypes } from './content-types.ts';
import type { KeyHash } from './last-hash.ts';
import {
  APART,
  bytesFrom,
  bytesOfHead,
  CREATED,
  DUE_PLACE,
  ENDS,
  ENDS_FROM,
  EXPIRES,
  hasEnd,
  headOf,
  IDLE,
  KEY_LENGTH,
  KEY_NEIGHBOURS,
  lengthOf,
  listFrom,
  LIST_LENGTH,
  MODIFIED,
  NEIGHBOURS,
  numbersFrom,
  OLDER,
  OLDER_LENGTH,
  ORDER,
  REVISION,
  SUPERSEDED,
  TOMBSTONE,
  TOMBSTONE_LIST_FROM,
  valueHead,
  VERSION,
  wordsOfHead,
} from './record-layout.ts';
import type { Stay, StoredValue, Tombstone } from './reads.ts';

/** Of the processor's cache. */
const LINE_WORDS = 16;
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
  /** Of what was read, so that no compiler leaves the reads out. */
  #fetched = 0;

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

  hashAt(ref: Ref, hash: KeyHash): number {
    return hash.ofBytes(this.#arena.bytes(ref), byteOf(ref) + 8, this.#head(ref) & KEY_LENGTH);
  }

  isAt(ref: Ref, key: Key): boolean {
    const { length } = key;
    if ((this.#head(ref) & KEY_LENGTH) !== length) return false;
    const bytes = this.#arena.bytes(ref);
    const from = byteOf(ref) + 8;
    for (let at = 0; at < length; at += 1) if (bytes[from + at] !== key.charCodeAt(at)) return false;
    return true;
  }

  haveSameKey(one: Ref, other: Ref): boolean {
    return this.isAt(one, this.keyAt(other));
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
      idleMs: this.idleMs(ref),
    };
  }

  expiresAtMs(ref: Ref): WallMs | null {
    return this.#end(ref, EXPIRES) as WallMs | null;
  }

  idleMs(ref: Ref): number | null {
    return this.#end(ref, IDLE);
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

  // --- values of a snapshot --------------------------------------------------------------------------------------------

  /** Of the words that {@link pack} copies; null: the value is apart. */
  packedWords(ref: Ref): number | null {
    const head = this.#head(ref);
    return (head & APART) === 0 ? wordsOfHead(head) : null;
  }

  /**
   * Reads a little of each, so that the processor has it when it is asked for: where no read waits for another it fetches many at
   * once. To pack one of a million takes 0.43 µs instead of 0.8.
   */
  fetch(refs: Uint32Array): void {
    for (const ref of refs) {
      const words = this.#arena.words(ref as Ref);
      const at = wordOf(ref as Ref);
      this.#fetched ^= (words[at] as number) ^ (words[(at + LINE_WORDS) % words.length] as number);
    }
  }

  contentType(ref: Ref): string | null {
    return this.#contentTypes.at(this.#typeNumber(ref));
  }

  /** As it lies; where the next begins. */
  pack(ref: Ref, to: Uint32Array, at: number): number {
    const words = this.#arena.words(ref);
    const from = wordOf(ref);
    const length = wordsOfHead(words[from] as number);
    for (let word = 0; word < length; word += 1) to[at + word] = words[from + word] as number;
    return at + length;
  }

  addPacked(from: Uint32Array, at: number, contentType: string | null): Ref {
    const head = from[at] as number;
    const ref = this.#arena.allocate(bytesOfHead(head));
    const words = this.#arena.words(ref);
    const to = wordOf(ref);
    const length = wordsOfHead(head);
    for (let word = 0; word < length; word += 1) words[to + word] = from[at + word] as number;
    words[to + 1] = this.#contentTypes.take(contentType);
    this.setDuePlace(ref, null);
    return ref;
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

/** In the arena. */
const valueBytes = (keyLength: number, stored: StoredValue): number => bytesOfHead(headOf(keyLength, stored));

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
