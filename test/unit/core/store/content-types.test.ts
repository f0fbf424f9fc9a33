import { expect, test } from '@jest/globals';
import { ContentTypes } from '../../../../src/core/store/content-types.ts';

test('a type is there for as long as it is used, and its number is given to another then', () => {
  const types = new ContentTypes();
  const text = types.take('text/plain');
  const json = types.take('application/json');
  expect([types.take(null), types.take('text/plain'), types.at(text), types.at(json), types.at(0)]).toEqual([
    0,
    text,
    'text/plain',
    'application/json',
    null,
  ]);
  types.giveBack(text);
  types.giveBack(0);
  expect(types.at(text)).toBe('text/plain');
  types.giveBack(text);
  expect([types.take('image/png'), types.at(text), types.at(json)]).toEqual([text, 'image/png', 'application/json']);
  expect(types.take('text/plain')).not.toBe(text);
});

test('it counts each type once, and beyond so many shares no more of them', () => {
  const types = new ContentTypes(2);
  const numbers = ['a/a', 'b/b', 'c/c', 'c/c', 'a/a'].map((text) => types.take(text));
  expect(new Set(numbers).size).toBe(4);
  expect(numbers.map((number) => types.at(number))).toEqual(['a/a', 'b/b', 'c/c', 'c/c', 'a/a']);
  const bytes = types.bytes;
  expect(bytes).toBeGreaterThan(4 * 3);
  types.giveBack(numbers[3] as number);
  expect(types.bytes).toBe((bytes * 3) / 4);
  for (const number of [numbers[0], numbers[1], numbers[2], numbers[4]]) types.giveBack(number as number);
  expect(types.bytes).toBe(0);
  expect(types.at(types.take('d/d'))).toBe('d/d');
});
