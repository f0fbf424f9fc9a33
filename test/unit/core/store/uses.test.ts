import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Random } from '../../../../src/core/base/random.ts';
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
  expect([uses.idleAt(9, 3, 1), uses.idleAt(9, 3, 1)]).toEqual([['a'], ['b']]);
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

test('R22: where keys may be evicted all are known; of their reads a sample is told, and each key no oftener than every 10 s', () => {
  const uses = new Uses('lru');
  const names = Array.from({ length: 80 }, (_, number) => key(`k${number}`));
  for (const name of names) uses.onWritten(name, null);
  expect(uses.size).toBe(80);
  uses.follow();
  const told = names.filter((name) => uses.isNews(name, 0));
  expect(told).toEqual(['k7', 'k15', 'k23', 'k31', 'k39', 'k47', 'k55', 'k63', 'k71', 'k79']);
  for (const name of names) uses.use(name, 0);
  expect([
    names.filter((name) => uses.isNews(name, 9999)),
    names.filter((name) => uses.isNews(name, 10_000)).length,
  ]).toEqual([[], 10]);
  uses.lead(20_000);
  expect(uses.idleAt(1e12, 1000)).toEqual([]);
});

test('R22: the least used of some is the one that was not used for longest, if it may go', () => {
  const uses = new Uses('lru');
  uses.lead(0);
  for (const [at, name] of ['a', 'b', 'c'].entries()) {
    uses.beginTurn(at);
    uses.onWritten(key(name), null);
  }
  const random = new Random(7);
  const found = (mayGo: (name: string) => boolean): Set<string | null> =>
    new Set(Array.from({ length: 50 }, () => uses.leastUsed(random, mayGo)));
  // Three draws of three: now and then the oldest is not among them.
  expect(found(() => true).has('a')).toBe(true);
  expect(found((name) => name === 'b')).toEqual(new Set(['b', null]));
  expect(found(() => false)).toEqual(new Set([null]));
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
