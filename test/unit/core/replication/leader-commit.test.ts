import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import {
  effectsOf,
  entry,
  idOf,
  LINEAGE,
  messagesOf,
  NEXT_LINEAGE,
  openSessionBody,
  put,
  putBody,
  reportsOf,
  written,
} from '../kit/builders.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

const committed = (revision: number, version = 1, members = 3) => ({
  kind: 'committed',
  decided: written({ version }),
  revision,
  lineage: LINEAGE,
  acks: members,
  members,
});

describe('R4: the leader commits what every member of the maximal set holds', () => {
  test('a write is acknowledged only after every member holds it', () => {
    const group = leaderOf({ epoch: 4, inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.ack('b');
    expect(group.replies()).toEqual([]);
    group.ack('c');
    expect(group.replies()).toEqual([committed(3)]);
  });

  test('an acknowledgement is cumulative', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k'));
    group.propose(put('k'));
    group.ack('b');
    expect(group.replies()).toEqual([committed(3, 1, 2), committed(4, 2, 2)]);
  });

  test('an acknowledgement that comes late or twice takes nothing back', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    const early = group.follower('b').ack(group.nowMs);
    group.propose(put('k'));
    group.ack('b');
    group.receive('b', early);
    expect([group.replica.commitIndex, group.leader.progress(idOf('b'))?.matchIndex]).toEqual([3, 3]);
  });

  test('R10: whoever acknowledges what it was not sent is not believed, nor heard again in this epoch', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k'));
    const effects = group.ack('b', { matchIndex: logIndex(99) });
    expect(reportsOf('peerRefused', effects)).toMatchObject([{ replica: idOf('b') }]);
    expect(effectsOf('disconnect', effects)).toHaveLength(1);
    // Each on a link of its own; and one who is refused already is not reported again.
    const again = group.hello('b');
    expect([effectsOf('disconnect', again).length, reportsOf('peerRefused', again).length]).toEqual([1, 0]);
    group.ack('b');
    expect(group.replies()).toEqual([]);
    group.hello('b', { process: 2 });
    expect(messagesOf('resume', group.effects)).toHaveLength(2);
  });

  test('R10: what was sent before another hello counts, though the stream now begins before it', () => {
    const group = leaderOf({ inSync: ['a', 'b'], limits: { inflightBytesMax: 1 } });
    group.propose(put('k'));
    const late = group.follower('b').ack(group.nowMs);
    group.follower('b').lastIndex = 1;
    group.follower('b').lastEpoch = 1;
    group.receive('b', group.follower('b').hello());
    group.receive('b', late);
    expect(reportsOf('peerRefused', group.effects)).toEqual([]);
    expect(group.replies()).toEqual([committed(3, 1, 2)]);
  });

  test('a learner is not waited for, and its acknowledgement commits nothing', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'], limits: { inSyncMax: 3 } });
    group.hello('d');
    group.propose(put('k'));
    group.ack('d');
    group.ack('b');
    expect(group.replies()).toEqual([]);
    group.ack('c');
    expect(group.replies()).toEqual([committed(3)]);
  });

  test('a follower that is being added counts from before the record names it', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.hello('d');
    group.ack('d');
    group.pass(100, ['b', 'd']);
    expect(group.change).toEqual({ add: 'd', remove: null });
    group.propose(put('k'));
    group.ack('b');
    expect(group.replies()).toEqual([]);
    group.ack('d');
    expect(group.replies()).toHaveLength(1);
  });

  test('a member whose removal is not confirmed counts', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.pass(600, ['b']);
    expect(group.change).toEqual({ add: null, remove: 'c' });
    group.leader.set.markSent();
    group.turn();
    expect(group.replies()).toEqual([]);
    group.confirmChange();
    expect(group.replies()).toEqual([committed(3, 1, 2)]);
  });
});

describe('R4: the minimum is a number of the configuration', () => {
  test('with fewer members nothing is committed, though all of them hold it', () => {
    const group = leaderOf({ inSync: ['a'], minInSync: 2 });
    group.propose(put('k'));
    group.turn();
    expect([group.replies(), group.replica.commitIndex]).toEqual([[], 1]);
  });

  test('once the set has grown to it, what waited is committed', () => {
    const group = leaderOf({ inSync: ['a'], minInSync: 2 });
    group.propose(put('k'));
    group.hello('b');
    group.ack('b');
    group.pass(100, ['b']);
    expect(group.replies()).toEqual([]);
    group.confirmChange();
    expect(group.replies()).toEqual([committed(3, 1, 2)]);
  });

  test('a single replica, with a minimum of 1, commits alone', () => {
    const group = leaderOf({ inSync: ['a'], minInSync: 1 });
    group.propose(put('k'));
    expect(group.replies()).toEqual([committed(3, 1, 1)]);
  });
});

