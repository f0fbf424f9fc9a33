import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import type { SnapshotItem } from '../../../../src/core/replication/messages.ts';
import {
  addressesOf,
  bytes,
  effectsOf,
  entry,
  idOf,
  key,
  LINEAGE,
  messagesOf,
  NEXT_LINEAGE,
  putBody,
  SESSION,
} from '../kit/builders.ts';
import { followerOf } from '../kit/follower-kit.ts';

const LOG = [entry(1, 1), entry(2, 1), entry(3, 2), entry(4, 2), entry(5, 3)];
const value = (name: string, revision: number): SnapshotItem => ({
  kind: 'value',
  key: key(name),
  stored: {
    value: bytes(name),
    contentType: null,
    revision: logIndex(revision),
    version: version(1),
    createRevision: logIndex(revision),
    modifiedMs: wallMs(0),
    expiresAtMs: null,
    idleMs: null,
  },
});

describe('R10: followers dial the leader', () => {
  test('and say who they are, where they stand, and the lineage of their data', () => {
    const group = followerOf({ epoch: 4, log: LOG, committed: 2 });
    expect(group.hello).toEqual({
      kind: 'hello',
      number: 1,
      from: idOf('b'),
      addresses: addressesOf('b'),
      epoch: 4,
      lineage: LINEAGE,
      lastIndex: 5,
      lastEpoch: 3,
      stopping: false,
    });
  });

  test('an empty one says index 0 of no lineage', () => {
    expect(followerOf({ empty: true }).hello).toMatchObject({ lineage: null, lastIndex: 0, lastEpoch: 0 });
  });

  test('a leader that does not answer is dialled again, and is reported as lost', () => {
    const group = followerOf();
    group.nowMs += 301;
    const dropped = group.turn((effects) => group.follower.tick(group.now, effects));
    expect(effectsOf('disconnect', dropped)).toHaveLength(1);
    expect(group.follower.takeSign()).toBe('lost');
    group.nowMs += 50;
    const dialled = group.turn((effects) => group.follower.tick(group.now, effects));
    expect(effectsOf('connect', dialled)).toMatchObject([{ address: 'a:7000' }]);
  });

  test('one that was streaming is given the election time-out', () => {
    const group = followerOf();
    group.resume();
    group.nowMs += 800;
    group.turn((effects) => group.follower.tick(group.now, effects));
    expect(group.follower.streaming).toBe(true);
    group.nowMs += 1;
    group.turn((effects) => group.follower.tick(group.now, effects));
    expect([group.follower.streaming, group.follower.takeSign()]).toEqual([false, 'lost']);
  });

  test('a link that worked is dialled again at once, and once more when that is cut off, as by who dies', () => {
    const group = followerOf();
    const close = (reason: 'refused' | 'lost') =>
      effectsOf(
        'connect',
        group.turn((effects) => group.follower.onClosed(group.link, reason, group.now, effects)),
      );
    group.resume();
    expect(close('lost')).toHaveLength(1);
    expect(close('lost')).toHaveLength(1);
    expect(close('lost')).toEqual([]);
    group.nowMs += 50;
    group.turn((effects) => group.follower.tick(group.now, effects));
    expect(close('lost')).toEqual([]);
  });

  test('R8: signs of a dead leader are a refused connection, and another replica at its address', () => {
    const refused = followerOf();
    refused.follower.onClosed(refused.link, 'refused', refused.now, []);
    expect([refused.follower.takeSign(), refused.follower.takeSign()]).toEqual(['refused', null]);
    const replaced = followerOf();
    replaced.receive({ kind: 'reject', from: idOf('a', 2), epoch: epoch(0), lineage: null });
    expect(replaced.follower.takeSign()).toBe('replaced');
  });

  test('a leader that says it does not lead is alive: no sign of death', () => {
    const group = followerOf();
    group.receive({ kind: 'reject', from: idOf('a'), epoch: epoch(3), lineage: LINEAGE });
    expect(group.follower.takeSign()).toBe('denies');
  });
});

