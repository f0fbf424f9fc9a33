import { describe, expect, test } from '@jest/globals';
import type { ApiRequest } from '../../../../src/core/election/api.ts';
import type { RecordContent } from '../../../../src/core/election/record.ts';
import { effectsOf, idOf, messagesOf, present, put } from '../kit/builders.ts';
import { GroupHarness, leadingGroup } from '../kit/group-harness.ts';

const replaceOf = (request: ApiRequest | null): Extract<ApiRequest, { kind: 'replaceLease' }> => {
  if (request?.kind !== 'replaceLease') throw new Error(`not a replace: ${request?.kind ?? 'no call'}`);
  return request;
};

const ids = (...names: string[]) => names.map((name) => idOf(name));

/** The leader's next replace is under way, and the API server answers nothing on its own from now on. */
function renewing(group = leadingGroup()): GroupHarness {
  group.api.away = true;
  group.runUntil('it renews', () => group.pending?.kind === 'replaceLease');
  return group;
}

/** c does not acknowledge: the leader's request to remove it is under way. */
function removing(): GroupHarness {
  const group = leadingGroup();
  group.api.away = true;
  group.runUntil('it renews', () => group.pending !== null);
  group.silence('c');
  group.write(put('k'));
  group.run(700);
  group.serve();
  group.runUntil('it asks for the removal', () => group.pending?.kind === 'replaceLease');
  expect(replaceOf(group.pending).content.inSync).toEqual(ids('a', 'b'));
  return group;
}

describe('R1: every change of the record is a replace of just what was read', () => {
  test('it carries the version and the uid that were read, and a fresh nonce', () => {
    const group = leadingGroup();
    const bases = new Set<string>();
    for (let renewals = 0; renewals < 5; renewals += 1) {
      const stood = present(group.api.record).version;
      const sent = group.api.replaces.length;
      group.runUntil('it renews', () => group.api.replaces.length > sent);
      expect(group.api.replaces.at(-1)?.base).toEqual(stood);
      bases.add(stood.resourceVersion);
    }
    const nonces = group.api.replaces.map(({ content }) => content.nonce);
    expect([bases.size, new Set(nonces).size]).toEqual([5, nonces.length]);
  });

  test('its body is built from the record that was read', () => {
    const group = leadingGroup();
    const { nonce: _before, ...before } = present(group.api.record).content;
    group.run(400);
    const { nonce: _after, ...after } = present(group.api.replaces.at(-1)).content;
    expect(after).toEqual(before);
  });

  test('one call is under way at a time', () => {
    const group = leadingGroup();
    group.api.away = true;
    // `pending` throws where there are two.
    for (let passed = 0; passed < 3000; passed += 100) {
      group.run(100);
      expect(group.calls.length).toBeLessThanOrEqual(1);
    }
  });
});

describe('R1: a conflict is read again at once, and decided again', () => {
  test('by a leader', () => {
    const group = renewing();
    const effects = group.answer({ kind: 'conflict' });
    expect(effectsOf('callApi', effects)).toMatchObject([{ request: { kind: 'readLease' } }]);
    group.serve();
    expect(group.role).toBe('leading');
  });

  test('by a candidate', () => {
    const group = new GroupHarness({ name: 'a', minInSync: 1 });
    group.api.away = true;
    group.run(25);
    while (group.pending?.kind !== 'replaceLease') {
      group.serve();
      group.run(25);
    }
    expect(effectsOf('callApi', group.answer({ kind: 'conflict' }))).toMatchObject([
      { request: { kind: 'readLease' } },
    ]);
  });
});

