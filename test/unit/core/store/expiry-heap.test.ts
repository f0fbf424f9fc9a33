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

const steps = fc.array(fc.record({ key: fc.nat(300), atMs: fc.option(fc.nat(1000)) }), { maxLength: 600 });

test('it knows which keys are due, and when the first one is', () => {
  fc.assert(
    fc.property(steps, fc.nat(1000), (drawn, timeMs) => {
      const model = new Model();
      for (const { key, atMs } of drawn) model.set(`k${key}` as Key, atMs);
      expect(model.heap.earliestMs).toBe(model.due.size === 0 ? null : Math.min(...model.due.values()));
      expect(model.heap.due(timeMs, Infinity).sort()).toEqual(model.until(timeMs).sort());
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

test('a key that is set again and again does not fill it', () => {
  const model = new Model();
  for (let round = 0; round < 10_000; round += 1) model.set(`k${round % 100}` as Key, 1_000_000 + round);
  expect(model.heap.length).toBeLessThan(500);
});
