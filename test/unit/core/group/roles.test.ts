import { describe, expect, test } from '@jest/globals';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import { addressesOf, effectsOf, idOf, LINEAGE, outcomesOf, put, reportsOf } from '../kit/builders.ts';
import { followingGroup, GroupHarness, leadingGroup } from '../kit/group-harness.ts';

describe('a replica follows the leader that the record names', () => {
  test('a replica that starts reads the record, and dials the address that stands in it', () => {
    const group = new GroupHarness({ name: 'b', pods: ['a', 'b'] });
    group.api.sketch({ holder: 'a', epoch: 4, inSync: ['a'] });
    group.run(25);
    expect(effectsOf('connect', group.effects)).toMatchObject([{ address: addressesOf('a').peer }]);
    expect(group.role).toBe('seeking');
  });

  test('a new leader, or a new epoch of the same one, is dialled anew', () => {
    const group = followingGroup();
    const { leaderLink } = group;
    group.rewrite({ holder: 'a', epoch: 5, inSync: ['a', 'b', 'c'] });
    const from = group.effects.length;
    group.run(25);
    expect(effectsOf('disconnect', group.effects.slice(from))).toMatchObject([{ link: leaderLink }]);
    expect(effectsOf('connect', group.effects.slice(from))).toMatchObject([{ address: addressesOf('a').peer }]);
  });

  test('a renewal changes nothing, and is not even read', () => {
    const group = followingGroup();
    const reads = group.api.requests.length;
    group.rewrite({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'] });
    expect(group.run(500).some(({ kind }) => kind === 'connect')).toBe(false);
    expect([group.role, group.api.requests.length]).toEqual(['following', reads]);
  });

  test('every change of role is reported, with its epoch and its reason', () => {
    const group = followingGroup({ epoch: 4 });
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    group.run(25);
    group.rewrite({ holder: 'a', epoch: 6, inSync: ['a', 'c'] });
    group.run(25);
    expect(reportsOf('roleChanged', group.effects)).toEqual([
      { kind: 'roleChanged', role: 'following', epoch: 4, reason: `the record names ${idOf('a')}` },
      { kind: 'roleChanged', role: 'leading', epoch: 5, reason: 'the record names this replica' },
      { kind: 'roleChanged', role: 'seeking', epoch: 5, reason: `the record names ${idOf('a')} in epoch 6` },
    ]);
  });
});

describe('a replica that does not lead', () => {
  test('refuses writes and sessions, with a hint where the leader may be', () => {
    const group = followingGroup();
    expect(outcomesOf(group.write(put('k')))).toEqual([{ kind: 'refused', code: 'not-leader', leaderHint: 'a:7000' }]);
    expect(effectsOf('sessionAnswered', group.turn({ kind: 'openSession', ticket: 9 }))).toEqual([
      { kind: 'sessionAnswered', ticket: 9, outcome: { kind: 'refused', code: 'not-leader', leaderHint: 'a:7000' } },
    ]);
  });

  test('without a hint where it knows none', () => {
    expect(outcomesOf(new GroupHarness().write(put('k')))).toMatchObject([{ leaderHint: null }]);
  });
});

describe('how a replica stands', () => {
  test('a member is ready', () => {
    expect(followingGroup().status).toMatchObject({
      replica: idOf('b'),
      role: 'following',
      standing: 'member',
      ready: true,
      epoch: 4,
      lineage: LINEAGE,
      leader: idOf('a'),
      leaderAddresses: addressesOf('a'),
      inSync: [idOf('a'), idOf('b'), idOf('c')],
      frozen: false,
      stopping: false,
    });
  });

  test('so is a standby: caught up, outside the set', () => {
    expect(followingGroup({ inSync: ['a', 'c'] }).status).toMatchObject({ standing: 'standby', ready: true });
  });

  test('a learner is not: it lacks what the leader has committed', () => {
    const group = followingGroup({ inSync: ['a', 'c'] });
    group.receive(group.leader.append({ commitIndex: logIndex(9) }));
    expect(group.status).toMatchObject({ standing: 'learner', ready: false });
  });

  test('nor is one that hears from no leader', () => {
    const group = followingGroup({ inSync: ['a', 'c'] });
    group.breakLeaderLink('silent');
    expect(group.status).toMatchObject({ role: 'seeking', standing: 'none', ready: false });
  });

  test('a leader tells how each of its followers stands, and how far behind it is', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b', 'd'], limits: { inSyncMax: 2 } });
    group.accept('d');
    group.run(100);
    group.silence('d');
    group.write(put('k'));
    group.run(200);
    expect(group.status).toMatchObject({
      standing: 'leader',
      ready: true,
      followers: [
        { replica: idOf('b'), standing: 'member', lagEntries: 0, lagMs: 0 },
        { replica: idOf('d'), lagEntries: 1, stopping: false },
      ],
      keys: 1,
      sessions: 1,
    });
  });
});
