import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Deque } from '../../../../src/core/base/deque.ts';

type Step = { kind: 'push'; item: number } | { kind: 'shift' | 'pop' | 'clear' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 60, arbitrary: fc.record({ kind: fc.constant('push' as const), item: fc.nat() }) },
    { weight: 20, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
    { weight: 19, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
  ),
  { maxLength: 300 },
);

test('a deque does what an array does, whatever is done to it', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const deque = new Deque<number>();
      let array: number[] = [];
      for (const step of taken) {
        if (step.kind === 'push') {
          deque.push(step.item);
          array.push(step.item);
        } else if (step.kind === 'shift') expect(deque.shift()).toBe(array.shift());
        else if (step.kind === 'pop') expect(deque.pop()).toBe(array.pop());
        else {
          deque.clear();
          array = [];
        }
        expect([deque.length, deque.first(), deque.last()]).toEqual([array.length, array[0], array.at(-1)]);
      }
      expect(array.map((_, place) => deque.at(place))).toEqual(array);
    }),
  );
});

test('beyond its ends a deque holds nothing', () => {
  const deque = new Deque<string>();
  deque.push('only');
  expect([deque.at(-1), deque.at(0), deque.at(1)]).toEqual([undefined, 'only', undefined]);
});
