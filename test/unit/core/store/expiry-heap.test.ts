import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Key } from '../../../../src/core/base/key.ts';
import { ExpiryHeap } from '../../../../src/core/store/expiry-heap.ts';

/** A heap beside a model of it: what each key falls due at, null if it does not. */
class Model {
  readonly due = new Map<Key, number>();
  readonly heap = new ExpiryHeap((key, atMs) => this.due.get(key) === atMs);

  set(key: Key, atMs: number | null): void {
    if (this.due.delete(key)) this.heap.outdate();
    if (atMs === null) return;
    this.due.set(key, atMs);
    this.heap.add(key, atMs);
  }

  until(timeMs: number): Key[] {
    return [...this.due].filter(([, atMs]) => atMs <= timeMs).map(([key]) => key);
  }
}

const stepsOf = (keys: number, timeMs: number) =>
  fc.array(fc.record({ key: fc.nat(keys), atMs: fc.option(fc.nat(timeMs)) }), { maxLength: 600 });

test.each([
  { name: 'many keys', keys: 300, timesMs: 1000 },
  { name: 'few, which fall due at the same times again and again', keys: 3, timesMs: 3 },
])('it knows which keys are due, and when the first one is: $name', ({ keys, timesMs }) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(stepsOf(keys, timesMs), fc.nat(timesMs)), { maxLength: 4 }), (rounds) => {
      const model = new Model();
      // What was told as due once, and did not go, is told again.
      for (const [steps, timeMs] of rounds) {
        for (const { key, atMs } of steps) model.set(`k${key}` as Key, atMs);
        expect(model.heap.earliestMs).toBe(model.due.size === 0 ? null : Math.min(...model.due.values()));
        expect(model.heap.due(timeMs, Infinity).sort()).toEqual(model.until(timeMs).sort());
        expect(model.heap.earliestMs).toBe(model.due.size === 0 ? null : Math.min(...model.due.values()));
      }
    }),
  );
});

test('it gives no more than it is asked for, and they stay until they are removed', () => {
  const model = new Model();
  for (let at = 0; at < 50; at += 1) model.set(`k${at}` as Key, at);
  expect(model.heap.due(29, 10)).toHaveLength(10);
  for (let left = 30; left > 0;) {
    const due = model.heap.due(29, 7);
    expect(due.length).toBe(Math.min(7, left));
    for (const key of due) model.set(key, null);
    left -= due.length;
  }
  expect([model.heap.due(29, 7), model.heap.earliestMs]).toEqual([[], 30]);
});

test('many that fall due together cost no more each than few', () => {
  const due = new Set<Key>();
  let looks = 0;
  const heap = new ExpiryHeap((key) => {
    looks += 1;
    return due.has(key);
  });
  for (let at = 0; at < 20_000; at += 1) {
    due.add(`k${at}` as Key);
    heap.add(`k${at}` as Key, (at * 7919) % 10);
  }
  looks = 0;
  for (let round = 0; round < 200; round += 1) {
    for (const key of heap.due(10, 100)) {
      due.delete(key);
      heap.outdate();
    }
  }
  expect([due.size, heap.length]).toEqual([0, 0]);
  expect(looks).toBeLessThan(10 * 20_000);
});

test('a key that is set again and again does not fill it', () => {
  const model = new Model();
  for (let round = 0; round < 10_000; round += 1) model.set(`k${round % 100}` as Key, 1_000_000 + round);
  expect(model.heap.length).toBeLessThan(500);
});

test('nor does one that goes back and forth between two times, or goes as it falls due', () => {
  const model = new Model();
  for (let round = 0; round < 10_000; round += 1) model.set('k' as Key, 1_000_000 + (round % 2));
  expect(model.heap.length).toBeLessThan(500);
  expect(model.heap.due(Infinity, Infinity)).toEqual(['k']);

  for (let round = 0; round < 10_000; round += 1) {
    model.set('passing' as Key, round);
    model.set('passing' as Key, null);
  }
  expect(model.heap.length).toBeLessThan(500);
});
