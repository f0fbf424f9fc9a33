import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import type { RecoverOutcome, RecoverRequest } from '../../../../src/core/election/recovery.ts';
import type { Answer } from '../../../../src/core/replication/messages.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import {
  addressesOf,
  effectsOf,
  entry,
  idOf,
  LINEAGE,
  NEXT_LINEAGE,
  openSessionBody,
  present,
  put,
  reportsOf,
} from '../kit/builders.ts';
import { podOf } from '../kit/fake-api.ts';
import { FarReplica, followingGroup, GroupHarness, leadingGroup } from '../kit/group-harness.ts';

const LOG = [entry(1, 1, openSessionBody()), entry(2, 3)];

/** b is a member and holds the log; the Lease was lost together with the leader, a. */
function frozenGroup(setup: { others?: readonly string[] } = {}) {
  const group = followingGroup({ inSync: ['a', 'b'], log: LOG, pods: ['a', 'b', ...(setup.others ?? [])] });
  group.api.deleteRecord();
  group.api.pods = ['b', ...(setup.others ?? [])].map((name) => podOf(name));
  group.breakLeaderLink('refuses');
  group.hint();
  group.runUntil('it is frozen', () => group.status.frozen);
  return group;
}

/** What an operator asks for who has just looked. */
function asShown(group: GroupHarness, changed: Partial<RecoverRequest> = {}): RecoverRequest {
  const { holding, record } = group.group.recoveryView();
  const version = record.kind === 'there' ? record.version : null;
  return { shown: holding, record: version, silentPods: [], despite: [], ...changed };
}

let tickets = 1000;

function recover(group: GroupHarness, request: RecoverRequest): number {
  tickets += 1;
  group.turn({ kind: 'recover', ticket: tickets, request });
  return tickets;
}

const outcomeOf = (group: GroupHarness, ticket: number): RecoverOutcome | undefined =>
  effectsOf('recoverAnswered', group.effects).find((effect) => effect.ticket === ticket)?.outcome;

function recovered(group: GroupHarness, request: RecoverRequest): RecoverOutcome {
  const ticket = recover(group, request);
  group.runUntil('the operator is answered', () => outcomeOf(group, ticket) !== undefined, 12_000);
  return present(outcomeOf(group, ticket));
}

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

const codes = (group: GroupHarness) => reportsOf('alarm', group.effects).map(({ code }) => code);

