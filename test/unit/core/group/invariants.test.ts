import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import { call } from '../../../../src/core/election/errand.ts';
import type { RecordContent } from '../../../../src/core/election/record.ts';
import { StateMachine } from '../../../../src/core/store/state-machine.ts';
import { Store } from '../../../../src/core/store/store.ts';
import {
  addressesOf,
  deleteBody,
  entry,
  idOf,
  key,
  LINEAGE,
  NEXT_LINEAGE,
  openSessionBody,
  present,
  putBody,
  replicaOf,
  ofKeys,
} from '../kit/builders.ts';
import { followerOf } from '../kit/follower-kit.ts';
import { leadingGroup } from '../kit/group-harness.ts';
import { leaderOf } from '../kit/leader-kit.ts';

/** What the asserts of the core look out for, each made to happen by hand: nothing that the code does brings it about. */

const LOG = [
  entry(1, 1, openSessionBody()),
  entry(2, 1, putBody('k', { version: 1, created: 2 })),
  entry(3, 2, putBody('k', { version: 2, created: 2 })),
];

const ids = (...names: string[]) => names.map((name) => idOf(name));

describe('the data of a replica', () => {
  test('R4: dropped ≤ applied ≤ committed ≤ last index', () => {
    const ahead = replicaOf('b', { log: LOG, committed: 2 });
    ahead.machine.apply(LOG[2] ?? entry(0, 0));
    expect(() => ahead.assertInOrder()).toThrow('R4: dropped ≤ applied ≤ committed ≤ last index');
    const dropped = replicaOf('b', { log: LOG, committed: 2 });
    dropped.log.dropThrough(logIndex(3));
    expect(() => dropped.assertInOrder()).toThrow('R4: dropped ≤ applied ≤ committed ≤ last index');
    const cut = replicaOf('b', { log: LOG, committed: 3 });
    cut.log.truncateAfter(logIndex(2));
    expect(() => cut.assertInOrder()).toThrow('R4: dropped ≤ applied ≤ committed ≤ last index');
    expect(() => replicaOf('b', { log: LOG, committed: 2 }).assertInOrder()).not.toThrow();
  });

  test('R14: data goes on only in a later lineage', () => {
    const replica = replicaOf('b', { log: LOG, lineage: NEXT_LINEAGE });
    expect(() => replica.beginLineage(NEXT_LINEAGE)).toThrow('R14: data goes on only in a later lineage');
    expect(() => replica.beginLineage(LINEAGE)).toThrow('R14: data goes on only in a later lineage');
    replica.beginLineage({ number: 3, id: 'third' });
    expect(replica.lineage?.number).toBe(3);
  });

  test('R15: the time of the log never goes back', () => {
    const machine = new StateMachine({ tombstonesMax: 10, idempotencyKeptMs: 1000 });
    machine.apply(entry(1, 1, { kind: 'empty' }, 1000));
    machine.apply(entry(2, 1, { kind: 'empty' }, 1000));
    expect(() => machine.apply(entry(3, 1, { kind: 'empty' }, 999))).toThrow(
      'R15: the time of the log never goes back',
    );
  });

  test('R4: what is newer has the higher version, whether it writes or deletes', () => {
    const applied = (index: number, body: ReturnType<typeof putBody>) => {
      const one = entry(index, 1, body).body;
      if (one.kind === 'write') for (const effect of ofKeys(one.effects)) store.apply(effect);
    };
    const store = new Store(10);
    applied(2, putBody('k', { version: 2, created: 2 }));
    expect(() => applied(3, putBody('k', { version: 2, created: 2 }))).toThrow(
      'R4: what is newer has the higher version',
    );
    expect(() => applied(3, deleteBody('k', 2))).toThrow('R4: what is newer has the higher version');
    applied(3, deleteBody('k', 3));
    expect(() => applied(4, putBody('k', { version: 3, created: 4 }))).toThrow(
      'R4: what is newer has the higher version',
    );
    applied(4, putBody('k', { version: 4, created: 4 }));
    expect(store.get(key('k'))?.version).toBe(4);
  });

  test('R15: a session that keeps an outcome takes no other under its number', () => {
    const machine = new StateMachine({ tombstonesMax: 10, idempotencyKeptMs: 1000 });
    machine.apply(entry(1, 1, openSessionBody()));
    machine.apply(entry(2, 1, putBody('k', { version: 1, created: 2, number: 7 })));
    const again = entry(3, 1, putBody('other', { version: 1, created: 3, number: 7 }));
    expect(() => machine.apply(again)).toThrow('R15: a request takes effect once');
  });
});

