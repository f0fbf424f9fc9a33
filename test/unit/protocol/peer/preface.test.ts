import { expect, test } from '@jest/globals';
import { encodePreface, readPreface } from '../../../../src/protocol/peer/preface.ts';

test('both sides take the highest version that both speak', () => {
  const outcome = (theirs: { first: number; last: number }) =>
    readPreface(encodePreface(theirs), { first: 3, last: 700 });
  expect(outcome({ first: 1, last: 5 })).toEqual({ kind: 'agreed', version: 5 });
  expect(outcome({ first: 700, last: 65_535 })).toEqual({ kind: 'agreed', version: 700 });
  expect(outcome({ first: 3, last: 3 })).toEqual({ kind: 'agreed', version: 3 });
});

test('sides without a common version part, with a reason that names the versions of both', () => {
  const reason = 'no common version: the other side speaks 4 to 6, this one 1 to 3';
  expect(readPreface(encodePreface({ first: 4, last: 6 }), { first: 1, last: 3 })).toEqual({
    kind: 'malformed',
    reason,
  });
  expect(readPreface(encodePreface({ first: 1, last: 3 }), { first: 4, last: 6 }).kind).toBe('malformed');
  expect(readPreface(encodePreface({ first: 6, last: 4 }), { first: 1, last: 9 }).kind).toBe('malformed');
});

test('a preface may arrive byte by byte', () => {
  const bytes = encodePreface({ first: 1, last: 2 });
  for (let length = 0; length < bytes.length; length++) {
    expect(readPreface(bytes.subarray(0, length), { first: 1, last: 1 })).toEqual({ kind: 'incomplete' });
  }
});

test('a stranger is known by the first byte that is wrong', () => {
  for (const text of ['GET / HTTP/1.1\r\n', 'G', '\0', '*1\r\n$4\r\nPING\r\n']) {
    expect(readPreface(Buffer.from(text), { first: 1, last: 1 }).kind).toBe('malformed');
  }
  const almost = encodePreface({ first: 1, last: 1 });
  almost[3] = 0;
  expect(readPreface(almost.subarray(0, 4), { first: 1, last: 1 }).kind).toBe('malformed');
});
