import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { decodeKeyPath, encodeKeyPath, KEY_BYTES_MAX, keyOf } from '../../../../src/protocol/http/key-path.ts';

test('every key of UTF-8 without dot segments travels in a path unchanged', () => {
  const text = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 300 })
    .filter((key) => keyOf(key) !== null && !key.split('/').some((segment) => segment === '.' || segment === '..'));
  fc.assert(
    fc.property(text, (key) => {
      expect(decodeKeyPath(encodeKeyPath(key))).toEqual({ kind: 'key', key: keyOf(key) });
    }),
  );
});

test('no path makes the decoder throw, and whatever it accepts is a key', () => {
  const path = fc
    .array(fc.constantFrom('%', '%2', '%2e', '%ff', '%C3%BC', '.', '/', 'a', '\xc3', '#'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(path, (text) => {
      const decoded = decodeKeyPath(text);
      if (decoded.kind === 'bad') return;
      expect(decoded.key.length).toBeGreaterThan(0);
      expect(decoded.key.length).toBeLessThanOrEqual(KEY_BYTES_MAX);
      expect(Buffer.from(decoded.key, 'latin1').toString('utf8')).not.toContain('\ufffd');
    }),
  );
});

test('bytes above ASCII may come unescaped, as curl sends them', () => {
  expect(decodeKeyPath(Buffer.from('grün').toString('latin1'))).toEqual(decodeKeyPath('gr%C3%BCn'));
});

test('a fragment is no part of a key', () => {
  expect(decodeKeyPath('a#b')).toEqual({ kind: 'bad', reason: 'it holds a #, which must be sent as %23' });
});
