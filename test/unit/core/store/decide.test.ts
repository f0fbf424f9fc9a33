import { describe, expect, test } from '@jest/globals';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import {
  GOT_BYTES_MAX,
  type Comparison,
  type Condition,
  type DataCommand,
  type Lifetime,
  type Step,
  type TouchCommand,
  type TransactionCommand,
} from '../../../../src/core/store/commands.ts';
import { decide } from '../../../../src/core/store/decide.ts';
import type { DecisionPlace, NewestKeys, NewestState } from '../../../../src/core/store/newest.ts';
import { bytes, deleteEffect, increment, key, put, putEffect, remove } from '../kit/builders.ts';

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
const decided = (command: DataCommand, state: NewestState) =>
  decide(command, { stateOf: () => state, keysUnder: () => [key('k')] }, PLACE);

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
    const holds = (state: NewestState): boolean => decided(put('k', 'v', condition), state).outcome.kind === 'written';
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

describe('R17: a time to live', () => {
  const due = (expiresAtMs: number): NewestState => ({
    current: putEffect('k', { value: '1', version: 2, created: 3, revision: 7, expiresAtMs }).stored,
    lastVersion: version(2),
  });
  const EXPIRED = { kind: 'expire', key: 'k', tombstone: { version: 3, revision: 9 } };
  const limited = (ms: number): Lifetime => ({ kind: 'limited', ms });

  test.each<[string, Lifetime, number | null, number | null]>([
    ['unlimited', { kind: 'unlimited' }, 1000, null],
    ['limited, from the time of the entry on', limited(23), null, 100],
    ['as long as before', { kind: 'kept' }, 1000, 1000],
    ['as long as before, for ever', { kind: 'kept' }, null, null],
  ])('%s', (_, lifetime, before, after) => {
    const state = before === null ? THERE : due(before);
    expect(decided({ ...put('k'), lifetime }, state).effects).toMatchObject([{ stored: { expiresAtMs: after } }]);
  });

  test('a counter stays as long as before', () => {
    expect(decided(increment('k', 1n), due(1000)).effects).toMatchObject([{ stored: { expiresAtMs: 1000 } }]);
  });

  test('a touch sets another time, and leaves value, revision and version', () => {
    const touch = (lifetime: TouchCommand['lifetime'], condition: Condition = { kind: 'none' }): DataCommand => ({
      kind: 'touch',
      key: key('k'),
      lifetime,
      idle: { kind: 'kept' },
      condition,
    });
    expect(decided(touch(limited(3)), THERE)).toEqual({
      effects: [{ kind: 'touch', key: 'k', expiresAtMs: 80, idleMs: null }],
      outcome: { kind: 'touched', version: 2, expiresAtMs: 80, idleMs: null },
    });
    expect(decided(touch({ kind: 'unlimited' }), due(1000)).outcome).toMatchObject({ expiresAtMs: null });
    expect(decided(touch({ kind: 'unlimited' }), DELETED)).toEqual({ effects: [], outcome: { kind: 'absent' } });
    expect(decided(touch({ kind: 'unlimited' }, match(6)), due(1000)).outcome.kind).toBe('mismatch');
  });

  test('what is due is not there for any condition, and goes before what takes its place', () => {
    expect(decided(put('k', 'v', { kind: 'absent' }), due(77))).toEqual({
      effects: [EXPIRED, putEffect('k', { version: 4, created: 9, timeMs: 77 })],
      outcome: { kind: 'written', version: 4, created: true },
    });
    expect(decided(put('k', 'v', { kind: 'present' }), due(77))).toEqual({
      effects: [EXPIRED],
      outcome: { kind: 'mismatch', current: null },
    });
    expect(decided(remove('k'), due(77))).toEqual({ effects: [EXPIRED], outcome: { kind: 'absent' } });
    expect(decided(increment('k', 5n), due(77)).outcome).toMatchObject({ created: true, value: 5n });
    expect(decided({ ...put('k'), lifetime: { kind: 'kept' } }, due(77)).effects).toMatchObject([
      EXPIRED,
      { stored: { expiresAtMs: null } },
    ]);
  });

  test('a moment before it is due it is there', () => {
    expect(decided(remove('k'), due(78)).outcome.kind).toBe('deleted');
  });

  test('comparisons and gets do not see what is due', () => {
    const command: DataCommand = {
      kind: 'transaction',
      comparisons: [{ kind: 'value', key: key('k'), isEqual: true, value: bytes('1') }],
      then: [],
      otherwise: [get('k'), get('k')],
    };
    expect(decided(command, due(77))).toEqual({
      effects: [EXPIRED],
      outcome: {
        kind: 'transaction',
        chose: 'otherwise',
        results: [
          { kind: 'got', found: null },
          { kind: 'got', found: null },
        ],
      },
    });
    expect(decided(command, due(78)).outcome).toMatchObject({ chose: 'then' });
  });
});

