/** Of each byte the hexadecimal digit that it stands for; {@link NO_DIGIT}: none. */
const DIGITS = new Uint8Array(256).fill(0xff);
const NO_DIGIT = 0xf0;
for (let digit = 0; digit < 16; digit += 1) {
  const text = digit.toString(16);
  DIGITS[text.charCodeAt(0)] = digit;
  DIGITS[text.toUpperCase().charCodeAt(0)] = digit;
}

const DASH = 0x2d;
const DASHED_BYTES = 36;
const PLAIN_BYTES = 32;

/** A UUID as four words, in the order of its digits: what an index compares and mixes. */
export type UuidWords = Uint32Array;

export const newUuidWords = (): UuidWords => new Uint32Array(4);

/**
 * Reads a UUID of version 4 from `length` bytes: with all its dashes or with none, upper and lower case alike. False: it
 * is none, and `words` hold nothing of use. 0.04 µs: a data file has one in every line.
 */
export function readUuid(bytes: Uint8Array, from: number, length: number, words: UuidWords): boolean {
  if (length !== DASHED_BYTES && length !== PLAIN_BYTES) return false;
  const isDashed = length === DASHED_BYTES;
  let at = from;
  let wrong = 0;
  let high = 0;
  // Four digits at a time: dashes stand before the third, fourth, fifth and sixth four of them.
  for (let four = 0; four < 8; four += 1) {
    if (isDashed && four >= 2 && four <= 5) {
      wrong |= (bytes[at] as number) ^ DASH;
      at += 1;
    }
    const a = DIGITS[bytes[at] as number] as number;
    const b = DIGITS[bytes[at + 1] as number] as number;
    const c = DIGITS[bytes[at + 2] as number] as number;
    const d = DIGITS[bytes[at + 3] as number] as number;
    at += 4;
    wrong |= (a | b | c | d) & NO_DIGIT;
    const value = (a << 12) | (b << 8) | (c << 4) | d;
    if ((four & 1) === 0) high = value;
    else words[four >> 1] = (high << 16) | value;
  }
  // The version and, in the two bits below, the family that has versions.
  return wrong === 0 && (((words[1] as number) >>> 12) & 0xf) === 4 && (words[2] as number) >>> 30 === 2;
}