describe('R10: the stream', () => {
  test('what follows the last common entry is dropped, and what comes is appended and acknowledged', () => {
    const group = followerOf({ log: LOG, committed: 2 });
    expect(group.ackOf(group.resume({ prevIndex: logIndex(4), prevEpoch: epoch(2) }))?.matchIndex).toBe(4);
    const ack = group.ackOf(group.append([entry(5, 4), entry(6, 4)]));
    expect(ack).toMatchObject({
      epoch: 4,
      lineage: LINEAGE,
      round: 1,
      matchIndex: 6,
      appliedIndex: 2,
      sentMs: group.nowMs,
    });
    expect(group.replica.log.epochAt(logIndex(5))).toBe(4);
  });

  test('where the logs disagree it says where they may agree, dropping what cannot, epoch by epoch', () => {
    const group = followerOf({ log: LOG, committed: 1 });
    // The leader’s entry 4 is of epoch 1: it never had epoch 2.
    const effects = group.resume({ prevIndex: logIndex(4), prevEpoch: epoch(1) });
    expect(messagesOf('hello', effects)).toMatchObject([{ number: 2, lastIndex: 2, lastEpoch: 1 }]);
    expect([group.ackOf(effects), group.replica.log.lastIndex]).toEqual([undefined, 2]);
    expect(group.ackOf(group.resume())?.matchIndex).toBe(2);
  });

  test('a committed entry is never dropped: being asked to is a broken invariant', () => {
    const group = followerOf({ log: LOG, committed: 4 });
    expect(() => group.resume({ prevIndex: logIndex(3), prevEpoch: epoch(2) })).toThrow(
      'R10: a committed entry is never dropped',
    );
    const other = followerOf({ log: LOG, committed: 4 });
    expect(() => other.resume({ prevIndex: logIndex(4), prevEpoch: epoch(1) })).toThrow(
      'R10: a committed entry is never dropped',
    );
  });

  test('an answer to an older hello is none, and a hello is answered once', () => {
    const group = followerOf({ log: LOG, committed: 2 });
    group.resume({ hello: 99 });
    expect(group.follower.streaming).toBe(false);
    group.resume();
    group.append([entry(6, 4)]);
    // A second copy: it would drop what the stream has brought since.
    group.resume({ hello: 1 });
    expect(group.replica.log.lastIndex).toBe(6);
  });

  test('the commit index counts up to what this leader has verified, and no further', () => {
    const group = followerOf({ log: LOG, committed: 1 });
    // An append without a stream says nothing, whatever is in the log.
    group.append([], { commitIndex: logIndex(5) });
    expect(group.replica.commitIndex).toBe(1);
    group.resume({ prevIndex: logIndex(2), prevEpoch: epoch(1) });
    group.append([], { commitIndex: logIndex(5) });
    expect([group.replica.commitIndex, group.applied.map(({ index }) => index)]).toEqual([2, [2]]);
    group.append([entry(3, 4)], { commitIndex: logIndex(5) });
    expect(group.replica.commitIndex).toBe(3);
  });

  test('entries that come twice do no harm', () => {
    const group = followerOf({ log: LOG, committed: 2 });
    group.resume();
    group.append([entry(6, 4), entry(7, 4)], { commitIndex: logIndex(6) });
    expect(group.ackOf(group.append([entry(6, 4)]))?.matchIndex).toBe(7);
  });

  test('where something in between was lost it says hello again', () => {
    const group = followerOf({ log: LOG, committed: 2 });
    group.resume();
    const effects = group.append([entry(8, 4)], { prevIndex: logIndex(7), prevEpoch: epoch(4) });
    expect(messagesOf('hello', effects)).toMatchObject([{ number: 2, lastIndex: 5 }]);
    expect(group.follower.streaming).toBe(false);
  });

  test('two logs that agree at an index agree before it: anything else stops the replica', () => {
    const group = followerOf({ log: LOG, committed: 2 });
    group.resume();
    expect(() => group.append([entry(6, 4)], { prevEpoch: epoch(2) })).toThrow('R10: two logs');
  });

  test('everything that arrives in one turn is acknowledged once', () => {
    const group = followerOf();
    group.resume();
    const acks = messagesOf(
      'ack',
      group.turn((effects) => {
        for (const index of [1, 2, 3]) {
          const append = {
            kind: 'append',
            epoch: epoch(4),
            lineage: LINEAGE,
            round: index,
            fullRound: 0,
            prevIndex: logIndex(index - 1),
            prevEpoch: epoch(index === 1 ? 0 : 4),
            commitIndex: logIndex(0),
            member: true,
            confirmedMs: -1,
            timeMs: wallMs(0),
            entries: [entry(index, 4)],
          } as const;
          group.follower.onAppend(group.link, append, group.now, effects, () => undefined);
        }
      }),
    );
    expect(acks).toMatchObject([{ matchIndex: 3, round: 3 }]);
    const quiet = group.turn(() => undefined);
    expect(quiet).toEqual([]);
  });

  test('applied entries are kept for others only up to the limits', () => {
    const group = followerOf({ limits: { logEntriesMax: 2 } });
    group.resume();
    group.append(
      [1, 2, 3, 4, 5].map((index) => entry(index, 4)),
      { commitIndex: logIndex(4) },
    );
    expect(group.replica.log.dropped.index).toBe(3);
  });
});

