import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ObjectStore, type Change, type StoreContents } from '../../../src/embedded/object-store.ts';
import { lease } from '../../../src/embedded/resources/lease.ts';
import { pod } from '../../../src/embedded/resources/pod.ts';
import type { KubeObject } from '../../../src/embedded/resources/resource.ts';

const object = (name: string, namespace = 'default'): KubeObject => ({
  metadata: { name, namespace, uid: 'u', resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' },
});

const emptyStore = (historyMax = 100): ObjectStore =>
  new ObjectStore({ contents: { version: 10, objects: [] }, historyMax, persist: null });

test('one counter gives every change of every resource the next version', () => {
  const store = emptyStore();
  const versions = [
    store.put(lease, object('a')),
    store.put(pod, object('a')),
    store.put(lease, object('a')),
    store.remove(lease, object('a')),
  ].map(({ metadata }) => metadata.resourceVersion);
  expect(versions).toEqual(['11', '12', '13', '14']);
  expect(store.version).toBe(14);
});

test('resources and namespaces do not mix', () => {
  const store = emptyStore();
  store.put(lease, object('a', 'one'));
  store.put(lease, object('b', 'one-more'));
  store.put(pod, object('c', 'one'));
  expect(store.list(lease, 'one').map(({ metadata }) => metadata.name)).toEqual(['a']);
  // By their keys as etcd has them, `/` between namespace and name included, and it comes after `-`.
  expect(store.list(lease, null).map(({ metadata }) => metadata.name)).toEqual(['b', 'a']);
  expect(store.get(lease, 'one', 'c')).toBeNull();
});

test('a change that cannot be kept never was', () => {
  const seen: Change[] = [];
  let fails = false;
  const store = new ObjectStore({
    contents: { version: 0, objects: [] },
    historyMax: 10,
    persist: () => {
      if (fails) throw new Error('disk full');
    },
  });
  store.subscribe((change) => seen.push(change));
  const stored = store.put(lease, object('a'));
  fails = true;
  expect(() => store.put(lease, object('b'))).toThrow('disk full');
  expect(() => store.remove(lease, stored)).toThrow('disk full');
  expect(store.version).toBe(1);
  expect(store.list(lease, null)).toEqual([stored]);
  expect(store.changesAfter(0)).toHaveLength(1);
  expect(seen).toHaveLength(1);
});

/** Random writes of three Leases; what stood after each version. */
const writes = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean() }), { maxLength: 40 });

function apply(
  store: ObjectStore,
  steps: readonly { name: string; remove: boolean }[],
): Map<number, readonly KubeObject[]> {
  const states = new Map([[store.version, store.list(lease, null)]]);
  for (const { name, remove } of steps) {
    const existing = store.get(lease, 'default', name);
    if (!remove) store.put(lease, object(name));
    else if (existing !== null) store.remove(lease, existing);
    states.set(store.version, store.list(lease, null));
  }
  return states;
}

test('the state of every version that is not forgotten can be read, of no other', () => {
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 50 }), (steps, historyMax) => {
      const store = emptyStore(historyMax);
      const states = apply(store, steps);
      for (const [version, state] of states) {
        const expected = version >= store.version - historyMax ? state : null;
        expect(store.listAt(version, lease, null)).toEqual(expected);
      }
      expect(store.listAt(store.version + 1, lease, null)).toBeNull();
    }),
  );
});

test('the changes after a version lead from its state to the newest', () => {
  fc.assert(
    fc.property(writes, (steps) => {
      const store = emptyStore();
      const states = apply(store, steps);
      for (const [version, state] of states) {
        const objects = new Map(state.map((each) => [each.metadata.name, each]));
        for (const { name, after } of store.changesAfter(version) ?? []) {
          if (after === null) objects.delete(name);
          else objects.set(name, after);
        }
        const byName = [...objects.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        expect(byName).toEqual(store.list(lease, null));
      }
    }),
  );
});

test('a store that is opened from what another kept goes on from there', () => {
  const kept: StoreContents[] = [];
  const first = new ObjectStore({
    contents: { version: 5, objects: [] },
    historyMax: 10,
    persist: (contents) => kept.push(structuredClone(contents)),
  });
  const stored = first.put(lease, object('a'));
  const contents = kept.at(-1) ?? { version: 0, objects: [] };
  const second = new ObjectStore({ contents, historyMax: 10, persist: null });
  expect(second.get(lease, 'default', 'a')).toEqual(stored);
  expect(second.changesAfter(5)).toBeNull();
  expect(second.changesAfter(6)).toEqual([]);
  expect(second.put(lease, object('b')).metadata.resourceVersion).toBe('7');
});
