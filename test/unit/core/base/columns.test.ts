import { expect, test } from '@jest/globals';
import { Column } from '../../../../src/core/base/columns.ts';

test('a row of numbers grows and shrinks over several pieces, and keeps what is in it', () => {
  const column = new Column((length) => new Float64Array(length));
  const count = 100_000;
  for (let place = 0; place < count; place += 1) column.push(place + 0.5);
  column.set(70_000, -1);
  expect([column.length, column.at(0), column.at(63), column.at(64), column.at(32_768)]).toEqual([
    count,
    0.5,
    63.5,
    64.5,
    32_768.5,
  ]);
  expect([column.at(70_000), column.at(count - 1)]).toEqual([-1, count - 0.5]);
  for (let left = count; left > 10; left -= 1) column.pop();
  column.push(7);
  expect([column.length, column.at(9), column.at(10)]).toEqual([11, 9.5, 7]);
  column.clear();
  column.push(1);
  expect([column.length, column.at(0)]).toEqual([1, 1]);
});

test('it makes no piece that is larger than 32,768 numbers', () => {
  const made: number[] = [];
  const column = new Column((length) => (made.push(length), new Uint32Array(length)));
  for (let place = 0; place < 70_000; place += 1) column.push(place);
  expect(made).toEqual([64, 256, 1024, 4096, 16_384, 32_768, 32_768, 32_768]);
});
