import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import { defaultTimes } from '../../../../src/core/group/options.ts';
import {
  bytes,
  deleteBody,
  effectsOf,
  entry,
  idOf,
  LINEAGE,
  messagesOf,
  NEXT_LINEAGE,
  openSessionBody,
  present,
  put,
  putBody,
  reportsOf,
  request,
  SESSION,
} from '../kit/builders.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';
import { readable } from '../kit/packed.ts';

const EMPTY = { lineage: null, lastIndex: logIndex(0), lastEpoch: epoch(0) };
const at = (index: number, inEpoch: number) => ({ lastIndex: logIndex(index), lastEpoch: epoch(inEpoch) });

/** Epochs 1, 1, 3, 3 before that of the leader, which is 5. */
const LOG = [entry(1, 1, openSessionBody()), entry(2, 1), entry(3, 3), entry(4, 3)];

const answerTo = (group: LeaderKit) => present(group.follower('d').received.find(({ kind }) => kind !== 'append'));

describe('R10: the stream begins where both logs last agree', () => {
  test.each([
    ['holds all of it', at(4, 3), { prevIndex: 4, prevEpoch: 3 }],
    ['lacks the end', at(2, 1), { prevIndex: 2, prevEpoch: 1 }],
    ['is longer, in an epoch that the leader has', at(9, 3), { prevIndex: 4, prevEpoch: 3 }],
    ['has other entries of an epoch that never committed there', at(9, 2), { prevIndex: 2, prevEpoch: 1 }],
    ['is empty', EMPTY, { prevIndex: 0, prevEpoch: 0 }],
  ])('a follower whose log %s', (_name, position, agreed) => {
    const group = leaderOf({ epoch: 5, inSync: ['a'], log: LOG });
    group.hello('d', position);
    expect(answerTo(group)).toEqual({ kind: 'resume', epoch: 5, lineage: LINEAGE, hello: 1, ...agreed });
    expect(group.follower('d').entries.map(({ index }) => index)).toEqual(
      [1, 2, 3, 4, 5].filter((index) => index > agreed.prevIndex),
    );
  });

  test('every append says what it follows', () => {
    const group = leaderOf({ epoch: 5, inSync: ['a', 'b'], log: LOG });
    group.propose(put('k'));
    const append = present(
      group
        .follower('b')
        .received.filter((message) => message.kind === 'append')
        .at(-1),
    );
    expect(append).toMatchObject({
      epoch: 5,
      lineage: LINEAGE,
      prevIndex: 5,
      prevEpoch: 5,
      commitIndex: 5,
      member: true,
    });
    expect(append.entries.map(({ index }) => index)).toEqual([6]);
  });

  test('appends are pipelined: none waits for the acknowledgement of the one before', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    for (let writes = 0; writes < 3; writes += 1) group.propose(put('k'));
    expect(group.follower('b').entries.map(({ index }) => index)).toEqual([2, 3, 4, 5]);
  });

  test('what arrived in one turn travels as one batch, to each follower', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.follower('b').received.length = 0;
    for (let writes = 1; writes <= 3; writes += 1) {
      const id = { session: SESSION, number: writes };
      const write = { id, settledThrough: 0, idempotencyKey: null, command: put('k') } as const;
      group.leader.propose(writes, write, group.now, []);
    }
    group.turn();
    expect(group.follower('b').received).toHaveLength(1);
    expect(
      group
        .follower('b')
        .entries.slice(-3)
        .map(({ index }) => index),
    ).toEqual([3, 4, 5]);
  });

  test('no more is in flight than the window of a follower allows', () => {
    const value = 'x'.repeat(400);
    const { bytes: size } = entry(3, 4, putBody('k', { value, version: 1, created: 3 }));
    const group = leaderOf({ inSync: ['a', 'b'], limits: { inflightBytesMax: 2 * size + 1 } });
    for (let writes = 0; writes < 10; writes += 1) group.propose(put('k', value));
    // The third goes out while there is room for a part of it.
    expect(group.follower('b').lastIndex).toBe(5);
    group.ack('b');
    expect(group.follower('b').lastIndex).toBe(8);
  });
});

