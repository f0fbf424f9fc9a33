import { expect, test } from '@jest/globals';
import { epoch, logIndex, wallMs } from '../../../../src/core/base/numbers.ts';
import { Entry, type EntryBody } from '../../../../src/core/replication/entry.ts';
import type { Ack, Append } from '../../../../src/core/replication/messages.ts';
import { deleteBody, entry, openSessionBody, put, putBody, SESSION } from '../kit/builders.ts';
import { followerOf } from '../kit/follower-kit.ts';
import { leaderOf } from '../kit/leader-kit.ts';

/*
 * V8 gives objects one hidden class only if they get the same fields in the same order. Entries, appends and
 * acknowledgements go by the hundred thousand a second, so whoever makes one makes it like all the others.
 */

test('every entry has the same fields in the same order, whatever its body', () => {
  const bodies: EntryBody[] = [
    { kind: 'empty' },
    openSessionBody(),
    { kind: 'endSessions', sessions: [SESSION] },
    putBody('k', { version: 1, created: 1 }),
    deleteBody('k', 2),
  ];
  for (const body of bodies) {
    expect(Object.keys(new Entry(logIndex(1), epoch(1), wallMs(1), body))).toEqual([
      'index',
      'epoch',
      'timeMs',
      'body',
      'bytes',
    ]);
  }
});

test('every append has the same fields in the same order, with entries and without', () => {
  const fields: (keyof Append)[] = [
    'kind',
    'epoch',
    'lineage',
    'round',
    'fullRound',
    'prevIndex',
    'prevEpoch',
    'commitIndex',
    'member',
    'confirmedMs',
    'timeMs',
    'entries',
  ];
  const group = leaderOf({ inSync: ['a', 'b'] });
  group.propose(put('k'));
  group.pass(300, ['b']);
  const appends = group.follower('b').received.filter((message) => message.kind === 'append');
  expect(new Set(appends.map(({ entries }) => entries.length))).toEqual(new Set([0, 1]));
  for (const append of appends) expect(Object.keys(append)).toEqual(fields);
});

test('every acknowledgement has the same fields in the same order, in a snapshot and after it', () => {
  const fields: (keyof Ack)[] = [
    'kind',
    'epoch',
    'lineage',
    'round',
    'matchIndex',
    'appliedIndex',
    'sentMs',
    'receivedBytes',
    'stopping',
    'touches',
  ];
  const group = followerOf({ empty: true });
  const acks = [
    group.ackOf(group.snapshotBegin(0)),
    group.ackOf(group.snapshotEnd()),
    group.ackOf(group.append([entry(1, 4)])),
  ];
  for (const ack of acks) expect(Object.keys(ack ?? {})).toEqual(fields);
});
