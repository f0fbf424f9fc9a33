import { describe, expect, test } from '@jest/globals';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import { entry, key, openSessionBody, put, putBody } from '../kit/builders.ts';
import { ENTRY_OVERHEAD_BYTES } from '../../../../src/core/replication/entry.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

const LARGE = 'x'.repeat(300);

const versionsOf = ({ replica: { machine } }: LeaderKit, name: string): number[] => {
  const standing = machine.store.get(key(name));
  return standing === null ? [] : [...machine.store.history.of(key(name), standing)].map(({ version }) => version);
};

const forgets = ({ replica: { log } }: LeaderKit): Entry[] => {
  const found: Entry[] = [];
  for (let index = log.dropped.index + 1; index <= log.lastIndex; index += 1) {
    const one = log.at(index as Entry['index']);
    if (one?.body.kind === 'forget') found.push(one);
  }
  return found;
};

describe('R20: the limit', () => {
  test('is what the leader says, from its first entry on', () => {
    const log = [
      entry(1, 1, { kind: 'begin', historyLimit: 2 }),
      entry(2, 1, openSessionBody()),
      entry(3, 1, putBody('k', { version: 1, created: 3, number: 50 })),
      entry(4, 1, putBody('k', { version: 2, created: 3, number: 51 })),
      entry(5, 1, putBody('k', { version: 3, created: 3, number: 52 })),
    ];
    const group = leaderOf({ inSync: ['a'], log, limits: { historyLimit: 4 } });
    expect(versionsOf(group, 'k')).toEqual([2]);
    for (let number = 100; number < 103; number += 1)
      group.propose(put('k'), { id: { session: 'session' as never, number } });
    expect(versionsOf(group, 'k')).toEqual([5, 4, 3]);
  });
});

const memoryBytesOf = ({ replica }: ReturnType<typeof leaderOf>): number => replica.machine.bytes + replica.log.bytes;

describe('R20: older versions yield to new data', () => {
  test('before a write is refused, the oldest first, and no more of them than is needed', () => {
    const group = leaderOf({ inSync: ['a'], limits: { memoryBytesMax: 20_000, logEntriesMax: 1, historyLimit: 100 } });
    let settledThrough = 0;
    const write = (name: string): void => {
      group.propose(put(name, LARGE), { settledThrough });
      settledThrough += 1;
    };
    for (let writes = 0; writes < 200; writes += 1) write('k');
    for (const reply of group.replies()) expect(reply.kind).toBe('committed');
    const { machine } = group.replica;
    expect(memoryBytesOf(group)).toBeLessThanOrEqual(20_000);
    const before = versionsOf(group, 'k');
    expect(before[0]).toBe(199);
    // Without gaps: the newest of them are there.
    expect(before).toEqual(before.map((_version, place) => 199 - place));
    expect(before.length).toBeGreaterThan(10);

    // New keys take what is left of it, until there is none.
    for (let writes = 0; writes < 60; writes += 1) write(`new${writes}`);
    const replies = group.replies().map(({ kind }) => kind);
    const taken = replies.indexOf('refused');
    expect(taken).toBeGreaterThan(10);
    expect(replies.slice(taken)).toEqual(replies.slice(taken).map(() => 'refused'));
    // What is left would free less than the entry takes that says so.
    expect(machine.store.history.bytes).toBeLessThan(ENTRY_OVERHEAD_BYTES);
    expect(machine.store.get(key('k'))?.version).toBe(200);
  });

  test('what is forgotten by an entry that is not committed yet makes room for one write only', () => {
    const group = leaderOf({
      inSync: ['a', 'b'],
      limits: { memoryBytesMax: 20_000, logEntriesMax: 1, historyLimit: 100 },
    });
    let number = 0;
    const write = (name: string): void => {
      number += 1;
      group.propose(put(name, LARGE), { settledThrough: number - 1 });
    };
    for (let writes = 0; writes < 200 && forgets(group).length === 0; writes += 1) {
      group.ack('b');
      write('k');
    }
    group.ack('b');
    group.replies();
    for (let writes = 0; writes < 60; writes += 1) write(`new${writes}`);
    const throughs = forgets(group).map(({ body }) => (body.kind === 'forget' ? body.through : 0));
    expect(throughs.length).toBeGreaterThan(2);
    expect(throughs).toEqual([...new Set(throughs)].toSorted((a, b) => a - b));
    group.ack('b');
    expect(memoryBytesOf(group)).toBeLessThanOrEqual(20_000);
    const refused = group.replies().filter(({ kind }) => kind === 'refused');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(60);
  });

  test('nothing is forgotten for a write that does not fit all the same', () => {
    const group = leaderOf({ inSync: ['a'], limits: { memoryBytesMax: 20_000, logEntriesMax: 1, historyLimit: 5 } });
    for (let writes = 0; writes < 5; writes += 1) group.propose(put('k', LARGE), { settledThrough: writes });
    group.replies();
    group.propose(put('large', 'x'.repeat(30_000)));
    expect(group.replies()).toMatchObject([{ kind: 'refused', code: 'memory-full' }]);
    expect(versionsOf(group, 'k')).toEqual([4, 3, 2, 1]);
  });

  test('also to what the gets of a transaction bring back', () => {
    const group = leaderOf({ inSync: ['a'], limits: { memoryBytesMax: 12_000, logEntriesMax: 1, historyLimit: 100 } });
    for (let writes = 0; writes < 100; writes += 1) group.propose(put('k', LARGE), { settledThrough: writes });
    const before = group.replica.machine.store.history.size;
    group.replies();
    group.propose(
      {
        kind: 'transaction',
        comparisons: [],
        then: Array.from({ length: 5 }, () => ({ kind: 'get' as const, key: key('k') })),
        otherwise: [],
      },
      { settledThrough: 100 },
    );
    expect(group.replies()).toMatchObject([{ kind: 'committed', decided: { kind: 'transaction' } }]);
    expect(group.replica.machine.store.history.size).toBeLessThan(before);
  });
});
