import { describe, expect, test } from '@jest/globals';
import { epoch } from '../../../../src/core/base/numbers.ts';
import type { PodInfo } from '../../../../src/core/election/api.ts';
import { addressesOf, idOf, LINEAGE, present, put, reportsOf } from '../kit/builders.ts';
import { EMPTY_CONTENT, podOf } from '../kit/fake-api.ts';
import { FarReplica, followingGroup, GroupHarness, leadingGroup } from '../kit/group-harness.ts';

const kinds = (group: GroupHarness) => group.api.requests.map(({ kind }) => kind);

/** a starts where there is nothing; b is listed, and answers what is said. */
function starting(b: FarReplica | 'silent' | 'refuses', pod: Partial<PodInfo> = {}): GroupHarness {
  const group = new GroupHarness({ name: 'a', pods: ['a', 'b'] });
  group.api.pods = [podOf('a'), podOf('b', pod)];
  if (b === 'refuses') {
    const dead = new FarReplica(idOf('b'));
    dead.refuses = true;
    group.farEnds.set(addressesOf('b').peer, dead);
  } else if (b !== 'silent') group.farEnds.set(addressesOf('b').peer, b);
  return group;
}

describe('R13: first start', () => {
  test('the Lease is created empty, read, everybody is asked, and it is filled by a replace of what was read', () => {
    const group = starting(new FarReplica(idOf('b')));
    group.run(500);
    expect(kinds(group).slice(0, 5)).toEqual(['readLease', 'createLease', 'readLease', 'listPods', 'replaceLease']);
    expect(group.api.replaces[0]).toMatchObject({
      base: { uid: 'lease-1', resourceVersion: '1' },
      content: { holder: idOf('a'), epoch: 1, inSync: [idOf('a')], lineage: { number: 1 }, endedEpoch: null },
    });
  });

  test('who filled it leads epoch 1 with itself as the set; below the minimum its writes wait', () => {
    const group = starting(new FarReplica(idOf('b')));
    group.run(500);
    expect(group.status).toMatchObject({
      role: 'leading',
      epoch: 1,
      inSync: [idOf('a')],
      commitIndex: 0,
      lastIndex: 1,
    });
  });

  test('a group’s first lineage raises no alarm', () => {
    const group = starting(new FarReplica(idOf('b')));
    group.run(1000);
    expect(reportsOf('alarm', group.effects)).toEqual([]);
    expect(group.status.lineageChanges).toBe(1);
  });

  test('another that has nothing left knows of a history: the lineage after that one begins, with an alarm', () => {
    const group = starting(new FarReplica(idOf('b'), { obeys: { number: 4, id: 'lost' }, epoch: epoch(7) }));
    group.run(1000);
    expect(present(group.api.record).content).toMatchObject({ holder: idOf('a'), lineage: { number: 5 } });
    expect(reportsOf('alarm', group.effects)).toMatchObject([{ code: 'data-loss-possible' }]);
  });

  test.each<[string, Partial<PodInfo>]>([
    ['has never started', { state: 'neverStarted' }],
    ['does not run any more, by the API server’s word', { state: 'terminated' }],
  ])('a pod that %s need not answer', (_name, pod) => {
    const group = starting('silent', pod);
    group.run(1500);
    expect(group.role).toBe('leading');
  });

  test.each(['silent', 'refuses'] as const)('one that is listed as running and %s is waited for', (b) => {
    const group = starting(b);
    group.run(10_000);
    expect(group.api.replaces).toEqual([]);
    group.farEnds.set(addressesOf('b').peer, new FarReplica(idOf('b')));
    group.run(2000);
    expect(group.role).toBe('leading');
  });

  test('where somebody has data nobody founds anything', () => {
    const group = starting(new FarReplica(idOf('b'), { lineage: LINEAGE }));
    group.run(5000);
    expect([group.api.replaces, group.status.frozen]).toEqual([[], true]);
    expect(reportsOf('alarm', group.effects)).toMatchObject([{ code: 'frozen' }]);
  });

  test('another replica that answers at the address of a pod speaks for itself only', () => {
    const group = starting(new FarReplica(idOf('x')));
    group.run(3000);
    expect(group.api.replaces).toEqual([]);
  });

  test('who is not listed itself decides nothing', () => {
    const group = starting(new FarReplica(idOf('b')));
    group.api.pods = [podOf('b')];
    group.run(3000);
    expect(group.api.replaces).toEqual([]);
  });

  test('a Lease that somebody else has created is filled like one’s own; one that is filled meanwhile is obeyed', () => {
    const group = starting(new FarReplica(idOf('b')));
    group.api.write(EMPTY_CONTENT);
    group.api.beforeReplace = () => {
      group.api.beforeReplace = null;
      group.api.sketch({ holder: 'b', epoch: 1, inSync: ['b'] });
    };
    group.run(1000);
    expect(kinds(group)).not.toContain('createLease');
    expect(group.status).toMatchObject({ role: 'seeking', leader: idOf('b'), epoch: 1 });
  });
});

