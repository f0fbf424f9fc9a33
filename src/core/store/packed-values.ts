import { KEY_BYTES_MAX } from '../base/key.ts';
import {
  CREATED,
  ENDS,
  ENDS_FROM,
  EXPIRES,
  IDLE,
  KEY_LENGTH,
  lengthOf,
  listFrom,
  MODIFIED,
  numbersFrom,
  OLDER,
  PACKED_BYTES_MAX,
  REVISION,
  SUPERSEDED,
  VALUE_LENGTH,
  VALUE_LENGTH_SHIFT,
  VERSION,
  wordsOfHead,
} from './record-layout.ts';

/** R11: values of a snapshot, or older versions (R20), of which nobody makes objects, at either end. */
export interface PackedValues {
  /** Of all of them. */
  readonly contentType: string | null;
  /**
   * Their records as they lie ({@link wordsOfHead} of each), one behind the other, in the order of their keys, older versions in that of
   * superseding; before them two words that say in which order the bytes of a word are. What another replica puts in place anew is
   * undefined: the number of the type, the place among those that fall due, places in lists, what is behind key and value.
   */
  readonly bytes: Uint8Array;
}

/** The first word of all. */
const BYTE_ORDER = 0x0a0b0c0d;
/** Of the two words. */
export const PACKED_FROM = 2;
/** What else is in a head says what no packed value is. */
const HEAD = KEY_LENGTH | (VALUE_LENGTH << VALUE_LENGTH_SHIFT) | ENDS;

/** For so many words of values, from {@link PACKED_FROM} on. */
export function newPacked(words: number): Uint32Array {
  const packed = new Uint32Array(PACKED_FROM + words);
  packed[0] = BYTE_ORDER;
  return packed;
}

export const wordsOfPacked = ({ buffer, byteOffset, length }: Uint8Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length / 4);

/** What is wrong with what should be {@link PackedValues.bytes} of these, at a multiple of 8 bytes; null: nothing is. */
export function faultOfPacked(bytes: Uint8Array, of: 'values' | 'older versions'): string | null {
  if (bytes.length < 16 || bytes.length % 8 !== 0) return `packed values of ${bytes.length} bytes`;
  const words = wordsOfPacked(bytes);
  if (words[0] !== BYTE_ORDER) return 'packed values of a machine with another order of bytes';
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const kind = of === 'values' ? 0 : OLDER;
  for (let at = PACKED_FROM, before = 0; at < words.length;) {
    const head = words[at] as number;
    const keyLength = head & KEY_LENGTH;
    if ((head & ~HEAD) !== kind) return `a packed record in ${of} that is none of them`;
    if (keyLength === 0 || keyLength > KEY_BYTES_MAX) return `a packed key of ${keyLength} bytes`;
    if (lengthOf(head) > PACKED_BYTES_MAX) return `a packed value of ${lengthOf(head)} bytes`;
    const end = at + wordsOfHead(head);
    if (end > words.length) return `a packed value ends ${4 * (end - words.length)} bytes too early`;
    if (!areRight(numbers, at / 2 + numbersFrom(head), head)) return 'a packed value with wrong numbers';
    if (kind === 0 && before > 0 && !isBehind(bytes, words, before, at))
      return 'packed values that are not in the order of their keys';
    before = at;
    at = end;
  }
  return null;
}

function areRight(numbers: Float64Array, from: number, head: number): boolean {
  const number = (which: number): number => numbers[from + which] as number;
  const hasVersion = isWhole(number(VERSION)) && number(VERSION) > 0;
  if (!hasVersion || !isWhole(number(REVISION)) || !isWhole(number(CREATED))) return false;
  if (!Number.isFinite(number(MODIFIED))) return false;
  // Without a revision it would be one that is still to come.
  if ((head & OLDER) !== 0 && (number(REVISION) === 0 || !isWhole(number(listFrom(head) + SUPERSEDED)))) return false;
  if ((head & ENDS) === 0) return true;
  const [expiresAtMs, idleMs] = [number(ENDS_FROM + EXPIRES), number(ENDS_FROM + IDLE)];
  const isIdle = isWhole(idleMs) && idleMs > 0;
  return Number.isNaN(expiresAtMs) ? isIdle : Number.isFinite(expiresAtMs) && (isIdle || Number.isNaN(idleMs));
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Whether the key of the one record comes behind that of the other. */
function isBehind(bytes: Uint8Array, words: Uint32Array, before: number, at: number): boolean {
  const [lengthBefore, length] = [(words[before] as number) & KEY_LENGTH, (words[at] as number) & KEY_LENGTH];
  const [fromBefore, from] = [4 * before + 8, 4 * at + 8];
  const both = Math.min(lengthBefore, length);
  for (let byte = 0; byte < both; byte += 1) {
    const difference = (bytes[from + byte] as number) - (bytes[fromBefore + byte] as number);
    if (difference !== 0) return difference > 0;
  }
  return length > lengthBefore;
}