describe('R10: a hello is answered once, and the newest is the one that counts', () => {
  test('a second copy on the same connection changes nothing', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(put('k'));
    const again = group.follower('b').hello({ number: 1, ...at(1, 1) });
    expect(messagesOf('resume', group.receive('b', again))).toEqual([]);
    expect(group.follower('b').lastIndex).toBe(3);
  });

  test('nor does a late copy under an id that the process has given up since', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.hello('d', { lineage: NEXT_LINEAGE });
    const early = group.follower('d').hello({ number: 1, lineage: NEXT_LINEAGE });
    // It was sent a snapshot, discarded what it had, and goes on as another replica on the same connection.
    group.receive('d', group.follower('d').hello({ number: 2, from: idOf('d', 2), lineage: null, ...at(0, 0) }));
    expect(group.receive('d', early).filter(({ kind }) => kind === 'send')).toEqual([]);
    group.propose(put('k'));
    group.ack('d');
    expect(group.leader.progress(idOf('d', 2))?.matchIndex).toBe(3);
    expect(reportsOf('peerRefused', group.effects)).toEqual([]);
  });

  test('a hello on another connection ends the one before', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    const { link } = group.follower('b');
    const effects = group.hello('b', { number: 7 });
    expect(effectsOf('disconnect', effects)).toMatchObject([{ link }]);
    group.propose(put('k'));
    expect(group.follower('b').entries.at(-1)?.index).toBe(3);
  });

  test('one that an older connection held back does not take the newer one’s place', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    const late = group.follower('b').hello({ number: 3, ...at(1, 1) });
    const old = group.follower('b').link;
    group.hello('b', { number: 4 });
    const effects = [] as Parameters<typeof group.leader.onHello>[3];
    group.leader.onHello(old, late, group.now, effects);
    expect(effects).toMatchObject([{ kind: 'disconnect', link: old }]);
    expect(group.leader.progress(idOf('b'))?.link).toBe(group.follower('b').link);
  });

  test('what was acknowledged in this epoch stays acknowledged when the connection is a new one', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.propose(put('k'));
    group.ack('b');
    group.close('b');
    group.ack('c');
    expect(group.replies()).toHaveLength(1);
  });
});

