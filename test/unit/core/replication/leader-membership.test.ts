import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import type { Effect } from '../../../../src/core/group/io.ts';
import { effectsOf, put } from '../kit/builders.ts';
import { leaderOf, type LeaderKit, type LeaderSetup } from '../kit/leader-kit.ts';

/** d follows, outside the set; time goes on until it is caught up for two ticks. */
function withLearner(setup: Partial<LeaderSetup> & { inSync: readonly string[] }): LeaderKit {
  const group = leaderOf(setup);
  group.hello('d');
  group.ack('d');
  return group;
}

const members = (group: LeaderKit): string[] => [...group.followers.keys()].filter((name) => name !== 'd');

describe('R5: expanding', () => {
  test('a follower that is caught up is added', () => {
    const group = withLearner({ inSync: ['a', 'b'] });
    group.pass(100, ['b', 'd']);
    expect(group.change).toEqual({ add: 'd', remove: null });
  });

  test('it must hold everything up to the commit index before the record is to name it', () => {
    const group = withLearner({ inSync: ['a', 'b'], limits: { inSyncMax: 2 } });
    group.pass(100, ['b', 'd']);
    group.propose(put('k'));
    group.ack('b');
    group.follower('b').stopping = true;
    group.ack('b');
    expect([group.replica.commitIndex, group.change?.add, group.leader.changeReady]).toEqual([3, 'd', null]);
    group.ack('d');
    expect(group.leader.changeReady).toEqual(group.leader.set.change);
  });

  test('and the first entry of the epoch, which need not be committed: at the minimum it may be who commits it', () => {
    const group = leaderOf({ inSync: ['a', 'b'], minInSync: 2, connected: [] });
    group.hello('d');
    group.ack('d', { matchIndex: logIndex(1) });
    group.pass(50);
    expect([group.change?.add, group.leader.changeReady]).toEqual(['d', null]);
    group.ack('d');
    expect([group.replica.commitIndex, group.leader.firstIndex]).toEqual([1, 2]);
    expect(group.leader.changeReady).toEqual(group.leader.set.change);
  });

  test('one change of the set is in flight at a time', () => {
    const group = withLearner({ inSync: ['a', 'b'] });
    group.hello('e');
    group.pass(100, ['b', 'd', 'e']);
    const first = group.change;
    group.leader.set.markSent();
    group.pass(500, ['b', 'd', 'e']);
    expect(group.change).toEqual(first);
    group.confirmChange();
    expect([first?.add, group.change?.add].sort()).toEqual(['d', 'e']);
  });

  test('a set of the largest size takes nobody in: who is caught up stands by', () => {
    const group = withLearner({ inSync: ['a', 'b'], limits: { inSyncMax: 2 } });
    group.pass(1000, ['b', 'd']);
    expect(group.change).toBeNull();
    expect(group.leader.followerStatus(group.nowMs).map(({ standing }) => standing)).toEqual(['member', 'standby']);
  });

  test('a learner that lags is not added', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    for (let writes = 0; writes < 30; writes += 1) group.propose(put('k'));
    group.pass(100, ['b']);
    group.hello('d', { lastIndex: logIndex(1), lastEpoch: epoch(1) });
    for (let passed = 0; passed < 1000; passed += 50) {
      group.propose(put('k'));
      group.pass(50, ['b']);
      group.ack('d', { matchIndex: logIndex(group.replica.commitIndex - 20) });
    }
    expect(group.change).toBeNull();
  });

  test('who is stopping is not added', () => {
    const group = withLearner({ inSync: ['a', 'b'] });
    group.follower('d').stopping = true;
    group.pass(1000, ['b', 'd']);
    expect(group.change).toBeNull();
  });

  test('one that goes away before the update was sent is given up, and counts no more', () => {
    const group = withLearner({ inSync: ['a', 'b'] });
    group.pass(100, ['b', 'd']);
    group.propose(put('k'));
    group.ack('b');
    group.close('d');
    expect(group.change).toBeNull();
    expect(group.replies()).toHaveLength(1);
  });

  test('one that does not get there within the removal time is given up, for writes wait for it', () => {
    const group = withLearner({ inSync: ['a', 'b'] });
    group.pass(50, ['b', 'd']);
    expect(group.change?.add).toBe('d');
    group.propose(put('k'));
    group.pass(500, ['b']);
    expect(group.replies()).toEqual([]);
    group.pass(50, ['b']);
    expect(group.replies()).toHaveLength(1);
    group.pass(1000, ['b']);
    expect(group.change).toBeNull();
  });
});

