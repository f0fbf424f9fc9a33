import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { wallMs } from '../../../../src/core/base/numbers.ts';
import { list, PAGE_BYTES_MAX } from '../../../../src/core/store/listing.ts';
import type { ListPlace, ListSelection } from '../../../../src/core/store/reads.ts';
import { Store } from '../../../../src/core/store/store.ts';
import { key, putEffect } from '../kit/builders.ts';

const NOW = wallMs(1000);

function storeOf(names: Iterable<string>, changed: { expiresAtMs?: number; value?: string } = {}): Store {
  const store = new Store(10);
  let revision = 0;
  for (const name of names) {
    revision += 1;
    store.apply(putEffect(name, { version: 1, created: revision, ...changed }));
  }
  return store;
}

const ALL: ListSelection = { prefix: '', delimiter: null, after: null, limit: 1000, withValues: false };

const namesOf = (store: Store, selection: Partial<ListSelection>): string[] =>
  list(store, { ...ALL, ...selection }, NOW).items.map((item) => (item.kind === 'key' ? item.key : `${item.prefix}…`));

/** Page after page. */
function allOf(store: Store, selection: Partial<ListSelection>): string[] {
  const names: string[] = [];
  for (let after: ListPlace | null = null; ;) {
    names.push(...namesOf(store, { ...selection, after }));
    const { next }: { next: ListPlace | null } = list(store, { ...ALL, ...selection, after }, NOW);
    if (next === null) return names;
    after = next;
  }
}

