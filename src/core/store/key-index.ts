import type { Key } from '../base/key.ts';
import type { Records, Ref } from './records.ts';

/** A full block is cut in two. Inserting moves half of one on the average: 1 KB. */
const BLOCK_MAX = 512;
/** Two neighbours that are together no larger than this become one. */
const JOINED_MAX = 256;
const FIRSTS_MIN = 16;

/** The first `length` of the refs, of which there is always one. */
interface Block {
  readonly refs: Uint32Array;
  length: number;
}

/**
 * The records of all values in the order of their keys' bytes: sorted blocks in a sorted row, the two upper levels of a B+
 * tree. A row of 20,000 blocks (ten million keys) is searched in 15 comparisons, a block in 9; nothing is ever rebuilt. It costs
 * 4 bytes for each, and the room that blocks are not full of.
 */
export class KeyIndex {
  readonly #records: Pick<Records, 'compare' | 'keyAt'>;
  #blocks: Block[] = [];
  /** The first of each block, once more: to search the row without a look at the blocks halves what adding a key costs. */
  #firsts = new Uint32Array(FIRSTS_MIN);
  #size = 0;
  /**
   * Where a key was added last. Keys that come in their order, as those of a snapshot, are added right behind it, and cost four comparisons
   * for twenty-four. A guess, and tried before it is believed.
   */
  #lastBlock = 0;
  #lastPlace = 0;

  constructor(records: Pick<Records, 'compare' | 'keyAt'>) {
    this.#records = records;
  }

  get size(): number {
    return this.#size;
  }

  /** How many there are. */
  get blocks(): number {
    return this.#blocks.length;
  }

  /** A key that is not there yet. */
  add(key: Key, ref: Ref): void {
    const at = this.#isOfBlock(this.#lastBlock, key) ? this.#lastBlock : this.#blockOf(key);
    const block = this.#blocks[at];
    this.#size += 1;
    if (block === undefined) {
      this.#insertBlock(0, blockOf([ref]));
      return;
    }
    const place = this.#isBehind(block, this.#lastPlace, key) ? this.#lastPlace + 1 : this.#placeIn(block, key);
    if (block.length < BLOCK_MAX) {
      this.#insert(at, block, place, ref);
      return;
    }
    // Keys that come in their order leave full blocks behind, not half of them: 5 bytes a key, not 10.
    if (place === BLOCK_MAX) {
      this.#insertBlock(at + 1, blockOf([ref]));
      this.#lastBlock = at + 1;
      this.#lastPlace = 0;
      return;
    }
    const half = blockOf(block.refs.subarray(BLOCK_MAX / 2));
    block.length = BLOCK_MAX / 2;
    this.#insertBlock(at + 1, half);
    if (place <= block.length) this.#insert(at, block, place, ref);
    else this.#insert(at + 1, half, place - block.length, ref);
  }

  /** Keys in their order, none of which is there yet. */
  addAll(refs: readonly Ref[]): void {
    for (let from = 0; from < refs.length;) from += this.#addSome(refs, from);
  }

