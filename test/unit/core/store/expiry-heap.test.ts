import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExpiryHeap } from '../../../../src/core/store/expiry-heap.ts';

/** A heap beside a model of it: what each item falls due at. */
class Model {
  readonly due = new Map<number, number>();
  readonly places = new Map<number, number>();
  moves = 0;
  readonly heap = new ExpiryHeap((item, place) => {
    this.moves += 1;
    this.places.set(item, place);
  });

  set(item: number, atMs: number | null): void {
    if (this.due.delete(item)) this.heap.removeAt(this.places.get(item) as number);
    if (atMs === null) return;
    this.due.set(item, atMs);
    this.heap.add(item, atMs);
  }

  rename(item: number, to: number): void {
    const atMs = this.due.get(item);
    if (atMs === undefined || this.due.has(to)) return;
    this.due.delete(item);
    this.due.set(to, atMs);
    const place = this.places.get(item) as number;
    this.heap.renameAt(place, to);
    this.places.set(to, place);
  }

  until(timeMs: number): number[] {
    return [...this.due].filter(([, atMs]) => atMs <= timeMs).map(([item]) => item);
  }

  earliest(): number | null {
    return this.due.size === 0 ? null : Math.min(...this.due.values());
  }
}

const sorted = (items: readonly number[]): number[] => [...items].sort((a, b) => a - b);

test.each([
  { name: 'many items', items: 300, timesMs: 1000 },
  { name: 'few, which fall due at the same times again and again', items: 3, timesMs: 3 },
])('it knows which items are due, and when the first one is: $name', ({ items, timesMs }) => {
  const step = fc.record({ item: fc.nat(items), atMs: fc.option(fc.nat(timesMs)), renamed: fc.option(fc.nat(items)) });
  const rounds = fc.array(fc.tuple(fc.array(step, { maxLength: 600 }), fc.nat(timesMs)), { maxLength: 4 });
  fc.assert(
    fc.property(rounds, (drawn) => {
      const model = new Model();
      for (const [steps, timeMs] of drawn) {
        for (const { item, atMs, renamed } of steps) {
          model.set(item, atMs);
          if (renamed !== null) model.rename(item, renamed);
        }
        expect([model.heap.length, model.heap.earliestMs]).toEqual([model.due.size, model.earliest()]);
        expect(sorted(model.heap.due(timeMs, Infinity))).toEqual(sorted(model.until(timeMs)));
      }
    }),
  );
});

test('it gives no more than it is asked for, the earliest among them, and they stay until they are removed', () => {
  const model = new Model();
  for (let at = 49; at >= 0; at -= 1) model.set(at, at);
  expect(model.heap.due(29, 10)).toHaveLength(10);
  for (let left = 30; left > 0;) {
    const due = model.heap.due(29, 7);
    expect([due.length, due.includes(model.earliest() as number)]).toEqual([Math.min(7, left), true]);
    for (const item of due) model.set(item, null);
    left -= due.length;
  }
  expect([model.heap.due(29, 7), model.heap.earliestMs]).toEqual([[], 30]);
});

test('many that fall due together cost little more each than few', () => {
  const model = new Model();
  for (let item = 0; item < 20_000; item += 1) model.set(item, (item * 7919) % 10);
  model.moves = 0;
  for (let round = 0; round < 200; round += 1) for (const item of model.heap.due(10, 100)) model.set(item, null);
  expect([model.due.size, model.heap.length]).toEqual([0, 0]);
  // Each removal sinks one item, by no more than the height: log4 of 20,000.
  expect(model.moves).toBeLessThan(9 * 20_000);
});