describe('R1: an outcome in doubt stays in doubt until the version has moved', () => {
  test('the maximal set is kept: a member whose removal is in doubt is waited for', () => {
    const group = removing();
    group.answer({ kind: 'inDoubt', reason: 'timed out' });
    group.ack('b');
    expect(group.writes).toEqual([]);
  });

  test('it is read; if the version has not moved, the old set is written once more, on the same version', () => {
    const group = removing();
    const { base } = replaceOf(group.pending);
    group.answer({ kind: 'inDoubt', reason: 'timed out' });
    group.runUntil('it reads', () => group.pending !== null);
    expect(group.pending).toEqual({ kind: 'readLease' });
    group.serve();
    group.runUntil('it writes again', () => group.pending !== null);
    expect(replaceOf(group.pending)).toMatchObject({ base, content: { inSync: ids('a', 'b', 'c') } });
    group.serve();
    expect(group.status.inSync).toEqual(ids('a', 'b', 'c'));
  });

  test('so that the late request can no longer land', () => {
    const group = leadingGroup();
    const removesC = ({ inSync }: RecordContent) => !inSync.includes(idOf('c'));
    group.api.next('delay', removesC);
    group.silence('c');
    group.write(put('k'));
    group.runUntil('it asks for the removal', () => group.api.replaces.some(({ content }) => removesC(content)));
    group.unsilence('c');
    const sent = group.api.replaces.length;
    group.runUntil('it is fenced off', () => group.api.replaces.length > sent);
    expect(group.api.replaces[sent]?.content.inSync).toEqual(ids('a', 'b', 'c'));
    group.api.landDelayed();
    expect(present(group.api.record).content.inSync).toEqual(ids('a', 'b', 'c'));
  });

  test('if it has moved, what was read is what has happened', () => {
    const group = leadingGroup();
    group.api.next('lose', ({ inSync }) => !inSync.includes(idOf('c')));
    group.silence('c');
    group.write(put('k'));
    group.runUntil('the write is committed', () => group.writes.length > 0);
    expect(group.status.inSync).toEqual(ids('a', 'b'));
    const asked = group.api.replaces.filter(({ content }) => content.inSync.length === 2);
    expect(asked).toHaveLength(1);
  });

  test('nothing is repeated before it was read', () => {
    const group = renewing();
    const effects = group.answer({ kind: 'inDoubt', reason: 'reset' });
    expect(effectsOf('callApi', effects)).toEqual([]);
    group.run(3000);
    expect(group.pending).toEqual({ kind: 'readLease' });
  });

  test('a definite refusal is no doubt: the change has not happened', () => {
    const group = removing();
    group.answer({ kind: 'refused', reason: 'forbidden' });
    group.ack('c');
    group.runUntil('it reads', () => group.pending !== null);
    expect(group.group.inspect().leader?.set.sent).toBe(true);
    group.serve();
    expect([group.status.inSync, group.group.inspect().leader?.set.change]).toEqual([ids('a', 'b', 'c'), null]);
  });

  test('a candidate in doubt just tries again', () => {
    const group = new GroupHarness({ name: 'a', minInSync: 1 });
    group.api.next('drop');
    group.run(1500);
    expect([group.role, group.api.replaces.length > 1]).toEqual(['leading', true]);
  });

  test('also when the first of two askings lands after the second was sent', () => {
    const group = new GroupHarness({ name: 'a', minInSync: 1 });
    group.api.next('delay');
    group.runUntil('the first is sent', () => group.api.replaces.length === 1);
    group.api.beforeReplace = () => group.api.landDelayed();
    group.runUntil('the second is sent', () => group.api.replaces.length === 2);
    group.api.beforeReplace = null;
    group.run(1000);
    expect([group.role, group.status.lineage?.id]).toEqual(['leading', group.api.replaces[0]?.content.lineage?.id]);
  });
});

describe('R1: decisions rest on reads, never on the watch', () => {
  test('a leader that the watch shows another holder goes on until it has read it', () => {
    const group = leadingGroup();
    group.api.away = true;
    const stands = present(group.api.record);
    group.turn({
      kind: 'recordHinted',
      record: { ...stands, content: { ...stands.content, holder: idOf('b'), epoch: 5 as never } },
    });
    expect([group.role, group.pending]).toEqual(['leading', { kind: 'readLease' }]);
    group.serve();
    expect(group.role).toBe('leading');
  });

  test('its own writes, coming back through the watch, are no news', () => {
    const group = leadingGroup();
    group.run(400);
    const reads = (): number => group.api.requests.filter(({ kind }) => kind === 'readLease').length;
    const before = reads();
    group.hint();
    group.run(100);
    expect(reads()).toBe(before);
  });

  test('a replica that the watch shows itself as the holder reads before it leads', () => {
    const group = new GroupHarness({ name: 'b' });
    group.api.away = true;
    group.turn({
      kind: 'recordHinted',
      record: {
        version: { uid: 'x', resourceVersion: '1' },
        content: { ...present(leadingGroup().api.record).content, holder: idOf('b') },
      },
    });
    expect([group.role, group.pending]).toEqual(['seeking', { kind: 'readLease' }]);
    expect(messagesOf('append', group.effects)).toEqual([]);
  });
});
