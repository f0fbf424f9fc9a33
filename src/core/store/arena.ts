import { assert } from '../base/assert.ts';
import type { Brand } from '../base/numbers.ts';

/** Where a block is: its page, and the unit in it with which it begins. */
export type Ref = Brand<number, 'Ref'>;
export const NOWHERE = 0 as Ref;

const UNIT_BYTES = 16;
const UNIT_BITS = 14;
const PAGE_BYTES = UNIT_BYTES << UNIT_BITS;
/** Of a size's first page; each is four times as large as the one before, up to {@link PAGE_BYTES}: a store of few keys stays small. */
const FIRST_PAGE_BYTES = 8192;
const UNIT_MASK = (1 << UNIT_BITS) - 1;
/** In the first word of a block that was given back. Whoever has a block never sets it. */
const FREE = 0x8000_0000;
/** A size may have so many free blocks for each that is in use, and in any case some pages. */
const FREE_SHARE = 1 / 3;
const FREE_BYTES_MIN = 4 * PAGE_BYTES;
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
  /** The first of those that were given back, as a unit and 1; each says in its first word, beside {@link FREE}, which is the next. 0: none. */
  freed = 0;
  /** Among the pages of its size with room; -1: it is not there. */
  place = -1;
  /** What is in it is moved elsewhere: it takes nothing more. */
  isLeaving = false;

  constructor(sizeClass: number, bytes: number) {
    const buffer = new ArrayBuffer(bytes);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.numbers = new Float64Array(buffer);
    this.sizeClass = sizeClass;
  }

  /** Blocks that it has, in use or not. */
  get blocks(): number {
    return Math.floor(this.bytes.length / sizeOf(this.sizeClass));
  }

  get hasRoom(): boolean {
    return this.freed !== 0 || this.fresh + sizeOf(this.sizeClass) <= this.bytes.length;
  }

  isFree(unit: number): boolean {
    return ((this.words[unit << 2] as number) & FREE) !== 0;
  }
}

/** All blocks of one size. */
interface Size {
  /** The numbers of its pages with room. */
  readonly withRoom: number[];
  pages: number;
  /** Blocks of its pages, in use or not. */
  blocks: number;
  /** Blocks in use. */
  used: number;
}

/** A page that is being emptied, and how far. */
interface Leaving {
  readonly number: number;
  unit: number;
}

/**
 * Memory for many small things outside the collector's heap: pages of up to 256 KiB, each cut into blocks of one size, the "slabs" of
 * memcached. Some bytes of a block are left over, an eighth at most of larger ones. A page that is empty is given back. Up to 64
 * GiB.
 *
 * A million objects are looked at by every full collection, which holds up everybody; a million blocks by none.
 */
export class Arena {
  /** By their number; the first has none, so that no block is {@link NOWHERE}. */
  #pages: (Page | null)[] = [null];
  #freeNumbers: number[] = [];
  #sizes = newSizes();
  /** Sizes that may have too many free blocks. */
  readonly #sparse = new Set<number>();
  #leaving: Leaving | null = null;
  #pageBytes = 0;

  /** Of its pages, with all that is free in them. */
  get pageBytes(): number {
    return this.#pageBytes;
  }

  /** A block of at least so many bytes, up to {@link BLOCK_BYTES_MAX}. What is in it is undefined. */
  allocate(bytes: number): Ref {
    const sizeClass = classOf(bytes);
    const size = this.#sizes[sizeClass] as Size;
    const number = size.withRoom.at(-1) ?? this.#addPage(sizeClass);
    const page = this.#page(number);
    page.used += 1;
    size.used += 1;
    let unit: number;
    if (page.freed === 0) {
      unit = page.fresh / UNIT_BYTES;
      page.fresh += sizeOf(sizeClass);
    } else {
      unit = page.freed - 1;
      page.freed = (page.words[unit << 2] as number) & ~FREE;
    }
    // Not free, whatever the owner writes there, and whenever.
    page.words[unit << 2] = 0;
    if (!page.hasRoom) this.#takeOut(page);
    return refOf(number, unit);
  }

  free(ref: Ref): void {
    const number = ref >>> UNIT_BITS;
    const page = this.#page(number);
    const unit = ref & UNIT_MASK;
    const size = this.#sizes[page.sizeClass] as Size;
    page.words[unit << 2] = (page.freed | FREE) >>> 0;
    page.freed = unit + 1;
    page.used -= 1;
    size.used -= 1;
    if (page.place < 0 && !page.isLeaving) {
      page.place = size.withRoom.length;
      size.withRoom.push(number);
    }
    // The last with room stays, for whoever comes next.
    if (page.used === 0 && (page.isLeaving || size.withRoom.length > 1)) this.#dropPage(number, page);
    else if (isSparse(page.sizeClass, size)) this.#sparse.add(page.sizeClass);
  }

