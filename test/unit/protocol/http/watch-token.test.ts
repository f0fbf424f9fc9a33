import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { WatchPlace } from '../../../../src/core/store/watching.ts';
import { encodeSessionToken } from '../../../../src/protocol/http/session-token.ts';
import { decodeWatchToken, encodeWatchToken, WATCH_TOKEN_PATTERN } from '../../../../src/protocol/http/watch-token.ts';

const lineage = { number: 3, id: 'd1-1' };
const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((unit) => String.fromCharCode(unit)),
  maxLength: 1024,
});
const place: fc.Arbitrary<WatchPlace> = fc
  .record({
    index: fc.integer({ min: 1, max: 2 ** 52 }).map(logIndex),
    effects: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    shown: fc.option(bytes),
  })
  .map((drawn) => (drawn.shown === null ? drawn : { ...drawn, effects: 0 }));

test('a token is read as it was written, and fits its pattern', () => {
  fc.assert(
    fc.property(place, (drawn) => {
      const text = encodeWatchToken({ lineage, place: drawn });
      expect(text).toMatch(new RegExp(WATCH_TOKEN_PATTERN));
      expect(decodeWatchToken(text)).toEqual({ lineage, place: drawn });
    }),
  );
});

test('the token of a session that has seen a revision begins behind it', () => {
  const token = encodeSessionToken({ lineage, revision: logIndex(7) });
  expect(decodeWatchToken(token)).toEqual({ lineage, place: { index: 8, effects: 0, shown: null } });
  expect(encodeWatchToken({ lineage, place: { index: logIndex(8), effects: 0, shown: null } })).toBe(token);
});

test('what is no token is none', () => {
  const token = encodeSessionToken({ lineage, revision: logIndex(7) });
  const bad = [
    '',
    'x',
    `${token}.`,
    `${token}.AA`,
    `${token}.AAAAAAA`,
    `${token}.AgAAAAE`,
    `${token}.AQ.AQ`,
    `${token}.AR`,
    `.${token}`,
  ];
  expect(bad.map(decodeWatchToken)).toEqual(bad.map(() => null));
});
