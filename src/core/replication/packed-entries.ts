import { assert } from '../base/assert.ts';
import type { Brand } from '../base/numbers.ts';
import type { Entry } from './entry.ts';

/** Bytes are the business of whoever speaks to others: the core is told how. */
export interface EntryCodec {
  /** In pieces that stay as they are until the next call; null: no bytes can say it. */
  encode(entry: Entry): readonly Uint8Array[] | null;
  /** Of what `encode` gave: the same entry, which shares nothing with the bytes. */
  decode(bytes: Uint8Array): Entry;
}

/** Where an entry is kept; a small whole number, for there may be many. */
export type PackedPlace = Brand<number, 'PackedPlace'>;

const BLOCK_BYTES = 256 * 1024;
/** Of the first block; each is four times as large as the one before, up to {@link BLOCK_BYTES}: the log of an idle group is small. */
const FIRST_BLOCK_BYTES = 8192;
const END_BYTES = 4;
/** Places of one block: more than there is room for. */
const PLACES = 1 << 16;

/** Bytes from its front on, and where each of its entries ends from its back on. */
class Block {
  readonly bytes: Uint8Array;
  readonly #ends: Uint32Array;
  /** Entries that it was given. */
  count = 0;
  /** How many of them are gone; they go in their order. */
  gone = 0;

  constructor(bytes: number) {
    const buffer = new ArrayBuffer(Math.ceil(bytes / END_BYTES) * END_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.#ends = new Uint32Array(buffer);
  }

  endOf(at: number): number {
    return at < 0 ? 0 : (this.#ends[this.#ends.length - 1 - at] as number);
  }

  hasRoom(bytes: number): boolean {
    return this.endOf(this.count - 1) + bytes + (this.count + 1) * END_BYTES <= this.bytes.length;
  }

  push(pieces: readonly Uint8Array[]): void {
    let end = this.endOf(this.count - 1);
    for (const piece of pieces) {
      this.bytes.set(piece, end);
      end += piece.length;
    }
    this.#ends[this.#ends.length - 1 - this.count] = end;
    this.count += 1;
  }

  clear(): void {
    this.count = 0;
    this.gone = 0;
  }
}

/**
 * Entries as bytes in blocks of up to 256 KiB, first in, first out. A block that has become empty is used again for what comes next: left to
 * the collector it would lie about until the next full collection, and there are several a second.
 */
export class PackedEntries {
  /** By their number, which is part of a place. */
  #blocks: (Block | null)[] = [];
  #freeNumbers: number[] = [];
  #inUse = 0;
  /** Where the next entry goes, if it fits; -1: there is none. */
  #newest = -1;
  /** The largest of those that have become empty, if it is not larger than usual. */
  #spare: Block | null = null;

  /** What an entry of so many bytes takes up. */
  static bytesFor(bytes: number): number {
    return bytes + END_BYTES;
  }

  push(pieces: readonly Uint8Array[]): PackedPlace {
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    let block = this.#blocks[this.#newest] ?? null;
    if (block?.hasRoom(bytes) !== true) block = this.#addBlock(PackedEntries.bytesFor(bytes));
    block.push(pieces);
    return (this.#newest * PLACES + block.count - 1) as PackedPlace;
  }

  /** The bytes themselves, which others take the place of once the entry is gone. */
  at(place: PackedPlace): Uint8Array {
    const [block, at] = this.#find(place);
    return block.bytes.subarray(block.endOf(at - 1), block.endOf(at));
  }

  /** What it takes up. */
  bytesAt(place: PackedPlace): number {
    const [block, at] = this.#find(place);
    return PackedEntries.bytesFor(block.endOf(at) - block.endOf(at - 1));
  }

  /** The oldest of all. */
  drop(place: PackedPlace): void {
    const [block, at] = this.#find(place);
    assert(at === block.gone, 'R10: what was packed first is dropped first');
    block.gone += 1;
    if (block.gone < block.count) return;
    const number = (place - at) / PLACES;
    // The newest goes on being filled.
    if (number !== this.#newest) this.#release(number, block);
  }

  clear(): void {
    this.#blocks = [];
    this.#freeNumbers = [];
    this.#inUse = 0;
    this.#newest = -1;
    this.#spare = null;
  }

  #find(place: PackedPlace): readonly [block: Block, at: number] {
    const at = place % PLACES;
    return [this.#blocks[(place - at) / PLACES] as Block, at];
  }

  #addBlock(bytesMin: number): Block {
    const before = this.#blocks[this.#newest] ?? null;
    if (before !== null && before.gone === before.count) this.#release(this.#newest, before);
    const usual = Math.min(BLOCK_BYTES, FIRST_BLOCK_BYTES * 4 ** Math.min(this.#inUse, 3));
    const block = this.#takeSpare(Math.max(bytesMin, usual)) ?? new Block(Math.max(bytesMin, usual));
    this.#newest = this.#freeNumbers.pop() ?? this.#blocks.length;
    this.#blocks[this.#newest] = block;
    this.#inUse += 1;
    return block;
  }

  #takeSpare(bytesMin: number): Block | null {
    const spare = this.#spare;
    if (spare === null || spare.bytes.length < bytesMin) return null;
    this.#spare = null;
    return spare;
  }

  #release(number: number, block: Block): void {
    this.#blocks[number] = null;
    this.#freeNumbers.push(number);
    this.#inUse -= 1;
    const { length } = block.bytes;
    if (length > BLOCK_BYTES || length <= (this.#spare?.bytes.length ?? 0)) return;
    block.clear();
    this.#spare = block;
  }
}
