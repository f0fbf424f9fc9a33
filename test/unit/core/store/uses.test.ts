import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Uses } from '../../../../src/core/store/uses.ts';
import { key } from '../kit/builders.ts';

const usesOf = (idle: Readonly<Record<string, number>>): Uses => {
  const uses = new Uses();
  uses.lead(0);
  for (const [name, ms] of Object.entries(idle)) uses.onWritten(key(name), ms);
  return uses;
};

test('a key is idle a quarter of its idle time after that has passed', () => {
  const uses = usesOf({ short: 100, long: 1000 });
  expect([uses.idleAt(124, 10), uses.idleAt(125, 10), uses.idleAt(1250, 10)]).toEqual([
    [],
    ['short'],
    ['short', 'long'],
  ]);
  uses.use(key('long'), 500);
  expect([uses.idleAt(1749, 10), uses.idleAt(1750, 10)]).toEqual([['short'], ['short', 'long']]);
});

test('a use that is told late is no earlier than one that is known', () => {
  const uses = usesOf({ k: 100 });
  uses.use(key('k'), 500);
  uses.use(key('k'), 300);
  expect([uses.idleAt(600, 10), uses.idleAt(625, 10)]).toEqual([[], ['k']]);
});

test('a bounded number of keys is looked at, and the next time those behind them', () => {
  const uses = usesOf({ a: 1, b: 1, c: 1 });
  expect([uses.idleAt(9, 2), uses.idleAt(9, 2), uses.idleAt(9, 2)]).toEqual([
    ['a', 'b'],
    ['c', 'a'],
    ['b', 'c'],
  ]);
});

test('a follower has told nothing yet; a leader has used everything when it begins', () => {
  const uses = usesOf({ k: 800 });
  uses.follow();
  expect(uses.isNews(key('k'), 0)).toBe(true);
  uses.use(key('k'), 50);
  uses.onWritten(key('k'), 800);
  expect([uses.isNews(key('k'), 149), uses.isNews(key('k'), 150), uses.isNews(key('other'), 150)]).toEqual([
    false,
    true,
    false,
  ]);
  uses.lead(5000);
  expect([uses.idleAt(5999, 10), uses.idleAt(6000, 10)]).toEqual([[], ['k']]);
});

test('property: it knows the keys that are there with their own times, whatever came and went', () => {
  const step = fc.record({
    name: fc.integer({ min: 0, max: 200 }).map((number) => key(`k${number}`)),
    idleMs: fc.option(fc.integer({ min: 1, max: 1000 })),
    atMs: fc.integer({ min: 0, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const uses = new Uses();
      uses.lead(0);
      const model = new Map<string, { idleMs: number; usedMs: number }>();
      for (const { name, idleMs, atMs } of steps) {
        uses.beginTurn(atMs);
        uses.onWritten(name, idleMs);
        if (idleMs === null) model.delete(name);
        else model.set(name, { idleMs, usedMs: atMs });
      }
      expect(uses.size).toBe(model.size);
      const due = [...model].filter(([, { idleMs, usedMs }]) => usedMs + idleMs * 1.25 <= 900).map(([name]) => name);
      expect(uses.idleAt(900, 1000).sort()).toEqual(due.sort());
    }),
  );
});
