import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import type { EntryBody } from '../../../../src/core/replication/entry.ts';
import { LOG_START } from '../../../../src/core/replication/log.ts';
import {
  deleteBody,
  entry,
  idOf,
  key,
  LINEAGE,
  openSessionBody,
  putBody,
  putEffect,
  replicaOf,
  request,
} from '../kit/builders.ts';

const LOG = [
  entry(1, 1, openSessionBody()),
  entry(2, 1, putBody('k', { version: 1, created: 2 })),
  entry(3, 2, putBody('k', { version: 2, created: 2 })),
  entry(4, 2, deleteBody('other', 1)),
];

describe('applied ≤ committed ≤ last index', () => {
  test('a commit index beyond the log commits what is there', () => {
    const replica = replicaOf('b', { log: LOG });
    replica.commitThrough(logIndex(99), null);
    expect([replica.commitIndex, replica.machine.appliedIndex]).toEqual([4, 4]);
  });

  test('every entry is applied once, in order, and a lower commit index undoes nothing', () => {
    const replica = replicaOf('b', { log: LOG });
    const applied: number[] = [];
    for (const through of [2, 1, 2, 4]) replica.commitThrough(logIndex(through), (one) => applied.push(one.index));
    expect(applied).toEqual([1, 2, 3, 4]);
  });

  test('R10: a committed entry is never dropped', () => {
    const replica = replicaOf('b', { log: LOG, committed: 3 });
    expect(() => replica.truncateAfter(logIndex(2))).toThrow('R10: a committed entry is never dropped');
    replica.truncateAfter(logIndex(3));
    expect(replica.log.lastIndex).toBe(3);
  });
});

describe('R12: the newest uncommitted entry of a key', () => {
  test('is known until it is applied', () => {
    const replica = replicaOf('b', { log: LOG, committed: 1 });
    expect(replica.openIndexOf(key('k'))).toBe(3);
    replica.commitThrough(logIndex(2), null);
    expect(replica.openIndexOf(key('k'))).toBe(3);
    replica.commitThrough(logIndex(3), null);
    expect(replica.openIndexOf(key('k'))).toBeNull();
  });

  test('is an older one again when the newest was dropped', () => {
    const replica = replicaOf('b', { log: LOG, committed: 1 });
    replica.truncateAfter(logIndex(2));
    expect([replica.openIndexOf(key('k')), replica.openIndexOf(key('other'))]).toEqual([2, null]);
  });
});

describe('R12: what a list waits for', () => {
  const EXPIRES_MS = 5000;
  const mortal = (name: string, index: number, timeMs?: number) =>
    entry(
      index,
      2,
      { kind: 'expire', effects: [putEffect(name, { version: 1, created: index, expiresAtMs: EXPIRES_MS })] },
      timeMs,
    );

  test('the newest open entry under its prefix, and no other', () => {
    const replica = replicaOf('b', { log: LOG, committed: 1 });
    expect(replica.openIndexUnder('')).toBe(4);
    expect(replica.openIndexUnder('k')).toBe(3);
    expect(replica.openIndexUnder('oth')).toBe(4);
    expect(replica.openIndexUnder('kk')).toBeNull();
    replica.commitThrough(logIndex(4), null);
    expect(replica.openIndexUnder('')).toBeNull();
  });

  test('nothing, where the log was dropped and nothing is open', () => {
    const replica = replicaOf('b', { log: LOG, committed: 4 });
    replica.trimLog({ logEntriesMax: 0, logBytesMax: 0 }, logIndex(4));
    expect([replica.log.length, replica.openIndexUnder('')]).toEqual([0, null]);
  });

  test.each([
    [EXPIRES_MS - 1, null],
    [EXPIRES_MS, 7],
  ])('R17: the last entry, of %d ms, if by its time something applied goes: %p', (timeMs, waitsFor) => {
    const replica = replicaOf('b', { log: [...LOG, mortal('mortal', 5)], committed: 5 });
    replica.append(entry(6, 2, putBody('other', { version: 2, created: 6 })));
    replica.append(entry(7, 2, { kind: 'empty' }, timeMs));
    expect(replica.openIndexUnder('mor')).toBe(waitsFor);
  });

  test.each([
    [EXPIRES_MS - 1, 5],
    [EXPIRES_MS, 7],
  ])('R17: the last entry, of %d ms, if by its time something open goes: %d', (timeMs, waitsFor) => {
    const replica = replicaOf('b', { log: LOG, committed: 4 });
    replica.append(mortal('mortal', 5));
    replica.append(entry(6, 2, putBody('other', { version: 2, created: 6 })));
    replica.append(entry(7, 2, { kind: 'empty' }, timeMs));
    expect(replica.openIndexUnder('mor')).toBe(waitsFor);
  });

  test('R17: a touch that is open counts with the time that it sets', () => {
    const replica = replicaOf('b', { log: LOG, committed: 4 });
    const touch = { kind: 'touch', key: key('k'), expiresAtMs: wallMs(EXPIRES_MS), idleMs: null } as const;
    replica.append(entry(5, 2, { kind: 'expire', effects: [touch] }));
    replica.append(entry(6, 2, { kind: 'empty' }, EXPIRES_MS));
    expect([replica.openIndexUnder('k'), replica.fadingIndexOf(key('k'))]).toEqual([6, 6]);
  });
});

describe('R16: the keys under a prefix are those that may have a value, applied or not', () => {
  test('each once', () => {
    const replica = replicaOf('b', { log: LOG, committed: 4 });
    replica.append(entry(5, 2, putBody('k', { version: 3, created: 2 })));
    replica.append(entry(6, 2, putBody('k2', { version: 1, created: 6 })));
    replica.append(entry(7, 2, putBody('z', { version: 1, created: 7 })));
    expect([...replica.keysUnder('k')]).toEqual(['k', 'k2']);
    expect([...replica.keysUnder('')]).toEqual(['k', 'k2', 'z']);
    replica.truncateAfter(logIndex(5));
    expect([...replica.keysUnder('')]).toEqual(['k']);
  });
});