describe('a page', () => {
  const store = storeOf(['app/b', 'app', 'app/a', 'app/x/2', 'app/x/1', 'app/y', 'b', 'app/é', 'apple']);

  test('is the keys under a prefix, in the order of their bytes', () => {
    expect(namesOf(store, { prefix: 'app/' })).toEqual(['app/a', 'app/b', 'app/x/1', 'app/x/2', 'app/y', key('app/é')]);
    expect(namesOf(store, {})).toHaveLength(9);
    expect(namesOf(store, { prefix: 'nobody' })).toEqual([]);
  });

  test('folds what goes on behind a delimiter', () => {
    expect(namesOf(store, { prefix: 'app/', delimiter: '/' })).toEqual([
      'app/a',
      'app/b',
      'app/x/…',
      'app/y',
      key('app/é'),
    ]);
    expect(namesOf(store, { delimiter: '/' })).toEqual(['app', 'app/…', 'apple', 'b']);
    expect(namesOf(store, { delimiter: 'pp' })).toEqual(['app…', 'b']);
  });

  test('goes on where the one before ended, behind a folder with all that it holds', () => {
    const first = list(store, { ...ALL, prefix: 'app/', delimiter: '/', limit: 3 }, NOW);
    expect(first.next).toEqual({ key: 'app/x/', isFolder: true });
    expect(namesOf(store, { prefix: 'app/', delimiter: '/', after: first.next })).toEqual(['app/y', key('app/é')]);
    const second = list(store, { ...ALL, limit: 2 }, NOW);
    expect(second.next).toEqual({ key: 'app/a', isFolder: false });
  });

  test('a full page is the last one if nothing comes behind it', () => {
    expect(list(store, { ...ALL, prefix: 'app/x/', limit: 2 }, NOW).next).toBeNull();
    expect(list(store, { ...ALL, prefix: 'app/x/', limit: 1 }, NOW).next).toEqual({ key: 'app/x/1', isFolder: false });
    expect(list(store, { ...ALL, prefix: 'app', delimiter: '/', limit: 3 }, NOW).next).toBeNull();
  });

  test('from before its prefix begins with it', () => {
    expect(namesOf(store, { prefix: 'b', after: { key: key('app'), isFolder: false } })).toEqual(['b']);
    expect(namesOf(store, { prefix: 'app', after: { key: key('b'), isFolder: false } })).toEqual([]);
  });

  test('has values only if they are asked for', () => {
    const [without] = list(store, ALL, NOW).items;
    const [withThem] = list(store, { ...ALL, withValues: true }, NOW).items;
    expect(without).toMatchObject({ stored: { value: new Uint8Array(0), version: 1 } });
    expect(withThem).toMatchObject({ stored: { value: new TextEncoder().encode('v') } });
  });

  test('R17: has nothing that is due, nor a folder of nothing else', () => {
    const mortal = storeOf(['a', 'f/1', 'f/2', 'z'], { expiresAtMs: 1000 });
    mortal.apply(putEffect('g/1', { version: 1, created: 9 }));
    expect(namesOf(mortal, { delimiter: '/' })).toEqual(['g/…']);
    expect(list(mortal, ALL, wallMs(999)).items).toHaveLength(5);
  });

  test('ends early, with more to come, before it has more than a megabyte', () => {
    const names = ['a', 'b', 'c', 'd'];
    const [exact, more] = [PAGE_BYTES_MAX / 2 - 1, PAGE_BYTES_MAX / 2].map((length) =>
      storeOf(names, { value: 'x'.repeat(length) }),
    );
    if (exact === undefined || more === undefined) throw new Error('two stores');
    expect(namesOf(exact, { withValues: true })).toEqual(['a', 'b']);
    expect(namesOf(more, { withValues: true })).toEqual(['a']);
    expect(namesOf(more, {})).toEqual(names);
    expect([allOf(exact, { withValues: true }), allOf(more, { withValues: true })]).toEqual([names, names]);
  });

  test('has one key at least, however large its value', () => {
    const huge = storeOf(['a', 'b'], { value: 'x'.repeat(3 * PAGE_BYTES_MAX) });
    expect(namesOf(huge, { withValues: true })).toEqual(['a']);
    expect(allOf(huge, { withValues: true })).toEqual(['a', 'b']);
  });

  test('counts names and types too: a thousand of the longest are more than one page', () => {
    const store = new Store(10);
    for (let at = 0; at < 900; at += 1) {
      const effect = putEffect(`${at}`.padEnd(1024, 'x'), { version: 1, created: at + 1 });
      store.apply({ ...effect, stored: { ...effect.stored, contentType: 'y'.repeat(255) } });
    }
    expect(namesOf(store, {})).toHaveLength(819);
    expect(allOf(store, {})).toHaveLength(900);
  });

  test('ends early, though empty, after twenty thousand that are due', () => {
    const names = Array.from({ length: 20_001 }, (_, at) => `k${String(at).padStart(6, '0')}`);
    const mortal = storeOf(names, { expiresAtMs: 1000 });
    mortal.apply(putEffect('last', { version: 1, created: 30_000 }));
    const first = list(mortal, ALL, NOW);
    expect([first.items, first.next]).toEqual([[], { key: names[19_999], isFolder: false }]);
    expect(allOf(mortal, {})).toEqual(['last']);
  });
});

test('whatever the pages, together they are what one would be', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[ab/]{1,6}$/), { maxLength: 40 });
  const prefix = fc.stringMatching(/^[ab/]{0,2}$/);
  const delimiter = fc.option(fc.constantFrom('/', 'a', 'b/'));
  fc.assert(
    fc.property(names, prefix, delimiter, fc.integer({ min: 1, max: 5 }), (drawn, from, mark, limit) => {
      const store = storeOf(drawn);
      const whole = namesOf(store, { prefix: from, delimiter: mark });
      expect(allOf(store, { prefix: from, delimiter: mark, limit })).toEqual(whole);
      const folded = drawn.filter((name) => name.startsWith(from)).sort();
      const expected = folded.map((name) => {
        const at = mark === null ? -1 : name.indexOf(mark, from.length);
        return at < 0 ? name : `${name.slice(0, at + (mark ?? '').length)}…`;
      });
      expect(whole).toEqual(expected.filter((name, at) => name !== expected[at - 1]));
    }),
  );
});
