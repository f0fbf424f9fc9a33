import { describe, expect, test } from '@jest/globals';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import { SnapshotScan } from '../../../../src/core/replication/snapshot.ts';
import { StateMachine } from '../../../../src/core/store/state-machine.ts';
import { key, ofKeys, present, put } from '../kit/builders.ts';
import { leaderOf, type LeaderKit } from '../kit/leader-kit.ts';

const VALUE = 'v'.repeat(1000);
/** Some two hundred keys of 1000 bytes, which is far more than the log and the rest take. */
const littleMemory = (eviction: 'none' | 'lru', inSync: readonly string[] = ['a']): LeaderKit =>
  leaderOf({
    inSync,
    limits: { memoryBytesMax: 300_000, logEntriesMax: 10, historyLimit: 1, eviction },
  });

const evictions = ({ replica: { log } }: LeaderKit): Entry[] => {
  const found: Entry[] = [];
  for (let at = log.dropped.index + 1; at <= log.lastIndex; at += 1) {
    const entry = present(log.at(logIndex(at)));
    if (entry.body.kind === 'evict') found.push(entry);
  }
  return found;
};

/** Until the first write that did not fit; every key is used at another time. */
function fill(group: LeaderKit): number {
  for (let number = 0; number < 1000; number += 1) {
    group.propose(put(`k${number}`, VALUE));
    group.advance(1);
    if (evictions(group).length > 0) return number;
  }
  throw new Error('it never was full');
}

describe('R22: where a write does not fit, keys that nobody has used for long go', () => {
  test('ahead of it, by an entry of their own; the write is done', () => {
    const group = littleMemory('lru');
    const last = fill(group);
    const [entry] = evictions(group);
    const { log, machine } = group.replica;
    expect(present(entry).index).toBe(log.lastIndex - 1);
    expect(machine.store.get(key(`k${last}`))).not.toBeNull();
    const gone = entry?.body.kind === 'evict' ? ofKeys(entry.body.effects) : [];
    expect(gone[0]).toEqual({
      kind: 'evict',
      key: gone[0]?.key,
      tombstone: { version: 2, revision: present(entry).index },
    });
    expect(machine.store.evictedKeys).toBe(gone.length);
    for (const effect of gone) expect(machine.store.get(effect.key)).toBeNull();
    expect(group.replies().every(({ kind }) => kind === 'committed')).toBe(true);
  });

  test('the oldest of some that are looked at: hardly ever one of the newest quarter', () => {
    const group = littleMemory('lru');
    const gone: number[] = [];
    let [written, seen] = [0, 0];
    for (; written < 2000; written += 1) {
      group.propose(put(`k${written}`, VALUE));
      group.advance(1);
      for (const { index, body } of evictions(group)) {
        if (index <= seen || body.kind !== 'evict') continue;
        seen = index;
        for (const effect of ofKeys(body.effects)) gone.push(written - Number(effect.key.slice(1)));
      }
    }
    const size = group.replica.machine.store.size;
    expect(gone.length).toBeGreaterThan(1000);
    const tooNew = gone.filter((age) => age < size / 4).length;
    expect(tooNew / gone.length).toBeLessThan(0.01);
  });

  test('not where they may not: then it is refused', () => {
    const group = littleMemory('none');
    for (let number = 0; number < 400; number += 1) group.propose(put(`k${number}`, VALUE));
    expect(group.replies().at(-1)).toMatchObject({ kind: 'refused', code: 'memory-full' });
    expect([evictions(group), group.replica.machine.store.evictedKeys]).toEqual([[], 0]);
  });

  test('not where all of them would not be enough', () => {
    const group = littleMemory('lru');
    group.propose(put('small', VALUE));
    group.propose(put('large', 'v'.repeat(400_000)));
    expect(group.replies().at(-1)).toMatchObject({ kind: 'refused', code: 'memory-full' });
    expect([evictions(group), group.replica.machine.store.size]).toEqual([[], 1]);
  });

  test('what is to go is counted once, however long it takes until that is committed', () => {
    const group = littleMemory('lru', ['a', 'b']);
    for (let number = 0; evictions(group).length === 0; number += 1) {
      group.propose(put(`k${number}`, VALUE));
      if (number < 100) group.ack('b');
    }
    const [entry] = evictions(group);
    group.propose(put('next', 'v'));
    expect(evictions(group)).toEqual([entry]);
  });
});

describe('R22: an evicted key is forgotten at once', () => {
  test('but no version of it is used again', () => {
    const group = littleMemory('lru');
    for (let times = 0; times < 5; times += 1) group.propose(put('k', VALUE));
    const { store } = group.replica.machine;
    store.apply({ kind: 'evict', key: key('k'), tombstone: { version: 6 as never, revision: logIndex(9) } });
    expect([store.get(key('k')), store.tombstoneOf(key('k')), store.lastVersion(key('k'))]).toEqual([null, null, 6]);
    expect([store.size, store.valueBytes, store.uses.size]).toEqual([0, 0, 0]);
  });

  test('whoever takes a snapshot has it as little', () => {
    const group = littleMemory('lru');
    fill(group);
    const source = group.replica.machine;
    const scan = new SnapshotScan(source);
    const copy = new StateMachine({ tombstonesMax: 1000, idempotencyKeptMs: 600_000, eviction: 'lru' });
    copy.restart({ index: scan.startIndex, timeMs: source.timeMs });
    for (const item of scan.nextChunk(10_000_000)?.items ?? []) copy.restore(item);
    copy.store.raiseVersionFloor(source.store.versionFloor);
    expect([...copy.store.values()]).toEqual([...source.store.values()]);
    expect([copy.store.bytes, copy.store.lastVersion(key('other'))]).toEqual([source.store.bytes, 2]);
  });
});
