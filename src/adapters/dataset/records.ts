import type { Brand } from '../../core/base/numbers.ts';
import type { UuidWords } from './uuid.ts';

/** Where a record begins: a count of words, 4 bytes each, so that 32 bits reach 16 GiB. */
export type Place = Brand<number, 'Place'>;

/** The UUID, and how many bytes its value has. */
const HEADER_WORDS = 5;
const COPY_BY_HAND_MAX = 64;

/**
 * All pairs of a data file, one behind the other in a few large buffers outside the heap: no object for a line, and no
 * buffer near any limit of one. A record is 20 bytes, the value, and up to 3 bytes that fill its last word; so it is always
 * shorter than the line that it was, of at least 33 bytes and the value.
 */
export class Records {
  readonly #chunkBytes: number;
  /** Places go up by so many bits from one chunk to the next. */
  readonly #chunkShift: number;
  readonly #words: Uint32Array[] = [];
  readonly #bytes: Uint8Array[] = [];
  /** Of each chunk, the words that are used: a record does not go over the border of two. */
  readonly #used: number[] = [];
  #last: { readonly words: Uint32Array; readonly bytes: Uint8Array } | null = null;
  #at = 0;
  #count = 0;

  /** `chunkBytes` is a power of two; no record is longer. Fewer than `bytesMax` bytes will come in all. */
  constructor(options: { readonly chunkBytes: number; readonly bytesMax: number }) {
    this.#chunkShift = Math.log2(options.chunkBytes / 4);
    if (!Number.isInteger(this.#chunkShift)) throw new RangeError(`${options.chunkBytes} is no power of two`);
    this.#chunkBytes = Math.min(options.chunkBytes, Math.ceil(options.bytesMax / 4) * 4);
  }

  get count(): number {
    return this.#count;
  }

  /** As far as chunks are used: what was never written of a buffer takes no memory. */
  get bytes(): number {
    return this.#used.reduce((sum, words) => sum + words * 4, 0);
  }

  append(uuid: UuidWords, from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const needed = HEADER_WORDS + ((length + 3) >>> 2);
    const { words, bytes } =
      this.#last === null || this.#at + needed > this.#last.words.length ? this.#nextChunk() : this.#last;
    const at = this.#at;
    words[at] = uuid[0] as number;
    words[at + 1] = uuid[1] as number;
    words[at + 2] = uuid[2] as number;
    words[at + 3] = uuid[3] as number;
    words[at + 4] = length;
    const target = (at + HEADER_WORDS) * 4;
    if (length > COPY_BY_HAND_MAX) bytes.set(from.subarray(start, end), target);
    else for (let offset = 0; offset < length; offset += 1) bytes[target + offset] = from[start + offset] as number;
    this.#at = at + needed;
    this.#used[this.#used.length - 1] = this.#at;
    this.#count += 1;
  }

  /** Every record's place, in the order of the lines. */
  *places(): Generator<Place> {
    for (const [chunk, words] of this.#words.entries()) {
      const used = this.#used[chunk] as number;
      for (let at = 0; at < used; at += HEADER_WORDS + (((words[at + 4] as number) + 3) >>> 2)) {
        yield (chunk * 2 ** this.#chunkShift + at) as Place;
      }
    }
  }

  readUuid(place: Place, into: UuidWords): void {
    const words = this.#words[place >>> this.#chunkShift] as Uint32Array;
    const at = this.#offset(place);
    into[0] = words[at] as number;
    into[1] = words[at + 1] as number;
    into[2] = words[at + 2] as number;
    into[3] = words[at + 3] as number;
  }

  hasUuid(place: Place, uuid: UuidWords): boolean {
    const words = this.#words[place >>> this.#chunkShift] as Uint32Array;
    const at = this.#offset(place);
    return words[at] === uuid[0] && words[at + 1] === uuid[1] && words[at + 2] === uuid[2] && words[at + 3] === uuid[3];
  }

  /** The value's own bytes: whoever gets them must not write them. */
  valueAt(place: Place): Uint8Array {
    const chunk = place >>> this.#chunkShift;
    const words = this.#words[chunk] as Uint32Array;
    const bytes = this.#bytes[chunk] as Uint8Array;
    const at = this.#offset(place);
    const start = (at + HEADER_WORDS) * 4;
    return bytes.subarray(start, start + (words[at + 4] as number));
  }

  #offset(place: Place): number {
    return place & (2 ** this.#chunkShift - 1);
  }

  #nextChunk(): { readonly words: Uint32Array; readonly bytes: Uint8Array } {
    if (this.#words.length === 2 ** (32 - this.#chunkShift)) throw new RangeError('more than 16 GiB of records');
    const buffer = new ArrayBuffer(this.#chunkBytes);
    const chunk = { words: new Uint32Array(buffer), bytes: new Uint8Array(buffer) };
    this.#words.push(chunk.words);
    this.#bytes.push(chunk.bytes);
    this.#used.push(0);
    this.#at = 0;
    this.#last = chunk;
    return chunk;
  }
}
