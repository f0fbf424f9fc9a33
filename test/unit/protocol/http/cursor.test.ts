import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { keyOfBytes, type Key } from '../../../../src/core/base/key.ts';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import { CURSOR_PATTERN, decodeCursor, encodeCursor } from '../../../../src/protocol/http/cursor.ts';

const first = { lineage: { number: 1, id: 'd1-1' }, revision: logIndex(1) };

test('a cursor comes back as it went out, whatever the key, and matches its pattern', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 1024 }).map((bytes) => keyOfBytes(bytes) as Key);
  fc.assert(
    fc.property(key, fc.boolean(), fc.boolean(), (at, isFolder, isOneRevision) => {
      const cursor = { after: { key: at, isFolder }, first, isOneRevision };
      const text = encodeCursor(cursor);
      expect(text).toMatch(new RegExp(CURSOR_PATTERN));
      expect(decodeCursor(text)).toEqual(cursor);
    }),
  );
});

test('its form is fixed: clients may keep cursors across releases', () => {
  const cursor = { after: { key: 'a/' as Key, isFolder: true }, first, isOneRevision: false };
  expect(encodeCursor(cursor)).toBe('A2Ev.AQAAAAAAAAEAAAAAAAABZDEtMQ');
});

test.each([
  ['marks that nobody gives', 'BGEv.AQAAAAAAAAEAAAAAAAABZDEtMQ'],
  ['no key', 'AQ.AQAAAAAAAAEAAAAAAAABZDEtMQ'],
  ['a key that is too long', `${Buffer.alloc(1026).toString('base64url')}.AQAAAAAAAAEAAAAAAAABZDEtMQ`],
  ['bits that do not count', 'A2Ew.AQAAAAAAAAEAAAAAAAABZDEtMR'],
  ['another token', 'A2Ev.BQAAAAAAAAEAAAAAAAABZDEtMQ'],
  ['half of it', 'A2Ev'],
  ['nothing', ''],
])('%s is refused', (_, text) => {
  expect(decodeCursor(text)).toBeNull();
});
