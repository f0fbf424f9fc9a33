import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import type { Answer } from '../../../../src/core/replication/messages.ts';
import { addressesOf, entry, idOf, LINEAGE, messagesOf, present, put, reportsOf } from '../kit/builders.ts';
import { contentOf, podOf } from '../kit/fake-api.ts';
import { EARLIER_LOG, FarReplica, followingGroup, GroupHarness, leadingGroup } from '../kit/group-harness.ts';

const ids = (...names: string[]) => names.map((name) => idOf(name));

/** What c would answer to a question. */
function cAnswers(group: GroupHarness, changed: Partial<Answer> = {}): void {
  const answer = {
    epoch: epoch(4),
    obeys: LINEAGE,
    lineage: LINEAGE,
    lastIndex: logIndex(1),
    lastEpoch: epoch(1),
    ...changed,
  };
  group.farEnds.set(addressesOf('c').peer, new FarReplica(idOf('c'), answer));
}

/** Its leader goes silent without a word, and does not renew any more. */
function loseLeader(group: ReturnType<typeof followingGroup>): void {
  group.leader.mute = true;
  group.leader.answer = { ...group.leader.answer, heardWorkingMs: 900 };
}

const takeover = (group: GroupHarness) => present(group.api.replaces[0], 'a takeover');

