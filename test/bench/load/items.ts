/** 16 bytes, of characters that need no escape in a path, in JSON and in NATS. */
export function keyOf(item: number): string {
  return `bench-${String(item).padStart(10, '0')}`;
}

/** Every key has one value for the whole run, however often it is written: so a read's is known. */
export function valueOf(item: number, bytes: number): string {
  const line = `${keyOf(item)}=`;
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
}

/** A UUID of version 4 for each item, as far from that of the next one as random ones are. */
export function uuidOf(item: number): string {
  const digits = [1, 2, 3, 4].map((word) => hexOf(mixed(item ^ Math.imul(word, 0x9e3779b9)))).join('');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
}

const hexOf = (word: number): string => word.toString(16).padStart(8, '0');

/** One to one: the end of MurmurHash3. */
function mixed(number: number): number {
  let word = number;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
