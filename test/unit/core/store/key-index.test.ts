import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Key } from '../../../../src/core/base/key.ts';
import { logIndex, version } from '../../../../src/core/base/numbers.ts';
import { KeyIndex } from '../../../../src/core/store/key-index.ts';
import { Records, type Ref } from '../../../../src/core/store/records.ts';

const sorted = (keys: Iterable<string>): string[] => [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** An index beside a plain set. */
class Model {
  readonly records = new Records();
  readonly index = new KeyIndex(this.records);
  readonly refs = new Map<Key, Ref>();

  get keys(): Iterable<Key> {
    return this.refs.keys();
  }

  toggle(key: Key): void {
    const before = this.refs.get(key);
    if (before !== undefined) {
      this.index.remove(key);
      this.records.free(before);
      this.refs.delete(key);
    } else {
      const ref = this.recordOf(key);
      this.refs.set(key, ref);
      this.index.add(key, ref);
    }
  }

  /** Gives the key another record, if it is there. */
  replace(key: Key): void {
    const before = this.refs.get(key);
    if (before === undefined) return;
    const ref = this.recordOf(key);
    this.index.replace(key, ref);
    this.records.free(before);
    this.refs.set(key, ref);
  }

  recordOf(key: Key): Ref {
    return this.records.addTombstone(key, { version: version(1), revision: logIndex(1) });
  }
}

const keys = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    minLength: 1,
    maxLength: 3,
  }),
  fc.nat(3000).map((number) => `key/${number}`),
) as fc.Arbitrary<Key>;

describe('an index of keys', () => {
  test('takes many at once, in their order, between others or behind them', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 600 }), fc.uniqueArray(keys, { maxLength: 1500 }), (there, added) => {
        const model = new Model();
        for (const key of new Set(there)) model.toggle(key);
        const fresh = (sorted(added) as Key[]).filter((key) => !model.refs.has(key));
        const refs = fresh.map((key) => model.recordOf(key));
        model.index.addAll(refs);
        const all = sorted([...model.keys, ...fresh]);
        expect([[...model.index.from('')], model.index.size]).toEqual([all, all.length]);
        expect([...model.index.blocksFrom('')].flatMap((block) => [...block])).toEqual([...model.index.refsFrom('')]);
        // Each is found, to be taken out again.
        for (const key of fresh) model.index.remove(key);
        expect([...model.index.from('')]).toEqual(sorted(model.keys));
      }),
      { numRuns: 50 },
    );
  });

  test('has what was added and not removed, in the order of bytes, from wherever one asks', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 300 }), keys, (toggled, from) => {
        const model = new Model();
        for (const key of toggled) model.toggle(key);
        model.replace(from);
        for (const key of toggled.slice(0, 9)) model.replace(key);
        expect([...model.index.from('')]).toEqual(sorted(model.keys));
        expect([...model.index.from(from)]).toEqual(sorted(model.keys).filter((key) => key >= from));
        expect(model.index.size).toBe(model.refs.size);
      }),
    );
  });

  test('through many blocks that fill and empty', () => {
    const model = new Model();
    const key = (number: number) => `k${((number * 7919) % 20_011).toString().padStart(5, '0')}` as Key;
    for (let number = 0; number < 20_000; number += 1) model.toggle(key(number));
    expect([...model.index.from('')]).toEqual(sorted(model.keys));
    for (let number = 0; number < 20_000; number += 1) if (number % 50 !== 0) model.toggle(key(number));
    expect([...model.index.from('k1')]).toEqual(sorted(model.keys).filter((each) => each >= 'k1'));
    for (let number = 0; number < 20_000; number += 50) model.toggle(key(number));
    expect([[...model.index.from('')], model.index.size]).toEqual([[], 0]);
  });

  test.each([
    ['in their order', (number: number) => number],
    ['against it', (number: number) => 2999 - number],
    ['in their order, between others', (number: number) => (number < 1500 ? 2 * number : 2 * (number - 1500) + 1)],
    ['in their order, while others come elsewhere', (number: number) => (number % 3 < 2 ? number : 9000 - number)],
  ])('keys that come %s', (_, place) => {
    const model = new Model();
    for (let number = 0; number < 3000; number += 1) model.toggle(`k${String(place(number)).padStart(5, '0')}` as Key);
    expect([...model.index.from('')]).toEqual(sorted(model.keys));
    expect([...model.index.from('k01')]).toEqual(sorted(model.keys).filter((each) => each >= 'k01'));
  });

  test('keys that come and go in order, but for a few, leave no blocks behind that hold next to nothing', () => {
    const model = new Model();
    const key = (number: number) => `k${String(number).padStart(9, '0')}` as Key;
    for (let number = 0; number < 100_000; number += 1) {
      model.toggle(key(number));
      if (number >= 1000 && number % 400 !== 0) model.toggle(key(number - 1000));
    }
    expect(model.index.size).toBeGreaterThan(1200);
    expect(model.index.blocks).toBeLessThan(20);
    expect([...model.index.from('')]).toEqual(sorted(model.keys));
  });

  test('what is not there is not removed, and an empty one has nothing', () => {
    const model = new Model();
    const { index } = model;
    index.remove('nobody' as Key);
    expect([...index.from('')]).toEqual([]);
    model.toggle('a' as Key);
    index.remove('b' as Key);
    index.remove('0' as Key);
    expect([...index.from('')]).toEqual(['a']);
    index.clear();
    expect([[...index.from('')], index.size]).toEqual([[], 0]);
  });
});
