import { describe, expect, test } from '@jest/globals';
import { epoch } from '../../../../src/core/base/numbers.ts';
import { addressesOf, effectsOf, entry, idOf, LINEAGE, messagesOf, present, put } from '../kit/builders.ts';
import { podOf } from '../kit/fake-api.ts';
import {
  EARLIER_LOG,
  FarLeader,
  FarReplica,
  followingGroup,
  type GroupHarness,
  leadingGroup,
} from '../kit/group-harness.ts';

const ids = (...names: string[]) => names.map((name) => idOf(name));
const stop = (group: GroupHarness, graceMs = 20_000) => group.turn({ kind: 'stop', graceMs });
const stopped = (group: GroupHarness): number => effectsOf('stopped', group.effects).length;
const brief = (group: GroupHarness) => group.writes.map((one) => (one.kind === 'committed' ? one.kind : one.code));

/** The update that names a successor. */
const handOver = (group: GroupHarness) =>
  group.api.replaces.find(({ content }) => content.holder !== null && content.holder !== group.status.replica)?.content;

function tellsToStop(group: GroupHarness, name: string): void {
  present(group.followers.get(name)).stopping = true;
  group.ack(name);
}

describe('R9: a leader that is told to stop hands over', () => {
  test('it names a member as the holder, in the next epoch, with its addresses, in one update', () => {
    const group = leadingGroup({ epoch: 4 });
    stop(group);
    group.run(500);
    const successor = present(handOver(group));
    expect(successor).toMatchObject({ epoch: 5, inSync: ids('b', 'c'), lineage: LINEAGE, endedEpoch: null });
    expect(ids('b', 'c')).toContain(successor.holder);
    expect(successor.addresses).toEqual(addressesOf(successor.holder === idOf('b') ? 'b' : 'c'));
    expect(group.role).toBe('seeking');
  });

  test('the most advanced one that acknowledges now', () => {
    const group = leadingGroup();
    group.silence('b');
    group.write(put('k'));
    group.run(50);
    stop(group);
    // What is in flight is given a second; then whoever has the most is named.
    group.run(1200);
    expect(handOver(group)?.holder).toBe(idOf('c'));
  });

  test('not one that is itself stopping', () => {
    const group = leadingGroup({ minInSync: 3 });
    tellsToStop(group, 'b');
    stop(group);
    group.run(500);
    expect(handOver(group)?.holder).toBe(idOf('c'));
  });

  test('only to a member', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], limits: { inSyncMax: 2 }, pods: ['a', 'b', 'd'] });
    group.accept('d');
    group.run(300);
    group.silence('b');
    group.run(400);
    stop(group);
    group.run(2000);
    expect(
      group.api.replaces.every(({ content }) => content.holder !== idOf('d') || content.inSync.includes(idOf('d'))),
    ).toBe(true);
  });

  test('what is in flight is finished first, and new writes are refused meanwhile', () => {
    const group = leadingGroup();
    group.silence('b', 'c');
    group.write(put('k'));
    stop(group);
    group.run(50);
    group.write(put('k'));
    expect([brief(group), handOver(group)]).toEqual([['not-leader'], undefined]);
    group.unsilence('b', 'c');
    group.run(300);
    expect(brief(group)).toEqual(['not-leader', 'committed']);
    expect(handOver(group)).toBeDefined();
  });

  test('standbys are brought into the set first, without their wait', () => {
    const group = leadingGroup({ inSync: ['a', 'b', 'd'] });
    group.silence('d');
    group.write(put('k'));
    group.run(700);
    group.unsilence('d');
    group.run(200);
    expect(group.status.inSync).toEqual(ids('a', 'b'));
    stop(group);
    group.run(1000);
    expect(handOver(group)?.inSync).toEqual(ids('b', 'd'));
  });

  test('it leaves itself out, and goes', () => {
    const group = leadingGroup();
    stop(group);
    group.run(300);
    expect([handOver(group)?.inSync, group.role, stopped(group)]).toEqual([ids('b', 'c'), 'seeking', 1]);
  });

  test.each([
    ['where the set would fall below its minimum', { minInSync: 3 }, ['a', 'b', 'c']],
    ['where its successor would be alone', { minInSync: 1, inSync: ['a', 'b'] }, ['a', 'b']],
  ])('it stays %s', (_where, options, members) => {
    const group = leadingGroup(options);
    stop(group);
    group.run(300);
    expect([handOver(group)?.inSync, stopped(group)]).toEqual([ids(...members), 0]);
  });

  test('it stays beside a member that has not acknowledged everything', () => {
    const group = leadingGroup({ times: { removalMs: 5000 } });
    group.silence('b');
    group.write(put('k'));
    group.run(50);
    stop(group);
    group.run(1200);
    expect([handOver(group)?.inSync, stopped(group)]).toEqual([ids('a', 'b', 'c'), 0]);
  });

  test('one that stays in it follows until the set no longer names it', () => {
    const group = leadingGroup({ epoch: 4, minInSync: 3 });
    const log = [...EARLIER_LOG, entry(2, 4)];
    stop(group);
    group.run(100);
    const successor = handOver(group)?.holder === idOf('b') ? 'b' : 'c';
    const leader = new FarLeader(successor, { epoch: 5, log, committed: 2 });
    group.farEnds.set(addressesOf(successor).peer, leader);
    group.hint();
    group.run(300);
    expect([group.role, stopped(group)]).toEqual(['following', 0]);
    // It asks to be removed.
    expect(messagesOf('ack', group.effects).at(-1)).toMatchObject({ epoch: 5, stopping: true });
    leader.member = false;
    group.rewrite({ holder: successor, epoch: 5, inSync: ['b', 'c'] });
    group.run(200);
    expect(stopped(group)).toBe(1);
  });

  test('if the new one stays silent, it takes the record back', () => {
    const group = leadingGroup({ epoch: 4, minInSync: 3 });
    stop(group);
    group.run(100);
    const dead = new FarReplica(idOf('b'));
    dead.refuses = true;
    for (const name of ['b', 'c']) group.farEnds.set(addressesOf(name).peer, dead);
    group.hint();
    group.run(1000);
    expect(group.status).toMatchObject({ role: 'leading', epoch: 6 });
  });

  test('a hand-over in doubt that has landed is one', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.next('lose', ({ holder }) => holder !== idOf('a'));
    stop(group);
    group.run(500);
    expect([group.role, group.status.epoch]).toEqual(['seeking', 5]);
  });

  test('one that has not landed is fenced off, and tried again', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.next('delay', ({ holder }) => holder !== idOf('a'));
    stop(group);
    group.run(1000);
    const holders = group.api.replaces.slice(-3).map(({ content }) => content.holder === idOf('a'));
    expect(holders).toEqual([false, true, false]);
    expect(present(group.api.record).content.epoch).toBe(5);
  });

  test('a member that asks to leave meanwhile is let go first, and does not stand in its way', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.away = true;
    stop(group);
    group.run(600);
    tellsToStop(group, 'c');
    group.api.next('drop', ({ holder }) => holder !== idOf('a'));
    group.api.away = false;
    group.run(1000);
    expect(present(group.api.record).content).toMatchObject({ holder: idOf('b'), epoch: 5, inSync: ids('a', 'b') });
  });

  test('R7: while the API server does not answer it takes writes in again: nobody else can', () => {
    const group = leadingGroup();
    group.api.away = true;
    stop(group);
    group.run(1000);
    group.write(put('k'));
    group.run(50);
    expect([brief(group), group.role]).toEqual([['committed'], 'leading']);
    group.api.away = false;
    group.run(200);
    expect(handOver(group)).toBeDefined();
    expect(group.role).toBe('seeking');
  });

  test('when its grace period ends it ends, whatever has become of it', () => {
    const group = leadingGroup();
    group.api.away = true;
    stop(group, 3000);
    group.run(2900);
    expect(stopped(group)).toBe(0);
    group.run(200);
    expect(stopped(group)).toBe(1);
  });
});