describe('R21: an idle time', () => {
  const idle: NewestState = {
    current: putEffect('k', { value: '1', version: 2, created: 3, revision: 7, expiresAtMs: 1000, idleMs: 50 }).stored,
    lastVersion: version(2),
  };

  test.each<[string, Lifetime, NewestState, number | null]>([
    ['is for ever where none is given', { kind: 'unlimited' }, idle, null],
    ['is a length, not a moment', { kind: 'limited', ms: 23 }, THERE, 23],
    ['is kept', { kind: 'kept' }, idle, 50],
    ['is kept, where there is none', { kind: 'kept' }, THERE, null],
    [
      'is not kept of what is due',
      { kind: 'kept' },
      { ...idle, current: { ...idle.current, expiresAtMs: 77 } as never },
      null,
    ],
  ])('%s', (_, given, state, after) => {
    expect(decided({ ...put('k'), idle: given }, state).effects.at(-1)).toMatchObject({ stored: { idleMs: after } });
  });

  test('stays of a counter, and of what a touch leaves out', () => {
    expect(decided(increment('k', 1n), idle).effects).toMatchObject([{ stored: { idleMs: 50, expiresAtMs: 1000 } }]);
    const touch = (lifetime: Lifetime, unused: Lifetime) =>
      decided({ kind: 'touch', key: key('k'), lifetime, idle: unused, condition: { kind: 'none' } }, idle).effects;
    expect(touch({ kind: 'kept' }, { kind: 'limited', ms: 9 })).toMatchObject([{ expiresAtMs: 1000, idleMs: 9 }]);
    expect(touch({ kind: 'unlimited' }, { kind: 'kept' })).toMatchObject([{ expiresAtMs: null, idleMs: 50 }]);
  });
});

describe('counters', () => {
  const counter = (value: string): NewestState => ({
    current: putEffect('k', { value, version: 2, created: 3, revision: 7, contentType: 'text/x' }).stored,
    lastVersion: version(2),
  });
  const MAX = 2n ** 63n - 1n;

  test('a key without a value counts as 0', () => {
    expect(decided(increment('k', 5n), DELETED)).toEqual({
      effects: [putEffect('k', { value: '5', version: 7, created: 9, contentType: 'text/plain', timeMs: 77 })],
      outcome: { kind: 'incremented', version: 7, created: true, value: 5n },
    });
  });

  test.each<[string, bigint, bigint]>([
    ['0', -3n, -3n],
    ['-3', 3n, 0n],
    ['9007199254740993', 1n, 9007199254740994n],
    [String(MAX - 1n), 1n, MAX],
    [String(-MAX), -1n, -MAX - 1n],
  ])('%s and %s is %s', (value, by, sum) => {
    expect(decided(increment('k', by), counter(value))).toMatchObject({
      effects: [{ stored: { value: bytes(String(sum)), contentType: 'text/x', version: 3, createRevision: 3 } }],
      outcome: { kind: 'incremented', created: false, value: sum },
    });
  });

  test.each(['', 'x', '1.0', '01', '-0', '+1', ' 1', '1 ', '9223372036854775808', '99999999999999999999', '0x1'])(
    '%p is no number',
    (value) => {
      expect(decided(increment('k', 1n), counter(value))).toEqual({
        effects: [],
        outcome: { kind: 'uncountable', reason: 'not-a-number' },
      });
    },
  );

  test.each([
    [MAX, 1n],
    [-MAX, -2n],
  ])('%s and %s is more than 64 bits hold', (value, by) => {
    expect(decided(increment('k', by), counter(String(value)))).toEqual({
      effects: [],
      outcome: { kind: 'uncountable', reason: 'out-of-range' },
    });
  });

  test('conditions hold for counters, too', () => {
    expect(decided(increment('k', 1n, match(6)), counter('1')).outcome).toEqual({
      kind: 'mismatch',
      current: { revision: 7, version: 2 },
    });
  });
});

/** Keys that nobody names are absent. */
function storeOf(values: Readonly<Record<string, string>>): NewestKeys {
  return {
    keysUnder: (prefix) =>
      Object.keys(values)
        .map(key)
        .filter((name) => name.startsWith(prefix)),
    stateOf: (at) => {
      const value = values[at];
      if (value === undefined) return ABSENT;
      return {
        current: putEffect(at, { value, version: 2, created: 3, revision: 7 }).stored,
        lastVersion: version(2),
      };
    },
  };
}

const get = (name: string): Step => ({ kind: 'get', key: key(name) });

