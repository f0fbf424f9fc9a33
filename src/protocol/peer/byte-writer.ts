import { KEY_BYTES_MAX } from '../../core/base/key.ts';
import { ANY_TEXT, type TextLimits } from './text-limits.ts';

/** A value of this size or more is handed to the socket as it is instead of being copied between the other bytes. */
export const BY_REFERENCE_BYTES_MIN = 8 * 1024;

const SLAB_BYTES_MIN = 4 * 1024;
const SLAB_BYTES_MAX = 64 * 1024;
const REPEATED_TEXTS_MAX = 256;
/** Within every limit that there is for text that comes again, so that what is found needs no check. */
const REPEATED_TEXT_BYTES_MAX = 64;
const NO_SLAB = Buffer.alloc(0);

/**
 * No frame can hold it: the other side would take it for malformed and end the connection, with all that others have on
 * it. What a client sent may have come this far unchecked, so it is not a broken invariant.
 */
export class UnencodableError extends Error {
  override readonly name = 'UnencodableError';
}

/**
 * Writes the primitive fields into as few buffers as possible. Bytes go into a slab; when it is full a new one, twice as
 * large, takes its place, so nothing is ever copied to grow. `take` hands out what was written since the last time, and
 * the slab goes on behind it; `rewind` uses the slab again from its start once nobody reads it any more.
 */
export class ByteWriter {
  /** None until something is written: thousands of connections may never be written to. */
  #slab: Buffer = NO_SLAB;
  /** Where the bytes begin that have not been taken. */
  #start = 0;
  #position = 0;
  /** Filled slabs and large values that come before the slab. */
  #sealed: Uint8Array[] = [];
  #sealedBytes = 0;
  /** Sessions, lineages and content types come again and again; a look-up and a copy save 60 ns for each. */
  readonly #repeatedTexts = new Map<string, Uint8Array>();

  /** Written and not yet taken. */
  get bytes(): number {
    return this.#sealedBytes + this.#position - this.#start;
  }

  take(): readonly Uint8Array[] {
    this.#seal();
    const taken = this.#sealed;
    this.#sealed = [];
    this.#sealedBytes = 0;
    return taken;
  }

  /** Only when all that was taken has been copied away, by the kernel for instance. */
  rewind(): void {
    if (this.bytes > 0) return;
    this.#start = 0;
    this.#position = 0;
  }

  byte(value: number): void {
    const position = this.#room(1);
    this.#slab[position] = value;
    this.#position = position + 1;
  }

  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  oneOf<Choice extends string>(choices: readonly Choice[], value: Choice): void {
    const number = choices.indexOf(value);
    if (number < 0) throw new UnencodableError(`no number on the wire for ${value}`);
    this.byte(number);
  }

  /** A whole number up to 2^53 - 1, seven bits to a byte, the low ones first. */
  number(value: number): void {
    let position = this.#room(8);
    const slab = this.#slab;
    let rest = value | 0;
    if (rest !== value || rest < 0) {
      if (!Number.isSafeInteger(value) || value < 0) throw new UnencodableError(`${value} is not a safe whole number`);
      // Bit operations work on 32 bits: the lower 28 go first, and the rest fits.
      const low = value % 0x1000_0000;
      slab[position++] = low | 0x80;
      slab[position++] = (low >>> 7) | 0x80;
      slab[position++] = (low >>> 14) | 0x80;
      slab[position++] = (low >>> 21) | 0x80;
      rest = (value - low) / 0x1000_0000;
    }
    while (rest >= 0x80) {
      slab[position++] = rest | 0x80;
      rest >>>= 7;
    }
    slab[position++] = rest;
    this.#position = position;
  }

  /** As `number`, from 1. */
  positive(value: number): void {
    if (value === 0) throw new UnencodableError('0 where counting begins at 1');
    this.number(value);
  }

  /** Milliseconds: clocks may give fractions. */
  time(value: number): void {
    if (!Number.isFinite(value)) throw new UnencodableError(`${value} is not a time`);
    const position = this.#room(8);
    this.#position = this.#slab.writeDoubleBE(value, position);
  }