describe('R4: the first entry of an epoch', () => {
  const found = [entry(1, 1, openSessionBody()), entry(2, 3, putBody('old', { version: 1, created: 2, number: 7 }))];

  test('is of the epoch of the leader, appended before anything else, and says how many versions are kept', () => {
    const group = leaderOf({ epoch: 4, inSync: ['a', 'b'], log: found, committed: 1 });
    expect(group.replica.log.at(logIndex(3))).toMatchObject({ epoch: 4, body: { kind: 'begin', historyLimit: 8 } });
    expect(group.leader.firstIndex).toBe(3);
  });

  test('what the leader found in its log commits once every member has acknowledged it in this epoch', () => {
    const group = leaderOf({ epoch: 4, inSync: ['a', 'b', 'c'], log: found, committed: 1, connected: ['b'] });
    group.hello('c', { lastIndex: logIndex(1), lastEpoch: epoch(1) });
    // Where a majority commits, entry 2 of an earlier epoch would have to wait (Raft, figure 8). Here everybody holds it, and
    // whoever leads next is one of them.
    group.ack('c', { matchIndex: logIndex(2) });
    expect([group.replica.commitIndex, group.leader.firstCommitted]).toEqual([2, false]);
    group.ack('c');
    expect([group.replica.commitIndex, group.leader.firstCommitted]).toEqual([3, true]);
  });

  test('an epoch is led once, by one replica: it must be above every epoch in the log', () => {
    expect(() => leaderOf({ epoch: 3, inSync: ['a', 'b'], log: found })).toThrow(
      'an epoch is led once, by one replica',
    );
  });
});

describe('the time of the log', () => {
  const times = (group: LeaderKit): number[] => [2, 3, 4].map((at) => group.replica.log.at(logIndex(at))?.timeMs ?? 0);

  test('never goes back, whatever the wall clock does', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(put('k'));
    group.wallMs -= 60_000;
    group.propose(put('k'));
    const [first = 0, second, third] = times(group);
    expect([second, third]).toEqual([first, first]);
  });

  test('goes on from what the leader before has written, also where its clock was ahead', () => {
    const ahead = 1_800_000_000_000;
    const group = leaderOf({ inSync: ['a'], log: [entry(1, 1, openSessionBody(), ahead)] });
    expect(times(group)[0]).toBe(ahead);
  });
});

test('R6: a write that waited too long is answered with an unknown outcome, and may still be committed', () => {
  const group = leaderOf({ inSync: ['a', 'b'], minInSync: 2 });
  group.propose(put('k'));
  group.pass(10_000);
  expect(group.replies()).toEqual([{ kind: 'unknown', code: 'not-enough-in-sync' }]);
  group.ack('b');
  expect([group.replica.machine.store.size, group.replies()]).toEqual([1, []]);
});

test('R15: whoever waits when the leader steps down learns that its outcome is open', () => {
  const group = leaderOf({ inSync: ['a', 'b'] });
  group.propose(put('k'));
  group.openSession();
  group.propose(put('k'), { id: { session: 'session' as never, number: 1 } });
  group.leader.stepDown(group.effects);
  expect(group.replies()).toEqual([
    { kind: 'unknown', code: 'deposed' },
    { kind: 'unknown', code: 'deposed' },
  ]);
  expect(group.sessions()).toEqual([{ kind: 'refused', code: 'not-leader', leaderHint: null }]);
  expect(group.effects.at(-1)).toEqual({
    kind: 'disconnect',
    link: group.follower('b').link,
    reason: 'no longer leading',
  });
});

test('R14: entries that a new lineage began with are committed like any other', () => {
  const group = leaderOf({ inSync: ['a', 'b'], lineage: NEXT_LINEAGE, connected: [] });
  group.hello('b', { lineage: null, lastIndex: logIndex(0), lastEpoch: epoch(0) });
  group.ack('b');
  expect(group.replica.commitIndex).toBe(2);
});
