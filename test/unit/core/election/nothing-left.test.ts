import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import type { UncleanRecovery } from '../../../../src/core/group/options.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type { Answer } from '../../../../src/core/replication/messages.ts';
import { addressesOf, entry, idOf, LINEAGE, openSessionBody, present, put, reportsOf } from '../kit/builders.ts';
import { podOf } from '../kit/fake-api.ts';
import { FarReplica, followingGroup, GroupHarness } from '../kit/group-harness.ts';

const LOG = [entry(1, 1, openSessionBody()), entry(2, 3)];

/** b holds the log, stands by outside the set, and the only member, a, is gone: no pod with its UID is listed. */
function orphan(setup: { policy?: UncleanRecovery; others?: readonly string[]; minInSync?: number } = {}) {
  const others = setup.others ?? [];
  const group = followingGroup({
    inSync: ['a'],
    log: LOG,
    pods: ['a', 'b', ...others],
    uncleanRecovery: setup.policy ?? 'auto',
    minInSync: setup.minInSync ?? 1,
  });
  group.api.pods = ['b', ...others].map((name) => podOf(name));
  group.breakLeaderLink('silent');
  return group;
}

const codes = (group: GroupHarness) => reportsOf('alarm', group.effects).map(({ code }) => code);

const answers = (group: GroupHarness, name: string, changed: Partial<Answer>): void => {
  group.farEnds.set(addressesOf(name).peer, new FarReplica(idOf(name), changed));
};
const holding = (lastIndex: number, lastEpoch: number, lineage: Lineage | null = LINEAGE): Partial<Answer> => ({
  epoch: epoch(4),
  obeys: LINEAGE,
  lineage,
  lastIndex: logIndex(lastIndex),
  lastEpoch: epoch(lastEpoch),
});

describe('R14: every member is gone, its memory is gone, and waiting brings nothing back', () => {
  test('a replica that has the data starts a new lineage alone, from what it has, with an alarm', () => {
    const group = orphan();
    group.run(2000);
    expect(present(group.api.record).content).toMatchObject({
      holder: idOf('b'),
      epoch: 5,
      inSync: [idOf('b')],
      lineage: { number: 2 },
    });
    expect(group.status).toMatchObject({ role: 'leading', commitIndex: 3, lineage: { number: 2 }, sessions: 1 });
    expect(codes(group)).toEqual(['data-loss-possible']);
  });

  test('the record is read first, then the pods, then just that version is replaced', () => {
    const group = orphan();
    const from = group.api.requests.length;
    group.runUntil('it begins anew', () => group.api.replaces.length > 0);
    const kinds = group.api.requests.slice(from).map(({ kind }) => kind);
    expect(kinds.slice(-4)).toEqual(['readLease', 'listPods', 'readPod', 'replaceLease']);
    group.run(100);
    const other = orphan();
    other.api.beforeReplace = () => {
      other.api.beforeReplace = null;
      other.api.sketch({ holder: 'a', epoch: 4, inSync: ['a'] });
    };
    other.api.pods = [podOf('a'), podOf('b')];
    other.run(2000);
    expect(other.role).toBe('seeking');
  });

  test('also when the first of two askings lands after the second was sent', () => {
    const group = orphan();
    group.api.next('delay');
    group.runUntil('the first is sent', () => group.api.replaces.length === 1);
    group.api.beforeReplace = () => group.api.landDelayed();
    group.runUntil('the second is sent', () => group.api.replaces.length === 2);
    group.api.beforeReplace = null;
    group.run(2000);
    expect([group.role, group.status.lineage]).toEqual(['leading', group.api.replaces[0]?.content.lineage]);
    expect(codes(group)).toEqual(['data-loss-possible']);
  });

  test('a member that is merely unreachable is not gone', () => {
    const group = orphan();
    group.api.pods = [podOf('a'), podOf('b')];
    group.run(60_000);
    expect([group.api.replaces, group.role]).toEqual([[], 'seeking']);
  });

  test('a member whose pod was taken out of the group’s selection is not gone: its process lives', () => {
    const group = orphan();
    group.api.strayedPods = [podOf('a')];
    group.run(60_000);
    expect([group.api.replaces, group.role]).toEqual([[], 'seeking']);
    // Another pod took its name: none has its UID any more.
    group.api.strayedPods = [podOf('a', { uid: 'uid-of-another' })];
    group.run(2000);
    expect(group.role).toBe('leading');
  });

  test('nor is one of which the API server does not say', () => {
    const group = orphan();
    const answer = group.api.answer.bind(group.api);
    group.api.answer = (request) =>
      request.kind === 'readPod' ? { kind: 'inDoubt', reason: 'timed out' } : answer(request);
    group.run(5000);
    expect([group.api.replaces, group.role]).toEqual([[], 'seeking']);
  });

  test('one that is gone is not enough where there is another', () => {
    const group = followingGroup({ inSync: ['a', 'c'], log: LOG, pods: ['a', 'b', 'c'] });
    group.api.pods = [podOf('b'), podOf('c')];
    group.breakLeaderLink('silent');
    group.run(40_000);
    expect(group.api.replaces).toEqual([]);
  });

  test('another process in the pod of a member is the proof that it is gone', () => {
    const group = orphan({ policy: 'strict' });
    group.api.pods = [podOf('a'), podOf('b')];
    group.farEnds.set(addressesOf('a').peer, new FarReplica(idOf('a', 2)));
    group.run(2000);
    expect(group.role).toBe('leading');
  });
});

