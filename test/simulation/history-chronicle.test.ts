import { describe, expect, test } from '@jest/globals';
import { logIndex, version, wallMs, epoch } from '../../src/core/base/numbers.ts';
import type { Key } from '../../src/core/base/key.ts';
import { Entry, type EntryBody } from '../../src/core/replication/entry.ts';
import type { Superseded } from '../../src/core/store/history.ts';
import type { Past, PastPlace, StoredValue } from '../../src/core/store/reads.ts';
import { HistoryChronicle, type PastState } from './checkers/history-chronicle.ts';
import type { Change } from './checkers/rehearsal.ts';

const K = 'k' as Key;
const valueAt = (revision: number): Uint8Array => Buffer.from(`value ${revision}`);

const change = (version_: number, revision: number, isThere = true): Change => ({
  index: revision,
  revision,
  version: version_,
  value: isThere ? valueAt(revision) : null,
  createRevision: 2,
  expiresAtMs: Infinity,
  idleMs: Infinity,
});

const storedAt = (version_: number, revision: number): StoredValue => ({
  value: valueAt(revision),
  contentType: null,
  revision: logIndex(revision),
  version: version(version_),
  createRevision: logIndex(2),
  modifiedMs: wallMs(0),
  expiresAtMs: null,
  idleMs: null,
});

const older = (version_: number, revision: number, supersededAt: number): Superseded => ({
  key: K,
  stored: storedAt(version_, revision),
  supersededAt: logIndex(supersededAt),
});

/** k is written at 2, 4, 6 and 8; of its four versions three are kept, and at 10 what was superseded up to 6 is forgotten. */
const CHANGES = [change(1, 2), change(2, 4), change(3, 6), change(4, 8)];

function chronicle(): HistoryChronicle {
  const history = new HistoryChronicle(null);
  const commit = (index: number, body: EntryBody): void => {
    history.commit(new Entry(logIndex(index), epoch(1), wallMs(0), body));
  };
  commit(1, { kind: 'begin', historyLimit: 3 });
  commit(10, { kind: 'forget', through: logIndex(6) });
  return history;
}

const stateAt = (index: number, changes: readonly Change[] = CHANGES): PastState => ({
  key: K,
  changes,
  index,
  isHidden: false,
  forgetsTombstones: false,
});

describe('the model of R20', () => {
  const table = (index: number, kept: readonly Superseded[]) => () => {
    chronicle().checkTable('a replica', index, kept, [[K, CHANGES]]);
  };

  test('takes what is to be kept, and refuses a version too many, one too few, and another order', () => {
    const [second, third] = [older(2, 4, 6), older(3, 6, 8)];
    expect(table(9, [second, third])).not.toThrow();
    expect(table(9, [older(1, 2, 4), second, third])).toThrow(/should keep/);
    expect(table(9, [third])).toThrow(/should keep/);
    expect(table(9, [third, second])).toThrow(/of 6 after 8/);
    expect(table(9, [second, older(3, 6, 9)])).toThrow(/should keep/);
    expect(table(10, [second, third])).toThrow(/should keep/);
    expect(table(10, [third])).not.toThrow();
  });

  const asked =
    (index: number, at: PastPlace, told: Past, changes = CHANGES) =>
    () => {
      chronicle().checkPast('a read', stateAt(index, changes), at, told);
    };
  const found = (version_: number, revision: number): Past => ({ kind: 'found', stored: storedAt(version_, revision) });

  test('takes one answer of each version, and no other', () => {
    const second: PastPlace = { kind: 'version', version: version(2) };
    expect(asked(9, second, found(2, 4))).not.toThrow();
    expect(asked(9, second, found(3, 6))).toThrow(/should be version 2/);
    expect(asked(9, second, { kind: 'compacted' })).toThrow(/should be version 2/);
    expect(asked(10, second, { kind: 'compacted' })).not.toThrow();
    expect(asked(10, second, found(2, 4))).toThrow(/should be compacted/);
    expect(asked(10, { kind: 'version', version: version(5) }, { kind: 'compacted' })).toThrow(/should be none/);
  });

  test('takes one answer at each revision, and no other', () => {
    const at = (revision: number): PastPlace => ({ kind: 'revision', revision: logIndex(revision) });
    expect(asked(9, at(7), found(3, 6))).not.toThrow();
    expect(asked(9, at(7), found(4, 8))).toThrow(/should be version 3/);
    expect(asked(9, at(3), { kind: 'none' })).toThrow(/should be compacted/);
    expect(asked(9, at(10), found(4, 8))).toThrow(/should be none/);
    const gone = [...CHANGES, change(5, 9, false)];
    expect(asked(11, at(9), { kind: 'none' }, gone)).not.toThrow();
    expect(asked(11, at(8), found(4, 8), gone)).toThrow(/should be compacted/);
  });

  test('a branch knows what was forgotten before it began, and nothing else', () => {
    const branch = new HistoryChronicle({ history: chronicle(), throughIndex: 9 });
    const kept = [older(2, 4, 6), older(3, 6, 8)];
    expect(() => {
      branch.checkTable('a replica', 12, kept, [[K, CHANGES]]);
    }).not.toThrow();
  });

  test('nothing is forgotten that is yet to come', () => {
    const body: EntryBody = { kind: 'forget', through: logIndex(12) };
    expect(() => {
      chronicle().commit(new Entry(logIndex(12), epoch(1), wallMs(0), body));
    }).toThrow(/forgets what comes after it/);
  });
});
