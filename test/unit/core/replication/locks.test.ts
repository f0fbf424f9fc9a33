import { describe, expect, test } from '@jest/globals';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { DataCommand, DecidedOutcome, WriteCommand, WriteOutcome } from '../../../../src/core/store/commands.ts';
import type { LockCommand } from '../../../../src/core/store/locks.ts';
import { increment, key, present, put, remove } from '../kit/builders.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

const LOCK = key('l');
const acquire = (lockId: string, ttlMs = 1000): LockCommand => ({
  kind: 'acquire',
  lock: LOCK,
  lockId,
  owner: lockId,
  ttlMs,
});
const release = (lockId: string): LockCommand => ({ kind: 'release', lock: LOCK, lockId });
const renew = (lockId: string, ttlMs: number): LockCommand => ({ kind: 'renew', lock: LOCK, lockId, ttlMs });

const decidedOf = (outcomes: readonly WriteOutcome[]): DecidedOutcome[] =>
  outcomes.map((outcome) => {
    if (outcome.kind !== 'committed') throw new Error(`${outcome.kind}: ${outcome.code}`);
    return outcome.decided;
  });
const kindsOf = (outcomes: readonly WriteOutcome[]): string[] => decidedOf(outcomes).map(({ kind }) => kind);

/** A leader on its own, for which a write is committed in its turn. */
function alone() {
  const group = leaderOf({ inSync: ['a'] });
  const write = (command: WriteCommand): WriteOutcome => {
    group.propose(command);
    return present(group.replies().at(-1));
  };
  const got = (lockId: string, ttlMs?: number): number => {
    const [decided] = decidedOf([write(acquire(lockId, ttlMs))]);
    if (decided?.kind !== 'locked') throw new Error(`not got, but ${decided?.kind}`);
    return decided.held.revision;
  };
  const fenced = (revision: number, command: DataCommand): string =>
    kindsOf([
      write({
        kind: 'fenced',
        fence: { lock: LOCK, token: { lineageNumber: 1, revision: logIndex(revision) } },
        command,
      }),
    ])[0] ?? '';
  return { group, write, got, fenced };
}

const valueOf = ({ replica }: LeaderKit, name: string): string | null => {
  const found = replica.machine.store.get(key(name));
  return found === null ? null : Buffer.from(found.value).toString();
};

describe('R18: one holder at a time', () => {
  test('of two who ask in one turn, before anything is committed, the first has it', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(acquire('first'));
    group.propose(acquire('second'));
    group.ack('b');
    expect(kindsOf(group.replies())).toEqual(['locked', 'held']);
  });

  test('each token is larger than those before, after a release and after an expiry, and nothing is kept in between', () => {
    const { group, write, got } = alone();
    const tokens = [got('one')];
    write(release('one'));
    expect(group.replica.machine.locks.bytes).toBe(0);
    tokens.push(got('two', 100));
    group.pass(200);
    expect(group.replica.machine.locks.size).toBe(0);
    tokens.push(got('three'));
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    expect(new Set(tokens).size).toBe(3);
  });

  test('a lock that was renewed does not lapse at its old time, whether that is applied or not', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(acquire('mine', 100));
    group.ack('b');
    group.propose(renew('mine', 60_000));
    group.pass(300);
    group.ack('b');
    group.pass(100, ['b']);
    expect(group.replica.machine.locks.lockOf(LOCK)?.lockId).toBe('mine');
  });

  test('whoever did not get it under an Idempotency-Key may get it later, and then gets the same for good', () => {
    const { group, write } = alone();
    write(acquire('hers'));
    const idempotencyKey = { key: 'mine', digest: 'd' };
    const ask = (lockId: string): DecidedOutcome | undefined => {
      group.propose(acquire(lockId), { idempotencyKey });
      return decidedOf(group.replies()).at(-1);
    };
    expect(ask('x')?.kind).toBe('held');
    group.propose(release('hers'));
    const first = ask('y');
    expect(first).toMatchObject({ kind: 'locked', held: { lockId: 'y' } });
    expect(ask('z')).toEqual(first);
  });
});

