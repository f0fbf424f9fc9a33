import { KEY_BYTES_MAX, type Key } from '../../core/base/key.ts';
import { ANY_TEXT, type TextLimits } from './text-limits.ts';

/** Thrown by readers and caught by the decoder alone: checking a result after every field would cost the hot path. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

const INTERNED_TEXTS = 256;
const INTERNED_TEXT_BYTES_MAX = 64;
const NO_BYTES = Buffer.alloc(0);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the primitive fields of one frame and trusts nothing: what does not fit, is out of range or is written in another
 * than the one shortest way ends in a {@link MalformedError}. What it returns never points into the bytes that it reads.
 */
export class ByteReader {
  #bytes: Buffer = NO_BYTES;
  #position = 0;
  #end = 0;
  /**
   * Sessions, lineages and content types come again and again. Found by comparing bytes they cost 60 ns less each, leave
   * no garbage, and have their hash already when the core looks them up in a map.
   */
  readonly #interned: string[] = new Array<string>(INTERNED_TEXTS).fill('');

  open(bytes: Buffer, position: number, end: number): void {
    this.#bytes = bytes;
    this.#position = position;
    this.#end = end;
  }

  /** Lets go of the bytes; whatever is left of them is one field too many. */
  close(): void {
    const left = this.#end - this.#position;
    if (left > 0) throw new MalformedError(`${left} bytes after the last field`);
    this.#bytes = NO_BYTES;
  }

  byte(): number {
    const position = this.#take(1);
    return this.#bytes[position] as number;
  }

  flag(what: string): boolean {
    const value = this.byte();
    if (value > 1) throw new MalformedError(`${what} is neither 0 nor 1`);
    return value === 1;
  }

  oneOf<Choice extends string>(choices: readonly Choice[], what: string): Choice {
    const number = this.byte();
    const choice = choices[number];
    if (choice === undefined) throw new MalformedError(`unknown ${what}: ${number}`);
    return choice;
  }

  number(what: string): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let position = this.#position;
    if (position >= end) throw new MalformedError(`ends before ${what}`);
    let byte = bytes[position++] as number;
    if (byte < 0x80) {
      this.#position = position;
      return byte;
    }
    let low = byte & 0x7f;
    let shift = 7;
    let high = 0;
    // Bit operations work on 32 bits: 28 low ones, then up to 25 high ones.
    for (;;) {
      if (position >= end) throw new MalformedError(`ends within ${what}`);
      byte = bytes[position++] as number;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else high |= (byte & 0x7f) << (shift - 28);
      if (byte < 0x80) break;
      shift += 7;
      if (shift === 56) throw new MalformedError(`${what} is not a safe whole number`);
    }
    if (byte === 0) throw new MalformedError(`${what} is not written in the shortest way`);
    if (high >= 0x200_0000) throw new MalformedError(`${what} is not a safe whole number`);
    this.#position = position;
    return high === 0 ? low : high * 0x1000_0000 + low;
  }

  /** As `number`, from 1. */
  positive(what: string): number {
    const value = this.number(what);
    if (value === 0) throw new MalformedError(`${what} is 0`);
    return value;
  }

  /** How many items follow; each takes a byte at least, so a count beyond the frame is found before anything is made. */
  count(what: string): number {
    const value = this.number(what);
    if (value > this.#end - this.#position) throw new MalformedError(`${value} ${what} do not fit`);
    return value;
  }

  time(what: string): number {
    const position = this.#take(8);
    const value = this.#bytes.readDoubleBE(position);
    if (!Number.isFinite(value)) throw new MalformedError(`${what} is not a time`);
    return value;
  }

  key(): Key {
    const length = this.number('the length of a key');
    if (length === 0 || length > KEY_BYTES_MAX) throw new MalformedError(`a key of ${length} bytes`);
    const position = this.#take(length);
    return this.#bytes.toString('latin1', position, position + length) as Key;
  }

  text(what: string, limits: TextLimits = ANY_TEXT): string {
    const length = this.number(what);
    if (length < limits.bytesMin || length > limits.bytesMax) throw new MalformedError(`${what} of ${length} bytes`);
    const position = this.#take(length);
    return length <= INTERNED_TEXT_BYTES_MAX
      ? this.#intern(position, length, what)
      : this.#decode(position, length, what);
  }

  /** A copy of its own, and not a slice: that would keep the whole chunk alive for as long as the value. */
  bytesOf(what: string): Uint8Array {
    const length = this.number(what);
    const position = this.#take(length);
    const { buffer, byteOffset } = this.#bytes;
    // Nothing else is in there to speak of: a large value that came in a frame of its own needs no second copy.
    if (length >= OWN_BUFFER_BYTES_MIN && length * 8 >= buffer.byteLength * 7) {
      return new Uint8Array(buffer, byteOffset + position, length);
    }
    const copy = new Uint8Array(length);
    if (length <= 64) {
      // So small an array lies in V8's own heap. 46 ns for 32 bytes; `copy` goes through C++ and takes 175.
      for (let i = 0; i < length; i++) copy[i] = this.#bytes[position + i] as number;
    } else {
      this.#bytes.copy(copy, 0, position, position + length);
    }
    return copy;
  }

  fail(reason: string): never {
    throw new MalformedError(reason);
  }

  #take(length: number): number {
    const position = this.#position;
    if (length > this.#end - position)
      throw new MalformedError(`ends ${length - (this.#end - position)} bytes too early`);
    this.#position = position + length;
    return position;
  }

  #intern(position: number, length: number, what: string): string {
    if (length === 0) return '';
    const bytes = this.#bytes;
    const end = position + length;
    const slot =
      (length * 31 + (bytes[end - 1] as number) * 7 + (bytes[position + (length >> 1)] as number)) % INTERNED_TEXTS;
    const known = this.#interned[slot] as string;
    if (known.length === length) {
      let i = 0;
      // Only text with a unit for each byte is kept, which is ASCII: so equal units are equal bytes.
      while (i < length && known.charCodeAt(i) === bytes[position + i]) i++;
      if (i === length) return known;
    }
    const text = this.#decode(position, length, what);
    if (text.length === length) this.#interned[slot] = text;
    return text;
  }

  #decode(position: number, length: number, what: string): string {
    const bytes = this.#bytes.subarray(position, position + length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new MalformedError(`${what} is not UTF-8`);
    }
  }
}

const OWN_BUFFER_BYTES_MIN = 16 * 1024;
