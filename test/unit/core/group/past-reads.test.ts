import { describe, expect, test } from '@jest/globals';
import { logIndex, version } from '../../../../src/core/base/numbers.ts';
import type { PastPlace, ReadMode, ReadOutcome } from '../../../../src/core/store/reads.ts';
import {
  deleteBody,
  entry,
  key,
  LINEAGE,
  openSessionBody,
  putBody,
  putEffect,
  SESSION,
  written,
} from '../kit/builders.ts';
import { followingGroup, type GroupHarness } from '../kit/group-harness.ts';

const K = (version_: number, value: string) => putBody('k', { value, version: version_, created: 4, number: version_ });

/** k is written at 4, 5, 7 and 8, when the first version goes; `gone` is deleted at 10. */
const LOG = [
  entry(1, 1, { kind: 'begin', historyLimit: 3 }),
  entry(2, 1, openSessionBody()),
  entry(3, 1),
  entry(4, 1, K(1, 'a')),
  entry(5, 1, K(2, 'b')),
  entry(6, 1, putBody('gone', { version: 1, created: 6, number: 20 })),
  entry(7, 1, K(3, 'c')),
  entry(8, 1, K(4, 'd')),
  entry(9, 1, putBody('once', { value: 'o', version: 1, created: 9, number: 21 })),
  entry(10, 1, deleteBody('gone', 2, 22)),
];

const brief = (outcome: ReadOutcome | undefined) => {
  if (outcome === undefined) return 'waits';
  if (outcome.kind === 'declined') return outcome.code;
  if (outcome.kind === 'history') return outcome.versions.map(({ stored }) => new TextDecoder().decode(stored.value));
  if (outcome.kind !== 'past') return outcome.kind;
  return outcome.past.kind === 'found' ? new TextDecoder().decode(outcome.past.stored.value) : outcome.past.kind;
};

function ask(group: GroupHarness, name: string, at: PastPlace, mode: ReadMode = 'in-sync') {
  const ticket = group.ask({ kind: 'past', key: key(name), at, mode, token: null });
  return () => brief(group.answerOf(ticket));
}

const atVersion = (number: number): PastPlace => ({ kind: 'version', version: version(number) });
const atRevision = (number: number): PastPlace => ({ kind: 'revision', revision: logIndex(number) });

describe('R20: a version', () => {
  test.each([
    ['k', 4, 'd', 'the newest'],
    ['k', 3, 'c', 'an older one'],
    ['k', 2, 'b', 'the oldest that is kept'],
    ['k', 1, 'compacted', 'beyond the limit'],
    ['k', 5, 'none', 'not written yet'],
    ['gone', 1, 'compacted', 'of a key that was deleted'],
    ['gone', 2, 'compacted', 'the deletion itself'],
    ['gone', 3, 'none', 'after it'],
    ['never', 1, 'none', 'of a key that was never there'],
  ])('of %s: %d is %s, %s', (name, number, shown) => {
    expect(ask(followingGroup({ log: LOG }), name, atVersion(number))()).toBe(shown);
  });
});

describe('R20: what was there at a revision', () => {
  test.each([
    ['k', 10, 'd', 'as it is now'],
    ['k', 8, 'd', 'from its own revision on'],
    ['k', 7, 'c', 'just before'],
    ['k', 6, 'b', 'when another key was written'],
    ['k', 5, 'b', 'when it was written'],
    ['k', 4, 'compacted', 'what is not kept'],
    ['k', 2, 'compacted', 'before what is not kept'],
    ['once', 8, 'none', 'before a key was written first'],
    ['once', 9, 'o', 'when it was'],
    ['gone', 10, 'none', 'from its deletion on'],
    ['gone', 9, 'compacted', 'before its deletion: what it had is forgotten'],
    ['never', 3, 'none', 'of a key that was never there'],
  ])('%s at %d: %s, %s', (name, number, shown) => {
    expect(ask(followingGroup({ log: LOG }), name, atRevision(number))()).toBe(shown);
  });

  test('two versions of one entry have one revision, at which the later stands', () => {
    const two = entry(11, 1, {
      kind: 'write',
      request: { session: SESSION, number: 30 },
      settledThrough: 0,
      idempotencyKey: null,
      effects: [
        putEffect('k', { value: 'e', version: 5, created: 4, revision: 11 }),
        putEffect('k', { value: 'f', version: 6, created: 4, revision: 11 }),
      ],
      outcome: written({ version: 6 }),
    });
    const group = followingGroup({ log: [...LOG, two] });
    expect(ask(group, 'k', atRevision(11))()).toBe('f');
    expect(ask(group, 'k', atRevision(10))()).toBe('d');
    expect(ask(group, 'k', atVersion(5))()).toBe('e');
  });
});

