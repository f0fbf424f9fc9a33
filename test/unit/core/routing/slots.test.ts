import { expect, test } from '@jest/globals';
import { keyOf, keyOfBytes, type Key } from '../../../../src/core/base/key.ts';
import { groupId } from '../../../../src/core/base/numbers.ts';
import { oneGroup, SLOTS, slotOf } from '../../../../src/core/routing/slots.ts';

const slotOfText = (text: string) => slotOf(keyOf(text) as Key);

test.each([
  // The check value of CRC-16/XMODEM, which the Redis Cluster specification gives: 0x31C3.
  ['123456789', 0x31c3 % 16_384],
  // As CLUSTER KEYSLOT answers.
  ['foo', 12_182],
  ['bar', 5061],
  ['hello', 866],
  ['somekey', 11_058],
  ['foo{hash_tag}', 2515],
  ['bar{hash_tag}', 2515],
])('%s lies in the slot that Redis Cluster gives it: %i', (key, slot) => {
  expect(slotOfText(key)).toBe(slot);
});

test.each([
  ['{user1000}.following', 'user1000', 'the tag alone counts'],
  ['foo{{bar}}zap', '{bar', 'a tag ends at the first closing brace'],
  ['foo{bar}{zap}', 'bar', 'the first tag counts'],
])('%s lies with %s: %s', (key, other) => {
  expect(slotOfText(key)).toBe(slotOfText(other));
});

test.each(['foo{}{bar}', 'foo{', 'foo{bar', '}foo{'])('%s has no tag: the whole key counts', (key) => {
  expect(slotOfText(key)).not.toBe(slotOfText('bar'));
  expect(slotOfText(key)).not.toBe(slotOfText('foo'));
});

test('keys of any bytes have a slot, by their bytes', () => {
  const text = 'schlüssel/🔑';
  expect(slotOfText(text)).toBe(slotOf(keyOfBytes(new TextEncoder().encode(text)) as Key));
  const slots = Array.from({ length: 256 }, (_, byte) => slotOf(keyOfBytes(Uint8Array.of(byte, 255 - byte)) as Key));
  expect(slots.every((slot) => slot >= 0 && slot < SLOTS)).toBe(true);
  expect(new Set(slots).size).toBeGreaterThan(250);
});

test('there is one group for every key', () => {
  expect(oneGroup().groupOf(keyOf('a') as Key)).toBe(groupId(0));
});
