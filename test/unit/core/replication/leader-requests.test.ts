import { describe, expect, test } from '@jest/globals';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { SessionId, WriteCommand, WriteOutcome, WriteRequest } from '../../../../src/core/store/commands.ts';
import {
  deleteBody,
  entry,
  key,
  LINEAGE,
  openSessionBody,
  present,
  put,
  putBody,
  remove,
  request,
  SESSION,
  written,
} from '../kit/builders.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

/** What the tests compare: the code of what is refused or unknown, the decision of what is committed. */
const brief = (outcome: WriteOutcome) => (outcome.kind === 'committed' ? outcome.decided : outcome.code);
const replies = (group: LeaderKit) => group.replies().map(brief);

const again = (number: number): Partial<WriteRequest> => ({ id: request(number) });
const withKey = (key: string, digest = 'digest'): Partial<WriteRequest> => ({ idempotencyKey: { key, digest } });

describe('R15: a repeated number gets the first outcome', () => {
  test('also when the first is still uncommitted: then once it commits', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k'), { id: request(1) });
    group.propose(put('k'), again(1));
    expect(replies(group)).toEqual([]);
    group.ack('b');
    expect(group.replies()).toEqual([
      { kind: 'committed', decided: written({ version: 1 }), revision: 3, lineage: LINEAGE, acks: 2, members: 2 },
      { kind: 'committed', decided: written({ version: 1 }), revision: 3, lineage: LINEAGE, acks: 2, members: 2 },
    ]);
    expect(group.replica.log.lastIndex).toBe(3);
  });

  test('at once when it was committed, and nothing is appended', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(put('k'), { id: request(1) });
    group.propose(put('k'), { id: request(2) });
    group.propose(put('k', 'other'), again(1));
    expect(replies(group)).toEqual([written({ version: 1 }), written({ version: 2 }), written({ version: 1 })]);
    expect(group.replica.log.lastIndex).toBe(4);
  });

  test('from the next leader, too: outcomes are in the log', () => {
    const log = [
      entry(1, 1, openSessionBody()),
      entry(2, 1, putBody('k', { version: 1, created: 2, number: 1 })),
      entry(3, 2, putBody('k', { version: 2, created: 2, number: 2 })),
    ];
    const group = leaderOf({ inSync: ['a', 'b'], log, committed: 2, connected: [] });
    group.propose(put('k'), again(2));
    group.propose(put('k'), again(1));
    // R4: nothing that was found is answered before the first entry of the epoch is committed.
    expect(replies(group)).toEqual([]);
    group.hello('b');
    group.ack('b');
    expect(replies(group)).toEqual([written({ version: 2 }), written({ version: 1 })]);
    expect(group.replica.log.lastIndex).toBe(4);
  });

  test('a failed condition is answered only when its entry is committed, like a success', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k', 'v', { kind: 'present' }), { id: request(1) });
    expect(replies(group)).toEqual([]);
    group.ack('b');
    expect(replies(group)).toEqual([{ kind: 'mismatch', current: null }]);
    group.propose(put('k'), { id: request(2) });
    group.ack('b');
    group.propose(put('k', 'v', { kind: 'present' }), again(1));
    expect(replies(group)).toEqual([written({ version: 1 }), { kind: 'mismatch', current: null }]);
  });

  test('so is a delete that finds nothing', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(remove('k'), { id: request(1) });
    group.propose(put('k'), { id: request(2) });
    group.propose(remove('k'), again(1));
    expect(replies(group)).toEqual([{ kind: 'absent' }, written({ version: 1 }), { kind: 'absent' }]);
  });

  test('until its session says that it asks no more: then nobody can say', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(put('k'), { id: request(1) });
    group.propose(put('k'), { id: request(2), settledThrough: 1 });
    group.propose(put('k'), again(1));
    expect(replies(group).at(-1)).toBe('session-lost');
    expect(group.replica.log.lastIndex).toBe(4);
  });

  test('a number that was settled and never came is not applied by a late copy', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k'), { id: request(5), settledThrough: 4 });
    // The entry that settles it is not even committed.
    group.propose(put('late'), { id: request(3) });
    group.ack('b');
    expect(replies(group)).toEqual(['session-lost', written({ version: 1 })]);
    expect(group.replica.machine.store.size).toBe(1);
  });
});