  /**
   * Up to `max` blocks of the emptiest pages of sizes that have too many free blocks, for the caller to copy each and to give it back
   * at once: so pages become empty, and go. None: there is nothing to be gained.
   */
  toMove(max: number): Ref[] {
    const refs: Ref[] = [];
    while (refs.length === 0 && (this.#leaving !== null || this.#sparse.size > 0)) {
      this.#leaving ??= this.#chooseLeaving();
      if (this.#leaving === null) break;
      const { number } = this.#leaving;
      const page = this.#page(number);
      const units = sizeOf(page.sizeClass) / UNIT_BYTES;
      for (; this.#leaving.unit * UNIT_BYTES < page.fresh && refs.length < max; this.#leaving.unit += units)
        if (!page.isFree(this.#leaving.unit)) refs.push(refOf(number, this.#leaving.unit));
      // The last of them are given back by the caller, and the page with them.
      if (this.#leaving.unit * UNIT_BYTES >= page.fresh) this.#leaving = null;
    }
    return refs;
  }

  /** Whether a block has room for so many bytes, and would have been no smaller for them. */
  fits(ref: Ref, bytes: number): boolean {
    return this.#page(ref >>> UNIT_BITS).sizeClass === classOf(bytes);
  }

  /** Another block with the same in it. */
  copy(ref: Ref): Ref {
    const { bytes, sizeClass } = this.#page(ref >>> UNIT_BITS);
    const size = sizeOf(sizeClass);
    const copy = this.allocate(size);
    this.bytes(copy).set(bytes.subarray(byteOf(ref), byteOf(ref) + size), byteOf(copy));
    return copy;
  }

  /** The page's bytes; the block begins at {@link byteOf}. */
  bytes(ref: Ref): Uint8Array {
    return this.#page(ref >>> UNIT_BITS).bytes;
  }

  /** The page's words of 32 bits; the block begins at {@link wordOf}. The uppermost bit of its first is never set by its owner. */
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
    this.#sizes = newSizes();
    this.#sparse.clear();
    this.#leaving = null;
    this.#pageBytes = 0;
  }

  #page(number: number): Page {
    return this.#pages[number] as Page;
  }

  #chooseLeaving(): Leaving | null {
    for (const sizeClass of this.#sparse) {
      const size = this.#sizes[sizeClass] as Size;
      const [first] = size.withRoom;
      if (first === undefined || !isSparse(sizeClass, size)) {
        this.#sparse.delete(sizeClass);
        continue;
      }
      let number = first;
      for (const other of size.withRoom) if (this.#page(other).used < this.#page(number).used) number = other;
      const page = this.#page(number);
      this.#takeOut(page);
      page.isLeaving = true;
      return { number, unit: 0 };
    }
    return null;
  }

  #addPage(sizeClass: number): number {
    const size = this.#sizes[sizeClass] as Size;
    const number = this.#freeNumbers.pop() ?? this.#pages.length;
    assert(number < PAGES_MAX, 'R22: small values fill 64 GiB at most');
    const bytes = Math.min(PAGE_BYTES, FIRST_PAGE_BYTES * 4 ** Math.min(size.pages, 3));
    const page = new Page(sizeClass, bytes);
    this.#pages[number] = page;
    this.#pageBytes += bytes;
    size.blocks += page.blocks;
    page.place = size.withRoom.length;
    size.withRoom.push(number);
    size.pages += 1;
    return number;
  }

  /** Of those with room. */
  #takeOut(page: Page): void {
    const { withRoom } = this.#sizes[page.sizeClass] as Size;
    const last = withRoom.pop() as number;
    if (page.place < withRoom.length) {
      withRoom[page.place] = last;
      this.#page(last).place = page.place;
    }
    page.place = -1;
  }

  #dropPage(number: number, page: Page): void {
    if (page.place >= 0) this.#takeOut(page);
    const size = this.#sizes[page.sizeClass] as Size;
    size.pages -= 1;
    size.blocks -= page.blocks;
    this.#pageBytes -= page.bytes.length;
    if (this.#leaving?.number === number) this.#leaving = null;
    this.#pages[number] = null;
    this.#freeNumbers.push(number);
  }
}

const newSizes = (): Size[] => SIZES.map(() => ({ withRoom: [], pages: 0, blocks: 0, used: 0 }));

const sizeOf = (sizeClass: number): number => SIZES[sizeClass] as number;

const refOf = (page: number, unit: number): Ref => (((page << UNIT_BITS) | unit) >>> 0) as Ref;

function isSparse(sizeClass: number, { blocks, used }: Size): boolean {
  const free = blocks - used;
  return free * sizeOf(sizeClass) > FREE_BYTES_MIN && free > FREE_SHARE * used;
}

/** What a block may have left over, at most. */
export const BLOCK_STEP_BYTES_MAX = Math.max(...SIZES.map((size, at) => size - (SIZES[at - 1] ?? 0)));

/** What a block of so many bytes takes up. */
export const blockBytes = (bytes: number): number => SIZES[classOf(bytes)] as number;

const classOf = (bytes: number): number => CLASS_OF_UNITS[Math.ceil(bytes / UNIT_BYTES)] as number;

export const byteOf = (ref: Ref): number => (ref & UNIT_MASK) << 4;
export const wordOf = (ref: Ref): number => (ref & UNIT_MASK) << 2;
export const numberOf = (ref: Ref): number => (ref & UNIT_MASK) << 1;
