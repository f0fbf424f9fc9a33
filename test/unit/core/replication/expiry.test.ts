import { describe, expect, test } from '@jest/globals';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import { SnapshotScan } from '../../../../src/core/replication/snapshot.ts';
import type { PutCommand, TouchCommand } from '../../../../src/core/store/commands.ts';
import { StateMachine } from '../../../../src/core/store/state-machine.ts';
import { deleteBody, entry, key, ofKeys, present, put, putEffect, request } from '../kit/builders.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

const putFor = (name: string, ms: number): PutCommand => ({ ...put(name), lifetime: { kind: 'limited', ms } });
const touchFor = (name: string, ms: number): TouchCommand => ({
  kind: 'touch',
  key: key(name),
  lifetime: { kind: 'limited', ms },
  idle: { kind: 'kept' },
  condition: { kind: 'none' },
});

const lastOf = ({ replica }: LeaderKit): Entry => present(replica.log.at(replica.log.lastIndex));
/** The keys that entries from `from` on let go, entry by entry. */
function expiredFrom({ replica }: LeaderKit, from: number): string[][] {
  const expired: string[][] = [];
  for (let at = from; at <= replica.log.lastIndex; at += 1) {
    const { body } = present(replica.log.at(logIndex(at)));
    if (body.kind === 'expire') expired.push(ofKeys(body.effects).map((effect) => effect.key));
  }
  return expired;
}

describe('R17: a leader removes what is due', () => {
  test('by an entry, on its next tick', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(putFor('k', 100));
    group.pass(50);
    expect(lastOf(group).body.kind).toBe('write');
    group.pass(50);
    expect(lastOf(group).body).toEqual({
      kind: 'expire',
      effects: [{ kind: 'expire', key: 'k', tombstone: { version: 2, revision: group.replica.log.lastIndex } }],
    });
    expect([group.replica.machine.store.get(key('k')), group.replica.machine.store.lastVersion(key('k'))]).toEqual([
      null,
      2,
    ]);
  });

  test('once, however long it takes until that is committed', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    group.propose(putFor('k', 100));
    group.ack('b');
    const from = group.replica.log.lastIndex;
    group.pass(400);
    expect(expiredFrom(group, from)).toEqual([['k']]);
    group.ack('b');
    group.pass(200, ['b']);
    expect(expiredFrom(group, from)).toEqual([['k']]);
    expect(group.replica.machine.store.size).toBe(0);
  });

  test('not what was written or touched since, applied or not', () => {
    const group = leaderOf({ inSync: ['a', 'b'] });
    for (const name of ['written', 'touched', 'left']) group.propose(putFor(name, 100));
    group.ack('b');
    const from = group.replica.log.lastIndex;
    group.propose(put('written'));
    group.propose(touchFor('touched', 60_000));
    group.pass(300);
    expect(expiredFrom(group, from)).toEqual([['left']]);
  });

  test('not before its first entry is committed: it may not know what it holds', () => {
    const log = [
      entry(1, 1, {
        kind: 'write',
        request: request(1),
        settledThrough: 0,
        idempotencyKey: null,
        effects: [putEffect('k', { version: 1, created: 1, expiresAtMs: 1001 })],
        outcome: { kind: 'written', version: 1 as never, created: true },
      }),
    ];
    const group = leaderOf({ inSync: ['a', 'b'], log, connected: [] });
    group.pass(500);
    expect(expiredFrom(group, 1)).toEqual([]);
    group.hello('b');
    group.ack('b');
    group.pass(50);
    expect(expiredFrom(group, 1)).toEqual([['k']]);
  });

  test.each([
    { memory: 'there is plenty of', memoryBytesMax: 100_000_000, first: [125], then: [125, 125], keys: 250 },
    {
      memory: 'more than half is used of',
      memoryBytesMax: 400_000,
      first: [500, 500],
      then: [500, 500, 100],
      keys: 1100,
    },
  ])(
    'so many at once that nobody waits long, the rest once these are applied, where $memory memory',
    ({ memoryBytesMax, first, then, keys }) => {
      const group = leaderOf({ inSync: ['a', 'b'], limits: { uncommittedEntriesMax: 100_000, memoryBytesMax } });
      for (let at = 0; at < keys; at += 1) {
        group.propose(putFor(`k${at}`, 1000));
        // What is not applied takes more.
        if (at % 10 === 9) group.ack('b');
      }
      const from = group.replica.log.lastIndex;
      group.pass(1500);
      expect(expiredFrom(group, from).map((expired) => expired.length)).toEqual(first);
      group.ack('b');
      group.pass(50);
      expect(expiredFrom(group, from).map((expired) => expired.length)).toEqual(then);
      group.ack('b');
      expect(group.replica.machine.store.size).toBe(0);
    },
  );

  describe('it makes room, for it is gone for everybody', () => {
    /** Of a size that leaves room for some tens of values, and nothing else to be forgotten. */
    const small = () => {
      const limits = { memoryBytesMax: 60_000, logEntriesMax: 1, historyLimit: 1 };
      const group = leaderOf({ inSync: ['a', 'b'], limits });
      let asked = 0;
      const ask = (command: PutCommand): void => {
        group.propose(command, { settledThrough: asked });
        asked += 1;
      };
      const fill = (name: string): void => {
        for (let at = 0; group.replies().every(({ kind }) => kind !== 'refused'); at += 1) {
          ask({ ...putFor(`${name}${at}`, 1000), value: new Uint8Array(500) });
          group.ack('b');
        }
      };
      return { group, ask, fill };
    };
    const large = { ...put('large'), value: new Uint8Array(5000) };

    test('once it is being removed', () => {
      const { group, ask, fill } = small();
      fill('k');
      group.pass(1500);
      ask(large);
      group.ack('b');
      expect(group.replies().map(({ kind }) => kind)).toEqual(['committed']);
    });

    test('before that, too', () => {
      const { group, ask, fill } = small();
      fill('k');
      const from = group.replica.log.lastIndex;
      group.advance(1500);
      ask(large);
      expect(expiredFrom(group, from + 1)).toHaveLength(1);
      group.ack('b');
      expect(group.replies().map(({ kind }) => kind)).toEqual(['committed']);
    });

    test('again and again, and never beyond the limit', () => {
      const { group, fill } = small();
      const { machine, log } = group.replica;
      for (let round = 1; round <= 5; round += 1) {
        fill(`k${round}-`);
        expect(machine.bytes + log.bytes).toBeLessThanOrEqual(60_000);
        expect(machine.store.size).toBeGreaterThan(20);
        group.pass(2000, ['b']);
        expect(machine.store.size).toBe(0);
      }
    });

    test('but not more than it has', () => {
      const { group, ask, fill } = small();
      fill('k');
      group.advance(1500);
      ask({ ...large, value: new Uint8Array(60_000) });
      expect(group.replies()).toMatchObject([{ kind: 'refused', code: 'memory-full' }]);
    });
  });

  test('idle otherwise: without anything due it appends nothing', () => {
    const group = leaderOf({ inSync: ['a'] });
    group.propose(putFor('k', 3_600_000));
    group.propose(put('stays'));
    const from = group.replica.log.lastIndex;
    group.pass(2000);
    expect(group.replica.log.lastIndex).toBe(from);
  });
});