describe('R3: only the leader of the highest epoch seen is obeyed', () => {
  test('a message of another lineage, or of another epoch than the stream’s, is dropped', () => {
    const group = followerOf();
    group.resume();
    for (const foreign of [{ lineage: NEXT_LINEAGE }, { epoch: epoch(3) }, { epoch: epoch(5) }]) {
      expect(group.append([entry(1, 4)], foreign)).toEqual([]);
    }
    expect(group.replica.log.lastIndex).toBe(0);
  });

  test('a resume of a lower epoch is not taken', () => {
    const group = followerOf({ epoch: 4 });
    group.resume({ epoch: epoch(3) });
    expect(group.follower.streaming).toBe(false);
  });

  test('one of a higher epoch is news: from then on nothing lower is acknowledged', () => {
    const group = followerOf({ epoch: 4 });
    group.resume({ epoch: epoch(6) });
    expect([group.follower.streaming, group.obedience.epoch]).toEqual([true, 6]);
    expect(group.append([entry(1, 4)])).toEqual([]);
    expect(group.ackOf(group.append([entry(1, 6)], { epoch: epoch(6) }))).toMatchObject({ epoch: 6, matchIndex: 1 });
  });

  test('but a lineage is taken from records only', () => {
    const group = followerOf();
    group.resume({ lineage: NEXT_LINEAGE, epoch: epoch(9) });
    expect([group.follower.streaming, group.obedience.lineage]).toEqual([false, LINEAGE]);
  });

  test('a lower epoch is answered with the higher one, and its stream is over', () => {
    const group = followerOf({ epoch: 4 });
    group.resume();
    group.obedience.seeEpoch(LINEAGE, epoch(5));
    const effects = group.turn((out) => group.follower.fence(out));
    expect(messagesOf('reject', effects)).toEqual([{ kind: 'reject', from: idOf('b'), epoch: 5, lineage: LINEAGE }]);
    expect(effectsOf('disconnect', effects)).toHaveLength(1);
    expect(group.follower.acknowledgements).toBe(1);
  });
});

