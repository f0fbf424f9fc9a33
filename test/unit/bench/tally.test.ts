import { expect, test } from '@jest/globals';
import { Tally } from '../../bench/load/tally.ts';

test('a request counts if it was begun within the measured time, whenever it is answered', () => {
  const tally = new Tally();
  const beforeMs = performance.now() - 10;
  tally.add(1, beforeMs);
  tally.begin();
  const withinMs = performance.now();
  tally.add(1, beforeMs);
  tally.add(100, withinMs);
  while (performance.now() === withinMs);
  tally.end();
  tally.add(1, withinMs);
  tally.add(1, performance.now());
  const { requests, operations } = tally.outcome;
  expect([requests, operations, tally.all]).toEqual([2, 101, 5]);
});

test('a tally of nothing is an error, not a figure', () => {
  const tally = new Tally();
  tally.begin();
  tally.end();
  expect(() => tally.outcome).toThrow('no request was begun in the measured time');
});
