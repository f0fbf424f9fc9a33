import { describe, expect, test } from '@jest/globals';
import type { Append, PeerMessage } from '../../../../src/core/replication/messages.ts';
import { idOf, LINEAGE, messagesOf, put } from '../kit/builders.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

const appends = (received: readonly PeerMessage[]): Append[] => received.filter((message) => message.kind === 'append');
const newest = (group: LeaderKit, name: string): Append | undefined => appends(group.follower(name).received).at(-1);

const vouch = (group: LeaderKit, name: string, number = 1) =>
  group.receive(name, { kind: 'vouch', epoch: group.leader.epoch, lineage: LINEAGE, number });

/** Of a read at the leader: whether its round was shown. */
function readAt(group: LeaderKit): { proven: boolean } {
  const read = { proven: false };
  group.leader.rounds.await({ kind: 'read', proven: () => (read.proven = true), abandoned: () => undefined });
  return read;
}

describe('R12: a round is full when every member of the maximal set has answered it', () => {
  test.each([
    ['b', 'c'],
    ['c', 'b'],
  ])('a majority is not enough: after %s it waits for %s', (first, last) => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    const read = readAt(group);
    group.turn();
    group.ack(first);
    expect(read.proven).toBe(false);
    group.ack(last);
    expect(read.proven).toBe(true);
  });

  test('one that began before the question does not count', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    const answersEarlierRound = group.follower('b').ack(group.nowMs);
    const read = readAt(group);
    group.turn();
    group.receive('b', answersEarlierRound);
    expect(read.proven).toBe(false);
    group.ack('b');
    expect(read.proven).toBe(true);
  });

  test('a replica being added is waited for, a learner is not', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.hello('d');
    const before = readAt(group);
    group.turn();
    group.ack('b');
    expect(before.proven).toBe(true);
    group.ack('d');
    group.pass(50);
    expect(group.change?.add).toBe('d');
    const after = readAt(group);
    group.turn();
    group.ack('b');
    expect(after.proven).toBe(false);
    group.ack('d');
    expect(after.proven).toBe(true);
  });

  test('rounds are shared by all that wait, and ride on appends', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.follower('b').received.length = 0;
    const reads = [readAt(group), readAt(group), readAt(group)];
    group.propose(put('k'));
    expect(group.follower('b').received).toHaveLength(1);
    group.ack('b');
    expect(reads.every(({ proven }) => proven)).toBe(true);
  });

  test('a leader that is alone in its set proves itself', () => {
    const group = leaderOf({ inSync: ['a'] });
    const read = readAt(group);
    group.turn();
    expect(read.proven).toBe(true);
  });
});

describe('R12: a renewal that began after the question and succeeded is as good', () => {
  test('it began after: shown', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    const read = readAt(group);
    group.turn();
    group.leader.rounds.beginRenewal(group.nowMs);
    group.leader.rounds.renewed();
    group.turn();
    expect(read.proven).toBe(true);
  });

  test('it began before: not shown', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.leader.rounds.beginRenewal(group.nowMs);
    const read = readAt(group);
    group.turn();
    group.leader.rounds.renewed();
    group.turn();
    expect(read.proven).toBe(false);
  });
});

describe('R12: the leader vouches', () => {
  test('for a member, with a round that began after it asked', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    expect(messagesOf('vouched', vouch(group, 'b', 7))).toEqual([]);
    group.ack('b');
    const { link } = group.follower('b');
    expect(messagesOf('vouched', group.ack('c'), link)).toEqual([
      { kind: 'vouched', epoch: 4, lineage: LINEAGE, number: 7, granted: true },
    ]);
  });

  test('not for a replica that is no member', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.hello('d');
    expect(messagesOf('vouched', vouch(group, 'd'))).toMatchObject([{ granted: false }]);
  });

  test('nor for one that was removed while it waited', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.pass(600, ['b']);
    vouch(group, 'c');
    group.confirmChange();
    group.ack('b');
    expect(messagesOf('vouched', group.effects)).toMatchObject([{ granted: false }]);
  });
});

describe('R12: what in-sync reads rest on is told in the follower’s own clock', () => {
  test('it is given back what its newest acknowledgement before the round said, and only once the round is full', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.pass(100, ['b', 'c']);
    group.ack('b', { sentMs: 111 });
    group.ack('c', { sentMs: 222 });
    // The next heartbeat begins a round; what is acknowledged after its beginning proves nothing about it.
    group.advance(100);
    group.tick();
    group.ack('b', { sentMs: 333 });
    expect(newest(group, 'b')?.confirmedMs).toBeLessThan(111 + 10_000);
    const before = newest(group, 'b')?.confirmedMs;
    expect(before).not.toBe(333);
    group.ack('c', { sentMs: 444 });
    expect([newest(group, 'b')?.confirmedMs, newest(group, 'c')?.confirmedMs]).toEqual([
      group.leader.progress(idOf('b'))?.roundEchoMs,
      group.leader.progress(idOf('c'))?.roundEchoMs,
    ]);
  });

  test('nothing is confirmed while the round is not full', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'], connected: ['b'] });
    group.pass(1000, ['b']);
    expect([newest(group, 'b')?.confirmedMs, group.leader.rounds.full]).toEqual([-1, 0]);
  });

  test('the leader holds itself to the same: its own authority is as old as the round’s beginning', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.advance(100);
    group.tick();
    const beganMs = group.nowMs;
    group.advance(40);
    group.ack('b');
    expect(group.leader.rounds.authorityMs).toBe(beganMs);
    group.pass(900);
    expect(group.leader.rounds.authorityMs).toBe(beganMs);
  });

  test('a renewal confirms, too, from its beginning', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'], connected: ['b'] });
    group.ack('b', { sentMs: 555 });
    group.leader.rounds.beginRenewal(group.nowMs);
    const beganMs = group.nowMs;
    group.advance(30);
    group.ack('b', { sentMs: 666 });
    group.leader.rounds.renewed();
    group.turn();
    expect([newest(group, 'b')?.confirmedMs, group.leader.rounds.authorityMs]).toEqual([10_000, beganMs]);
  });
});

test('R8: news of a working leader is the newest round that was full, not the newest', () => {
  const group = leaderOf({ inSync: ['a', 'b', 'c'] });
  group.pass(200, ['b', 'c']);
  const full = group.leader.rounds.full;
  group.pass(300, ['b']);
  expect(newest(group, 'b')).toMatchObject({ fullRound: full });
  expect(newest(group, 'b')?.round).toBeGreaterThan(full);
});
