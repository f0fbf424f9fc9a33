import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Key } from '../../../../src/core/base/key.ts';
import { logIndex, version, type Version } from '../../../../src/core/base/numbers.ts';
import type { KeyEffect } from '../../../../src/core/replication/entry.ts';
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

test('a floor only rises', () => {
  const store = new Store(1);
  store.raiseVersionFloor(version(5));
  store.raiseVersionFloor(version(3));
  expect(store.versionFloor).toBe(5);
});