describe('R11: an empty replica', () => {
  test('says index 0 of no lineage, whatever part of a snapshot it has', () => {
    const replica = replicaOf('b', { log: LOG, committed: 4 });
    replica.becomeEmpty({ index: logIndex(50), epoch: LOG[3]?.epoch ?? LOG_START.epoch }, wallMs(5));
    expect([replica.empty, replica.position, replica.log.lastIndex]).toEqual([true, LOG_START, 50]);
    replica.beginLineage(LINEAGE);
    expect(replica.position).toEqual({ index: 50, epoch: 2 });
  });

  test('has another data id once it has given data up: it is another replica', () => {
    const replica = replicaOf('b', { log: LOG, committed: 4 });
    expect(replica.id).toBe(idOf('b'));
    replica.discard();
    const second = replica.id;
    replica.discard();
    expect([replica.empty, replica.machine.store.size, replica.log.lastIndex]).toEqual([true, 0, 0]);
    expect(new Set([idOf('b'), second, replica.id]).size).toBe(3);
    expect(second.startsWith('b/uid-b/')).toBe(true);
  });
});

describe('the log is bounded', () => {
  test('by count and by bytes, and nothing is dropped that is not applied or that somebody lacks', () => {
    const replica = replicaOf('b', { log: LOG, committed: 3 });
    const tight = { logEntriesMax: 0, logBytesMax: 0 };
    replica.trimLog({ logEntriesMax: 3, logBytesMax: 1e6 }, logIndex(4));
    expect(replica.log.dropped.index).toBe(1);
    replica.trimLog(tight, logIndex(2));
    expect(replica.log.dropped.index).toBe(2);
    replica.trimLog(tight, logIndex(4));
    expect(replica.log.dropped.index).toBe(3);
  });
});

describe('the newest state of a key is that of the log, committed or not', () => {
  const touchBody = (name: string, expiresAtMs: number): EntryBody => ({
    kind: 'write',
    request: request(9),
    settledThrough: 0,
    idempotencyKey: null,
    effects: [{ kind: 'touch', key: key(name), expiresAtMs: wallMs(expiresAtMs), idleMs: null }],
    outcome: { kind: 'touched', version: version(1), expiresAtMs: wallMs(expiresAtMs), idleMs: null },
  });

  test('what is applied, where nothing is open', () => {
    const replica = replicaOf('b', { log: LOG, committed: 4 });
    expect(replica.stateOf(key('k'))).toMatchObject({ current: { revision: 3, version: 2 }, lastVersion: 2 });
    expect(replica.stateOf(key('other'))).toEqual({ current: null, lastVersion: 1 });
    expect(replica.stateOf(key('nobody'))).toEqual({ current: null, lastVersion: 0 });
  });

  test('what the newest open entry makes of it', () => {
    const replica = replicaOf('b', { log: LOG, committed: 1 });
    expect(replica.stateOf(key('k'))).toMatchObject({ current: { revision: 3, version: 2 }, lastVersion: 2 });
    replica.append(entry(5, 2, deleteBody('k', 3, 9)));
    expect(replica.stateOf(key('k'))).toEqual({ current: null, lastVersion: 3 });
    replica.truncateAfter(logIndex(2));
    expect(replica.stateOf(key('k'))).toMatchObject({ current: { revision: 2, version: 1 }, lastVersion: 1 });
  });

  test('R17: a touch changes nothing but the time, of what is open or applied beneath it', () => {
    const replica = replicaOf('b', { log: LOG, committed: 1 });
    replica.append(entry(5, 2, touchBody('k', 4711)));
    expect(replica.stateOf(key('k'))).toMatchObject({ current: { revision: 3, version: 2, expiresAtMs: 4711 } });
    replica.commitThrough(logIndex(5), null);
    expect([replica.openIndexOf(key('k')), replica.machine.store.get(key('k'))?.expiresAtMs]).toEqual([null, 4711]);
    replica.append(entry(6, 2, touchBody('k', 9999)));
    expect(replica.stateOf(key('k'))).toMatchObject({ current: { revision: 3, version: 2, expiresAtMs: 9999 } });
    replica.append(entry(7, 2, touchBody('k', 10_000)));
    expect(replica.stateOf(key('k'))).toMatchObject({ current: { revision: 3, version: 2, expiresAtMs: 10_000 } });
    replica.append(entry(8, 2, touchBody('other', 9999)));
    expect(replica.stateOf(key('other'))).toEqual({ current: null, lastVersion: 1 });
  });

  test('R17, R11: of a touch whose value is only on its way in a snapshot: the value, once it is there', () => {
    const replica = replicaOf('b', { lineage: null });
    replica.becomeEmpty({ index: logIndex(4), epoch: epoch(2) }, wallMs(1000));
    replica.append(entry(5, 2, touchBody('k', 4711)));
    expect(replica.stateOf(key('k'))).toEqual({ current: null, lastVersion: 0 });
    const { stored } = putEffect('k', { version: 7, created: 1, revision: 3 });
    replica.machine.restore({ kind: 'value', key: key('k'), stored });
    expect(replica.stateOf(key('k'))).toEqual({ current: { ...stored, expiresAtMs: 4711 }, lastVersion: 7 });
    replica.commitThrough(logIndex(5), null);
    expect(replica.stateOf(key('k'))).toEqual({ current: { ...stored, expiresAtMs: 4711 }, lastVersion: 7 });
  });
});
