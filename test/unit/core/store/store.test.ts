import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Key } from '../../../../src/core/base/key.ts';
import { logIndex, version, wallMs, type Version, type WallMs } from '../../../../src/core/base/numbers.ts';
import type { KeyEffect } from '../../../../src/core/replication/entry.ts';
import type { StoredValue, Tombstone } from '../../../../src/core/store/reads.ts';
import { Store } from '../../../../src/core/store/store.ts';
import { bytes, deleteEffect, key, putEffect, versionOf } from '../kit/builders.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e'].map(key);

interface Change {
  readonly key: Key;
  readonly deletes: boolean;
  readonly length: number;
}

const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({ key: fc.constantFrom(...KEYS), deletes: fc.boolean(), length: fc.nat(20) }),
  { maxLength: 60 },
);

/** The effects that a leader would decide: versions count up key by key. */
function decided(drawn: readonly Change[], store: Store): KeyEffect[] {
  return drawn.map((change, at) => {
    const next = version(store.lastVersion(change.key) + 1);
    const effect = change.deletes
      ? deleteEffect(change.key, { version: next, revision: at + 1 })
      : putEffect(change.key, {
          value: 'x'.repeat(change.length),
          contentType: change.length % 2 === 0 ? null : 'text/plain',
          version: next,
          created: at + 1,
          timeMs: at,
        });
    store.apply(effect);
    return effect;
  });
}

const contents = (store: Store) => ({
  values: new Map(store.values()),
  tombstones: new Map(store.tombstones()),
  bytes: store.bytes,
  floor: store.versionFloor,
});

test('a put is read back with its revision, its version, its creation and its time', () => {
  const store = new Store(10);
  store.apply(putEffect('k', { version: 1, created: 5, contentType: 'text/plain', timeMs: 77 }));
  expect(store.get(key('k'))).toEqual({
    value: bytes('v'),
    contentType: 'text/plain',
    revision: 5,
    version: 1,
    createRevision: 5,
    modifiedMs: 77,
    expiresAtMs: null,
    idleMs: null,
  });
  expect([store.get(key('other')), store.size]).toEqual([null, 1]);
});

test('R4: what was applied once, or is older than what is there, is not taken again', () => {
  fc.assert(
    fc.property(changes, fc.nat(), (drawn, choice) => {
      const store = new Store(1000);
      const effects = decided(drawn, store);
      fc.pre(effects.length > 0);
      const effect = effects[choice % effects.length] as KeyEffect;
      expect(() => {
        store.apply(effect);
      }).toThrow('R4: what is newer has the higher version');
    }),
  );
});

test('the bytes that a store counts are those of what it holds', () => {
  fc.assert(
    fc.property(changes, fc.nat(3), (drawn, tombstonesMax) => {
      const store = new Store(tombstonesMax);
      decided(drawn, store);
      const afresh = new Store(tombstonesMax);
      for (const [at, stored] of store.values()) afresh.restoreValue(at, stored);
      for (const [at, tombstone] of store.tombstones()) afresh.restoreTombstone(at, tombstone);
      expect(store.bytes).toBe(afresh.bytes);
      store.clear();
      expect(contents(store)).toEqual({ values: new Map(), tombstones: new Map(), bytes: 0, floor: 0 });
    }),
  );
});

test('a version number never means two things, though only so many deleted keys are remembered', () => {
  fc.assert(
    fc.property(changes, fc.nat(3), (drawn, tombstonesMax) => {
      const store = new Store(tombstonesMax);
      const seen = new Map<Key, Version>();
      for (const effect of decided(drawn, store)) {
        expect(versionOf(effect)).toBeGreaterThan(seen.get(effect.key) ?? 0);
        seen.set(effect.key, version(versionOf(effect)));
      }
      expect([...store.tombstones()].length).toBeLessThanOrEqual(tombstonesMax);
      for (const [at, last] of seen) expect(store.lastVersion(at)).toBeGreaterThanOrEqual(last);
    }),
  );
});

test('a key that nobody remembers begins above the floor', () => {
  const store = new Store(1);
  for (const [at, name] of ['a', 'b'].entries()) {
    store.restoreTombstone(key(name), { version: version(at === 0 ? 9 : 2), revision: logIndex(at + 1) });
  }
  // a was forgotten for b's sake, and its version is the floor.
  expect([store.lastVersion(key('a')), store.lastVersion(key('b')), store.lastVersion(key('new'))]).toEqual([9, 2, 9]);
});

type Step =
  | { readonly kind: 'put'; readonly key: Key; readonly length: number; readonly expiresAtMs: number | null }
  | { readonly kind: 'delete' | 'evict'; readonly key: Key }
  | { readonly kind: 'touch'; readonly key: Key; readonly expiresAtMs: number | null };

