import { assert } from '../base/assert.ts';
import type { Brand } from '../base/numbers.ts';

/** Where a block is: its page, and the unit in it with which it begins. */
export type Ref = Brand<number, 'Ref'>;
export const NOWHERE = 0 as Ref;

const UNIT_BYTES = 16;
const UNIT_BITS = 14;
const PAGE_BYTES = UNIT_BYTES << UNIT_BITS;
const UNIT_MASK = (1 << UNIT_BITS) - 1;
const PAGES_MAX = 1 << (32 - UNIT_BITS);
/** Whoever needs more has memory of his own for it. */
export const BLOCK_BYTES_MAX = 8192;
/** Up to here each multiple of a unit is a size; beyond, each is an eighth larger than the one before. */
const EXACT_BYTES_MAX = 256;

const SIZES = sizes();
/** The smallest size that so many units fit into. */
const CLASS_OF_UNITS = Uint8Array.from({ length: BLOCK_BYTES_MAX / UNIT_BYTES + 1 }, (_, units) =>
  SIZES.findIndex((size) => size >= units * UNIT_BYTES),
);

function sizes(): readonly number[] {
  const all: number[] = [];
  for (let size = UNIT_BYTES; size < BLOCK_BYTES_MAX; size += size < EXACT_BYTES_MAX ? UNIT_BYTES : eighth(size))
    all.push(size);
  return [...all, BLOCK_BYTES_MAX];
}

function eighth(size: number): number {
  return Math.ceil(size / 8 / UNIT_BYTES) * UNIT_BYTES;
}

/** Blocks of one size. The same bytes in three ways, for whoever wrote a block knows where its numbers are. */
class Page {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly numbers: Float64Array;
  readonly sizeClass: number;
  /** Blocks in use. */
  used = 0;
  /** Bytes that no block has had yet begin here. */
  fresh = 0;
  /** The first of those that were given back, as a unit and 1; each says in its first word which is the next. 0: none. */
  freed = 0;
  /** Among the pages of its size with room; -1: it has none. */
  place = -1;

  constructor(sizeClass: number) {
    const buffer = new ArrayBuffer(PAGE_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.numbers = new Float64Array(buffer);
    this.sizeClass = sizeClass;
  }

  get hasRoom(): boolean {
    return this.freed !== 0 || this.fresh + (SIZES[this.sizeClass] as number) <= PAGE_BYTES;
  }
}

/**
 * Memory for many small things outside the collector's heap: pages of 256 KiB, each cut into blocks of one size, the "slabs" of
 * memcached. At most an eighth of a block is left over. A page that is empty is given back. Up to 64 GiB: more
 * than KV_MEMORY_MAX may be, for pages may have gaps.
 *
 * A million objects are looked at by every full collection, which holds up everybody; a million blocks by none.
 */
export class Arena {
  /** By their number; the first has none, so that no block is {@link NOWHERE}. */
  #pages: (Page | null)[] = [null];
  #freeNumbers: number[] = [];
  /** By size: the pages with room. */
  #withRoom: number[][] = SIZES.map(() => []);

  /** How many there are. */
  get pages(): number {
    return this.#pages.length - 1 - this.#freeNumbers.length;
  }

  /** A block of at least so many bytes, up to {@link BLOCK_BYTES_MAX}. What is in it is undefined. */
  allocate(bytes: number): Ref {
    const sizeClass = classOf(bytes);
    const withRoom = this.#withRoom[sizeClass] as number[];
    const number = withRoom.at(-1) ?? this.#addPage(sizeClass);
    const page = this.#page(number);
    page.used += 1;
    let unit: number;
    if (page.freed === 0) {
      unit = page.fresh / UNIT_BYTES;
      page.fresh += SIZES[sizeClass] as number;
    } else {
      unit = page.freed - 1;
      page.freed = page.words[unit << 2] as number;
    }
    if (!page.hasRoom) {
      withRoom.pop();
      page.place = -1;
    }
    return (((number << UNIT_BITS) | unit) >>> 0) as Ref;
  }

  free(ref: Ref): void {
    const number = ref >>> UNIT_BITS;
    const page = this.#page(number);
    const unit = ref & UNIT_MASK;
    page.words[unit << 2] = page.freed;
    page.freed = unit + 1;
    page.used -= 1;
    const withRoom = this.#withRoom[page.sizeClass] as number[];
    if (page.place < 0) {
      page.place = withRoom.length;
      withRoom.push(number);
    }
    // The last with room stays, for whoever comes next.
    if (page.used === 0 && withRoom.length > 1) this.#dropPage(number, page, withRoom);
  }

  /** Whether a block has room for so many bytes, and would have been no smaller for them. */
  fits(ref: Ref, bytes: number): boolean {
    return this.#page(ref >>> UNIT_BITS).sizeClass === classOf(bytes);
  }

  /** The page's bytes; the block begins at {@link byteOf}. */
  bytes(ref: Ref): Uint8Array {
    return this.#page(ref >>> UNIT_BITS).bytes;
  }

  /** The page's words of 32 bits; the block begins at {@link wordOf}. */
  words(ref: Ref): Uint32Array {
    return this.#page(ref >>> UNIT_BITS).words;
  }

  /** The page's doubles; the block begins at {@link numberOf}. */
  numbers(ref: Ref): Float64Array {
    return this.#page(ref >>> UNIT_BITS).numbers;
  }

  clear(): void {
    this.#pages = [null];
    this.#freeNumbers = [];
    this.#withRoom = SIZES.map(() => []);
  }

  #page(number: number): Page {
    return this.#pages[number] as Page;
  }

  #addPage(sizeClass: number): number {
    const number = this.#freeNumbers.pop() ?? this.#pages.length;
    assert(number < PAGES_MAX, 'R22: small values fill 64 GiB at most');
    const page = new Page(sizeClass);
    this.#pages[number] = page;
    page.place = 0;
    (this.#withRoom[sizeClass] as number[]).push(number);
    return number;
  }

  #dropPage(number: number, page: Page, withRoom: number[]): void {
    const last = withRoom.pop() as number;
    if (last !== number) {
      withRoom[page.place] = last;
      this.#page(last).place = page.place;
    }
    this.#pages[number] = null;
    this.#freeNumbers.push(number);
  }
}

/** What a block of so many bytes takes up. */
export const blockBytes = (bytes: number): number => SIZES[classOf(bytes)] as number;

const classOf = (bytes: number): number => CLASS_OF_UNITS[Math.ceil(bytes / UNIT_BYTES)] as number;

export const byteOf = (ref: Ref): number => (ref & UNIT_MASK) << 4;
export const wordOf = (ref: Ref): number => (ref & UNIT_MASK) << 2;
export const numberOf = (ref: Ref): number => (ref & UNIT_MASK) << 1;