describe('a batch', () => {
  const batch = (...steps: readonly Step[]): DataCommand => ({ kind: 'batch', steps });

  test('each step for itself: one that fails keeps none of the others from taking effect', () => {
    const steps = [put('a', '1', match(6)), put('b', '2'), remove('c'), increment('a', 1n), get('b')];
    expect(decide(batch(...steps), storeOf({ a: 'x' }), PLACE)).toEqual({
      effects: [putEffect('b', { value: '2', version: 1, created: 9, timeMs: 77 })],
      outcome: {
        kind: 'batch',
        results: [
          { kind: 'mismatch', current: { revision: 7, version: 2 } },
          { kind: 'written', version: 1, created: true },
          { kind: 'absent' },
          { kind: 'uncountable', reason: 'not-a-number' },
          { kind: 'got', found: putEffect('b', { value: '2', version: 1, created: 9, timeMs: 77 }).stored },
        ],
      },
    });
  });

  test('a step sees what those before it have done, to the same key too', () => {
    const steps = [remove('a'), put('a', '7', { kind: 'absent' }), increment('a', 1n), increment('a', 1n)];
    const { effects, outcome } = decide(batch(...steps), storeOf({ a: 'x' }), PLACE);
    expect(effects).toMatchObject([
      { kind: 'delete', tombstone: { version: 3, revision: 9 } },
      { stored: { value: bytes('7'), version: 4, createRevision: 9 } },
      { stored: { value: bytes('8'), version: 5, createRevision: 9 } },
      { stored: { value: bytes('9'), version: 6, createRevision: 9 } },
    ]);
    expect(outcome).toMatchObject({ results: [{ kind: 'deleted' }, { created: true }, { value: 8n }, { value: 9n }] });
  });

  test('of which the gets bring back too much does nothing', () => {
    const big = storeOf({ a: 'x'.repeat(GOT_BYTES_MAX / 2), b: 'y' });
    expect(decide(batch(put('c'), get('a'), get('a')), big, PLACE).outcome.kind).toBe('batch');
    expect(decide(batch(put('c'), get('a'), get('a'), get('b')), big, PLACE)).toEqual({
      effects: [],
      outcome: { kind: 'overlong' },
    });
  });
});

describe('a transaction', () => {
  const transaction = (parts: Partial<TransactionCommand>): TransactionCommand => ({
    kind: 'transaction',
    comparisons: [],
    then: [],
    otherwise: [],
    ...parts,
  });
  const THEN = [put('then')];
  const OTHERWISE = [put('otherwise')];
  const store = storeOf({ a: '1' });

  test.each<[string, Comparison, boolean]>([
    ['the revision', { kind: 'revision', key: key('a'), relation: 'equal', number: 7 }, true],
    ['another revision', { kind: 'revision', key: key('a'), relation: 'equal', number: 6 }, false],
    ['not that revision', { kind: 'revision', key: key('a'), relation: 'unequal', number: 7 }, false],
    ['a later revision', { kind: 'revision', key: key('a'), relation: 'greater', number: 6 }, true],
    ['an earlier version', { kind: 'version', key: key('a'), relation: 'less', number: 2 }, false],
    ['the version', { kind: 'version', key: key('a'), relation: 'equal', number: 2 }, true],
    ['revision 0 of an absent key', { kind: 'revision', key: key('b'), relation: 'equal', number: 0 }, true],
    ['version above 0 of an absent key', { kind: 'version', key: key('b'), relation: 'greater', number: 0 }, false],
    ['the value', { kind: 'value', key: key('a'), isEqual: true, value: bytes('1') }, true],
    ['another value', { kind: 'value', key: key('a'), isEqual: true, value: bytes('12') }, false],
    ['not that value', { kind: 'value', key: key('a'), isEqual: false, value: bytes('2') }, true],
    ['the value of an absent key', { kind: 'value', key: key('b'), isEqual: true, value: bytes('') }, false],
    ['no value', { kind: 'condition', key: key('b'), condition: { kind: 'absent' } }, true],
    ['a tag', { kind: 'condition', key: key('a'), condition: match(7) }, true],
  ])('compares %s', (_, comparison, holds) => {
    const command = transaction({ comparisons: [comparison], then: THEN, otherwise: OTHERWISE });
    const { effects, outcome } = decide(command, store, PLACE);
    expect(effects.map((effect) => effect.key)).toEqual([holds ? 'then' : 'otherwise']);
    expect(outcome).toMatchObject({ kind: 'transaction', chose: holds ? 'then' : 'otherwise' });
  });

  test('all comparisons must hold; without any, they do', () => {
    const comparisons: Comparison[] = [
      { kind: 'value', key: key('a'), isEqual: true, value: bytes('1') },
      { kind: 'condition', key: key('a'), condition: { kind: 'absent' } },
    ];
    expect(decide(transaction({ comparisons, then: THEN }), store, PLACE)).toEqual({
      effects: [],
      outcome: { kind: 'transaction', chose: 'otherwise', results: [] },
    });
    expect(decide(transaction({ then: THEN }), store, PLACE).outcome).toMatchObject({ chose: 'then' });
  });

  test('is abandoned whole where a step cannot be done', () => {
    const then = [put('b'), increment('b', 1n), put('c')];
    expect(decide(transaction({ then }), store, PLACE)).toEqual({
      effects: [],
      outcome: {
        kind: 'abandoned',
        chose: 'then',
        step: 1,
        outcome: { kind: 'uncountable', reason: 'not-a-number' },
      },
    });
  });

  test('a delete of what is not there is no failure, and a get shows what was done before it', () => {
    const then = [remove('b'), increment('a', 4n), get('a')];
    expect(decide(transaction({ then }), store, PLACE).outcome).toMatchObject({
      results: [{ kind: 'absent' }, { value: 5n }, { found: { value: bytes('5'), revision: 9 } }],
    });
  });
});