describe('R11: taking a snapshot', () => {
  const items: SnapshotItem[] = [
    value('k', 7),
    { kind: 'tombstone', key: key('gone'), version: version(3), revision: logIndex(6) },
    {
      kind: 'session',
      session: SESSION,
      lastUsedMs: wallMs(1),
      settledThrough: 0,
      outcomes: [{ number: 1, revision: logIndex(7), outcome: { kind: 'absent' } }],
    },
  ];

  test('until every chunk is in and all up to the end of the scan is applied, the replica counts as empty', () => {
    const group = followerOf({ empty: true });
    const during = [
      group.snapshotBegin(10),
      group.snapshotChunk(0, items),
      group.append([entry(11, 4), entry(12, 4)], { prevEpoch: epoch(1), commitIndex: logIndex(11) }),
      group.snapshotEnd({ chunks: 1, endIndex: logIndex(12) }),
    ];
    for (const effects of during) expect(group.ackOf(effects)).toMatchObject({ matchIndex: 0, appliedIndex: 0 });
    expect([group.replica.empty, group.follower.installing, group.follower.inSyncUntilMs()]).toEqual([
      true,
      true,
      -Infinity,
    ]);
    const ack = group.ackOf(group.append([], { commitIndex: logIndex(12) }));
    expect(ack).toMatchObject({ matchIndex: 12, appliedIndex: 12 });
    expect([group.replica.lineage, group.follower.installing]).toEqual([LINEAGE, false]);
  });

  test('it brings all that decides: values, versions of deleted keys, sessions with outcomes, the floor', () => {
    const group = followerOf({ empty: true });
    group.snapshotBegin(10);
    group.snapshotChunk(0, items);
    group.snapshotEnd({ chunks: 1, versionFloor: version(5) });
    const { store, sessions } = group.replica.machine;
    expect(store.get(key('k'))?.value).toEqual(bytes('k'));
    expect([store.lastVersion(key('gone')), store.lastVersion(key('never heard of'))]).toEqual([3, 5]);
    expect(sessions.get(SESSION)?.outcomes.get(1)?.outcome).toEqual({ kind: 'absent' });
  });

  test('what entries have changed since its start comes with them, over what the snapshot brought', () => {
    const group = followerOf({ empty: true });
    group.snapshotBegin(10);
    const one = entry(11, 4, putBody('k', { value: 'new', version: 2, created: 7 }));
    group.append([one], { prevEpoch: epoch(1), commitIndex: logIndex(10) });
    group.snapshotChunk(0, items);
    group.append([], { prevIndex: logIndex(11), prevEpoch: epoch(4), commitIndex: logIndex(11) });
    group.snapshotEnd({ chunks: 1, endIndex: logIndex(11) });
    expect(group.replica.machine.store.get(key('k'))?.value).toEqual(bytes('new'));
  });

  test('data that it replaces takes its id with it: the replica is another one, and says so', () => {
    const group = followerOf({ log: LOG, committed: 5 });
    const effects = group.snapshotBegin(10);
    const [hello] = messagesOf('hello', effects);
    expect(hello).toMatchObject({ number: 2, lineage: null, lastIndex: 0 });
    expect(hello?.from).not.toBe(idOf('b'));
    expect([group.replica.empty, group.replica.log.lastIndex]).toEqual([true, 0]);
  });

  test('a gap between chunks, or an end before all are in, begins it again', () => {
    const gap = followerOf({ empty: true });
    gap.snapshotBegin(10);
    expect(messagesOf('hello', gap.snapshotChunk(1, items))).toMatchObject([{ number: 2, lineage: null }]);
    const end = followerOf({ empty: true });
    end.snapshotBegin(10);
    expect(messagesOf('hello', end.snapshotEnd({ chunks: 1 }))).toHaveLength(1);
  });

  test('a chunk that comes twice, or of an older hello, changes nothing', () => {
    const group = followerOf({ empty: true });
    group.snapshotBegin(10);
    group.snapshotChunk(0, [value('k', 7)]);
    const received = group.ackOf(group.snapshotChunk(0, [value('k', 7)]))?.receivedBytes;
    expect(group.ackOf(group.append([], { prevEpoch: epoch(1) }))?.receivedBytes).toBe(received);
    expect(group.snapshotChunk(1, items, { hello: 0 })).toEqual([]);
  });

  test('one that makes no progress for the election time-out is asked for again', () => {
    const group = followerOf({ empty: true });
    group.snapshotBegin(10);
    for (let passed = 0; passed < 900; passed += 100) {
      group.nowMs += 100;
      group.append([], { prevEpoch: epoch(1) });
    }
    const effects = group.turn((out) => group.follower.tick(group.now, out));
    expect(messagesOf('hello', effects)).toMatchObject([{ number: 2 }]);
  });

  test('bytes taken in are told, so that the leader can bound what is in flight', () => {
    const group = followerOf({ empty: true });
    group.snapshotBegin(10);
    const one = entry(11, 4);
    const first = group.ackOf(group.snapshotChunk(0, [value('k', 7)]))?.receivedBytes ?? 0;
    const second = group.ackOf(group.append([one], { prevEpoch: epoch(1) }))?.receivedBytes ?? 0;
    expect([first > 0, second - first]).toEqual([true, one.bytes]);
  });
});

