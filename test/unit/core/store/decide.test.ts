import { describe, expect, test } from '@jest/globals';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import type { Condition } from '../../../../src/core/store/commands.ts';
import { decide, newestState, type NewestState } from '../../../../src/core/store/decide.ts';
import { Store } from '../../../../src/core/store/store.ts';
import { bytes, deleteBody, entry, key, put, putBody, remove } from '../kit/builders.ts';

const HERE = 'first';
const tag = (revision: number, lineageId = HERE) => ({ lineageId, revision: logIndex(revision) });
const match = (...revisions: number[]): Condition => ({ kind: 'match', tags: revisions.map((at) => tag(at)) });
const noneMatch = (...revisions: number[]): Condition => ({ kind: 'noneMatch', tags: revisions.map((at) => tag(at)) });

const ABSENT: NewestState = { current: null, lastVersion: version(0) };
const DELETED: NewestState = { current: null, lastVersion: version(6) };
/** Created at 3, last written at 7, in version 2. */
const THERE: NewestState = {
  current: { revision: logIndex(7), version: version(2), createRevision: logIndex(3) },
  lastVersion: version(2),
};

describe('conditions are decided against the newest state', () => {
  const none: Condition = { kind: 'none' };
  const absent: Condition = { kind: 'absent' };
  const isPresent: Condition = { kind: 'present' };

  test.each<[string, Condition, boolean, boolean]>([
    ['none', none, true, true],
    ['absent (If-None-Match: *)', absent, true, false],
    ['present (If-Match: *)', isPresent, false, true],
    ['match, the revision', match(7), false, true],
    ['match, one of several', match(5, 7), false, true],
    ['match, another revision', match(6), false, false],
    ['match, no tags', match(), false, false],
    ['noneMatch, the revision', noneMatch(7), true, false],
    ['noneMatch, another revision', noneMatch(6), true, true],
  ])('%s: holds for an absent key %p … for one at revision 7', (_name, condition, ifAbsent, ifThere) => {
    const holds = (state: NewestState): boolean =>
      decide(put('k', 'v', condition), state, logIndex(9), HERE).outcome.kind === 'written';
    expect([holds(ABSENT), holds(THERE)]).toEqual([ifAbsent, ifThere]);
  });

  test('a tag of another lineage matches nothing, though its revision be the same', () => {
    const foreign: Condition = { kind: 'match', tags: [tag(7, 'another')] };
    expect(decide(put('k', 'v', foreign), THERE, logIndex(9), HERE).outcome.kind).toBe('mismatch');
  });

  test('a failed condition changes nothing and says what stands there', () => {
    expect(decide(put('k', 'v', match(6)), THERE, logIndex(9), HERE)).toEqual({
      effect: null,
      outcome: { kind: 'mismatch', current: { revision: 7, version: 2 } },
    });
    expect(decide(remove('k', match(6)), ABSENT, logIndex(9), HERE)).toEqual({
      effect: null,
      outcome: { kind: 'mismatch', current: null },
    });
  });
});

describe('effects', () => {
  test('the first write of a key creates it, in version 1, at its own revision', () => {
    expect(decide(put('k'), ABSENT, logIndex(9), HERE)).toEqual({
      effect: { kind: 'put', key: 'k', value: bytes('v'), contentType: null, version: 1, createRevision: 9 },
      outcome: { kind: 'written', version: 1, created: true },
    });
  });

  test('a later write counts its version up and keeps the revision at which the key was created', () => {
    expect(decide(put('k'), THERE, logIndex(9), HERE)).toMatchObject({
      effect: { version: 3, createRevision: 3 },
      outcome: { kind: 'written', version: 3, created: false },
    });
  });

  test('a key that was deleted goes on counting: a version number never means two things', () => {
    expect(decide(put('k'), DELETED, logIndex(9), HERE)).toMatchObject({
      effect: { version: 7, createRevision: 9 },
      outcome: { kind: 'written', version: 7, created: true },
    });
  });

  test('a delete takes a version, and one that finds nothing is told so', () => {
    expect(decide(remove('k'), THERE, logIndex(9), HERE)).toEqual({
      effect: { kind: 'delete', key: 'k', version: 3 },
      outcome: { kind: 'deleted', version: 3 },
    });
    expect(decide(remove('k'), DELETED, logIndex(9), HERE)).toEqual({ effect: null, outcome: { kind: 'absent' } });
  });
});

describe('the newest state is that of the log, committed or not', () => {
  const store = new Store(10);
  store.restoreValue(key('k'), {
    value: bytes('old'),
    contentType: null,
    revision: logIndex(3),
    version: version(1),
    createRevision: logIndex(3),
    modifiedMs: wallMs(0),
  });

  test('without an uncommitted entry for the key, that of the store', () => {
    expect(newestState(store, undefined, put('k'))).toMatchObject({
      current: { revision: 3, version: 1 },
      lastVersion: 1,
    });
  });

  test('with an uncommitted put, what that will have made', () => {
    const staged = entry(8, 4, putBody('k', { version: 2, created: 3 }));
    expect(newestState(store, staged, put('k'))).toEqual({
      current: { revision: 8, version: 2, createRevision: 3 },
      lastVersion: 2,
    });
  });

  test('with an uncommitted delete, nothing, and the version that the delete takes', () => {
    expect(newestState(store, entry(8, 4, deleteBody('k', 2)), put('k'))).toEqual({ current: null, lastVersion: 2 });
  });
});