describe('R14: the one that has the most begins', () => {
  test.each<[string, Partial<Answer>]>([
    ['has a higher epoch', holding(1, 4)],
    ['has a higher index in the same epoch', holding(3, 3)],
    ['has more, also while it is stopping', { ...holding(9, 3), stopping: true }],
  ])('not one while another %s', (_name, answer) => {
    const group = orphan({ others: ['c'] });
    answers(group, 'c', answer);
    group.run(5000);
    expect(group.api.replaces).toEqual([]);
  });

  test.each<[string, Partial<Answer>]>([
    ['less of the log', holding(1, 3)],
    ['more, of a lineage that is not the record’s nor the one before it', holding(99, 3, { number: 0, id: 'old' })],
    ['nothing', holding(0, 0, null)],
  ])('another has %s: this one does', (_name, answer) => {
    const group = orphan({ others: ['c'] });
    answers(group, 'c', answer);
    group.run(2000);
    expect(group.status).toMatchObject({ role: 'leading', lastIndex: 3 });
  });

  test('silent ones that are listed as running are waited for, at most 30 s', () => {
    const group = orphan({ others: ['c'] });
    group.run(29_000);
    expect(group.api.replaces).toEqual([]);
    group.run(5000);
    expect(group.role).toBe('leading');
  });

  test('pods that never ran are not waited for', () => {
    const group = orphan({ others: ['c'] });
    group.api.pods = [podOf('b'), podOf('c', { state: 'neverStarted' })];
    group.run(2000);
    expect(group.role).toBe('leading');
  });

  test('who holds nothing of the record’s history, nor of the one before, empties itself first', () => {
    const group = orphan();
    const lineage = { number: 7, id: 'seven' };
    group.rewrite({ holder: 'a', epoch: 9, inSync: ['a'], changed: { lineage } });
    group.run(2000);
    expect(group.status).toMatchObject({
      role: 'leading',
      epoch: 10,
      lineage: { number: 8 },
      lastIndex: 1,
      sessions: 0,
    });
    expect(present(group.api.record).content.inSync).toEqual([group.status.replica]);
    expect(group.status.replica).not.toBe(idOf('b'));
  });

  test('who holds the one before keeps it', () => {
    const group = orphan();
    group.rewrite({ holder: 'a', epoch: 9, inSync: ['a'], changed: { lineage: { number: 2, id: 'two' } } });
    group.run(2000);
    expect(group.status).toMatchObject({ role: 'leading', lineage: { number: 3 }, lastIndex: 3, sessions: 1 });
  });

  test('half a snapshot is nothing: whoever has no more begins empty', () => {
    const group = new GroupHarness({ name: 'b', pods: ['a', 'b'], minInSync: 1 });
    group.api.sketch({ holder: 'a', epoch: 4, inSync: ['a'] });
    const leader = new FarReplica(idOf('a'));
    leader.receive = (message) =>
      message.kind === 'hello'
        ? [
            {
              kind: 'snapshotBegin',
              epoch: epoch(4),
              lineage: LINEAGE,
              hello: message.number,
              startIndex: logIndex(50),
              startEpoch: epoch(3),
              timeMs: 0 as never,
              historyLimit: 8,
            },
          ]
        : [];
    group.farEnds.set(addressesOf('a').peer, leader);
    group.runUntil('the snapshot has begun', () => group.role === 'following');
    group.api.pods = [podOf('b')];
    group.breakLeaderLink('silent');
    group.run(3000);
    expect(group.status).toMatchObject({ role: 'leading', lastIndex: 1, commitIndex: 1 });
  });

  test('a record that has gone back in time is no reason: whoever has seen a later one is asked first', () => {
    const group = new GroupHarness({ name: 'b', pods: ['b', 'c'], minInSync: 1 });
    group.api.sketch({ holder: 'a', epoch: 2, inSync: ['a'] });
    answers(group, 'c', {
      epoch: epoch(7),
      obeys: LINEAGE,
      lineage: LINEAGE,
      lastIndex: logIndex(9),
      lastEpoch: epoch(6),
    });
    group.run(5000);
    expect([group.api.replaces, group.status.frozen]).toEqual([[], true]);
    expect(codes(group)).toEqual(['frozen']);
  });
});