describe('R13: a record that was lost', () => {
  test('the leader writes it again: same lineage, the next epoch, its set', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.deleteRecord();
    group.hint();
    group.run(1000);
    expect(present(group.api.record).content).toMatchObject({
      holder: idOf('a'),
      epoch: 5,
      inSync: [idOf('a'), idOf('b'), idOf('c')],
      lineage: LINEAGE,
    });
    expect(group.status).toMatchObject({ role: 'leading', epoch: 5 });
    expect(reportsOf('alarm', group.effects)).toMatchObject([{ code: 'record-damaged' }]);
  });

  test.each([
    ['damaged', (group: GroupHarness) => (group.api.damaged = 'not a set')],
    [
      'restored from a backup of an earlier epoch',
      (group: GroupHarness) => group.api.sketch({ holder: 'c', epoch: 2, inSync: ['c'] }),
    ],
    [
      'edited: its own epoch, with a nonce that it never sent',
      (group: GroupHarness) => group.api.sketch({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'] }),
    ],
    [
      'of another history that is no later',
      (group: GroupHarness) =>
        group.api.sketch({ holder: 'c', epoch: 3, inSync: ['c'], changed: { lineage: { number: 1, id: 'x' } } }),
    ],
    ['recreated, and empty', (group: GroupHarness) => (group.api.deleteRecord(), group.api.write(EMPTY_CONTENT))],
  ])('so it does with one that is %s', (_name, lose) => {
    const group = leadingGroup({ epoch: 4 });
    lose(group);
    group.turn({ kind: 'recordHinted', record: null });
    group.run(1500);
    expect(group.status).toMatchObject({ role: 'leading', epoch: 5, lineage: LINEAGE });
    expect(present(group.api.record).content).toMatchObject({ holder: idOf('a'), epoch: 5 });
  });

  test('with an epoch above that of what stands there, of whatever history: the epochs of a Lease never fall', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.sketch({ holder: 'c', epoch: 9, inSync: ['c'], changed: { lineage: { number: 1, id: 'x' } } });
    group.turn({ kind: 'recordHinted', record: null });
    group.run(1500);
    expect(group.status).toMatchObject({ role: 'leading', epoch: 10, lineage: LINEAGE });
  });

  test('it says that it replaces what was lost, and says so of no other write', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.sketch({ holder: 'c', epoch: 2, inSync: ['c'] });
    group.turn({ kind: 'recordHinted', record: null });
    group.run(1500);
    expect(group.status).toMatchObject({ role: 'leading', epoch: 5 });
    const said = group.api.replaces.map(({ content, baseIs = 'obeyed' }) => `${content.epoch} ${baseIs}`);
    expect([...new Set(said)]).toEqual(['5 lost', '5 obeyed']);
  });

  test('it creates the empty Lease, reads it, and only then begins the round; until that is full it writes nothing', () => {
    const group = leadingGroup();
    group.api.deleteRecord();
    const [from, sent] = [group.api.requests.length, group.api.replaces.length];
    group.hint();
    group.silence('c');
    group.hangUp('c');
    group.farEnds.set(addressesOf('c').peer, new FarReplica(idOf('c'), { lineage: LINEAGE, obeys: LINEAGE }));
    group.run(2000);
    expect(kinds(group).slice(from, from + 4)).toEqual(['readLease', 'createLease', 'readLease', 'listPods']);
    expect([group.role, group.api.replaces.length]).toEqual(['leading', sent]);
    group.accept('c');
    group.run(1500);
    expect(group.status).toMatchObject({ role: 'leading', epoch: 5 });
  });

  test('it replaces just what it read: a change meanwhile is decided anew', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.deleteRecord();
    group.api.beforeReplace = () => {
      group.api.beforeReplace = null;
      group.api.sketch({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    };
    group.hint();
    group.runUntil('it is deposed', () => group.status.role === 'seeking', 1500);
    expect(group.status).toMatchObject({ leader: idOf('b'), epoch: 5 });
  });

  test('its set carries the replicas whose removal is not confirmed', () => {
    const group = leadingGroup();
    group.api.next('drop', ({ inSync }) => inSync.length === 2);
    group.silence('c');
    group.write(put('k'));
    group.runUntil('it asks for the removal of c', () => group.group.inspect().leader?.set.sent === true);
    group.api.deleteRecord();
    group.unsilence('c');
    group.runUntil('it is written again', () => group.api.record?.content.holder != null);
    expect(present(group.api.record).content.inSync).toEqual([idOf('a'), idOf('b'), idOf('c')]);
  });

  test('and who is being added: the record may have named it', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b', 'd'] });
    group.farEnds.set(addressesOf('d').peer, new FarReplica(idOf('d'), { lineage: LINEAGE }));
    group.api.next('drop', ({ inSync }) => inSync.length === 3);
    group.accept('d', { position: { index: 0, epoch: 0 } });
    group.runUntil('it asks for the adding of d', () => group.group.inspect().leader?.set.sent === true);
    group.api.deleteRecord();
    group.runUntil('it is written again', () => group.api.record?.content.holder != null);
    expect(present(group.api.record).content.inSync).toEqual([idOf('a'), idOf('b'), idOf('d')]);
  });

  test('a member that is gone is left out if everybody who is listed has answered: in a new lineage, alone, with an alarm', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b', 'd'] });
    group.hangUp('b');
    group.api.pods = [podOf('a'), podOf('d')];
    group.farEnds.set(addressesOf('d').peer, new FarReplica(idOf('d')));
    group.api.deleteRecord();
    group.hint();
    group.run(3000);
    expect(present(group.api.record).content).toMatchObject({ epoch: 5, inSync: [idOf('a')], lineage: { number: 2 } });
    expect(group.status).toMatchObject({ role: 'leading', lineage: { number: 2 } });
    expect(reportsOf('alarm', group.effects).map(({ code }) => code)).toContain('data-loss-possible');
  });

  test('not while one that is listed as running is silent', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b', 'd'] });
    group.hangUp('b');
    group.api.pods = [podOf('a'), podOf('d')];
    group.api.deleteRecord();
    group.hint();
    group.run(5000);
    expect(group.api.record?.content).toMatchObject({ holder: null });
    expect(reportsOf('alarm', group.effects).map(({ code }) => code)).toEqual(['record-damaged', 'frozen']);
  });

  test('also when the first of two such askings lands after the second was sent', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b'] });
    group.hangUp('b');
    group.api.pods = [podOf('a')];
    group.api.deleteRecord();
    const sent = group.api.replaces.length;
    group.api.next('delay');
    group.hint();
    group.runUntil('the first is sent', () => group.api.replaces.length === sent + 1);
    group.api.beforeReplace = () => group.api.landDelayed();
    group.runUntil('the second is sent', () => group.api.replaces.length === sent + 2);
    group.api.beforeReplace = null;
    group.run(2000);
    expect(group.status).toMatchObject({ role: 'leading', lineage: { number: 2 } });
    expect(reportsOf('alarm', group.effects).map(({ code }) => code)).toContain('data-loss-possible');
  });

  test('and goes on in it when that record is lost, too, and the answer to writing the next', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b', 'd'] });
    group.hangUp('b');
    group.api.pods = [podOf('a'), podOf('d')];
    group.farEnds.set(addressesOf('d').peer, new FarReplica(idOf('d')));
    group.api.deleteRecord();
    group.hint();
    group.runUntil('it leads a new lineage', () => group.status.lineage?.number === 2 && group.role === 'leading');
    group.api.next('lose', ({ epoch }) => epoch > group.status.epoch);
    group.api.deleteRecord();
    group.hint();
    group.run(3000);
    expect(group.status).toMatchObject({ role: 'leading', lineage: { number: 2 } });
    expect(group.status.epoch).toBeGreaterThanOrEqual(6);
  });

  test('a leader does so only while the API server lists its own pod', () => {
    const group = leadingGroup();
    group.api.pods = [podOf('b'), podOf('c')];
    group.api.deleteRecord();
    group.hint();
    group.run(3000);
    expect(group.api.record?.content).toEqual(EMPTY_CONTENT);
  });

  test('and while no listed replica holds a later lineage', () => {
    const group = leadingGroup();
    group.farEnds.set(addressesOf('b').peer, new FarReplica(idOf('b'), { lineage: { number: 2, id: 'later' } }));
    group.api.deleteRecord();
    group.hint();
    group.run(3000);
    expect(group.api.record?.content).toEqual(EMPTY_CONTENT);
  });

  test('a follower goes on with its leader, and nobody else writes the record', () => {
    const group = followingGroup();
    group.api.deleteRecord();
    group.hint();
    group.run(5000);
    expect([group.role, group.status.standing, group.api.record]).toEqual(['following', 'member', null]);
    expect(reportsOf('alarm', group.effects)).toEqual([]);
  });

  test('where no leader is left the group freezes: reads go on, writes are refused, one alarm is raised', () => {
    const group = followingGroup();
    group.api.deleteRecord();
    group.hint();
    group.breakLeaderLink('silent');
    group.run(10_000);
    expect([group.status.frozen, group.api.record]).toEqual([true, null]);
    expect(reportsOf('alarm', group.effects)).toMatchObject([{ code: 'frozen' }]);
    group.read('k', { mode: 'eventual' });
    group.write(put('k'));
    expect([group.reads.at(-1)?.kind, group.writes.at(-1)]).toMatchObject([
      'read',
      { kind: 'refused', code: 'not-leader' },
    ]);
  });

  test('until a leader writes it again, and is followed', () => {
    const group = followingGroup();
    group.api.deleteRecord();
    group.hint();
    group.breakLeaderLink('silent');
    group.run(3000);
    group.farEnds.set(addressesOf('a').peer, group.leader);
    group.rewrite({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'] });
    group.run(500);
    expect([group.role, group.status.frozen]).toEqual(['following', false]);
  });

  test('a member that has lost its leader asks around for it: the leader needs its answer to write the record', () => {
    const group = followingGroup();
    group.api.deleteRecord();
    group.hint();
    group.breakLeaderLink('silent');
    group.farEnds.set(addressesOf('a').peer, group.leader);
    group.run(1000);
    expect(group.role).toBe('following');
  });
});
