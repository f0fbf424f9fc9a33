import { describe, expect, test } from '@jest/globals';
import type { Key } from '../../../../src/core/base/key.ts';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import { Entry, type KeyEffect } from '../../../../src/core/replication/entry.ts';
import { decide } from '../../../../src/core/store/decide.ts';
import type { DecisionPlace, NewestKeys } from '../../../../src/core/store/newest.ts';
import { FrameEncoder } from '../../../../src/protocol/peer/frame-encoder.ts';
import { entry, key, LINEAGE, putEffect, request } from '../kit/builders.ts';

const NOW = wallMs(1000);
const PLACE: DecisionPlace = { index: logIndex(9), timeMs: NOW, lineageId: LINEAGE.id };

/** Each of the keys has a value in version 1; the dead ones are due just now, the deleted ones have none. */
function stateWith(
  names: readonly string[],
  { dead = [], deleted = [] }: { dead?: string[]; deleted?: string[] } = {},
) {
  const stored = new Map(
    [...names, ...dead].map((name) => {
      const expiresAtMs = dead.includes(name) ? NOW : undefined;
      return [
        name,
        putEffect(name, { version: 1, created: 1, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }).stored,
      ];
    }),
  );
  const newest: NewestKeys = {
    stateOf: (at) => ({ current: stored.get(at) ?? null, lastVersion: version(1) }),
    keysUnder: (prefix) => [...stored.keys(), ...deleted].filter((name) => name.startsWith(prefix)) as Key[],
  };
  return newest;
}

const decided = (newest: NewestKeys, prefix: string, expected: number | null) =>
  decide({ kind: 'deletePrefix', prefix, expected }, newest, PLACE);

const gone = (name: string): KeyEffect => ({
  kind: 'delete',
  key: key(name),
  tombstone: { version: version(2), revision: logIndex(9) },
});

describe('R16: all keys under a prefix', () => {
  const three = stateWith(['a/1', 'a/2', 'b']);

  test('are deleted together, if they are as many as expected', () => {
    expect(decided(three, 'a/', 2)).toEqual({
      effects: [gone('a/1'), gone('a/2')],
      outcome: { kind: 'cleared', count: 2 },
    });
    expect(decided(three, '', 3).effects).toHaveLength(3);
    expect(decided(three, 'c', 0)).toEqual({ effects: [], outcome: { kind: 'cleared', count: 0 } });
  });

  test.each([1, 3, 0, null])('stay, and are counted, if %p are expected of two', (expected) => {
    expect(decided(three, 'a/', expected)).toEqual({ effects: [], outcome: { kind: 'counted', count: 2 } });
  });

  test('what is due or deleted is none of them, and goes by itself', () => {
    const mixed = stateWith(['a/1'], { dead: ['a/2'], deleted: ['a/3'] });
    expect(decided(mixed, 'a/', 1)).toEqual({ effects: [gone('a/1')], outcome: { kind: 'cleared', count: 1 } });
  });
});

describe('the bound of one entry', () => {
  const numbered = (count: number, length = 1) =>
    Array.from({ length: count }, (_, at) => String(at).padStart(length, '0'));

  test('ten thousand keys', () => {
    expect(decided(stateWith(numbered(10_000)), '', 10_000).outcome).toEqual({ kind: 'cleared', count: 10_000 });
    for (const expected of [10_000, 10_001, null])
      expect(decided(stateWith(numbered(10_001)), '', expected)).toEqual({ effects: [], outcome: { kind: 'tooMany' } });
  });

  test('four megabytes of names', () => {
    expect(decided(stateWith(numbered(4096, 1024)), '', 4096).effects).toHaveLength(4096);
    expect(decided(stateWith(numbered(4097, 1024)), '', 4097).outcome).toEqual({ kind: 'tooMany' });
  });

  test('what is due counts only towards what is looked at', () => {
    const dead = numbered(19_999);
    expect(decided(stateWith(['x'], { dead }), '', 1).outcome).toEqual({ kind: 'cleared', count: 1 });
    expect(decided(stateWith(['x', 'y'], { dead: dead }), '', 2).outcome).toEqual({ kind: 'tooMany' });
  });

  test.each([
    [10_000, 400],
    [4096, 1024],
  ])('%d keys of %d bytes fit into the window of a follower, and so into a frame', (count, length) => {
    const { effects, outcome } = decided(stateWith(numbered(count, length)), '', count);
    const largest = entry(9, 1, {
      kind: 'write',
      request: request(1),
      settledThrough: 0,
      idempotencyKey: null,
      effects,
      outcome,
    });
    expect(largest).toBeInstanceOf(Entry);
    expect(largest.bytes).toBeGreaterThan(4 * 2 ** 20);
    expect(largest.bytes).toBeLessThan(8 * 2 ** 20);
    const encoder = new FrameEncoder();
    encoder.encode({ kind: 'peer', group: 0 as never, message: appendOf(largest) });
  });
});

const appendOf = (only: Entry) =>
  ({
    kind: 'append',
    epoch: only.epoch,
    lineage: LINEAGE,
    round: 1,
    fullRound: 0,
    prevIndex: logIndex(8),
    prevEpoch: only.epoch,
    commitIndex: logIndex(8),
    member: true,
    confirmedMs: -1,
    timeMs: NOW,
    entries: [only],
  }) as const;
