import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { logIndex } from '../../../../src/core/base/numbers.ts';
import {
  decodeSessionToken,
  encodeSessionToken,
  SESSION_TOKEN_PATTERN,
} from '../../../../src/protocol/http/session-token.ts';

test('a token comes back as it went out, and matches its pattern', () => {
  const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const revision = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(number, revision, fc.stringMatching(/^[a-z0-9-]{1,80}$/), (lineageNumber, index, id) => {
      const token = { lineage: { number: lineageNumber, id }, revision: logIndex(index) };
      const text = encodeSessionToken(token);
      expect(text).toMatch(new RegExp(SESSION_TOKEN_PATTERN));
      expect(decodeSessionToken(text)).toEqual(token);
    }),
  );
});

test('tokens of several lineages do not mix', () => {
  const tokens = ['d1-1', 'd2-1', 'd1-1'].map((id) =>
    encodeSessionToken({ lineage: { number: 1, id }, revision: logIndex(1) }),
  );
  expect(tokens).toEqual(['AQAAAAAAAAEAAAAAAAABZDEtMQ', 'AQAAAAAAAAEAAAAAAAABZDItMQ', 'AQAAAAAAAAEAAAAAAAABZDEtMQ']);
});

test('its form is fixed: clients keep tokens across releases', () => {
  expect(encodeSessionToken({ lineage: { number: 1, id: 'd1-1' }, revision: logIndex(1) })).toBe(
    'AQAAAAAAAAEAAAAAAAABZDEtMQ',
  );
});

test('what is no token of ours, or of a later version, is refused', () => {
  const bytes = Buffer.from('AQAAAAAAAAEAAAAAAAABZDEtMQ', 'base64url');
  const changed = (offset: number, value: number): string => {
    const copy = Buffer.from(bytes);
    copy[offset] = value;
    return copy.toString('base64url');
  };
  expect(decodeSessionToken(changed(0, 2))).toBeNull();
  expect(decodeSessionToken(changed(1, 0xff))).toBeNull();
  expect(decodeSessionToken(changed(7, 0))).toBeNull();
  expect(decodeSessionToken(bytes.subarray(0, 15).toString('base64url'))).toBeNull();
  // The same bytes spelled otherwise: the last character has bits to spare.
  expect(decodeSessionToken('AQAAAAAAAAEAAAAAAAABZDEtMR')).toBeNull();
  expect(decodeSessionToken('AQAAAAAAAAEAAAAAAAABZDEtMQ==')).toBeNull();
  fc.assert(
    fc.property(fc.string(), (text) => {
      const token = decodeSessionToken(text);
      if (token !== null) expect(encodeSessionToken(token)).toBe(text);
    }),
  );
});
