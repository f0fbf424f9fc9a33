import type { Brand } from './numbers.ts';

/**
 * A key as a byte string: one UTF-16 unit per byte. So V8 keeps it in one byte per character, comparing it compares
 * bytes, and binary keys need no second type. A key of ASCII characters is its own byte string.
 */
export type Key = Brand<string, 'Key'>;

export const KEY_BYTES_MAX = 1024;

// eslint-disable-next-line no-control-regex -- the question is exactly which units fit into seven bits
const ASCII = /^[\x00-\x7f]*$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What `text` is as a key; null if it is empty, longer than {@link KEY_BYTES_MAX} bytes or holds a lone surrogate. */
export function keyOf(text: string): Key | null {
  if (text.length === 0 || text.length > KEY_BYTES_MAX) return null;
  if (ASCII.test(text)) return text as Key;
  if (!text.isWellFormed()) return null;
  return keyOfBytes(encoder.encode(text));
}

/** The key with these bytes; null if there are none or more than {@link KEY_BYTES_MAX}. */
export function keyOfBytes(bytes: Uint8Array): Key | null {
  if (bytes.length === 0 || bytes.length > KEY_BYTES_MAX) return null;
  let units = '';
  for (const byte of bytes) units += String.fromCharCode(byte);
  return units as Key;
}

/** The key as people read it; null if its bytes are not UTF-8. */
export function textOf(key: Key): string | null {
  if (ASCII.test(key)) return key;
  try {
    return decoder.decode(Uint8Array.from(key, (unit) => unit.charCodeAt(0)));
  } catch {
    return null;
  }
}
