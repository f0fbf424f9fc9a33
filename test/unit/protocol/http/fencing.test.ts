import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import { decodeFence, encodeFencingToken } from '../../../../src/protocol/http/fencing.ts';

const token = fc.record({
  lineageNumber: fc.integer({ min: 1, max: 90_000 }),
  revision: fc.integer({ min: 1, max: 10 ** 14 - 1 }).map(logIndex),
});

test('a token is a whole number: the lineage above the revision', () => {
  expect(encodeFencingToken({ lineageNumber: 1, revision: logIndex(912) })).toBe('100000000000912');
  expect(encodeFencingToken({ lineageNumber: 90, revision: logIndex(1) })).toBe('9000000000000001');
});

test('tokens are ordered as numbers: by the lineage first, and by the revision within one', () => {
  fc.assert(
    fc.property(token, token, (a, b) => {
      const isBefore =
        a.lineageNumber === b.lineageNumber ? a.revision < b.revision : a.lineageNumber < b.lineageNumber;
      expect(BigInt(encodeFencingToken(a)) < BigInt(encodeFencingToken(b))).toBe(isBefore);
    }),
  );
});

test('a fence names the lock and the token that it was given, whatever the name holds', () => {
  fc.assert(
    fc.property(token, fc.constantFrom('l', 'a:b', 'a/b', 'ä', 'with blank', '1:2:3'), (each, name) => {
      const header = `${name.split('/').map(encodeURIComponent).join('/')}:${encodeFencingToken(each)}`;
      expect(decodeFence(header)).toEqual({ lock: Buffer.from(name).toString('latin1'), token: each });
    }),
  );
});

test.each([
  ['l:912', 0, 912],
  ['l:0', 0, 0],
  [`l:${'9'.repeat(30)}`, 0, 0],
])('%s is a fence, and its number that of no token', (header, lineageNumber, revision) => {
  expect(decodeFence(header)).toEqual({ lock: 'l', token: { lineageNumber, revision } });
});

test.each([
  ['', 'it is not a name, a colon and a whole number'],
  ['912', 'it is not a name, a colon and a whole number'],
  [':912', 'it is not a name, a colon and a whole number'],
  ['l:', 'it is not a name, a colon and a whole number'],
  ['l:-1', 'it is not a name, a colon and a whole number'],
  ['l:1, l:1', 'it is not a name, a colon and a whole number'],
  [`l:${'1'.repeat(31)}`, 'it is not a name, a colon and a whole number'],
  ['%:1', 'of the name, the percent sign at character 0 does not begin an escape such as %20'],
  ['%FF:1', 'of the name, its bytes are not UTF-8, and binary keys cannot travel in a path'],
])('%p is no fence', (header, reason) => {
  expect(decodeFence(header)).toBe(reason);
});