describe('R11: a follower that the log no longer reaches back to gets a snapshot', () => {
  const history = [
    entry(1, 1, openSessionBody()),
    entry(2, 1, putBody('kept', { version: 1, created: 2, number: 1 })),
    entry(3, 1, putBody('gone', { version: 1, created: 3, number: 2 })),
    entry(4, 1, deleteBody('gone', 2, 3)),
  ];

  test('R10: or whose data is of another lineage', () => {
    const group = leaderOf({ inSync: ['a'], lineage: NEXT_LINEAGE });
    group.hello('d', { lineage: LINEAGE, ...at(1, 1) });
    expect(answerTo(group)).toMatchObject({ kind: 'snapshotBegin', lineage: NEXT_LINEAGE });
  });

  /** Its log begins after everything that was applied. */
  const trimmed = (): LeaderKit => leaderOf({ inSync: ['a', 'b'], log: history, limits: { logEntriesMax: 1 } });

  test('with values, tombstones and sessions, the place where it stands, and the floor of versions', () => {
    const group = trimmed();
    group.hello('d', EMPTY);
    const { received } = group.follower('d');
    expect(received.map(({ kind }) => kind)).toEqual(['snapshotBegin', 'append', 'snapshotChunk', 'snapshotEnd']);
    expect(received[0]).toMatchObject({ startIndex: 5, startEpoch: 4, hello: 1, timeMs: group.replica.machine.timeMs });
    expect(received[2]).toMatchObject({ kind: 'snapshotChunk', number: 0 });
    expect(readable(received[2]?.kind === 'snapshotChunk' ? received[2].items : [])).toMatchObject([
      { kind: 'value', key: 'kept', stored: { value: bytes('v'), revision: 2 } },
      { kind: 'tombstone', key: 'gone', version: 2, revision: 4 },
      { kind: 'session', session: SESSION, outcomes: [{ number: 1 }, { number: 2 }, { number: 3 }] },
    ]);
    expect(received[3]).toMatchObject({ chunks: 1, endIndex: 5, versionFloor: 0 });
  });

  test('writes go on meanwhile, in the same stream', () => {
    const group = leaderOf({
      inSync: ['a', 'b'],
      log: history,
      limits: { snapshotChunkBytes: 1, inflightBytesMax: 50 },
    });
    group.hello('d', { ...EMPTY, lineage: { number: 1, id: 'another' } });
    group.propose(put('new'), { id: request(9) });
    group.ack('b');
    const kinds = (): string[] => group.follower('d').received.map(({ kind }) => kind);
    expect(kinds()).not.toContain('snapshotEnd');
    for (let turns = 0; turns < 10; turns += 1) {
      const follower = group.follower('d');
      const chunks = follower.received.filter((message) => message.kind === 'snapshotChunk').length;
      // As many bytes as were sent, and more than that: the window is open.
      group.ack('d', { matchIndex: logIndex(0), receivedBytes: 1000 * (chunks + 1) });
    }
    expect(group.replies()).toHaveLength(1);
    expect(kinds()).toContain('snapshotEnd');
    expect(group.follower('d').entries.at(-1)?.index).toBe(6);
    expect(group.follower('d').received.find(({ kind }) => kind === 'snapshotEnd')).toMatchObject({ endIndex: 6 });
  });

  test('chunks go out as the follower takes them in: a slow one costs a window and no more', () => {
    const values = Array.from({ length: 40 }, (_, place) =>
      entry(place + 2, 1, putBody(`k${place}`, { value: 'x'.repeat(500), version: 1, created: place + 2 })),
    );
    const group = leaderOf({
      inSync: ['a'],
      log: [entry(1, 1, openSessionBody()), ...values],
      limits: { logEntriesMax: 1, snapshotChunkBytes: 1000, inflightBytesMax: 3000 },
    });
    group.hello('d', EMPTY);
    const chunks = (): number => group.follower('d').received.filter(({ kind }) => kind === 'snapshotChunk').length;
    expect(chunks()).toBe(3);
    group.turn();
    expect(chunks()).toBe(3);
    group.ack('d', { matchIndex: logIndex(0), receivedBytes: 2000 });
    expect(chunks()).toBe(5);
  });

  test('a turn sends a part of it, and asks for the next turn until the window is full, or all is out', () => {
    const values = Array.from({ length: 8 }, (_, place) =>
      entry(place + 2, 1, putBody(`k${place}`, { value: 'x'.repeat(40_000), version: 1, created: place + 2 })),
    );
    const group = leaderOf({
      inSync: ['a'],
      log: [entry(1, 1, openSessionBody()), ...values],
      limits: { logEntriesMax: 1, snapshotChunkBytes: 30_000, inflightBytesMax: 150_000 },
    });
    const wanted = (): boolean => effectsOf('turnWanted', group.effects.splice(0)).length > 0;
    const chunks = (): number => group.follower('d').received.filter(({ kind }) => kind === 'snapshotChunk').length;
    group.hello('d', EMPTY);
    const seen: [number, boolean][] = [[chunks(), wanted()]];
    for (let turns = 0; turns < 3; turns += 1) {
      group.turn();
      seen.push([chunks(), wanted()]);
    }
    group.ack('d', { matchIndex: logIndex(0), receivedBytes: 150_000 });
    while (wanted()) group.turn();
    expect(seen).toEqual([
      [2, true],
      [4, false],
      [4, false],
      [4, false],
    ]);
    group.ack('d', { matchIndex: logIndex(0), receivedBytes: 300_000 });
    while (wanted()) group.turn();
    // The last is that of the session.
    expect(chunks()).toBe(9);
    expect(group.follower('d').received.some(({ kind }) => kind === 'snapshotEnd')).toBe(true);
  });

  test('entries do not wait for chunks: under load the log would else have dropped them before the last chunk is out', () => {
    const values = Array.from({ length: 40 }, (_, place) =>
      entry(place + 2, 1, putBody(`k${place}`, { value: 'x'.repeat(500), version: 1, created: place + 2 })),
    );
    const group = leaderOf({
      inSync: ['a'],
      log: [entry(1, 1, openSessionBody()), ...values],
      limits: { logEntriesMax: 8, snapshotChunkBytes: 1000, inflightBytesMax: 3000 },
    });
    group.hello('d', EMPTY);
    const follower = group.follower('d');
    const sentBytes = (): number => group.leader.progress(idOf('d'))?.sentBytes ?? 0;
    const ended = (): boolean => follower.received.some(({ kind }) => kind === 'snapshotEnd');
    for (let writes = 0; writes < 100 && !ended(); writes += 1) {
      group.propose(put('k'));
      group.ack('d', { matchIndex: logIndex(0), receivedBytes: sentBytes() });
      expect(follower.entries.at(-1)?.index).toBe(group.replica.log.lastIndex);
    }
    expect(ended()).toBe(true);
    expect(effectsOf('disconnect', group.effects)).toEqual([]);
  });

  test('a piece a heartbeat goes before the entries: behind many, none would come for so long that it counted as lost', () => {
    const uncommitted = Array.from({ length: 100 }, (_, place) =>
      entry(place + 3, 1, putBody(`u${place}`, { value: 'x', version: 1, created: place + 3 })),
    );
    const group = leaderOf({
      inSync: ['a'],
      log: [entry(1, 1, openSessionBody()), entry(2, 1, putBody('k', { version: 1, created: 2 })), ...uncommitted],
      committed: 2,
      limits: { minInSync: 2, logEntriesMax: 1, snapshotChunkBytes: 1, inflightBytesMax: 300 },
    });
    group.hello('d', EMPTY);
    const follower = group.follower('d');
    const chunks = (): number => follower.received.filter(({ kind }) => kind === 'snapshotChunk').length;
    const takeIn = (): void => {
      const receivedBytes = group.leader.progress(idOf('d'))?.sentBytes ?? 0;
      group.ack('d', { matchIndex: logIndex(0), receivedBytes });
    };
    for (let acks = 0; acks < 5; acks += 1) takeIn();
    expect([follower.entries.length > 4, chunks()]).toEqual([true, 0]);
    group.advance(defaultTimes.heartbeatMs);
    takeIn();
    takeIn();
    expect(chunks()).toBe(1);
    expect(follower.entries.at(-1)?.index).toBeLessThan(group.replica.log.lastIndex);
  });

  test('one that is too slow for the log that is kept starts over, and the leader’s memory does not grow', () => {
    const group = leaderOf({ inSync: ['a'], log: history, limits: { logEntriesMax: 3, inflightBytesMax: 10 } });
    group.hello('d', EMPTY);
    const { link } = group.follower('d');
    for (let writes = 0; writes < 10; writes += 1) group.propose(put('k'));
    const reason = 'the log no longer reaches back to where the follower is';
    expect(effectsOf('disconnect', group.effects)).toEqual([{ kind: 'disconnect', link, reason }]);
    expect(group.replica.log.length).toBe(3);
  });

  test('until everything is in, it counts as empty: its acknowledgements are of nothing', () => {
    const group = trimmed();
    group.hello('d', EMPTY);
    group.follower('d').installing = true;
    group.pass(1000, ['b', 'd']);
    expect([group.change, group.leader.progress(idOf('d'))?.streaming]).toEqual([null, false]);
    group.follower('d').installing = false;
    group.pass(150, ['b', 'd']);
    expect(group.change).toEqual({ add: 'd', remove: null });
  });

  test('a member never gets one: the leader keeps what a member has not acknowledged', () => {
    const group = leaderOf({ inSync: ['a', 'b'], minInSync: 2, limits: { logEntriesMax: 2 } });
    for (let writes = 0; writes < 20; writes += 1) group.propose(put('k'));
    expect(group.replica.log.length).toBeGreaterThanOrEqual(20);
    group.close('b');
    group.hello('b', { number: 9, ...at(2, 4) });
    expect(group.follower('b').received[0]).toMatchObject({ kind: 'resume', prevIndex: 2 });
  });

  test('nor one whose hello says that it needs one: the next hello may say better', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'], connected: ['c'] });
    const effects = group.hello('b', { lineage: NEXT_LINEAGE });
    expect([messagesOf('snapshotBegin', effects), effectsOf('disconnect', effects).length]).toEqual([[], 1]);
    expect(messagesOf('resume', group.hello('b'))).toHaveLength(1);
  });

  test('and if none does, it leaves the set as anybody who does not acknowledge', () => {
    const group = leaderOf({ inSync: ['a', 'b', 'c'] });
    group.hello('b', { lineage: NEXT_LINEAGE });
    group.propose(put('k'));
    group.pass(1500, ['c']);
    expect(group.change).toEqual({ add: null, remove: 'b' });
  });

  test('one that is only being added may get one: it holds nothing that counts yet', () => {
    const group = leaderOf({ inSync: ['a', 'b'], minInSync: 2, limits: { logEntriesMax: 3, inSyncMax: 2 } });
    group.hello('d');
    group.ack('d');
    group.pass(200, ['b', 'd']);
    const { lastIndex, lastEpoch } = group.follower('d');
    for (let writes = 0; writes < 10; writes += 1) {
      group.propose(put('k'));
      group.ack('b');
    }
    group.follower('b').stopping = true;
    group.ack('b');
    expect(group.change).toEqual({ add: 'd', remove: 'b' });
    group.hello('d', { number: 9, ...at(lastIndex, lastEpoch) });
    expect(answerTo(group)).toMatchObject({ kind: 'snapshotBegin' });
  });
});
