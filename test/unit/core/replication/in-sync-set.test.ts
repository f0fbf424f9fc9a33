import { describe, expect, test } from '@jest/globals';
import { InSyncSet } from '../../../../src/core/replication/in-sync-set.ts';
import { idOf } from '../kit/builders.ts';

const A = idOf('a');
const B = idOf('b');
const C = idOf('c');
const D = idOf('d');
const setOf = (): InSyncSet => new InSyncSet([A, B, C]);
const why = { reason: 'test' };

describe('the maximal set', () => {
  test('R4, R5: a replica counts from before the update that adds it is sent', () => {
    const set = setOf();
    set.begin({ add: D, remove: null, ...why });
    expect([...set.maximal]).toEqual([A, B, C, D]);
    expect([...set.confirmed]).toEqual([A, B, C]);
    expect(set.target).toEqual([A, B, C, D]);
  });

  test('R4, R6: a member counts until its removal is confirmed', () => {
    const set = setOf();
    set.begin({ add: null, remove: C, ...why });
    set.markSent();
    expect([...set.maximal]).toEqual([A, B, C]);
    expect(set.target).toEqual([A, B]);
    set.confirm([A, B]);
    expect([...set.maximal]).toEqual([A, B]);
  });

  test('R6: one update takes a lost member out and its replacement in, and until then both count', () => {
    const set = setOf();
    set.begin({ add: D, remove: B, ...why });
    expect([...set.maximal]).toEqual([A, B, C, D]);
    expect(set.target).toEqual([A, C, D]);
  });

  test('R1: what was confirmed may be that nothing has happened', () => {
    const set = setOf();
    set.begin({ add: D, remove: null, ...why });
    set.markSent();
    set.confirm([A, B, C]);
    expect([set.change, set.sent, [...set.maximal]]).toEqual([null, false, [A, B, C]]);
  });
});

describe('one change of the set is in flight at a time', () => {
  test('R5: a second one cannot begin', () => {
    const set = setOf();
    set.begin({ add: D, remove: null, ...why });
    expect(() => set.begin({ add: null, remove: B, ...why })).toThrow('one change of the set is in flight at a time');
  });

  test('one that was not sent can be given up; R1: one that was sent stays in doubt', () => {
    const set = setOf();
    set.begin({ add: D, remove: null, ...why });
    set.abandon();
    expect([set.change, [...set.maximal]]).toEqual([null, [A, B, C]]);
    set.begin({ add: D, remove: null, ...why });
    set.markSent();
    expect(() => set.abandon()).toThrow('R1: a change in doubt stays in doubt');
  });

  test('who is a member is not added, who is none is not removed', () => {
    expect(() => setOf().begin({ add: B, remove: null, ...why })).toThrow('who is added is no member');
    expect(() => setOf().begin({ add: null, remove: D, ...why })).toThrow('who is removed is a member');
  });
});