describe('R9: a replica that finds itself named leads', () => {
  test('at once', () => {
    const group = followingGroup({ epoch: 4 });
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    group.run(25);
    expect(group.status).toMatchObject({ role: 'leading', epoch: 5 });
    expect(group.api.replaces).toEqual([]);
  });

  test('also where it was told to stop meanwhile: it hands on', () => {
    const group = followingGroup({ epoch: 4 });
    stop(group);
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    group.run(25);
    expect(group.role).toBe('leading');
    group.accept('c');
    group.run(2000);
    expect(handOver(group)).toMatchObject({ holder: idOf('c'), epoch: 6 });
  });
});

describe('R9: a follower that is told to stop asks to be removed, and waits for it', () => {
  test('it says so in its acknowledgements, and goes when the record no longer names it', () => {
    const group = followingGroup();
    expect(messagesOf('ack', stop(group))).toMatchObject([{ stopping: true }]);
    group.run(1000);
    expect(stopped(group)).toBe(0);
    group.rewrite({ holder: 'a', epoch: 4, inSync: ['a', 'c'] });
    group.leader.member = false;
    group.run(200);
    expect(stopped(group)).toBe(1);
  });

  test('it is not ready any more', () => {
    const group = followingGroup();
    expect(group.status.ready).toBe(true);
    stop(group);
    expect(group.status).toMatchObject({ ready: false, stopping: true });
  });

  test('one that is no member goes at once', () => {
    const group = followingGroup({ inSync: ['a', 'c'] });
    stop(group);
    expect(stopped(group)).toBe(1);
  });

  test('its leader may know it as a member before it has read so', () => {
    const group = followingGroup({ inSync: ['a', 'c'] });
    group.leader.member = true;
    group.run(200);
    stop(group);
    group.run(500);
    expect(stopped(group)).toBe(0);
  });

  test('R13: one that cannot read the record stays: its answer may be needed to write it again', () => {
    const group = followingGroup();
    group.api.deleteRecord();
    group.hint();
    group.run(200);
    stop(group);
    group.run(3000);
    expect(stopped(group)).toBe(0);
  });

  test('within its grace period', () => {
    const group = followingGroup();
    stop(group, 1000);
    group.run(1100);
    expect(stopped(group)).toBe(1);
  });
});