const someKey = fc.nat(40).map((number) => key(`${number % 3 === 0 ? 'long'.repeat(20) : 'k'}${number}`));
const someTime = fc.option(fc.nat(9));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      key: someKey,
      // Packed, of the next sizes, and apart.
      length: fc.constantFrom(0, 1, 15, 40, 300, 4096, 4097, 9000),
      expiresAtMs: someTime,
    }),
    fc.record({ kind: fc.constantFrom('delete' as const, 'evict' as const), key: someKey }),
    fc.record({ kind: fc.constant('touch' as const), key: someKey, expiresAtMs: someTime }),
  ),
  { maxLength: 300 },
);

/** As a store is meant: values and tombstones in plain maps. */
class Model {
  readonly values = new Map<Key, StoredValue>();
  readonly tombstones = new Map<Key, Tombstone>();

  effectOf(step: Step, store: Store, at: number): KeyEffect {
    const next = version(store.lastVersion(step.key) + 1);
    switch (step.kind) {
      case 'put': {
        const value = new Uint8Array(step.length).fill(at);
        const contentType = at % 3 === 0 ? null : `type/${at % 5}`;
        const [revision, modifiedMs] = [logIndex(at), wallMs(at / 2)];
        const stay = { expiresAtMs: step.expiresAtMs as WallMs | null, idleMs: at % 2 === 0 ? null : at };
        const createRevision = this.values.get(step.key)?.createRevision ?? revision;
        const stored = { value, contentType, revision, version: next, createRevision, modifiedMs, ...stay };
        return { kind: 'put', key: step.key, stored };
      }
      case 'touch':
        return { kind: 'touch', key: step.key, expiresAtMs: step.expiresAtMs as WallMs | null, idleMs: at };
      default:
        return { kind: step.kind, key: step.key, tombstone: { version: next, revision: logIndex(at) } };
    }
  }

  apply(effect: KeyEffect): void {
    const { key } = effect;
    const before = this.values.get(key);
    if (effect.kind === 'touch') {
      const { expiresAtMs, idleMs } = effect;
      if (before !== undefined) this.values.set(key, { ...before, expiresAtMs, idleMs });
      return;
    }
    // What is gone already is not evicted.
    if (effect.kind === 'evict' && before === undefined) return;
    this.tombstones.delete(key);
    if (effect.kind === 'put') {
      this.values.set(key, effect.stored);
      return;
    }
    this.values.delete(key);
    if (effect.kind !== 'evict') this.tombstones.set(key, effect.tombstone);
  }

  due(timeMs: number): Key[] {
    return [...this.values]
      .filter(([, { expiresAtMs }]) => expiresAtMs !== null && expiresAtMs <= timeMs)
      .map(([k]) => k);
  }
}

test('beside plain maps: values of all sizes, of all ages, and what was told of them before', () => {
  fc.assert(
    fc.property(steps, (drawn) => {
      const [store, model] = [new Store(1000), new Model()];
      const told: [StoredValue | null, StoredValue | undefined][] = [];
      for (const [at, step] of drawn.entries()) {
        const effect = model.effectOf(step, store, at + 1);
        model.apply(effect);
        store.apply(effect);
        told.push([store.get(step.key), model.values.get(step.key)]);
      }
      const sorted = [...model.values.keys()].sort();
      expect([...store.values()]).toEqual(sorted.map((each) => [each, model.values.get(each)]));
      expect([...store.tombstones()]).toEqual([...model.tombstones]);
      expect([...store.keysFrom('')]).toEqual(sorted);
      for (const each of sorted) expect(store.get(each)).toEqual(model.values.get(each));
      for (const timeMs of [0, 4, 9])
        expect(store.due(wallMs(timeMs), Infinity).sort()).toEqual(model.due(timeMs).sort());
      // Whoever got it then has still what it was then.
      for (const [got, was] of told) expect(got).toEqual(was ?? null);
    }),
    { numRuns: 60 },
  );
});

test('what is scattered is moved together: values of other sizes, few of which stay', () => {
  const store = new Store(1_000_000);
  const left = new Map<Key, number>();
  for (let at = 1; at <= 120_000; at += 1) {
    const name = key(`k${at}`);
    const length = 100 + 100 * Math.floor(at / 30_000);
    const value = new Uint8Array(length).fill(at);
    const stay = { expiresAtMs: at % 3 === 0 ? wallMs(at) : null, idleMs: null };
    const place = { revision: logIndex(at), createRevision: logIndex(at), modifiedMs: wallMs(at) };
    store.apply({
      kind: 'put',
      key: name,
      stored: { value, contentType: null, version: version(1), ...place, ...stay },
    });
    left.set(name, at);
    const gone = key(`k${at - 2000}`);
    if (at <= 2000 || (at - 2000) % 30 === 0) continue;
    // Neither a value nor a tombstone is left.
    store.apply({ kind: 'evict', key: gone, tombstone: { version: version(2), revision: logIndex(at) } });
    left.delete(gone);
  }
  expect(store.size).toBe(left.size);
  expect(store.pageBytes).toBeLessThan(2 * store.valueBytes + 8 * 2 ** 20);
  for (const [name, at] of left) expect(store.get(name)?.value[0]).toBe(at % 256);
  expect([...store.keysFrom('')]).toEqual([...left.keys()].sort());
  const due = [...left].filter(([, at]) => at % 3 === 0).map(([name]) => name);
  expect(store.due(wallMs(200_000), Infinity).sort()).toEqual(due.sort());
});