describe('R17: the state of a revision has a time', () => {
  const machineWith = (expiresAtMs: number): StateMachine => {
    const machine = new StateMachine({ tombstonesMax: 10, idempotencyKeptMs: 1000 });
    machine.restart({ index: logIndex(0), timeMs: 0 as never });
    machine.apply(
      entry(1, 1, { kind: 'expire', effects: [putEffect('k', { version: 1, created: 1, expiresAtMs })] }, 1000),
    );
    return machine;
  };

  test('what is due by the log’s time is hidden, before any entry removes it', () => {
    const machine = machineWith(2000);
    machine.apply(entry(2, 1, { kind: 'empty' }, 1999));
    expect(machine.find(key('k'))).not.toBeNull();
    machine.apply(entry(3, 1, { kind: 'empty' }, 2000));
    expect([machine.find(key('k')), machine.store.get(key('k'))?.version]).toEqual([null, 1]);
  });

  test('a touch reaches who is sent a snapshot, before its value and after', () => {
    const source = machineWith(2000);
    for (const isThere of [false, true]) {
      const scan = new SnapshotScan(source);
      const copy = new StateMachine({ tombstonesMax: 10, idempotencyKeptMs: 1000 });
      copy.restart({ index: scan.startIndex, timeMs: source.timeMs });
      const bring = (): void => {
        for (const item of scan.nextChunk(1000)?.items ?? []) copy.restore(item);
      };
      if (isThere) bring();
      const touch = entry(
        source.appliedIndex + 1,
        1,
        {
          kind: 'expire',
          effects: [{ kind: 'touch', key: key('k'), expiresAtMs: (isThere ? 9000 : 5000) as never, idleMs: null }],
        },
        1500,
      );
      source.apply(touch);
      copy.apply(touch);
      if (!isThere) bring();
      expect(copy.store.get(key('k'))).toEqual(source.store.get(key('k')));
      expect(copy.store.earliestExpiryMs).toBe(isThere ? 9000 : 5000);
      expect(copy.store.bytes).toBe(source.store.bytes);
    }
  });

  test('what was deleted or written anew no longer falls due', () => {
    const machine = machineWith(2000);
    machine.apply(entry(2, 1, deleteBody('k', 2), 1500));
    expect(machine.store.earliestExpiryMs).toBeNull();
    const again = machineWith(2000);
    again.apply(entry(2, 1, { kind: 'expire', effects: [putEffect('k', { version: 2, created: 1 })] }, 1500));
    expect([again.store.earliestExpiryMs, again.store.due(9999 as never, 10)]).toEqual([null, []]);
  });
});