describe('R13: at an operator’s word one replica begins a new lineage with what it has', () => {
  test('where there is no Lease it creates the empty one, reads it, and replaces just that', () => {
    const group = frozenGroup();
    const from = group.api.requests.length;
    const outcome = recovered(group, asShown(group));
    const kinds = group.api.requests.slice(from).map(({ kind }) => kind);
    expect(kinds.slice(0, 5)).toEqual(['readLease', 'createLease', 'readLease', 'listPods', 'replaceLease']);
    expect(outcome).toMatchObject({ kind: 'begun', epoch: 5, lineage: { number: 2 } });
    expect(present(group.api.record).content).toMatchObject({
      holder: idOf('b'),
      epoch: 5,
      inSync: [idOf('b')],
      addresses: addressesOf('b'),
      lineage: { number: 2 },
    });
    // The log goes on, with the first entry of the new epoch on top.
    expect(group.status).toMatchObject({ role: 'leading', lastIndex: 3, sessions: 1, frozen: false });
    expect(codes(group)).toEqual(['frozen', 'data-loss-possible']);
  });

  test('it reports the lineage once', () => {
    const group = frozenGroup();
    const before = group.status.lineageChanges;
    recovered(group, asShown(group));
    group.run(500);
    expect(group.status.lineageChanges).toBe(before + 1);
  });

  test('a damaged record is replaced', () => {
    const group = followingGroup({ inSync: ['a', 'b'], log: LOG });
    group.api.pods = [podOf('b')];
    group.api.damaged = 'nonsense';
    group.breakLeaderLink('refuses');
    group.runUntil('it is frozen', () => group.status.frozen);
    const request = asShown(group);
    expect(request.record).toEqual(present(group.api.record).version);
    expect(recovered(group, request)).toMatchObject({ kind: 'begun', lineage: { number: 2 } });
  });

  test('number and epoch are above all that anybody who answers has seen', () => {
    const group = frozenGroup({ others: ['c', 'd'] });
    answers(group, 'c', { epoch: epoch(90), obeys: { number: 7, id: 'seven' } });
    answers(group, 'd', { ...holding(1, 95, { number: 1, id: 'other' }), lineage: { number: 1, id: 'other' } });
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'begun', epoch: 96, lineage: { number: 8 } });
  });

  test('also a replica without data, if that is the operator’s word', () => {
    const group = new GroupHarness({ name: 'b', pods: ['b', 'c'], uncleanRecovery: 'never', minInSync: 1 });
    group.api.sketch({ holder: 'a', epoch: 4, inSync: ['a'] });
    answers(group, 'c', {});
    group.runUntil('it is frozen', () => group.status.frozen);
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'begun', epoch: 5, lineage: { number: 2 } });
    expect(group.status).toMatchObject({ role: 'leading', lastIndex: 1 });
  });

  test('a leader whose record is lost and whose member does not come back makes room for itself', () => {
    const group = leadingGroup({ inSync: ['a', 'b'] });
    group.write(put('k'));
    group.run(100);
    group.silence('b');
    group.api.deleteRecord();
    group.hint();
    group.runUntil('it is frozen', () => group.status.frozen);
    const outcome = recovered(group, asShown(group, { silentPods: ['b'] }));
    expect(outcome).toMatchObject({ kind: 'begun', lineage: { number: 2 } });
    group.run(500);
    expect(group.status).toMatchObject({ role: 'leading', inSync: [idOf('a')], lineage: { number: 2 }, keys: 1 });
    expect(codes(group)).toContain('data-loss-possible');
  });

  test('R2: what it has told of itself since it asked makes the next read decide', () => {
    const group = frozenGroup({ others: ['c'] });
    answers(group, 'c', holding(1, 1));
    group.api.beforeReplace = () => {
      group.turn(
        { kind: 'accepted', link: -50 },
        { kind: 'received', link: -50, message: { kind: 'question', number: 1, from: idOf('c') } },
      );
    };
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'begun' });
    expect(group.role).toBe('leading');
  });
});

