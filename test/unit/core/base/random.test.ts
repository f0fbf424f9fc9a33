import { expect, test } from '@jest/globals';
import { Random } from '../../../../src/core/base/random.ts';

const draw = (seed: number, count: number): number[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => random.next());
};

test('one seed gives one sequence, so a simulated run repeats itself', () => {
  expect(draw(42, 100)).toEqual(draw(42, 100));
  expect(draw(42, 3)).not.toEqual(draw(43, 3));
});

test('what is drawn spreads evenly over [0, 1)', () => {
  const drawn = draw(7, 20_000);
  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  const tenths = Array.from(
    { length: 10 },
    (_, tenth) => drawn.filter((value) => Math.floor(value * 10) === tenth).length,
  );
  for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

test('below(bound) gives whole numbers below the bound, each of them', () => {
  const random = new Random(1);
  const drawn = new Set(Array.from({ length: 200 }, () => random.below(5)));
  expect([...drawn].sort()).toEqual([0, 1, 2, 3, 4]);
});