  /** One byte per unit. */
  key(value: string): void {
    if (value.length === 0 || value.length > KEY_BYTES_MAX)
      throw new UnencodableError(`a key of ${value.length} bytes`);
    this.number(value.length);
    const position = this.#room(value.length);
    this.#slab.write(value, position, value.length, 'latin1');
    this.#position = position + value.length;
  }

  text(value: string, limits: TextLimits = ANY_TEXT): void {
    const length = Buffer.byteLength(value);
    if (length < limits.bytesMin || length > limits.bytesMax) throw new UnencodableError(`text of ${length} bytes`);
    this.number(length);
    const position = this.#room(length);
    this.#slab.write(value, position, length, 'utf8');
    this.#position = position + length;
  }

  /** As `text`, for what is likely to come again. */
  repeatedText(value: string, limits: TextLimits = ANY_TEXT): void {
    let encoded = this.#repeatedTexts.get(value);
    if (encoded === undefined) {
      if (value.length === 0 || Buffer.byteLength(value) > REPEATED_TEXT_BYTES_MAX) {
        this.text(value, limits);
        return;
      }
      encoded = encodeAlone(value);
      if (this.#repeatedTexts.size === REPEATED_TEXTS_MAX) this.#repeatedTexts.clear();
      this.#repeatedTexts.set(value, encoded);
    }
    const position = this.#room(encoded.length);
    this.#slab.set(encoded, position);
    this.#position = position + encoded.length;
  }

  bytesOf(value: Uint8Array): void {
    const length = value.length;
    this.number(length);
    if (length >= BY_REFERENCE_BYTES_MIN) {
      this.#seal();
      this.#sealed.push(value);
      this.#sealedBytes += length;
      return;
    }
    const position = this.#room(length);
    this.#slab.set(value, position);
    this.#position = position + length;
  }

  /** Leaves four bytes for the length of what follows; `endFrame` fills them in. */
  beginFrame(): FrameStart {
    const position = this.#room(4);
    this.#position = position + 4;
    const sealed = { sealedChunks: this.#sealed.length, sealedBytes: this.#sealedBytes };
    return { slab: this.#slab, slabStart: this.#start, position, ...sealed };
  }

  endFrame(start: FrameStart, bytesMax: number): void {
    const length =
      this.#sealedBytes - start.sealedBytes + this.#position - this.#start - (start.position - start.slabStart) - 4;
    if (length > bytesMax) throw new UnencodableError(`a frame of ${length} bytes`);
    start.slab.writeUInt32BE(length, start.position);
  }

  /** As if the frame had never been begun. */
  abandonFrame(start: FrameStart): void {
    this.#slab = start.slab;
    this.#start = start.slabStart;
    this.#position = start.position;
    this.#sealed.length = start.sealedChunks;
    this.#sealedBytes = start.sealedBytes;
  }

  /** The position of at least so many contiguous free bytes. */
  #room(bytes: number): number {
    if (this.#position + bytes > this.#slab.length) this.#nextSlab(bytes);
    return this.#position;
  }

  #nextSlab(bytes: number): void {
    this.#seal();
    const size = Math.max(bytes, SLAB_BYTES_MIN, Math.min(2 * this.#slab.length, SLAB_BYTES_MAX));
    this.#slab = Buffer.allocUnsafeSlow(size);
    this.#start = 0;
    this.#position = 0;
  }

  #seal(): void {
    if (this.#position === this.#start) return;
    this.#sealed.push(this.#slab.subarray(this.#start, this.#position));
    this.#sealedBytes += this.#position - this.#start;
    this.#start = this.#position;
  }
}

/** Where a frame began. Its slab may be full by now; it is not handed out before the frame is complete. */
export interface FrameStart {
  readonly slab: Buffer;
  readonly slabStart: number;
  readonly position: number;
  readonly sealedChunks: number;
  readonly sealedBytes: number;
}

function encodeAlone(text: string): Uint8Array {
  const writer = new ByteWriter();
  writer.text(text);
  return Uint8Array.from(writer.take()[0] ?? []);
}