describe('R13: the word holds for what the operator was shown', () => {
  test.each<[string, Partial<RecoverRequest>]>([
    ['less data than was shown', { shown: { lineage: LINEAGE, lastEpoch: epoch(3), lastIndex: logIndex(3) } }],
    ['data of a lower epoch', { shown: { lineage: LINEAGE, lastEpoch: epoch(4), lastIndex: logIndex(1) } }],
    ['data of another lineage', { shown: { lineage: NEXT_LINEAGE, lastEpoch: epoch(3), lastIndex: logIndex(2) } }],
    ['no record where one was shown', { record: { uid: 'other', resourceVersion: '1' } }],
  ])('refused: %s', (_name, changed) => {
    const group = frozenGroup();
    expect(recovered(group, asShown(group, changed))).toMatchObject({ kind: 'refused', code: 'view-outdated' });
    expect(group.api.replaces).toEqual([]);
  });

  test('more data than was shown does no harm: a frozen leader still takes writes into its log', () => {
    const group = frozenGroup();
    const shown = { lineage: LINEAGE, lastEpoch: epoch(3), lastIndex: logIndex(1) };
    expect(recovered(group, asShown(group, { shown }))).toMatchObject({ kind: 'begun' });
  });

  test('refused: the record was written since', () => {
    const group = frozenGroup();
    const request = asShown(group);
    group.api.sketch({ holder: 'z', epoch: 1, inSync: ['z'] });
    expect(recovered(group, request)).toMatchObject({ kind: 'refused', code: 'view-outdated' });
    group.run(500);
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'begun' });
  });

  test('an empty Lease that somebody has created since says as much as none', () => {
    const group = frozenGroup();
    const request = asShown(group, { record: null });
    group.api.write({
      holder: null,
      epoch: epoch(0),
      inSync: [],
      addresses: null,
      lineage: null,
      nonce: '',
      endedEpoch: null,
    });
    expect(recovered(group, request)).toMatchObject({ kind: 'begun' });
  });

  test('refused: a pod that was not named as silent does not answer; with its name it is the operator’s to weigh', () => {
    const group = frozenGroup({ others: ['c'] });
    expect(recovered(group, asShown(group))).toEqual({
      kind: 'refused',
      code: 'view-outdated',
      detail: 'pod c does not answer',
    });
    expect(recovered(group, asShown(group, { silentPods: ['c'] }))).toMatchObject({ kind: 'begun' });
  });

  test('refused: somebody was faster', () => {
    const group = frozenGroup();
    group.api.beforeReplace = () => {
      group.api.beforeReplace = null;
      group.api.sketch({ holder: 'z', epoch: 3, inSync: ['z'] });
    };
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'refused', code: 'view-outdated' });
    group.run(500);
    expect(group.role).toBe('seeking');
  });
});

describe('R13: what an operator is kept from', () => {
  test.each<[string, Partial<Answer>]>([
    ['leads, and works', { leads: true, heardWorkingMs: 100 }],
    ['hears a leader that works', { heardWorkingMs: 700 }],
  ])('refused, whatever is set aside: another %s', (_name, answer) => {
    const group = frozenGroup({ others: ['c'] });
    answers(group, 'c', { ...holding(1, 1), ...answer });
    const request = asShown(group, { despite: ['not-frozen', 'more-elsewhere'] });
    expect(recovered(group, request)).toMatchObject({ kind: 'refused', code: 'leader-works' });
    expect(group.api.replaces).toEqual([]);
  });

  test('a leader that was heard long ago keeps nobody from it', () => {
    const group = frozenGroup({ others: ['c'] });
    answers(group, 'c', { ...holding(1, 1), leads: true, heardWorkingMs: 900 });
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'begun' });
  });

  test('refused while a leader is there', () => {
    const group = followingGroup({ inSync: ['a', 'b'], log: LOG });
    answers(group, 'a', { leads: true, heardWorkingMs: 0 });
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'refused', code: 'leader-works' });
  });

  test('refused unless set aside: the group is not frozen', () => {
    const group = followingGroup({ inSync: ['a', 'c'], log: LOG, pods: ['a', 'b', 'c'] });
    group.breakLeaderLink('silent');
    group.run(5000);
    const request = asShown(group, { silentPods: ['a', 'c'] });
    expect(recovered(group, request)).toMatchObject({ kind: 'refused', code: 'not-frozen' });
    expect(recovered(group, { ...request, despite: ['not-frozen'] })).toMatchObject({ kind: 'begun' });
  });

  test('refused unless set aside: another that answers has more', () => {
    const group = frozenGroup({ others: ['c'] });
    answers(group, 'c', holding(3, 3));
    expect(recovered(group, asShown(group))).toEqual({
      kind: 'refused',
      code: 'more-elsewhere',
      detail: `${idOf('c')} has entry 3 of epoch 3 in lineage 1.first, this replica entry 2 of epoch 3 in lineage 1.first`,
    });
    expect(recovered(group, asShown(group, { despite: ['more-elsewhere'] }))).toMatchObject({ kind: 'begun' });
  });

  test('refused: its own pod is not listed', () => {
    const group = frozenGroup();
    group.api.pods = [podOf('c')];
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'refused', code: 'pod-not-listed' });
  });

  test('refused: it is stopping', () => {
    const group = frozenGroup();
    group.turn({ kind: 'stop', graceMs: 5000 });
    expect(recovered(group, asShown(group))).toMatchObject({ kind: 'refused', code: 'stopping' });
  });

  test('one request at a time', () => {
    const group = frozenGroup();
    group.api.away = true;
    const first = recover(group, asShown(group));
    const second = recover(group, asShown(group));
    expect(outcomeOf(group, second)).toMatchObject({ kind: 'refused', code: 'recovery-under-way' });
    group.api.away = false;
    group.run(1000);
    expect(outcomeOf(group, first)).toMatchObject({ kind: 'begun' });
  });
});