describe('R2: who may make itself the holder', () => {
  test('a member does, in the next epoch, and drops the holder before it as far as the minimum allows', () => {
    const group = followingGroup({ inSync: ['a', 'b', 'c'], minInSync: 2 });
    group.breakLeaderLink('refuses');
    group.run(500);
    expect(group.role).toBe('leading');
    expect(takeover(group).content).toMatchObject({
      holder: idOf('b'),
      epoch: 5,
      inSync: ids('b', 'c'),
      addresses: addressesOf('b'),
      lineage: LINEAGE,
      endedEpoch: null,
    });
  });

  test('R7: so does one that finds the record given up: who led that epoch hears nobody', () => {
    const group = followingGroup({ epoch: 4, inSync: ['a', 'b', 'c'], minInSync: 2 });
    group.rewrite({ holder: null, epoch: 4, inSync: ['a', 'b', 'c'] });
    group.run(500);
    expect(takeover(group).content).toMatchObject({ holder: idOf('b'), epoch: 5, inSync: ids('b', 'c') });
  });

  test('R6: at the minimum the holder before it stays in the set', () => {
    const group = followingGroup({ inSync: ['a', 'b'], minInSync: 2 });
    group.breakLeaderLink('refuses');
    group.run(500);
    expect(takeover(group).content.inSync).toEqual(ids('a', 'b'));
  });

  test('a replica that the record does not name never does', () => {
    const group = followingGroup({ inSync: ['a', 'c'], pods: ['a', 'b', 'c'] });
    cAnswers(group);
    group.breakLeaderLink('refuses');
    group.run(5000);
    expect([group.role, group.api.replaces]).toEqual(['seeking', []]);
  });

  test('an earlier process of the same pod is another replica: its place in the set is not inherited', () => {
    const group = new GroupHarness({ name: 'b', pods: ['a', 'b'] });
    group.api.sketch({ holder: null, epoch: 4, inSync: [], changed: { inSync: [idOf('b', 0), idOf('a')] } });
    group.farEnds.set(addressesOf('a').peer, new FarReplica(idOf('a'), { lineage: LINEAGE, obeys: LINEAGE }));
    group.run(3000);
    expect(group.api.replaces).toEqual([]);
  });

  test('it leads on an answer only if it has acknowledged nothing since it asked; else it reads again', () => {
    const group = followingGroup();
    group.api.away = true;
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    expect(group.pending).toEqual({ kind: 'readLease' });
    const acknowledged = group.receive(group.leader.append());
    expect(messagesOf('ack', acknowledged)).toHaveLength(1);
    group.serve();
    expect([group.role, group.pending]).toEqual(['seeking', { kind: 'readLease' }]);
    group.serve();
    expect(group.role).toBe('leading');
  });

  test('nor if it has told somebody meanwhile what it holds: that is a promise, too', () => {
    const group = followingGroup();
    group.api.away = true;
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    group.turn({ kind: 'received', link: -1, message: { kind: 'question', number: 1, from: idOf('c') } });
    group.serve();
    expect(group.role).toBe('seeking');
    group.serve();
    expect(group.role).toBe('leading');
  });

  test('R3: having won the record it acknowledges nothing to anyone', () => {
    const group = followingGroup();
    const { leaderLink } = group;
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    group.run(25);
    expect(group.role).toBe('leading');
    expect(messagesOf('ack', group.receive(group.leader.append(), leaderLink))).toEqual([]);
  });

  test('an epoch is led once: who finds itself the holder of one that it has led takes over anew', () => {
    const group = leadingGroup({ epoch: 4 });
    group.hangUp('b');
    group.hangUp('c');
    cAnswers(group);
    group.runUntil('it gives up', () => group.role !== 'leading');
    group.rewrite({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'] });
    group.runUntil('it leads again', () => group.role === 'leading');
    expect(group.status.epoch).toBe(5);
  });

  test('nor is one led that another has led: a hand that names a member in it makes that one take over anew', () => {
    const group = followingGroup({
      epoch: 4,
      log: [...EARLIER_LOG, entry(2, 4, { kind: 'empty' }, EARLIER_LOG[0]?.timeMs)],
    });
    group.rewrite({ holder: 'b', epoch: 4, inSync: ['a', 'b', 'c'] });
    group.runUntil('it leads', () => group.role === 'leading');
    expect(group.status.epoch).toBe(5);
  });
});

describe('R8: when a member tries', () => {
  test('the record has no holder', () => {
    const group = followingGroup();
    group.rewrite({ holder: null, epoch: 4, inSync: ['a', 'b', 'c'] });
    group.run(300);
    expect([group.role, takeover(group).content.epoch]).toEqual(['leading', 5]);
  });

  test('the leader’s address refuses connections: its process is dead', () => {
    const group = followingGroup();
    group.breakLeaderLink('refuses');
    group.run(300);
    expect(group.role).toBe('leading');
  });

  test('another replica answers there', () => {
    const group = followingGroup();
    group.farEnds.set(addressesOf('a').peer, new FarReplica(idOf('a', 2)));
    group.turn({ kind: 'closed', link: group.leaderLink, reason: 'lost' });
    group.run(300);
    expect(group.role).toBe('leading');
  });

  test('its pod is gone, by the word of the API server', () => {
    const group = followingGroup();
    group.api.pods = [podOf('b'), podOf('c')];
    group.breakLeaderLink('silent');
    group.run(800);
    expect(group.role).toBe('leading');
  });

  test('a leader that is silent, but whose Lease has not expired, is not taken over', () => {
    const group = followingGroup();
    group.breakLeaderLink('silent');
    for (let passed = 0; passed < 5000; passed += 300) {
      group.rewrite({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'] });
      group.run(300);
    }
    expect(group.api.replaces).toEqual([]);
  });

  test('the Lease has expired, by its own observation, and nobody hears a working leader', () => {
    const group = followingGroup();
    cAnswers(group, { heardWorkingMs: 900 });
    loseLeader(group);
    group.runUntil('it leads', () => group.role === 'leading', 3000);
  });

  test('an expired Lease alone is no reason: the API server may have been away', () => {
    const group = followingGroup();
    group.run(5000);
    expect([group.role, group.api.replaces]).toEqual(['following', []]);
  });

  test('a leader that merely talks is none to wait for', () => {
    const group = followingGroup();
    cAnswers(group, { heardWorkingMs: null });
    group.leader.working = false;
    group.leader.answer = { ...group.leader.answer, heardWorkingMs: 5000 };
    group.runUntil('it leads', () => group.role === 'leading', 4000);
  });

  test('what was read just before decides: a leader that has renewed, though no watch has told, is left alone', () => {
    const group = followingGroup();
    group.leader.working = false;
    group.leader.answer = { ...group.leader.answer, heardWorkingMs: 5000 };
    cAnswers(group);
    group.api.beforeRead = () => group.api.sketch({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'] });
    group.run(5000);
    expect([group.role, group.api.replaces]).toEqual(['following', []]);
  });

  test('R9: who is stopping does not stand', () => {
    const group = followingGroup();
    group.turn({ kind: 'stop', graceMs: 20_000 });
    group.breakLeaderLink('refuses');
    group.run(5000);
    expect(group.api.replaces).toEqual([]);
  });
});

describe('R7: no step-down without evidence', () => {
  test('a leader that cannot renew goes on, and so do writes', () => {
    const group = leadingGroup();
    group.api.away = true;
    group.run(10_000);
    group.write(put('k'));
    group.run(50);
    expect([group.role, group.writes.map(({ kind }) => kind)]).toEqual(['leading', ['committed']]);
  });

  test('it steps down when a fresh read names another holder', () => {
    const group = leadingGroup();
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['b', 'c'] });
    group.run(25);
    expect([group.role, group.status.leader]).toEqual(['seeking', idOf('b')]);
  });

  test('it steps down when it sees a higher epoch: in a hello', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.away = true;
    const b = present(group.followers.get('b'));
    group.turn({ kind: 'received', link: b.link, message: b.hello({ epoch: epoch(5) }) });
    expect([group.role, group.status.epoch]).toEqual(['seeking', 5]);
  });

  test('in a rejection', () => {
    const group = leadingGroup({ epoch: 4 });
    group.api.away = true;
    const { link } = present(group.followers.get('b'));
    group.turn({
      kind: 'received',
      link,
      message: { kind: 'reject', from: idOf('b'), epoch: epoch(6), lineage: LINEAGE },
    });
    expect(group.role).toBe('seeking');
  });

  test('in an answer to a question of its own', () => {
    const group = leadingGroup({ epoch: 4 });
    cAnswers(group, { epoch: epoch(9) });
    group.api.deleteRecord();
    group.hint();
    group.run(1500);
    expect(group.role).not.toBe('leading');
  });

  test('a higher epoch of another lineage is nothing', () => {
    const group = leadingGroup({ epoch: 4 });
    const { link } = present(group.followers.get('b'));
    const lineage = { number: 1, id: 'other' };
    group.turn({ kind: 'received', link, message: { kind: 'reject', from: idOf('b'), epoch: epoch(6), lineage } });
    expect(group.role).toBe('leading');
  });

  test('when it has heard from nobody for the election time-out it gives the record up: same epoch, no holder', () => {
    const group = leadingGroup({ epoch: 4, inSync: ['a', 'b', 'c'] });
    cAnswers(group);
    group.run(2000);
    group.silence('b', 'c');
    const before = group.api.replaces.length;
    group.run(800);
    expect(group.role).toBe('leading');
    group.run(500);
    expect(group.role).toBe('seeking');
    const given = group.api.replaces.slice(before).find(({ content }) => content.holder === null);
    expect(given?.content).toMatchObject({ epoch: 4, inSync: ids('a', 'b', 'c'), addresses: null });
  });

  test('and does not try again for several election time-outs', () => {
    const group = leadingGroup({ inSync: ['a', 'b', 'c'] });
    cAnswers(group);
    group.silence('b', 'c');
    group.runUntil('it gives up', () => group.role === 'seeking');
    group.run(3000);
    expect(group.role).toBe('seeking');
    group.run(1000);
    expect(group.role).toBe('leading');
  });

  test('unless it hears from somebody', () => {
    const group = leadingGroup({ inSync: ['a', 'b', 'c'] });
    cAnswers(group);
    group.silence('b', 'c');
    group.runUntil('it gives up', () => group.role === 'seeking');
    group.turn({ kind: 'received', link: -1, message: { kind: 'question', number: 1, from: idOf('c') } });
    group.run(300);
    expect(group.role).toBe('leading');
  });

  test('not where every other member is gone: there is nobody better connected', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b'] });
    group.api.pods = [podOf('a')];
    group.hangUp('b');
    group.run(5000);
    expect(group.role).toBe('leading');
    expect(group.api.replaces.every(({ content }) => content.holder === idOf('a'))).toBe(true);
  });

  test('R6: they are removed then, and writes do not wait for them', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b'], minInSync: 1 });
    group.api.pods = [podOf('a')];
    group.hangUp('b');
    group.runUntil('b is removed', () => String(group.api.record?.content.inSync) === idOf('a'));
    expect(group.role).toBe('leading');
  });

  test('R6: but not below the minimum', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], pods: ['a', 'b'], minInSync: 2 });
    group.api.pods = [podOf('a')];
    group.hangUp('b');
    group.run(5000);
    expect(group.role).toBe('leading');
    expect(group.api.record?.content.inSync).toEqual(ids('a', 'b'));
  });

  test('nor where it is the only member', () => {
    const group = leadingGroup({ inSync: ['a'], minInSync: 1 });
    group.run(5000);
    expect(group.role).toBe('leading');
  });
});