describe('R20: what is forgotten by the log', () => {
  test('is told as such', () => {
    const group = followingGroup({ log: [...LOG, entry(11, 1, { kind: 'forget', through: logIndex(7) })] });
    expect(ask(group, 'k', atVersion(3))()).toBe('c');
    expect(ask(group, 'k', atVersion(2))()).toBe('compacted');
    expect(ask(group, 'k', atRevision(6))()).toBe('compacted');
  });

  test('a key whose time has come has no versions any more, removed or not', () => {
    const mortal = putEffect('m', { value: 'x', version: 2, created: 11, revision: 12, expiresAtMs: 2000 });
    const body = (number: number, effect: typeof mortal) =>
      ({
        kind: 'write',
        request: { session: SESSION, number },
        settledThrough: 0,
        idempotencyKey: null,
        effects: [effect],
        outcome: written({ version: effect.stored.version }),
      }) as const;
    const first = putEffect('m', { value: 'w', version: 1, created: 11, expiresAtMs: 5000 });
    const log = [...LOG, entry(11, 1, body(31, first)), entry(12, 1, body(32, mortal)), entry(13, 1, undefined, 2000)];
    const group = followingGroup({ log });
    expect(ask(group, 'm', atVersion(1))()).toBe('compacted');
    expect(ask(group, 'm', atRevision(12))()).toBe('compacted');
    expect(ask(group, 'm', atRevision(13))()).toBe('none');
  });
});

describe('R20, R12: a read of the past', () => {
  const NEWER = entry(11, 4, K(5, 'e'));

  function appendUncommitted(group: ReturnType<typeof followingGroup>): void {
    group.leader.log.push(NEWER);
    group.receive(group.leader.append());
  }

  function commit(group: ReturnType<typeof followingGroup>): void {
    group.leader.commitIndex = group.leader.log.length;
    group.receive(group.leader.append());
  }

  test('waits for the open entry of its key', () => {
    const group = followingGroup({ log: LOG });
    appendUncommitted(group);
    const answers = [ask(group, 'k', atVersion(5)), ask(group, 'k', atVersion(2)), ask(group, 'once', atVersion(1))];
    expect(answers.map((answer) => answer())).toEqual(['waits', 'waits', 'o']);
    commit(group);
    expect(answers.map((answer) => answer())).toEqual(['e', 'compacted', 'o']);
  });

  test('waits for a revision that the log has, and says that there is none where it has not', () => {
    const group = followingGroup({ log: LOG });
    expect(ask(group, 'k', atRevision(11))()).toBe('none');
    appendUncommitted(group);
    const answers = [ask(group, 'k', atRevision(11)), ask(group, 'once', atRevision(11))];
    expect(answers.map((answer) => answer())).toEqual(['waits', 'waits']);
    commit(group);
    expect(answers.map((answer) => answer())).toEqual(['e', 'o']);
  });

  test('of a revision, too, waits for all that is open of its key: a delete leaves nothing of what was there', () => {
    const group = followingGroup({ log: LOG });
    group.leader.log.push(NEWER, entry(12, 4, deleteBody('k', 6, 31)));
    group.receive(group.leader.append());
    const answers = [ask(group, 'k', atRevision(11)), ask(group, 'k', atRevision(500))];
    group.leader.commitIndex = logIndex(11);
    group.receive(group.leader.append());
    expect(answers.map((answer) => answer())).toEqual(['waits', 'waits']);
    commit(group);
    expect(answers.map((answer) => answer())).toEqual(['compacted', 'none']);
  });

  test.each<ReadMode>(['session', 'eventual'])('%s waits for a revision that may be on its way', (mode) => {
    const group = followingGroup({ log: LOG });
    const answer = ask(group, 'k', atRevision(11), mode);
    expect(answer()).toBe('waits');
    appendUncommitted(group);
    commit(group);
    expect(answer()).toBe('e');
    const hopeless = ask(group, 'k', atRevision(500), mode);
    group.run(1500);
    expect(hopeless()).toBe('replica-behind');
  });
});

describe('R20: the history of a key', () => {
  const history = (group: GroupHarness, name: string, withValues = true) =>
    group.answerOf(group.ask({ kind: 'history', key: key(name), withValues, mode: 'in-sync', token: null }));

  test('has what is kept, the newest first', () => {
    const group = followingGroup({ log: LOG });
    expect(brief(history(group, 'k'))).toEqual(['d', 'c', 'b']);
    expect(brief(history(group, 'once'))).toEqual(['o']);
    expect(history(group, 'gone')).toEqual({ kind: 'history', versions: [], lineage: LINEAGE, revision: 10 });
  });

  test('leaves values out that nobody asked for, and tells how long they are', () => {
    expect(history(followingGroup({ log: LOG }), 'k', false)).toMatchObject({
      versions: [
        { stored: { version: 4, value: new Uint8Array(0) }, valueBytes: 1, isShown: false },
        { stored: { version: 3 }, valueBytes: 1, isShown: false },
        { stored: { version: 2 }, valueBytes: 1, isShown: false },
      ],
    });
  });

  test('leaves out the values of the oldest where all together are too large for one answer', () => {
    const large = (number: number) => K(number, 'x'.repeat(600_000));
    const group = followingGroup({ log: [...LOG, entry(11, 1, large(5)), entry(12, 1, large(6))] });
    const outcome = history(group, 'k');
    expect(outcome?.kind === 'history' && outcome.versions.map(({ isShown }) => isShown)).toEqual([true, false, false]);
  });
});