  /** Those that belong behind the last one of a block, and before the next: how many, one at least. */
  #addSome(refs: readonly Ref[], from: number): number {
    const first = this.#records.keyAt(refs[from] as Ref);
    const at = this.#blockOf(first);
    const block = this.#blocks[at];
    const room = block === undefined ? 0 : BLOCK_MAX - block.length;
    const count = Math.min(room, refs.length - from);
    if (
      block === undefined ||
      count < 2 ||
      !this.#areBetween(at, first, this.#records.keyAt(refs[from + count - 1] as Ref))
    ) {
      this.add(first, refs[from] as Ref);
      return 1;
    }
    block.refs.set(refs.slice(from, from + count), block.length);
    block.length += count;
    this.#size += count;
    return count;
  }

  /** Whether all between `first` and `last` would stand behind what the block has. */
  #areBetween(at: number, first: Key, last: Key): boolean {
    const block = this.#blocks[at] as Block;
    const next = this.#firsts[at + 1] as Ref;
    if (this.#records.compare(block.refs[block.length - 1] as Ref, first) >= 0) return false;
    return at + 1 === this.#blocks.length || this.#records.compare(next, last) > 0;
  }

  /** The key's record is another one now. */
  replace(key: Key, ref: Ref): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at] as Block;
    const place = this.#placeIn(block, key);
    block.refs[place] = ref;
    if (place === 0) this.#firsts[at] = ref;
  }

  /** Before its record goes. One that is not there is none the less gone. */
  remove(key: Key): void {
    const at = this.#blockOf(key);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const place = this.#placeIn(block, key);
    if (place === block.length || this.#records.compare(block.refs[place] as Ref, key) !== 0) return;
    block.refs.copyWithin(place, place + 1, block.length);
    block.length -= 1;
    this.#size -= 1;
    if (block.length === 0) this.#removeBlock(at);
    else {
      this.#firsts[at] = block.refs[0] as number;
      if (block.length <= JOINED_MAX / 2 && !this.#join(at)) this.#join(at - 1);
    }
  }

  /** Keys from `from` on, itself if it is there, in their order. Nothing may change while it goes on. */
  *from(from: string): IterableIterator<Key> {
    for (const ref of this.refsFrom(from)) yield this.#records.keyAt(ref);
  }

  /** The records of these keys. Nothing may change while it goes on. */
  *refsFrom(from: string): IterableIterator<Ref> {
    for (const refs of this.blocksFrom(from)) for (const ref of refs) yield ref as Ref;
  }

  /** The same, those of a block together, as they are now. */
  *blocksFrom(from: string): IterableIterator<Uint32Array> {
    let at = this.#blockOf(from);
    const first = this.#blocks[at];
    let place = first === undefined ? 0 : this.#placeIn(first, from);
    for (let block = first; block !== undefined; block = this.#blocks[at]) {
      yield block.refs.subarray(place, block.length);
      at += 1;
      place = 0;
    }
  }

  clear(): void {
    this.#blocks = [];
    this.#firsts = new Uint32Array(FIRSTS_MIN);
    this.#size = 0;
  }

  /** The block that has the key, or would have it: the last that does not begin after it. */
  #blockOf(key: string): number {
    let [low, high] = [0, this.#blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#records.compare(this.#firsts[middle] as Ref, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Whether {@link #blockOf} would say so. */
  #isOfBlock(at: number, key: string): boolean {
    const { length } = this.#blocks;
    if (at >= length || this.#records.compare(this.#firsts[at] as Ref, key) > 0) return false;
    return at + 1 === length || this.#records.compare(this.#firsts[at + 1] as Ref, key) > 0;
  }

  /** Whether `key` would stand right behind that place. */
  #isBehind({ refs, length }: Block, place: number, key: string): boolean {
    if (place >= length || this.#records.compare(refs[place] as Ref, key) >= 0) return false;
    return place + 1 === length || this.#records.compare(refs[place + 1] as Ref, key) > 0;
  }

  /** Of the first key that does not come before `key`. */
  #placeIn({ refs, length }: Block, key: string): number {
    let [low, high] = [0, length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#records.compare(refs[middle] as Ref, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(at: number, block: Block, place: number, ref: Ref): void {
    block.refs.copyWithin(place + 1, place, block.length);
    block.refs[place] = ref;
    block.length += 1;
    if (place === 0) this.#firsts[at] = ref;
    this.#lastBlock = at;
    this.#lastPlace = place;
  }

  #insertBlock(at: number, block: Block): void {
    if (this.#blocks.length === this.#firsts.length) {
      const larger = new Uint32Array(2 * this.#firsts.length);
      larger.set(this.#firsts);
      this.#firsts = larger;
    }
    this.#firsts.copyWithin(at + 1, at, this.#blocks.length);
    this.#firsts[at] = block.refs[0] as number;
    this.#blocks.splice(at, 0, block);
  }

  #removeBlock(at: number): void {
    this.#firsts.copyWithin(at, at + 1, this.#blocks.length);
    this.#blocks.splice(at, 1);
  }

  /** With the block behind it, if both fit into one. Whoever has only a full one behind it may have a small one before it. */
  #join(at: number): boolean {
    const [block, next] = [this.#blocks[at], this.#blocks[at + 1]];
    if (block === undefined || next === undefined || block.length + next.length > JOINED_MAX) return false;
    block.refs.set(next.refs.subarray(0, next.length), block.length);
    block.length += next.length;
    this.#removeBlock(at + 1);
    return true;
  }
}

function blockOf(refs: ArrayLike<number>): Block {
  const block = { refs: new Uint32Array(BLOCK_MAX), length: refs.length };
  block.refs.set(refs);
  return block;
}
