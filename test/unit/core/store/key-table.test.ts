import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Key } from '../../../../src/core/base/key.ts';
import { logIndex, version } from '../../../../src/core/base/numbers.ts';
import { SipHash } from '../../../../src/core/base/sip-hash.ts';
import { KeyTable } from '../../../../src/core/store/key-table.ts';
import type { KeyHash } from '../../../../src/core/store/last-hash.ts';
import { NOWHERE, Records, type Ref } from '../../../../src/core/store/records.ts';

/** A table beside a Map. */
class Model {
  readonly records = new Records();
  readonly refs = new Map<Key, Ref>();
  readonly table: KeyTable;

  constructor(hash: KeyHash = new SipHash(1, 2)) {
    this.table = new KeyTable(this.records, hash);
  }

  /** Puts it in, takes it out, or gives it another record. */
  change(key: Key, how: 'in' | 'out' | 'other'): void {
    const before = this.refs.get(key);
    if (before === undefined) {
      const ref = this.recordOf(key);
      this.table.add(key, ref);
      this.refs.set(key, ref);
      return;
    }
    if (how === 'in') return;
    if (how === 'out') {
      this.table.remove(key);
      this.refs.delete(key);
    } else {
      const ref = this.recordOf(key);
      this.table.replace(key, ref);
      this.refs.set(key, ref);
    }
    this.records.free(before);
  }

  found(keys: Iterable<Key>): Ref[] {
    return [...keys].map((key) => this.table.find(key));
  }

  recordOf(key: Key): Ref {
    return this.records.addTombstone(key, { version: version(1), revision: logIndex(1) });
  }
}

const keyOf = (number: number): Key => `k${number}` as Key;

const byLength = (hash: (length: number) => number): KeyHash => ({
  of: (key) => hash(key.length),
  ofBytes: (_bytes, _from, length) => hash(length),
});

test.each([
  { name: 'as they fall', hash: undefined },
  { name: 'all in one table, many at one place', hash: byLength((length) => length % 3) },
  { name: 'at the end of the table, and on at its beginning', hash: byLength((length) => 0xff - (length % 2)) },
])('it finds what is in it, and nothing else: $name', ({ hash }) => {
  const keys = fc.string({ unit: fc.constantFrom('a', 'b', '\xff'), minLength: 1, maxLength: 5 }) as fc.Arbitrary<Key>;
  const changes = fc.array(fc.tuple(keys, fc.constantFrom('in', 'in', 'out', 'other')), { maxLength: 150 });
  fc.assert(
    fc.property(changes, fc.array(keys), (drawn, asked) => {
      const model = new Model(hash);
      for (const [key, how] of drawn) model.change(key, how);
      for (const key of [...asked, ...drawn.map(([changed]) => changed)])
        expect(model.table.find(key)).toBe(model.refs.get(key) ?? NOWHERE);
    }),
  );
});

test('through all sizes, up and down again', () => {
  const model = new Model();
  const all = Array.from({ length: 40_000 }, (_, number) => keyOf(number));
  for (const key of all) model.change(key, 'in');
  expect(model.found(all)).toEqual([...model.refs.values()]);
  for (const key of all.slice(50)) model.change(key, 'out');
  expect(model.found(all.slice(0, 50))).toEqual([...model.refs.values()]);
  expect(model.found(all.slice(50)).every((ref) => ref === NOWHERE)).toBe(true);
  model.table.clear();
  expect(model.table.find(keyOf(1))).toBe(NOWHERE);
});

test('many at once, as one by one; one that is there is none of them', () => {
  const model = new Model();
  const others = Array.from({ length: 100 }, (_, number) => keyOf(number));
  for (const key of others) model.change(key, 'in');
  const keys = Array.from({ length: 20_000 }, (_, number) => keyOf(100 + number));
  const refs = keys.map((key) => model.recordOf(key));
  model.table.addAll(refs);
  expect(model.found(keys)).toEqual(refs);
  expect(model.found(others)).toEqual([...model.refs.values()]);
  expect(() => {
    model.table.addAll([model.recordOf(keyOf(7))]);
  }).toThrow('R11: a snapshot brings each value once');
});
