import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newUuidWords, readUuid } from '../../../../src/adapters/dataset/uuid.ts';

function wordsOf(text: string): readonly string[] | null {
  const bytes = Buffer.from(`before${text}behind`, 'latin1');
  const words = newUuidWords();
  if (!readUuid(bytes, 6, text.length, words)) return null;
  return Array.from(words, (word) => word.toString(16).padStart(8, '0'));
}

test('a UUID is its 128 bits, with dashes and without, in either case', () => {
  const words = ['72cf48f7', 'd6044423', 'b0124e23', '29f5117b'];
  expect(wordsOf('72cf48f7-d604-4423-b012-4e2329f5117b')).toEqual(words);
  expect(wordsOf('72CF48F7-D604-4423-B012-4E2329F5117B')).toEqual(words);
  expect(wordsOf('72cf48f7d6044423b0124e2329f5117b')).toEqual(words);
  expect(wordsOf('72CF48f7d6044423B0124e2329f5117B')).toEqual(words);
  expect(wordsOf('ffffffff-ffff-4fff-bfff-ffffffffffff')).toEqual(['ffffffff', 'ffff4fff', 'bfffffff', 'ffffffff']);
});

test.each([
  ['version 1', '72cf48f7-d604-1423-b012-4e2329f5117b'],
  ['version 7', '72cf48f7-d604-7423-b012-4e2329f5117b'],
  ['another family, which has no versions', '72cf48f7-d604-4423-7012-4e2329f5117b'],
  ['another family, above ours', '72cf48f7-d604-4423-c012-4e2329f5117b'],
  ['the nil UUID', '00000000-0000-0000-0000-000000000000'],
  ['a digit too few', '72cf48f7-d604-4423-b012-4e2329f5117'],
  ['a digit too many', '72cf48f7-d604-4423-b012-4e2329f5117bb'],
  ['nothing', ''],
  ['three of four dashes', '72cf48f7-d604-4423-b0124e2329f5117bb'],
  ['dashes elsewhere', '72cf48f7d-604-4423-b012-4e2329f5117b'],
  ['braces', '{72cf48f7-d604-4423-b012-4e2329f5117b}'],
])('%s is no UUID of version 4', (_what, text) => {
  expect(wordsOf(text)).toBeNull();
});

test('of all bytes only digits, in every place, make a UUID', () => {
  const taken: string[] = [];
  for (const text of ['72cf48f7-d604-4423-b012-4e2329f5117b', '72cf48f7d6044423b0124e2329f5117b']) {
    for (let place = 0; place < text.length; place += 1) {
      const isDash = text[place] === '-';
      for (let byte = 0; byte < 256; byte += 1) {
        const character = String.fromCharCode(byte);
        if (isDash ? character === '-' : /[0-9a-f]/i.test(character)) continue;
        const other = text.slice(0, place) + character + text.slice(place + 1);
        if (wordsOf(other) !== null) taken.push(other);
      }
    }
  }
  expect(taken).toEqual([]);
});

test('what fast-check takes for a UUID of version 4 is one, and no other version', () => {
  fc.assert(
    fc.property(fc.uuid({ version: 4 }), fc.uuid({ version: [1, 2, 3, 5, 6, 7, 8] }), (four, other) => {
      expect(wordsOf(four)?.join('')).toBe(four.replaceAll('-', ''));
      expect(wordsOf(other)).toBeNull();
    }),
  );
});
