import { expect, test } from '@jest/globals';
import { SipHash } from '../../../../src/core/base/sip-hash.ts';

test('it is HalfSipHash-1-3: the first of the test vectors of Linux, of the bytes 0, 1, 2 and so on', () => {
  const hash = new SipHash(0x03020100, 0x07060504);
  const bytes = '\x00\x01\x02\x03\x04\x05\x06\x07\x08';
  const hashes = Array.from({ length: 9 }, (_, length) => hash.of(bytes.slice(0, length)));
  expect(hashes).toEqual([
    0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6, 0x577999b1,
  ]);
});

test('another seed, another hash; the upper bytes count as well', () => {
  expect(new SipHash(1, 2).of('key')).not.toBe(new SipHash(1, 3).of('key'));
  expect(new SipHash(1, 2).of('\x7f')).not.toBe(new SipHash(1, 2).of('\xff'));
});

test('of bytes it is that of their string, wherever they begin and however many they are', () => {
  const hash = new SipHash(1, 2);
  const bytes = Buffer.from(Array.from({ length: 1100 }, (_, at) => (at * 7) % 256));
  for (const length of [0, 1, 2, 3, 4, 5, 16, 127, 128, 129, 1024, 17])
    expect(hash.ofBytes(bytes, 3, length)).toBe(hash.of(bytes.toString('latin1', 3, 3 + length)));
});