describe('R1: the API server does not answer', () => {
  test('the operator is told after a while that nothing was done', () => {
    const group = frozenGroup();
    group.api.away = true;
    const outcome = recovered(group, asShown(group));
    expect(outcome).toMatchObject({ kind: 'refused', code: 'kubernetes-away' });
  });

  test.each<'lose' | 'delay'>(['lose', 'delay'])(
    'an asking in doubt (%s) may still land, and is begun then',
    (fate) => {
      const group = frozenGroup();
      group.api.next(fate);
      expect(recovered(group, asShown(group))).toMatchObject({ kind: 'unknown' });
      if (fate === 'delay') {
        group.run(500);
        expect(group.role).toBe('seeking');
        group.api.landDelayed();
      }
      group.run(1000);
      expect(group.status).toMatchObject({ role: 'leading', lineage: { number: 2 } });
      expect(codes(group)).toEqual(['frozen', 'data-loss-possible']);
    },
  );

  test('a leader whose asking was forgotten leads on', () => {
    const group = leadingGroup({ inSync: ['a', 'b'] });
    group.silence('b');
    group.api.deleteRecord();
    group.hint();
    group.runUntil('it is frozen', () => group.status.frozen);
    group.api.next('drop');
    expect(recovered(group, asShown(group, { silentPods: ['b'] }))).toMatchObject({ kind: 'unknown' });
    group.unsilence('b');
    group.ack('b');
    group.runUntil('it has written the record again', () => group.status.epoch === 5 && group.role === 'leading');
    expect(group.status).toMatchObject({ lineage: LINEAGE, frozen: false });
  });
});

describe('R14: a member that is merely unreachable is not gone', () => {
  const waiting = () => {
    const group = followingGroup({ inSync: ['a', 'c'], log: LOG, pods: ['a', 'b', 'c'] });
    group.breakLeaderLink('silent');
    return group;
  };

  test('after half a minute without anybody who leads an alarm is raised, once, and nothing else is done', () => {
    const group = waiting();
    group.run(29_000);
    expect([group.status.frozen, codes(group)]).toEqual([false, []]);
    group.run(60_000);
    expect([group.status.frozen, codes(group), group.api.replaces]).toEqual([true, ['frozen'], []]);
    expect(group.group.recoveryView().frozen).toContain(idOf('c'));
  });

  test('not while somebody renews the record: this replica is cut off then, and no more', () => {
    const group = waiting();
    for (let second = 0; second < 60; second += 1) {
      group.api.sketch({ holder: 'a', epoch: 4, inSync: ['a', 'c'] });
      group.run(1000);
    }
    expect(codes(group)).toEqual([]);
  });

  test('it is over when somebody renews the record again', () => {
    const group = waiting();
    group.run(35_000);
    group.api.sketch({ holder: 'a', epoch: 4, inSync: ['a', 'c'] });
    group.run(1000);
    expect(group.status.frozen).toBe(false);
  });

  test('it is over when a leader is heard again', () => {
    const group = waiting();
    group.run(35_000);
    group.farEnds.set(addressesOf('a').peer, group.leader);
    group.runUntil('it follows', () => group.role === 'following', 5000);
    expect(group.status.frozen).toBe(false);
  });
});