describe('R15: sessions', () => {
  const opened = (group: LeaderKit): SessionId => {
    const outcome = present(group.sessions().at(-1));
    if (outcome.kind !== 'opened') throw new Error(`refused: ${outcome.code}`);
    return outcome.session;
  };

  test('a session is opened by an entry of the log, and known once that is committed', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.openSession();
    expect(group.sessions()).toEqual([]);
    group.ack('b');
    expect(group.replica.machine.sessions.get(opened(group))).toMatchObject({ settledThrough: 0 });
    group.openSession();
    group.ack('b');
    expect(group.sessions()).toHaveLength(2);
    expect(new Set(group.sessions().map((one) => (one.kind === 'opened' ? one.session : ''))).size).toBe(2);
  });

  test('a write of an unknown session is refused, and not applied', () => {
    const group = leaderOf({ inSync: ['a'] });
    const id = request(1, 'forgotten' as SessionId);
    group.propose(put('k'), { id });
    expect(group.replies()).toEqual([{ kind: 'refused', code: 'unknown-session', leaderHint: null }]);
    expect(group.replica.machine.store.size).toBe(0);
  });

  test('sessions are bounded by refusing new ones, those being opened counted', () => {
    const group = leaderOf({ inSync: ['a', 'b'], limits: { sessionsMax: 2 } });
    group.openSession();
    group.openSession();
    group.ack('b');
    expect(group.sessions().map((one) => (one.kind === 'refused' ? one.code : one.kind))).toEqual([
      'sessions-full',
      'opened',
    ]);
  });

  test('outcomes are bounded by refusing new requests, never by dropping an outcome', () => {
    const group = leaderOf({ inSync: ['a', 'b'], limits: { outcomesPerSessionMax: 2 } });
    group.propose(put('k'), { id: request(1) });
    group.ack('b');
    group.propose(put('k'), { id: request(2) });
    group.propose(put('k'), { id: request(3) });
    group.ack('b');
    expect(replies(group)).toEqual([written({ version: 1 }), 'session-full', written({ version: 2 })]);
    group.propose(put('k'), again(1));
    expect(replies(group)).toEqual([written({ version: 1 })]);
  });

  test('a session that has been idle ends by an entry', () => {
    const group = leaderOf({ inSync: ['a', 'b'], times: { sessionIdleMs: 1000 } });
    group.pass(1000, ['b']);
    expect(group.replica.machine.sessions.size).toBe(1);
    group.pass(200, ['b']);
    expect(group.replica.machine.sessions.size).toBe(0);
    expect(group.replica.log.at(logIndex(3))?.body).toEqual({ kind: 'endSessions', sessions: [SESSION] });
    group.propose(put('k'));
    expect(replies(group)).toEqual(['unknown-session']);
  });

  test('one that is about to end takes no more requests', () => {
    const group = leaderOf({ inSync: ['a', 'b'], minInSync: 2, times: { sessionIdleMs: 400 } });
    group.pass(150, ['b']);
    group.advance(400);
    group.tick();
    expect(group.replica.log.at(group.replica.log.lastIndex)?.body.kind).toBe('endSessions');
    group.propose(put('k'));
    expect(replies(group)).toEqual(['unknown-session']);
  });

  test('a session with a write under way is not idle', () => {
    const group = leaderOf({ inSync: ['a', 'b'], times: { sessionIdleMs: 400 } });
    group.advance(350);
    group.propose(put('k'));
    group.pass(200);
    group.ack('b');
    expect(replies(group)).toEqual([written({ version: 1 })]);
  });
});

describe('R15: keys that clients choose', () => {
  test('a write with a key that was used gets its first outcome, in whatever session', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(put('k'), withKey('mine'));
    group.propose(put('k'), withKey('mine'));
    expect(group.replies()).toMatchObject([
      { decided: written({ version: 1 }), revision: 3 },
      { decided: written({ version: 1 }), revision: 3 },
    ]);
    expect(group.replica.log.lastIndex).toBe(3);
  });

  test('also while the first is uncommitted', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k'), withKey('mine'));
    group.propose(put('k'), withKey('mine'));
    group.ack('b');
    expect(group.replies()).toMatchObject([{ revision: 3 }, { revision: 3 }]);
  });

  test('its use for another request is refused', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k'), withKey('mine', 'one'));
    group.propose(put('k', 'other'), withKey('mine', 'other'));
    group.ack('b');
    group.propose(put('k', 'other'), withKey('mine', 'other'));
    expect(replies(group)).toEqual(['idempotency-mismatch', written({ version: 1 }), 'idempotency-mismatch']);
  });

  test('it is kept for its time, by the time of the log', () => {
    const group = leaderOf({ inSync: ['a'], times: { idempotencyKeptMs: 1000 } });
    group.propose(put('k'), withKey('mine'));
    group.advance(1000);
    group.propose(put('k'), withKey('mine'));
    group.advance(1);
    group.propose(put('k'), withKey('mine'));
    expect(replies(group)).toEqual([written({ version: 1 }), written({ version: 1 }), written({ version: 2 })]);
  });

  test('they are bounded by refusing new ones, and none is forgotten early', () => {
    const group = leaderOf({
      inSync: ['a', 'b'],
      limits: { idempotencyKeysMax: 1 },
      times: { idempotencyKeptMs: 1000 },
    });
    group.propose(put('k'), withKey('one'));
    group.propose(put('k'), withKey('two'));
    group.ack('b');
    group.propose(put('k'), withKey('two'));
    expect(replies(group)).toEqual(['idempotency-full', written({ version: 1 }), 'idempotency-full']);
    group.propose(put('k'), withKey('one'));
    expect(replies(group)).toEqual([written({ version: 1 })]);
  });

  test('those whose time is over make room, though no entry has come to say so', () => {
    const group = leaderOf({ inSync: ['a'], limits: { idempotencyKeysMax: 1 }, times: { idempotencyKeptMs: 1000 } });
    group.propose(put('k'), withKey('one'));
    group.advance(1001);
    group.propose(put('k'), withKey('two'));
    expect(replies(group)).toEqual([written({ version: 1 }), written({ version: 2 })]);
  });
});