describe('a follower', () => {
  test('R3: acknowledges nothing in a lower epoch than the highest seen', () => {
    const group = followerOf({ log: LOG, committed: 2 });
    group.resume();
    group.obedience.seeEpoch(LINEAGE, epoch(5));
    expect(() => group.turn((effects) => group.follower.setStopping(group.now, effects))).toThrow(
      'R3: nothing is acknowledged in a lower epoch than the highest seen',
    );
  });

  test('R3: takes no entry of a later epoch than its leader', () => {
    const group = followerOf({ log: LOG, committed: 2 });
    group.resume();
    expect(() => group.append([entry(4, 4), entry(5, 5)])).toThrow('R3: no entry is of a later epoch than its leader');
  });
});

describe('a leader', () => {
  test('R10: nobody but itself changes its log', () => {
    const grown = leaderOf({ inSync: ['a', 'b'] });
    grown.replica.append(entry(grown.replica.log.lastIndex + 1, 4));
    expect(() => grown.turn()).toThrow('R10: nobody but the leader itself changes its log');
    const cut = leaderOf({ inSync: ['a', 'b'], connected: [] });
    cut.replica.truncateAfter(cut.replica.commitIndex);
    expect(() => cut.turn()).toThrow('R10: nobody but the leader itself changes its log');
  });

  test('R5: takes nobody into its set that lacks what is committed, or the first entry of the epoch', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.hello('c');
    expect(() => group.leader.confirmSet(ids('a', 'b', 'c'))).toThrow(
      'R5: whoever joins the set holds what is committed',
    );
    expect(() => group.leader.confirmSet(ids('a', 'b', 'd'))).toThrow(
      'R5: whoever joins the set holds what is committed',
    );
    group.ack('c');
    group.leader.confirmSet(ids('a', 'b', 'c'));
    expect(group.leader.set.confirmed.size).toBe(3);
  });

  test('R2: is a member of its set', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    expect(() => group.leader.confirmSet(ids('b'))).toThrow('R2: the leader is a member');
  });

  test('R5: a change of the set is sent once', () => {
    const { set } = leaderOf({ inSync: ['a', 'b', 'c'] }).leader;
    expect(() => set.markSent()).toThrow('R5: a change of the set is sent once');
    set.begin({ add: null, remove: idOf('c'), reason: 'test' });
    set.markSent();
    expect(() => set.markSent()).toThrow('R5: a change of the set is sent once');
  });

  test('R6: asks for no set below the minimum', () => {
    const group = leadingGroup({ inSync: ['a', 'b'], minInSync: 2 });
    const follower = present(group.followers.get('b'));
    group.silence('b');
    const message = follower.ack(group.nowMs, { stopping: true });
    group.turn({ kind: 'received', link: follower.link, message });
    present(group.group.inspect().leader).set.begin({ add: null, remove: idOf('b'), reason: 'test' });
    const sent = group.api.replaces.length;
    expect(() => group.run(100)).toThrow('R6: the set never falls below its minimum');
    expect(group.api.replaces).toHaveLength(sent);
  });
});

test('R2: a record names its holder as a member, whoever writes it', () => {
  const content: RecordContent = {
    holder: idOf('a'),
    epoch: epoch(4),
    inSync: ids('b', 'c'),
    addresses: addressesOf('a'),
    lineage: LINEAGE,
    nonce: 'n',
    endedEpoch: null,
  };
  const base = { uid: 'lease-1', resourceVersion: '1' };
  const replace = (changed: Partial<RecordContent>) =>
    call({ kind: 'replaceLease', base, content: { ...content, ...changed } }).next();
  expect(() => replace({})).toThrow('R2: a record names its holder as a member');
  expect(replace({ holder: null }).value).toMatchObject({ kind: 'call' });
  expect(replace({ inSync: ids('a', 'b') }).value).toMatchObject({ kind: 'call' });
});
