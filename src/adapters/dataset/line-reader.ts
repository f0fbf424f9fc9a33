import { isUtf8 } from 'node:buffer';
import { newUuidWords, readUuid, type UuidWords } from './uuid.ts';

export interface LineReaderOptions {
  /** Read at once, and parsed in one go: 256 KiB take about a millisecond. */
  readonly blockBytes: number;
  readonly valueBytesMax: number;
  readonly sink: LineSink;
}

export interface LineSink {
  /** The value is `bytes` from `start` to `end`, which hold it only until this returns; so does `uuid`. */
  onPair(uuid: UuidWords, bytes: Uint8Array, start: number, end: number): void;
  /** The line, from 1, is skipped. May throw, to read no further. */
  onMalformed(line: number, reason: string): void;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** What a line may have besides its value: the UUID, the space, the end of the line and blanks around it. */
const LINE_OVERHEAD_BYTES = 64;

/**
 * Lines of `UUID value`, from blocks that end anywhere. A line's white space on either side does not count, as it did not
 * in the earlier service: so lines may end with CRLF. The value is all that follows the first space; blank lines are none.
 */
export class LineReader {
  readonly #options: LineReaderOptions;
  readonly #lineBytesMax: number;
  /** The beginning of a line that is not whole yet, then room for a block, then a byte for a newline that ends each search. */
  readonly #buffer: Buffer;
  readonly #uuid = newUuidWords();
  #begun = 0;
  /** The line is too long; what comes of it is dropped. */
  #isDropping = false;
  #lines = 0;

  constructor(options: LineReaderOptions) {
    this.#options = options;
    this.#lineBytesMax = options.valueBytesMax + LINE_OVERHEAD_BYTES;
    this.#buffer = Buffer.allocUnsafeSlow(this.#lineBytesMax + options.blockBytes + 1);
  }

  /** Lines that have ended, blank and malformed ones with them. */
  get lines(): number {
    return this.#lines;
  }

  /** Where the next block is to be written, from its start. */
  get room(): Buffer {
    return this.#buffer.subarray(this.#begun, this.#begun + this.#options.blockBytes);
  }

  /** So many bytes were written there. */
  take(count: number): void {
    const buffer = this.#buffer;
    const end = this.#begun + count;
    buffer[end] = NEWLINE;
    const last = buffer.subarray(0, end).lastIndexOf(NEWLINE);
    // Once for the whole block: nearly always all of it is text.
    const isText = last === -1 || isUtf8(buffer.subarray(0, last));
    let start = 0;
    for (let stop = buffer.indexOf(NEWLINE, this.#begun); stop < end; stop = buffer.indexOf(NEWLINE, start)) {
      this.#end(start, stop, isText);
      start = stop + 1;
    }
    this.#keep(start, end);
  }

  /** The file ends here, with a newline or without. */
  end(): void {
    if (this.#begun > 0 || this.#isDropping) {
      this.#end(0, this.#begun, isUtf8(this.#buffer.subarray(0, this.#begun)));
    }
    this.#begun = 0;
  }

  #keep(start: number, end: number): void {
    this.#begun = end - start;
    if (this.#begun > this.#lineBytesMax) this.#isDropping = true;
    if (this.#isDropping) this.#begun = 0;
    else if (start > 0) this.#buffer.copyWithin(0, start, end);
  }

  #end(start: number, end: number, isText: boolean): void {
    this.#lines += 1;
    if (this.#isDropping) {
      this.#isDropping = false;
      this.#options.sink.onMalformed(this.#lines, this.#tooLong);
      return;
    }
    this.#read(this.#lines === 1 ? afterByteOrderMark(this.#buffer, start, end) : start, end, isText);
  }

  #read(lineStart: number, lineEnd: number, isText: boolean): void {
    const buffer = this.#buffer;
    let start = lineStart;
    let end = lineEnd;
    while (start < end && isBlank(buffer[start] as number)) start += 1;
    while (start < end && isBlank(buffer[end - 1] as number)) end -= 1;
    if (start === end) return;
    const space = spaceIn(buffer, start, end);
    if (space === -1 || !readUuid(buffer, start, space - start, this.#uuid)) {
      const hasValue = buffer.subarray(start, end).includes(SPACE);
      this.#malformed(hasValue ? 'its key is no UUID of version 4' : 'it has no space between a key and a value');
    } else if (end - space - 1 > this.#options.valueBytesMax) {
      this.#malformed(this.#tooLong);
    } else if (!isText && !isUtf8(buffer.subarray(space + 1, end))) {
      this.#malformed('its value is not UTF-8');
    } else {
      this.#options.sink.onPair(this.#uuid, buffer, space + 1, end);
    }
  }

  #malformed(reason: string): void {
    this.#options.sink.onMalformed(this.#lines, reason);
  }

  get #tooLong(): string {
    return `its value is longer than ${this.#options.valueBytesMax} bytes (KV_VALUE_BYTES_MAX)`;
  }
}

/** Where the space behind the key is, if the key is as long as a UUID: with dashes no space stands where one without ends. */
function spaceIn(bytes: Uint8Array, start: number, end: number): number {
  if (start + 32 < end && bytes[start + 32] === SPACE) return start + 32;
  return start + 36 < end && bytes[start + 36] === SPACE ? start + 36 : -1;
}

/** Editors of Windows put one before the first line. */
function afterByteOrderMark(bytes: Uint8Array, start: number, end: number): number {
  const isThere = end - start >= 3 && BYTE_ORDER_MARK.every((byte, place) => bytes[start + place] === byte);
  return isThere ? start + 3 : start;
}

/** Tab, line feed, vertical tab, form feed, carriage return, space. */
function isBlank(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= 0x0d);
}