test('a value that moves to a larger block falls due when it did, and once', () => {
  const store = new Store(10);
  const write = (name: string, next: number, length: number, expiresAtMs: number): void => {
    const value = new Uint8Array(length);
    const place = { revision: logIndex(next), createRevision: logIndex(1), modifiedMs: wallMs(0), contentType: null };
    const stay = { expiresAtMs: wallMs(expiresAtMs), idleMs: null };
    store.apply({ kind: 'put', key: key(name), stored: { value, version: version(next), ...place, ...stay } });
  };
  for (const [at, name] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) write(name, 1, 10, 100 - at);
  write('a', 2, 500, 100);
  write('f', 2, 500, 95);
  write('c', 2, 500, 10);
  expect([store.due(wallMs(10), 9), store.earliestExpiryMs]).toEqual([['c'], 10]);
  expect(store.due(wallMs(100), 9).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  store.clear();
  expect([store.due(wallMs(100), 9), store.earliestExpiryMs, store.pageBytes]).toEqual([[], null, 0]);
  write('a', 1, 10, 50);
  expect(store.due(wallMs(100), 9)).toEqual(['a']);
});

test.each<[string, (store: Store) => void, string[]]>([
  [
    'has become a value',
    (store) => {
      store.apply(putEffect('k2', { version: 2, created: 99 }));
    },
    ['k3', 'k4', 'k5', 'k6'],
  ],
  [
    'was deleted once more',
    (store) => {
      store.apply(deleteEffect('k2', { version: 2, revision: 99 }));
    },
    ['k3', 'k4', 'k5', 'k6', 'k2'],
  ],
  [
    'was forgotten, with the next one',
    (store) => {
      for (const at of [1, 2, 3]) store.apply(deleteEffect(`new${at}`, { version: 1, revision: 99 }));
    },
    ['k4', 'k5', 'k6', 'new1', 'new2', 'new3'],
  ],
])('who goes through the tombstones and stands on one that %s goes on behind it', (_, change, rest) => {
  const store = new Store(6);
  for (let at = 1; at <= 6; at += 1)
    store.restoreTombstone(key(`k${at}`), { version: version(1), revision: logIndex(at) });
  const walk = store.tombstones();
  const met = [walk.next(), walk.next()].map(({ value }) => (value as [Key, Tombstone])[0]);
  change(store);
  expect([met, [...walk].map(([name]) => name)]).toEqual([['k1', 'k2'], rest]);
});

test('tombstones that were moved are forgotten in their order all the same', () => {
  const store = new Store(30_000);
  for (let at = 1; at <= 40_000; at += 1)
    store.restoreTombstone(key(`k${at}`), { version: version(1), revision: logIndex(at) });
  // Most of them are values again.
  for (let at = 10_001; at <= 40_000; at += 1)
    if (at % 25 !== 0) store.apply(putEffect(`k${at}`, { version: 2, created: 40_000 + at }));
  const revisions = [...store.tombstones()].map(([, { revision }]) => revision);
  expect(revisions).toEqual(Array.from({ length: 1200 }, (_, number) => 10_025 + 25 * number));
});

test('whoever goes through it meets each that stays once, though others come and go', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(299), fc.boolean()), { maxLength: 400 }), (changed) => {
      const store = new Store(1000);
      const names = Array.from({ length: 300 }, (_, number) => key(`k${String(number).padStart(3, '0')}`));
      for (const [at, name] of names.entries()) {
        const stored = { version: version(1), revision: logIndex(at + 1) };
        if (at % 2 === 0) store.apply(putEffect(name, { version: 1, created: at + 1 }));
        else store.restoreTombstone(name, stored);
      }
      const met: Key[] = [];
      const [left, right] = [changed.values(), new Set(changed.map(([number]) => number))];
      const meet = (walk: IterableIterator<[Key, unknown]>): void => {
        for (const [name] of walk) {
          met.push(name);
          const { value } = left.next();
          if (value === undefined) continue;
          const other = names[value[0]] as Key;
          const next = store.lastVersion(other) + 1;
          if (value[1]) store.apply(putEffect(other, { version: next, created: 1000 + next, value: 'x'.repeat(next) }));
          else store.apply(deleteEffect(other, { version: next, revision: 1000 + next }));
        }
      };
      meet(store.values());
      const values = met.splice(0);
      meet(store.tombstones());
      const stays = (parity: number): Key[] => names.filter((_, at) => at % 2 === parity && !right.has(at));
      for (const [walk, parity] of [
        [values, 0],
        [met, 1],
      ] as const) {
        expect(stays(parity).map((name) => walk.filter((each) => each === name).length)).toEqual(
          stays(parity).map(() => 1),
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('a floor only rises', () => {
  const store = new Store(1);
  store.raiseVersionFloor(version(5));
  store.raiseVersionFloor(version(3));
  expect(store.versionFloor).toBe(5);
});