test('R14: a takeover while everybody is asked does not look like a record that has gone back in time', () => {
  const group = new GroupHarness({ name: 'b', pods: ['b', 'c'], minInSync: 1 });
  group.api.sketch({ holder: 'a', epoch: 2, inSync: ['a', 'c'] });
  const successor = new FarReplica(idOf('c'), {
    epoch: epoch(3),
    obeys: LINEAGE,
    lineage: LINEAGE,
    lastIndex: logIndex(9),
    lastEpoch: epoch(2),
  });
  const receive = successor.receive.bind(successor);
  let isAsked = false;
  successor.receive = (message, nowMs) => {
    isAsked ||= message.kind === 'question';
    return receive(message, nowMs);
  };
  group.farEnds.set(addressesOf('c').peer, successor);
  group.api.beforeRead = () => {
    if (isAsked && group.api.record?.content.epoch === 2) group.api.sketch({ holder: 'c', epoch: 3, inSync: ['c'] });
  };
  group.run(5000);
  expect([isAsked, group.status.epoch, codes(group)]).toEqual([true, 3, []]);
});

describe('R14: UNCLEAN_RECOVERY', () => {
  test('strict: the API server’s word that a pod is not there does not do; the group waits, and says so once', () => {
    const group = orphan({ policy: 'strict' });
    group.run(10_000);
    expect([group.api.replaces, group.status.frozen, codes(group)]).toEqual([[], true, ['frozen']]);
  });

  test('strict: that its container has ended does', () => {
    const group = orphan({ policy: 'strict' });
    group.api.pods = [podOf('a', { state: 'terminated' }), podOf('b')];
    group.run(2000);
    expect(group.role).toBe('leading');
  });

  test('never: the group waits for an operator, reads go on, and one alarm is raised', () => {
    const group = orphan({ policy: 'never' });
    group.run(10_000);
    expect([group.api.replaces, group.status.frozen, codes(group)]).toEqual([[], true, ['frozen']]);
    group.read('k', { mode: 'eventual' });
    expect(group.reads.at(-1)).toMatchObject({ kind: 'read', revision: 2 });
  });
});

describe('R9: after a planned end nothing was lost', () => {
  const ended = { holder: 'a', epoch: 4, inSync: ['a'], changed: { endedEpoch: epoch(4) } };

  test.each<UncleanRecovery>(['auto', 'strict', 'never'])('a new lineage begins without an alarm (%s)', (policy) => {
    const group = orphan({ policy });
    group.rewrite(ended);
    group.run(2000);
    expect([group.role, codes(group)]).toEqual(['leading', []]);
    expect(present(group.api.record).content.endedEpoch).toBeNull();
  });

  test('the mark counts only while the record has that epoch', () => {
    const group = orphan({ policy: 'never' });
    group.rewrite({ ...ended, epoch: 5 });
    group.run(2000);
    expect([group.role, codes(group)]).toEqual(['seeking', ['frozen']]);
  });
});

test('R14: a new lineage has a new id, so that tokens and tags of the old one match nothing', () => {
  const ids = [1, 2, 3].map(() => {
    const group = orphan();
    group.run(2000);
    group.write(put('k', 'v', { kind: 'match', tags: [{ lineageId: LINEAGE.id, revision: logIndex(1) }] }));
    group.run(50);
    expect(group.writes.at(-1)).toMatchObject({ decided: { kind: 'mismatch' } });
    return present(group.status.lineage).id;
  });
  expect(ids).not.toContain(LINEAGE.id);
});
