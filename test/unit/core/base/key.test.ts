import { expect, test } from '@jest/globals';
import { KEY_BYTES_MAX, keyOf, keyOfBytes, textOf } from '../../../../src/core/base/key.ts';

test('a key of ASCII characters is its own byte string', () => {
  expect(keyOf('users/42')).toBe('users/42');
});

test('a key outside ASCII is counted in bytes, not in characters', () => {
  expect(keyOf('ä'.repeat(KEY_BYTES_MAX / 2))).toHaveLength(KEY_BYTES_MAX);
  expect(keyOf('ä'.repeat(KEY_BYTES_MAX / 2 + 1))).toBeNull();
});

test('an empty key, one that is too long and a lone surrogate are no keys', () => {
  expect(keyOf('')).toBeNull();
  expect(keyOf('x'.repeat(KEY_BYTES_MAX + 1))).toBeNull();
  expect(keyOf('\ud800')).toBeNull();
});

test('text comes back as it was, bytes that are no UTF-8 as null', () => {
  const key = keyOf('größe/€/😀');
  expect(key === null ? null : textOf(key)).toBe('größe/€/😀');
  const binary = keyOfBytes(Uint8Array.of(0xff, 0x00));
  expect(binary === null ? 'none' : textOf(binary)).toBeNull();
});
