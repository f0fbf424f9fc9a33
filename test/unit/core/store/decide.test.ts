import { describe, expect, test } from '@jest/globals';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import type { Condition, WriteCommand } from '../../../../src/core/store/commands.ts';
import { decide, newestState, type DecisionPlace, type NewestState } from '../../../../src/core/store/decide.ts';
import { Store } from '../../../../src/core/store/store.ts';
import { bytes, deleteEffect, key, put, putEffect, remove } from '../kit/builders.ts';

const HERE = 'first';
const tag = (revision: number, lineageId = HERE) => ({ lineageId, revision: logIndex(revision) });
const match = (...revisions: number[]): Condition => ({ kind: 'match', tags: revisions.map((at) => tag(at)) });
const noneMatch = (...revisions: number[]): Condition => ({ kind: 'noneMatch', tags: revisions.map((at) => tag(at)) });

const ABSENT: NewestState = { current: null, lastVersion: version(0) };
const DELETED: NewestState = { current: null, lastVersion: version(6) };
/** Created at 3, last written at 7, in version 2. */
const THERE: NewestState = {
  current: putEffect('k', { value: 'old', version: 2, created: 3, revision: 7 }).stored,
  lastVersion: version(2),
};

const PLACE: DecisionPlace = { index: logIndex(9), timeMs: wallMs(77), lineageId: HERE };

/** Every key is in the same state. */
const decided = (command: WriteCommand, state: NewestState) => decide(command, { stateOf: () => state }, PLACE);

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
      decided(put('k', 'v', condition), state).outcome.kind === 'written';
    expect([holds(ABSENT), holds(THERE)]).toEqual([ifAbsent, ifThere]);
  });

  test('a tag of another lineage matches nothing, though its revision be the same', () => {
    const foreign: Condition = { kind: 'match', tags: [tag(7, 'another')] };
    expect(decided(put('k', 'v', foreign), THERE).outcome.kind).toBe('mismatch');
  });

  test('a failed condition changes nothing and says what stands there', () => {
    expect(decided(put('k', 'v', match(6)), THERE)).toEqual({
      effects: [],
      outcome: { kind: 'mismatch', current: { revision: 7, version: 2 } },
    });
    expect(decided(remove('k', match(6)), ABSENT)).toEqual({
      effects: [],
      outcome: { kind: 'mismatch', current: null },
    });
  });
});

describe('effects', () => {
  test('the first write of a key creates it, in version 1, at its own revision', () => {
    expect(decided(put('k'), ABSENT)).toEqual({
      effects: [putEffect('k', { version: 1, created: 9, timeMs: 77 })],
      outcome: { kind: 'written', version: 1, created: true },
    });
  });

  test('a later write counts its version up and keeps the revision at which the key was created', () => {
    expect(decided(put('k'), THERE)).toMatchObject({
      effects: [{ stored: { version: 3, createRevision: 3, revision: 9 } }],
      outcome: { kind: 'written', version: 3, created: false },
    });
  });

  test('a key that was deleted goes on counting: a version number never means two things', () => {
    expect(decided(put('k'), DELETED)).toMatchObject({
      effects: [{ stored: { version: 7, createRevision: 9 } }],
      outcome: { kind: 'written', version: 7, created: true },
    });
  });

  test('a delete takes a version, and one that finds nothing is told so', () => {
    expect(decided(remove('k'), THERE)).toEqual({
      effects: [deleteEffect('k', { version: 3, revision: 9 })],
      outcome: { kind: 'deleted', version: 3 },
    });
    expect(decided(remove('k'), DELETED)).toEqual({ effects: [], outcome: { kind: 'absent' } });
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
    expect(newestState(store, undefined, key('k'))).toMatchObject({
      current: { revision: 3, version: 1 },
      lastVersion: 1,
    });
  });

  test('with an uncommitted put, what that will have made', () => {
    const staged = putEffect('k', { version: 2, created: 3, revision: 8 });
    expect(newestState(store, staged, key('k'))).toEqual({ current: staged.stored, lastVersion: 2 });
  });

  test('with an uncommitted delete, nothing, and the version that the delete takes', () => {
    const staged = deleteEffect('k', { version: 2, revision: 8 });
    expect(newestState(store, staged, key('k'))).toEqual({ current: null, lastVersion: 2 });
  });
});
