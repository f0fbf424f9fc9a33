import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChurningMap, ChurningSet } from '../../../../src/core/base/churning.ts';

/** Beyond the number of deletions after which the table is a new one, several times. */
const MANY = 5_000;

describe('a map that things come to and go from all the time', () => {
  test('is what a Map is', () => {
    const changes = fc.array(fc.tuple(fc.constantFrom('set', 'delete', 'delete', 'clear'), fc.nat(9), fc.nat(99)));
    fc.assert(
      fc.property(changes, (drawn) => {
        const [churning, plain] = [new ChurningMap<number, number>(), new Map<number, number>()];
        for (const [how, key, value] of drawn) {
          if (how === 'set') {
            churning.set(key, value);
            plain.set(key, value);
          } else if (how === 'delete') expect(churning.delete(key)).toBe(plain.delete(key));
          else if (key === 0) {
            churning.clear();
            plain.clear();
          }
          expect([churning.get(key), churning.has(key)]).toEqual([plain.get(key), plain.has(key)]);
        }
        expect([[...churning], churning.size]).toEqual([[...plain], plain.size]);
        expect([[...churning.keys()], [...churning.values()]]).toEqual([[...plain.keys()], [...plain.values()]]);
      }),
    );
  });

  test('stays what it is when it is renewed: what is there is there, in the order in which it came', () => {
    const map = new ChurningMap<number, string>();
    map.set(-1, 'first');
    for (let at = 0; at < MANY; at += 1) {
      map.set(at, `value ${at}`);
      if (at >= 3) map.delete(at - 3);
      expect(map.size).toBe(Math.min(at + 1, 3) + 1);
      expect([map.get(-1), map.get(at)]).toEqual(['first', `value ${at}`]);
    }
    expect([...map]).toEqual([[-1, 'first'], ...[3, 2, 1].map((back) => [MANY - back, `value ${MANY - back}`])]);
  });

  test('who deletes while he goes through it misses nothing', () => {
    const map = new ChurningMap<number, number>();
    for (let at = 0; at < MANY; at += 1) map.set(at, at);
    const met: number[] = [];
    for (const [key] of map) {
      met.push(key);
      map.delete(key);
    }
    expect([met.length, map.size]).toEqual([MANY, 0]);
  });
});

test('a set is what a Set is, renewed or not', () => {
  const [churning, plain] = [new ChurningSet<number>(), new Set<number>()];
  for (let at = 0; at < MANY; at += 1) {
    churning.add(at % 100).add(at);
    plain.add(at % 100).add(at);
    expect(churning.delete(at - 50)).toBe(plain.delete(at - 50));
  }
  expect([[...churning], churning.size, churning.has(MANY - 1)]).toEqual([[...plain], plain.size, true]);
  churning.clear();
  expect([churning.size, churning.has(MANY - 1)]).toEqual([0, false]);
});