describe('R12: what a follower may answer from its own memory', () => {
  test('in-sync reads until the staleness after the time that the leader has confirmed, of its own clock', () => {
    const group = followerOf();
    group.resume();
    group.append([entry(1, 4)]);
    expect(group.follower.inSyncUntilMs()).toBe(-Infinity);
    group.append([], { confirmedMs: 9_900 });
    expect(group.follower.inSyncUntilMs()).toBe(10_900);
    // An older confirmation, of a message that was held back, takes nothing away and adds nothing.
    group.append([], { confirmedMs: 9_000 });
    expect(group.follower.inSyncUntilMs()).toBe(10_900);
  });

  test('only as a member', () => {
    const group = followerOf();
    group.resume();
    group.append([entry(1, 4)], { confirmedMs: 9_900, member: false });
    expect(group.follower.inSyncUntilMs()).toBe(-Infinity);
    expect(group.follower.vouch(1, [])).toBe(false);
  });

  test('for linearizable ones it asks its leader', () => {
    const group = followerOf();
    group.resume();
    group.append([entry(1, 4)]);
    const effects = group.turn((out) => group.follower.vouch(3, out));
    expect(messagesOf('vouch', effects)).toEqual([{ kind: 'vouch', epoch: 4, lineage: LINEAGE, number: 3 }]);
  });
});

describe('R8: hearing from a working leader', () => {
  test('is news of a round that was full, not a message that came', () => {
    const group = followerOf();
    group.resume();
    const heardAgo = () => group.follower.heardWorkingAgoMs(epoch(4), group.nowMs);
    group.append([], { fullRound: 3 });
    group.nowMs += 100;
    group.append([], { fullRound: 4 });
    group.nowMs += 500;
    group.append([], { fullRound: 4, round: 9 });
    expect([heardAgo(), group.follower.heardWorkingAgoMs(epoch(3), group.nowMs)]).toEqual([500, null]);
  });

  test('what the first append of a stream tells may be old, and is no news', () => {
    const group = followerOf();
    group.resume();
    group.append([], { fullRound: 77 });
    expect(group.follower.heardWorkingAgoMs(epoch(4), group.nowMs)).toBeNull();
  });
});

describe('R9: a follower that is told to stop', () => {
  test('tells its leader at once, and in every acknowledgement and hello', () => {
    const group = followerOf();
    group.resume();
    const told = group.turn((effects) => group.follower.setStopping(group.now, effects));
    expect(messagesOf('ack', told)).toMatchObject([{ stopping: true }]);
    expect(group.ackOf(group.append([]))?.stopping).toBe(true);
    expect(messagesOf('hello', group.append([entry(9, 4)], { prevIndex: logIndex(8) }))).toMatchObject([
      { stopping: true },
    ]);
  });
});
