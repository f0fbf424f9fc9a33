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