describe('R5: a pod that was removed waits before it is added again', () => {
  /** c is removed for its silence, and comes back at once. */
  function removeAndReturn(group: LeaderKit): void {
    group.propose(put('k'));
    group.pass(650, ['b']);
    expect(group.change).toEqual({ add: null, remove: 'c' });
    group.confirmChange();
    group.ack('c');
  }

  /** How long it takes until it is to be added again. */
  function wait(group: LeaderKit): number {
    const fromMs = group.nowMs;
    while (group.change === null) group.pass(50, ['b', 'c']);
    const tookMs = group.nowMs - fromMs;
    group.pass(50, ['b', 'c']);
    group.confirmChange();
    return tookMs;
  }

  test('half a second caught up, and twice as long each time that it flaps', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    const waits = [1, 2, 3].map(() => {
      removeAndReturn(group);
      return wait(group);
    });
    for (const [at, expected] of [500, 1000, 2000].entries()) {
      expect(waits[at]).toBeGreaterThanOrEqual(expected);
      expect(waits[at]).toBeLessThan(expected + 300);
    }
  });

  test('but never longer than the maximum', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'], times: { readmitMaxMs: 750 } });
    const waits = [1, 2, 3].map(() => {
      removeAndReturn(group);
      return wait(group);
    });
    expect(waits[2]).toBeGreaterThanOrEqual(750);
    expect(waits[2]).toBeLessThan(1050);
  });

  test('not while writes wait for it', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    removeAndReturn(group);
    // Now the set is at its minimum, and b goes.
    group.propose(put('k'));
    group.pass(700, ['c']);
    expect(group.change).toEqual({ add: 'c', remove: 'b' });
  });
});