describe('conditions are decided against the newest state that the leader has', () => {
  test('a write that is not committed yet counts', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k', 'v', { kind: 'absent' }));
    group.propose(put('k', 'w', { kind: 'absent' }));
    group.ack('b');
    expect(replies(group)).toEqual([
      written({ version: 1 }),
      { kind: 'mismatch', current: { revision: 3, version: 1 } },
    ]);
  });

  test('so does what a new leader found in its log', () => {
    const log = [entry(1, 1, openSessionBody()), entry(2, 1, deleteBody('k', 3))];
    const group = leaderOf({ inSync: ['a', 'b'], log, committed: 1 });
    group.propose(put('k'));
    group.ack('b');
    expect(replies(group)).toEqual([written({ version: 4, created: true })]);
  });
});

test('R16: all under a prefix goes by what is in the log, committed or not, and a repetition is told the same', () => {
  const group = leaderOf({ inSync: ['a', 'b'] });
  const clear = (expected: number | null): WriteCommand => ({ kind: 'deletePrefix', prefix: 'k', expected });
  group.propose(put('k1'));
  group.ack('b');
  for (const command of [put('k2'), put('other'), remove('k1'), put('k3')]) group.propose(command);
  group.propose(clear(3));
  group.propose(clear(2), { ...withKey('once'), id: request(50) });
  group.propose(clear(null));
  group.propose(put('k4'));
  group.propose(clear(2), { ...withKey('once'), id: request(60) });
  group.ack('b');
  expect(replies(group).slice(5)).toEqual([
    { kind: 'counted', count: 2 },
    { kind: 'cleared', count: 2 },
    // The repetition: it has the same entry.
    { kind: 'cleared', count: 2 },
    { kind: 'counted', count: 0 },
    written({ version: 1 }),
  ]);
  const { store } = group.replica.machine;
  expect([...store.keysFrom('')]).toEqual(['k4', 'other']);
  expect(store.lastVersion(key('k3'))).toBe(2);
});

describe('every queue is bounded', () => {
  test('a store that is full refuses puts, and takes deletes: they are the way back', () => {
    const group = leaderOf({ inSync: ['a'], limits: { memoryBytesMax: 3000, logEntriesMax: 1 } });
    while (group.replies().every((outcome) => outcome.kind === 'committed')) {
      group.propose(put(`k${group.replica.log.lastIndex}`, 'x'.repeat(200)), {
        settledThrough: group.replica.log.lastIndex - 3,
      });
    }
    group.propose(put('one-more', 'x'.repeat(200)));
    group.propose(remove('k2'));
    expect(replies(group)).toEqual(['memory-full', { kind: 'deleted', version: 2 }]);
  });

  test('nor does it take what would keep more values with its outcome than there is room for', () => {
    const group = leaderOf({ inSync: ['a'], limits: { memoryBytesMax: 10_000, logEntriesMax: 1 } });
    group.propose(put('k', 'x'.repeat(1500)));
    const gets = (count: number): WriteCommand => ({
      kind: 'transaction',
      comparisons: [],
      then: Array.from({ length: count }, () => ({ kind: 'get' as const, key: key('k') })),
      otherwise: [],
    });
    group.propose(gets(1));
    group.propose(gets(10));
    expect(replies(group)).toMatchObject([{ kind: 'written' }, { kind: 'transaction' }, 'memory-full']);
    expect(group.replica.commitIndex).toBe(group.replica.log.lastIndex);
  });

  test('so many entries wait to be committed and no more', () => {
    const group = leaderOf({ inSync: ['a', 'b'], limits: { uncommittedEntriesMax: 2 } });
    for (let writes = 0; writes < 3; writes += 1) group.propose(put('k'));
    expect(replies(group)).toEqual(['overloaded']);
    group.ack('b');
    group.propose(put('k'));
    group.ack('b');
    expect(replies(group)).toHaveLength(3);
  });

  test('nor so many bytes', () => {
    const group = leaderOf({ inSync: ['a', 'b'], limits: { uncommittedBytesMax: 1000 } });
    group.propose(put('k', 'x'.repeat(1000)));
    group.propose(put('k'));
    group.openSession();
    expect(replies(group)).toEqual(['overloaded']);
    expect(group.sessions()).toMatchObject([{ kind: 'refused', code: 'overloaded' }]);
  });

  test('R9: a leader that hands over refuses new writes, and still answers repeated ones', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(put('k'), { id: request(1) });
    group.leader.setDraining(true);
    group.propose(put('k'), { id: request(2) });
    group.propose(put('k'), again(1));
    group.openSession();
    expect(replies(group)).toEqual([written({ version: 1 }), 'not-leader', written({ version: 1 })]);
    expect(group.sessions()).toMatchObject([{ kind: 'refused', code: 'not-leader' }]);
  });
});