describe('R3: fencing', () => {
  test('a leader counts no acknowledgement of another epoch or lineage', () => {
    const group = leadingGroup({ epoch: 4, inSync: ['a', 'b'] });
    group.silence('b');
    group.write(put('k'));
    const b = present(group.followers.get('b'));
    for (const foreign of [{ epoch: epoch(3) }, { lineage: { number: 1, id: 'other' } }]) {
      group.turn({ kind: 'received', link: b.link, message: b.ack(group.nowMs, foreign) });
    }
    expect(group.writes).toEqual([]);
    group.ack('b');
    expect(group.writes).toHaveLength(1);
  });

  test('a higher epoch in the record ends the stream of the lower one, which is told', () => {
    const group = followingGroup({ epoch: 4 });
    group.rewrite({ holder: 'c', epoch: 5, inSync: ['b', 'c'] });
    const from = group.effects.length;
    group.run(25);
    expect(messagesOf('reject', group.effects.slice(from))).toMatchObject([{ epoch: 5, lineage: LINEAGE }]);
    expect(group.status.sinceLeaderHeardMs).toBeGreaterThan(0);
    expect(group.role).toBe('seeking');
  });

  test('a record of a later lineage is obeyed, whatever its epoch', () => {
    const group = followingGroup({ epoch: 4 });
    const lineage = { number: 2, id: 'later' };
    group.rewrite({ holder: 'c', epoch: 1, inSync: ['c'], changed: { lineage } });
    group.run(25);
    expect(group.group.inspect()).toMatchObject({ epoch: 1, obeyedLineage: lineage, dataLineage: LINEAGE });
  });

  test.each([
    ['of a lower epoch', { epoch: 3 }],
    ['of another lineage that is no later', { epoch: 9, changed: { lineage: { number: 1, id: 'other' } } }],
  ])('a record %s is lost: a follower goes on with its leader', (_name, sketch) => {
    const group = followingGroup({ epoch: 4 });
    group.rewrite({ holder: 'c', inSync: ['c'], ...sketch });
    group.run(3000);
    expect([group.role, group.status.epoch, group.status.frozen]).toEqual(['following', 4, false]);
  });

  test('a read that began before a higher epoch was seen is not obeyed, and the next one is', () => {
    const group = followingGroup({ epoch: 4 });
    group.api.away = true;
    group.hint();
    group.rewrite({ holder: 'c', epoch: 4, inSync: ['a', 'b', 'c'] });
    expect(group.pending).toEqual({ kind: 'readLease' });
    group.receive({ kind: 'reject', from: idOf('c'), epoch: epoch(6), lineage: LINEAGE });
    group.serve();
    expect(group.group.inspect().record).toBeNull();
    group.api.away = false;
    group.rewrite({ holder: 'c', epoch: 6, inSync: ['a', 'b', 'c'] });
    group.run(400);
    expect(group.group.inspect().record?.content.epoch).toBe(6);
    expect(reportsOf('alarm', group.effects)).toEqual([]);
  });

  test('an empty replica obeys any record', () => {
    const group = new GroupHarness({ name: 'b', pods: ['a', 'b'] });
    group.api.sketch({ holder: 'a', epoch: 9, inSync: ['a'], changed: { lineage: { number: 3, id: 'three' } } });
    group.farEnds.set(addressesOf('a').peer, new FarReplica(idOf('a')));
    group.run(500);
    expect(group.status.epoch).toBe(9);
    group.rewrite({ holder: 'a', epoch: 4, inSync: ['a'] });
    group.run(100);
    expect(group.group.inspect()).toMatchObject({ epoch: 4, obeyedLineage: LINEAGE });
  });

  test('questions are always answered, with the lineage of the data', () => {
    const group = followingGroup({ epoch: 4, log: [entry(1, 1), entry(2, 3)] });
    group.rewrite({ holder: 'c', epoch: 7, inSync: ['c'], changed: { lineage: { number: 2, id: 'later' } } });
    group.run(25);
    const effects = group.turn({
      kind: 'received',
      link: -5,
      message: { kind: 'question', number: 3, from: idOf('d') },
    });
    expect(messagesOf('answer', effects, -5)).toEqual([
      {
        kind: 'answer',
        number: 3,
        from: idOf('b'),
        epoch: 7,
        obeys: { number: 2, id: 'later' },
        lineage: LINEAGE,
        lastIndex: 2,
        lastEpoch: 3,
        leads: false,
        stopping: false,
        heardWorkingMs: null,
      },
    ]);
  });

  test('a hello to a replica that does not lead is rejected, with the epoch that it knows', () => {
    const group = followingGroup({ epoch: 4 });
    const hello = {
      kind: 'hello',
      number: 1,
      from: idOf('c'),
      addresses: addressesOf('c'),
      epoch: epoch(3),
      lineage: LINEAGE,
      lastIndex: logIndex(0),
      lastEpoch: epoch(0),
      stopping: false,
    } as const;
    const effects = group.turn({ kind: 'received', link: -1, message: hello });
    expect(messagesOf('reject', effects)).toEqual([{ kind: 'reject', from: idOf('b'), epoch: 4, lineage: LINEAGE }]);
  });

  test('one that comes while the replica is about to lead is kept until it does', () => {
    const group = followingGroup({ epoch: 4 });
    group.api.away = true;
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    const c = group.accept('c');
    expect(c.received).toEqual([]);
    group.serve();
    expect(c.received.map(({ kind }) => kind)).toEqual(['resume', 'append']);
  });
});

test('a record whose content is just as it was, but of another Lease, is another record', () => {
  const group = followingGroup();
  group.api.away = true;
  const content = contentOf({ holder: 'a', epoch: 4, inSync: ['a', 'b', 'c'] });
  const stands = present(group.api.record);
  group.turn({ kind: 'recordHinted', record: { version: { ...stands.version, uid: 'another' }, content } });
  expect(group.pending).toEqual({ kind: 'readLease' });
});