describe('R6: shrinking', () => {
  test('a member whose oldest unacknowledged entry has waited for 500 ms is removed', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.pass(500, ['b']);
    expect(group.change).toBeNull();
    group.pass(50, ['b']);
    expect(group.change).toEqual({ add: null, remove: 'c' });
  });

  test('one that acknowledges, however slowly it follows, stays', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    for (let round = 0; round < 10; round += 1) {
      group.propose(put('k'));
      group.pass(400, ['b']);
      group.ack('c');
    }
    expect(group.change).toBeNull();
  });

  test('silence with nothing to acknowledge removes nobody at once, but makes the leader append an empty entry', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.pass(1000, ['b', 'c']);
    const before = group.replica.log.lastIndex;
    group.pass(300, ['b']);
    expect([group.change, group.replica.log.lastIndex]).toEqual([null, before]);
    group.pass(100, ['b']);
    expect(group.replica.log.at(group.replica.log.lastIndex)?.body).toEqual({ kind: 'empty' });
    // One is enough: it is not acknowledged.
    group.pass(300, ['b']);
    expect(group.replica.log.lastIndex).toBe(before + 1);
    group.pass(400, ['b']);
    expect(group.change).toEqual({ add: null, remove: 'c' });
  });

  test('a new leader gives everybody the election time-out to connect', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'], connected: ['b'] });
    group.pass(1250, ['b']);
    expect(group.change).toBeNull();
    group.pass(100, ['b']);
    expect(group.change).toEqual({ add: null, remove: 'c' });
  });

  test('the set never falls below its minimum: writes wait', () => {
    const group = leaderOf({ inSync: ['a', 'b'], minInSync: 2, limits: { inSyncMax: 2 } });
    group.hello('d');
    group.propose(put('k'));
    group.close('d');
    group.hello('d');
    for (let passed = 0; passed < 2000; passed += 50) {
      group.pass(50);
      // It answers, so the leader is not alone; but it never catches up.
      group.ack('d', { matchIndex: logIndex(1) });
    }
    expect([group.change, group.replies()]).toEqual([null, []]);
  });

  test('until a caught-up follower takes the place of the lost member, in one update', () => {
    const group = withLearner({ inSync: ['a', 'b'], minInSync: 2, limits: { inSyncMax: 2 } });
    group.pass(100, ['b', 'd']);
    group.propose(put('k'));
    group.pass(650, ['d']);
    expect(group.change).toEqual({ add: 'd', remove: 'b' });
    group.confirmChange();
    expect(group.replies()).toHaveLength(1);
  });

  test('a set below its minimum, at the start, only grows', () => {
    const group = withLearner({ inSync: ['a'], minInSync: 3 });
    group.pass(100, ['d']);
    expect(group.change).toEqual({ add: 'd', remove: null });
  });

  test('a member whose link is lost, and whose address refuses another, is removed at once', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    const [dialled] = effectsOf('connect', group.close('c'));
    expect([dialled?.address, group.change]).toEqual([group.follower('c').hello({}).addresses.peer, null]);
    group.answerKnock('refused');
    expect(group.change).toEqual({ add: null, remove: 'c' });
    group.confirmChange();
    expect(effectsOf('connect', group.pass(500, ['b']))).toEqual([]);
  });

  test('one at whose address somebody listens is asked for again, until it says hello', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    const [dialled] = effectsOf('connect', group.close('c'));
    expect(effectsOf('disconnect', group.answerKnock('connected')).map(({ link }) => link)).toEqual([dialled?.link]);
    expect(effectsOf('connect', group.pass(100, ['b']))).toHaveLength(1);
    group.answerKnock('connected');
    expect(effectsOf('connect', group.pass(100, ['b']))).toHaveLength(1);
    const [open] = effectsOf('disconnect', group.hello('c'));
    expect(open?.reason).toBe('it was only a knock');
    expect([group.change, effectsOf('connect', group.pass(500, ['b', 'c']))]).toEqual([null, []]);
  });

  test('one that cuts a knock off, as who dies may, is asked again at once, and once', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.close('c');
    expect(effectsOf('connect', group.answerKnock('lost'))).toHaveLength(1);
    expect(effectsOf('connect', group.answerKnock('lost'))).toEqual([]);
    expect(effectsOf('connect', group.pass(50, ['b']))).toHaveLength(1);
    expect(effectsOf('connect', group.answerKnock('lost'))).toEqual([]);
    group.pass(50, ['b']);
    group.answerKnock('refused');
    expect(group.change).toEqual({ add: null, remove: 'c' });
  });

  test('one that is back is not removed for what its address said before', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.close('c');
    group.answerKnock('refused');
    expect(group.change).toEqual({ add: null, remove: 'c' });
    group.hello('c');
    expect(group.change).toBeNull();
  });

  test('at the minimum one that refuses stays a member: writes wait', () => {
    const group = leaderOf({ inSync: ['a', 'b'], minInSync: 2 });
    group.close('b');
    group.answerKnock('refused');
    group.propose(put('k'));
    group.pass(2000);
    expect([group.change, group.replies()]).toEqual([null, []]);
  });

  test('nobody is dialled who is no member, and nobody by one who leads no more', () => {
    const group = withLearner({ inSync: ['a', 'b', 'c'] });
    expect(effectsOf('connect', group.close('d'))).toEqual([]);
    const [dialled] = effectsOf('connect', group.close('c'));
    const effects: Effect[] = [];
    group.leader.stepDown(effects);
    expect(effectsOf('disconnect', effects).map(({ link }) => link)).toContain(dialled?.link);
  });

  test('a leader that hears from nobody removes nobody', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.pass(5000);
    expect(group.change).toBeNull();
  });

  test('not even if it heard from all of them after it had appended what they left unacknowledged', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.pass(100);
    for (const member of ['b', 'c']) group.ack(member, { matchIndex: logIndex(1) });
    for (let passed = 0; passed < 1000; passed += 50) {
      group.pass(50);
      expect(group.change).toBeNull();
    }
  });

  test("who is not heard from takes nobody's place", () => {
    const group = withLearner({ inSync: ['a', 'b'], minInSync: 2, limits: { inSyncMax: 2 } });
    group.pass(1000, ['b', 'd']);
    group.propose(put('k'));
    // Whoever stands by, and lags, is heard; the one that had caught up is not.
    group.hello('e');
    for (let passed = 0; passed < 700; passed += 50) {
      group.pass(50);
      group.ack('e', { matchIndex: logIndex(1) });
    }
    expect(group.change).toBeNull();
  });

  test('nor does one whose own turn came late, before it has read what has arrived meanwhile', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.pass(1000, ['b', 'c']);
    group.propose(put('k'));
    group.advance(1000);
    group.tick();
    group.ack('b');
    expect(group.change).toBeNull();
    group.ack('c');
    group.pass(50);
    expect(group.change).toBeNull();
  });

  test('a removal that was not sent is dropped when the member answers after all', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.pass(600, ['b']);
    expect(group.change?.remove).toBe('c');
    group.ack('c');
    expect(group.change).toBeNull();
  });

  test('a member whose pod runs another process is removed at once: its memory is gone', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.hello('c', { process: 2, lineage: null, lastIndex: logIndex(0), lastEpoch: epoch(0) });
    expect(group.change).toEqual({ add: null, remove: 'c' });
  });

  test('R9: a member that asks to leave is removed, as far as the minimum allows', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.follower('c').stopping = true;
    group.ack('c');
    expect(group.change).toEqual({ add: null, remove: 'c' });
    group.confirmChange();
    group.follower('b').stopping = true;
    group.ack('b');
    group.pass(1000, members(group));
    expect(group.change).toBeNull();
  });
});