describe('R9: every member is stopping', () => {
  const allDeleting = ['a', 'b'].map((name) => podOf(name, { deleting: true }));

  function lastMembers(pods = allDeleting): GroupHarness {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b'] });
    group.api.pods = pods;
    tellsToStop(group, 'b');
    stop(group, 10_000);
    return group;
  }

  test('writes are refused once no pod is listed that stays; the epoch is marked when the grace period ends', () => {
    const group = lastMembers();
    group.run(1000);
    group.write(put('k'));
    expect([brief(group), present(group.api.record).content.endedEpoch]).toEqual([['not-leader'], null]);
    group.run(6500);
    expect([present(group.api.record).content.endedEpoch, stopped(group)]).toEqual([null, 0]);
    group.runUntil('it ends', () => stopped(group) > 0, 2400);
    expect(present(group.api.record).content).toMatchObject({ endedEpoch: 4, epoch: 4, holder: idOf('a') });
  });

  test('the mark stays while the process winds down', () => {
    const group = lastMembers();
    group.runUntil('it ends', () => stopped(group) > 0, 10_000);
    const calls = group.api.requests.length;
    group.run(3000);
    expect(present(group.api.record).content.endedEpoch).toBe(4);
    expect([group.api.requests.length, stopped(group)]).toEqual([calls, 1]);
  });

  test('not while a pod stays: it may still take the data over', () => {
    const group = lastMembers([...allDeleting, podOf('d')]);
    group.run(1000);
    group.write(put('k'));
    group.run(50);
    expect(brief(group)).toEqual(['committed']);
    group.run(11_000);
    expect([present(group.api.record).content.endedEpoch, stopped(group)]).toEqual([null, 1]);
  });

  test('a pod that comes in time is added, and named', () => {
    const group = lastMembers();
    group.run(1000);
    group.api.pods = [...allDeleting, podOf('d')];
    group.accept('d');
    group.run(3000);
    expect(handOver(group)).toMatchObject({ holder: idOf('d'), epoch: 5 });
  });

  test('the leader of a set of one, whose pod is to stay by the API server’s word, goes on with its writes', () => {
    const group = leadingGroup({ inSync: ['a'], minInSync: 1, pods: ['a', 'd'] });
    group.api.pods = [podOf('a', { deleting: true }), podOf('d')];
    stop(group);
    group.run(1000);
    group.write(put('k'));
    group.run(50);
    expect(brief(group)).toEqual(['committed']);
  });

  test('the mark is dropped by every other write of the record', () => {
    const group = followingGroup();
    group.rewrite({ holder: null, epoch: 4, inSync: ['a', 'b', 'c'], changed: { endedEpoch: epoch(4) } });
    group.run(500);
    expect([group.role, present(group.api.record).content.endedEpoch]).toEqual(['leading', null]);
  });

  test('a follower that reads the mark waits no longer', () => {
    const group = followingGroup();
    stop(group);
    group.rewrite({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'], changed: { endedEpoch: epoch(4) } });
    group.turn({ kind: 'recordHinted', record: null });
    group.run(50);
    expect(stopped(group)).toBe(1);
  });
});