describe('R18: the write of an old holder is refused', () => {
  test('of whatever kind it is, and as a whole', () => {
    const { group, write, got, fenced } = alone();
    write(put('k', '1'));
    const old = got('old', 100);
    group.pass(200);
    const current = got('new');
    const steps = [put('k', 'x'), put('other', 'x')];
    for (const command of [
      put('k', 'x'),
      remove('k'),
      increment('k', 1n),
      {
        kind: 'touch',
        key: key('k'),
        lifetime: { kind: 'limited', ms: 1 },
        idle: { kind: 'kept' },
        condition: { kind: 'none' },
      },
      { kind: 'batch', steps },
      { kind: 'transaction', comparisons: [], then: steps, otherwise: [] },
      { kind: 'deletePrefix', prefix: '', expected: 1 },
    ] satisfies DataCommand[])
      expect(fenced(old, command)).toBe('stale');
    expect([valueOf(group, 'k'), valueOf(group, 'other')]).toEqual(['1', null]);
    expect(fenced(current, put('k', '2'))).toBe('written');
    expect(valueOf(group, 'k')).toBe('2');
  });

  test('from the moment of its time, also before an entry has freed the lock or anybody else has it', () => {
    const { group, got, fenced } = alone();
    const token = got('mine', 100);
    group.advance(99);
    expect(fenced(token, put('k', '1'))).toBe('written');
    group.advance(1);
    expect(fenced(token, put('k', '2'))).toBe('stale');
    expect(valueOf(group, 'k')).toBe('1');
  });

  test('after a release', () => {
    const { write, got, fenced } = alone();
    const token = got('mine');
    write(release('mine'));
    expect(fenced(token, put('k'))).toBe('stale');
  });
});

describe('R18: a read of a lock', () => {
  test('waits for the newest entry that changes it, and for one by whose time it has lapsed', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    const { replica } = group;
    group.propose(acquire('mine', 100));
    expect(replica.openIndexOfLock(LOCK)).toBe(replica.log.lastIndex);
    expect(replica.openIndexOfLock(key('other'))).toBeNull();
    group.ack('b');
    expect([replica.openIndexOfLock(LOCK), replica.machine.holderOf(LOCK)?.lockId]).toEqual([null, 'mine']);
    group.advance(150);
    group.propose(put('k'));
    // Who reads where that is applied is shown nobody.
    expect(replica.openIndexOfLock(LOCK)).toBe(replica.log.lastIndex);
    group.ack('b');
    expect([replica.openIndexOfLock(LOCK), replica.machine.holderOf(LOCK)]).toEqual([null, null]);
  });

  test('does not wait for what was cut off the log', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    const { replica } = group;
    group.ack('b');
    const before = replica.log.lastIndex;
    group.propose(acquire('mine'));
    replica.truncateAfter(before);
    expect([replica.openIndexOfLock(LOCK), replica.lockOf(LOCK)]).toEqual([null, null]);
  });
});

describe('R18: locks take memory', () => {
  test('a full store grants none; what is held can be renewed and released', () => {
    const group = leaderOf({ inSync: ['a'], limits: { memoryBytesMax: 3000 } });
    const got: string[] = [];
    for (let number = 1; number <= 20; number += 1) {
      group.propose({ ...acquire(`id${number}`), lock: key(`l${number}`) });
      const outcome = present(group.replies().at(-1));
      if (outcome.kind === 'committed') got.push(outcome.decided.kind);
      else expect(outcome).toMatchObject({ kind: 'refused', code: 'memory-full' });
    }
    expect(got.length).toBeGreaterThan(0);
    expect(got.length).toBeLessThan(20);
    group.propose({ ...renew('id1', 500), lock: key('l1') });
    group.propose({ ...release('id1'), lock: key('l1') });
    expect(kindsOf(group.replies()).slice(-2)).toEqual(['locked', 'released']);
  });
});
