import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logIndex, wallMs } from '../../../../src/core/base/numbers.ts';
import {
  decideLock,
  isStale,
  LockTable,
  type Fence,
  type HeldLock,
  type LockCommand,
  type LockEffect,
} from '../../../../src/core/store/locks.ts';
import { key } from '../kit/builders.ts';

const LOCK = key('l');
const PLACE = { index: logIndex(9), timeMs: wallMs(1000), lineageNumber: 3 };
const HELD: HeldLock = { lockId: 'hers', owner: 'she', revision: logIndex(5), expiresAtMs: wallMs(1001) };
const LAPSED: HeldLock = { ...HELD, expiresAtMs: wallMs(1000) };

const acquire: LockCommand = { kind: 'acquire', lock: LOCK, lockId: 'mine', owner: 'me', ttlMs: 50 };
const renew = (lockId: string): LockCommand => ({ kind: 'renew', lock: LOCK, lockId, ttlMs: 50 });
const release = (lockId: string): LockCommand => ({ kind: 'release', lock: LOCK, lockId });

const MINE: HeldLock = { lockId: 'mine', owner: 'me', revision: logIndex(9), expiresAtMs: wallMs(1050) };

describe('R18: a lock is decided against its newest state, by the time of the entry', () => {
  test.each([
    ['that nobody holds', null],
    ['that has lapsed at this very millisecond', LAPSED],
  ])('one %s is got, with the entry as its token', (_, newest) => {
    expect(decideLock(acquire, newest, PLACE)).toEqual({
      effects: [{ kind: 'hold', lock: LOCK, held: MINE }],
      outcome: { kind: 'locked', held: MINE },
    });
  });

  test('one that is held is not got, and the answer says who has it, but not the lockId', () => {
    expect(decideLock(acquire, HELD, PLACE)).toEqual({
      effects: [],
      outcome: { kind: 'held', holder: { owner: 'she', revision: 5, expiresAtMs: 1001 } },
    });
  });

  test('its holder renews it, from now on, and keeps the token', () => {
    const held = { ...HELD, expiresAtMs: 1050 };
    expect(decideLock(renew('hers'), HELD, PLACE)).toEqual({
      effects: [{ kind: 'hold', lock: LOCK, held }],
      outcome: { kind: 'locked', held },
    });
  });

  test('its holder releases it', () => {
    expect(decideLock(release('hers'), HELD, PLACE)).toEqual({
      effects: [{ kind: 'free', lock: LOCK }],
      outcome: { kind: 'released' },
    });
  });

  test.each([
    ['nobody holds', null, 'hers'],
    ['somebody else holds', HELD, 'mine'],
    ['has lapsed', LAPSED, 'hers'],
  ])('what %s is neither renewed nor released', (_, newest, lockId) => {
    for (const command of [renew(lockId), release(lockId)])
      expect(decideLock(command, newest, PLACE)).toEqual({ effects: [], outcome: { kind: 'notHeld' } });
  });
});

describe('R18: a fencing token is good', () => {
  const fence = (lineageNumber: number, revision: number): Fence => ({
    lock: LOCK,
    token: { lineageNumber, revision: logIndex(revision) },
  });

  test('while the lock is held under it', () => {
    expect(isStale(fence(3, 5), HELD, PLACE)).toBe(false);
  });

  test.each([
    ['of a lock that nobody holds', fence(3, 5), null],
    ['of a lock that has lapsed', fence(3, 5), LAPSED],
    ['of an earlier holder', fence(3, 4), HELD],
    ['that nobody has got yet', fence(3, 6), HELD],
    ['of an earlier lineage', fence(2, 5), HELD],
    ['of a later lineage', fence(4, 5), HELD],
  ])('and not one %s', (_, stale, newest) => {
    expect(isStale(stale, newest, PLACE)).toBe(true);
  });
});

describe('the table of locks', () => {
  const name = fc.constantFrom('a', 'b', 'c').map(key);
  const effect: fc.Arbitrary<LockEffect> = fc.oneof(
    fc.record({
      kind: fc.constant('hold' as const),
      lock: name,
      held: fc.record({
        lockId: fc.string({ maxLength: 3 }),
        owner: fc.string({ maxLength: 3 }),
        revision: fc.nat(9).map(logIndex),
        expiresAtMs: fc.nat(9).map(wallMs),
      }),
    }),
    fc.record({ kind: fc.constant('free' as const), lock: name }),
  );

  test('has what the last effect on each lock has made, and knows what has lapsed; empty, it counts no byte', () => {
    fc.assert(
      fc.property(fc.array(effect, { maxLength: 300 }), fc.nat(9), (effects, timeMs) => {
        const table = new LockTable();
        const model = new Map<string, HeldLock>();
        for (const each of effects) {
          table.apply(each);
          if (each.kind === 'hold') model.set(each.lock, each.held);
          else model.delete(each.lock);
          expect(table.earliestExpiryMs).toBe(
            model.size === 0 ? null : Math.min(...[...model.values()].map(({ expiresAtMs }) => expiresAtMs)),
          );
        }
        expect(new Map(table.entries())).toEqual(model);
        const due = [...model].filter(([, { expiresAtMs }]) => expiresAtMs <= timeMs).map(([lock]) => lock);
        expect(table.due(wallMs(timeMs), 10).toSorted()).toEqual(due.toSorted());
        for (const lock of model.keys()) table.apply({ kind: 'free', lock: key(lock) });
        expect([table.size, table.bytes, table.earliestExpiryMs]).toEqual([0, 0, null]);
      }),
    );
  });
});
