import { describe, expect, test } from '@jest/globals';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type { ListSelection, ReadMode, ReadOutcome } from '../../../../src/core/store/reads.ts';
import {
  bytes,
  entry,
  LINEAGE,
  messagesOf,
  openSessionBody,
  present,
  put,
  putBody,
  putEffect,
  SESSION,
  written,
} from '../kit/builders.ts';
import { followingGroup, GroupHarness, leadingGroup } from '../kit/group-harness.ts';

/** Entry 2 wrote k. */
const LOG = [
  entry(1, 1, openSessionBody()),
  entry(2, 1, putBody('k', { value: 'old', version: 1, created: 2, number: 9 })),
];
const NEWER = entry(3, 4, putBody('k', { value: 'new', version: 2, created: 2, number: 10 }));

const brief = (outcome: ReadOutcome | undefined) => {
  if (outcome === undefined) return 'waits';
  if (outcome.kind === 'read') return outcome.found === null ? null : new TextDecoder().decode(outcome.found.value);
  return outcome.kind === 'declined' ? outcome.code : outcome.kind;
};

/** How it is answered, as soon as it is. */
function ask(
  group: GroupHarness,
  mode: ReadMode,
  options: { key?: string; revision?: number; lineage?: Lineage } = {},
) {
  const { revision, lineage = LINEAGE } = options;
  const token = revision === undefined ? null : { lineage, revision: logIndex(revision) };
  const ticket = group.read(options.key ?? 'k', { mode, token });
  return () => brief(group.answerOf(ticket));
}

const following = () => followingGroup({ log: LOG });

/** The leader appends an entry and does not commit it. */
function appendUncommitted(group: ReturnType<typeof following>): void {
  group.leader.log.push(NEWER);
  group.receive(group.leader.append());
}

function commit(group: ReturnType<typeof following>): void {
  group.leader.commitIndex = group.leader.log.length;
  group.receive(group.leader.append());
}

describe('R12: an answer says which state was read', () => {
  test('the value with its revision and version, and everything up to a revision of a lineage', () => {
    const group = following();
    group.read('k');
    expect(group.reads.at(-1)).toMatchObject({
      kind: 'read',
      found: { value: bytes('old'), revision: 2, version: 1, createRevision: 2 },
      lineage: LINEAGE,
      revision: 2,
    });
  });

  test('also of a key that has no value', () => {
    const group = following();
    group.read('nothing');
    expect(group.reads.at(-1)).toEqual({ kind: 'read', found: null, remainingMs: null, lineage: LINEAGE, revision: 2 });
  });
});

describe('R17: a key that falls due by an entry that is not applied yet', () => {
  const FADES = entry(3, 1, {
    kind: 'write',
    request: { session: SESSION, number: 11 },
    settledThrough: 0,
    idempotencyKey: null,
    effects: [putEffect('k', { value: 'short', version: 2, created: 2, expiresAtMs: 5000 })],
    outcome: written({ version: 2 }),
  });
  const LATER = (timeMs: number) => entry(4, 4, putBody('other', { version: 1, created: 4, number: 12 }), timeMs);

  test.each([
    [4999, 'short'],
    [5000, 'waits'],
  ])('the entry is of %d ms: %s', (timeMs, shown) => {
    const group = followingGroup({ log: [...LOG, FADES] });
    group.leader.log.push(LATER(timeMs));
    group.receive(group.leader.append());
    const answer = ask(group, 'in-sync');
    expect(answer()).toBe(shown);
    commit(group);
    expect(answer()).toBe(timeMs < 5000 ? 'short' : null);
  });

  test('also if its own entry is not applied yet either: it waits for the later one', () => {
    const group = following();
    group.leader.log.push(FADES);
    group.leader.log.push(LATER(5000));
    group.receive(group.leader.append());
    const answer = ask(group, 'in-sync');
    commit(group);
    expect(answer()).toBeNull();
  });
});

describe('R12, R17: a list', () => {
  const ALL: ListSelection = { prefix: '', delimiter: null, after: null, limit: 10, withValues: false };

  function askForPage(group: GroupHarness, changed: Partial<ListSelection> = {}) {
    const selection = { ...ALL, ...changed };
    const ticket = group.ask({ kind: 'list', selection, mode: 'in-sync', token: null });
    return () => {
      const outcome = group.answerOf(ticket);
      if (outcome?.kind !== 'listed') return brief(outcome);
      return outcome.items.map((item) => (item.kind === 'key' ? [item.key, item.stored.version] : item.prefix));
    };
  }

  test('is answered at once where nothing under its prefix is open', () => {
    const group = following();
    appendUncommitted(group);
    expect(askForPage(group, { prefix: 'other' })()).toEqual([]);
  });

  test('waits for the newest open entry under its prefix, and says of which state it is', () => {
    const group = following();
    appendUncommitted(group);
    const page = askForPage(group);
    expect(page()).toBe('waits');
    commit(group);
    expect(page()).toEqual([['k', 2]]);
  });

  test('does not show again what an entry that is not applied lets go: somebody may have been shown that it is gone', () => {
    const fades = entry(3, 1, putBody('k', { version: 2, created: 2, number: 11 }));
    const mortal = putEffect('mortal', { version: 1, created: 4, expiresAtMs: 5000 });
    const group = followingGroup({ log: [...LOG, fades, entry(4, 1, { kind: 'expire', effects: [mortal] })] });
    expect(askForPage(group, { prefix: 'mortal' })()).toEqual([['mortal', 1]]);
    group.leader.log.push(entry(5, 4, { kind: 'empty' }, 5000));
    group.receive(group.leader.append());
    const page = askForPage(group, { prefix: 'mortal' });
    expect(page()).toBe('waits');
    commit(group);
    expect(page()).toEqual([]);
  });
});

describe('R12: in-sync', () => {
  test('a member answers from its own memory, at once', () => {
    expect(ask(following(), 'in-sync')()).toBe('old');
  });

  test('if the key has an uncommitted entry, it waits for the fate of that entry', () => {
    const group = following();
    appendUncommitted(group);
    const [k, other] = [ask(group, 'in-sync'), ask(group, 'in-sync', { key: 'other' })];
    expect([k(), other()]).toEqual(['waits', null]);
    commit(group);
    expect(k()).toBe('new');
  });

  test('but not for ever', () => {
    const group = following();
    appendUncommitted(group);
    const k = ask(group, 'in-sync');
    group.run(1100);
    expect(k()).toBe('replica-behind');
  });

  test('a member to whom no authority was shown within the staleness declines', () => {
    const group = following();
    group.leader.confirming = false;
    group.run(700);
    expect(ask(group, 'in-sync')()).toBe('old');
    group.run(600);
    expect(ask(group, 'in-sync')()).toBe('not-in-sync');
  });

  test('messages that a paused process finds in its buffers do not count by when they arrived', () => {
    const group = following();
    group.run(100);
    const held = group.leader.append();
    group.nowMs += 5000;
    group.receive(held);
    expect(ask(group, 'in-sync')()).toBe('not-in-sync');
  });

  test('a standby declines', () => {
    const group = followingGroup({ log: LOG, inSync: ['a', 'c'] });
    expect([group.status.standing, ask(group, 'in-sync')()]).toEqual(['standby', 'not-in-sync']);
  });

  test('the leader holds itself to the same', () => {
    const group = leadingGroup();
    group.api.away = true;
    group.run(500);
    expect(ask(group, 'in-sync')()).toBeNull();
    group.silence('b', 'c');
    group.run(1400);
    expect(ask(group, 'in-sync')()).toBe('not-in-sync');
  });

  test('a renewal of the Lease shows its authority, too', () => {
    const group = leadingGroup();
    group.silence('b');
    group.run(600);
    expect(ask(group, 'in-sync')()).toBeNull();
  });

  test('the leader, too, waits for the fate of an uncommitted entry', () => {
    const group = leadingGroup();
    group.silence('b');
    group.write(put('k'));
    const k = ask(group, 'in-sync');
    expect(k()).toBe('waits');
    group.ack('b');
    group.ack('c');
    expect(k()).toBe('v');
  });
});

describe('R12: linearizable', () => {
  const newestVouch = (group: GroupHarness) => messagesOf('vouch', group.effects).at(-1);
  const vouched = (group: GroupHarness, granted: boolean) =>
    group.receive({
      kind: 'vouched',
      epoch: present(newestVouch(group)).epoch,
      lineage: LINEAGE,
      number: present(newestVouch(group)).number,
      granted,
    });

  test('a member asks its leader for a round, once for all that came in the turn', () => {
    const group = following();
    const read = { kind: 'key', key: 'k' as never, mode: 'linearizable', token: null } as const;
    const effects = group.turn(
      { kind: 'read', ticket: 71, request: read },
      { kind: 'read', ticket: 72, request: read },
    );
    expect(messagesOf('vouch', effects)).toHaveLength(1);
    vouched(group, true);
    expect(group.reads.map(brief)).toEqual(['old', 'old']);
  });

  test('then it waits for the key like any other', () => {
    const group = following();
    appendUncommitted(group);
    const k = ask(group, 'linearizable');
    vouched(group, true);
    expect(k()).toBe('waits');
    commit(group);
    expect(k()).toBe('new');
  });

  test('an answer that was given to an earlier question shows nothing', () => {
    const group = following();
    const first = ask(group, 'linearizable');
    const { epoch, lineage, number } = present(newestVouch(group));
    const second = ask(group, 'linearizable');
    group.receive({ kind: 'vouched', epoch, lineage, number, granted: true });
    expect([first(), second()]).toEqual(['old', 'waits']);
  });

  test('a leader that refuses to vouch, or does not answer, is the end of it: an error, never a guess', () => {
    const group = following();
    const refused = ask(group, 'linearizable');
    vouched(group, false);
    const unanswered = ask(group, 'linearizable');
    group.run(1100);
    expect([refused(), unanswered()]).toEqual(['not-in-sync', 'not-in-sync']);
  });

  test('so is the loss of the connection', () => {
    const group = following();
    const k = ask(group, 'linearizable');
    group.breakLeaderLink('silent');
    group.run(25);
    expect([k(), ask(group, 'linearizable')()]).toEqual(['not-in-sync', 'no-leader']);
  });

  test('a standby has nobody vouch for it', () => {
    const group = followingGroup({ log: LOG, inSync: ['a', 'c'] });
    expect(ask(group, 'linearizable')()).toBe('not-in-sync');
  });

  test('the leader needs a full round that began after the read arrived: a majority is not enough', () => {
    const group = leadingGroup();
    group.api.away = true;
    group.run(400);
    const k = ask(group, 'linearizable');
    group.ack('b');
    expect(k()).toBe('waits');
    group.ack('c');
    expect(k()).toBeNull();
  });

  test('or a renewal that began after it and succeeded', () => {
    const group = leadingGroup();
    group.silence('c');
    const k = ask(group, 'linearizable');
    group.run(400);
    expect(k()).toBeNull();
  });

  test('with neither, an error', () => {
    const group = leadingGroup();
    group.api.away = true;
    group.run(400);
    group.silence('c');
    const k = ask(group, 'linearizable');
    group.run(1100);
    expect(k()).toBe('not-in-sync');
  });

  test('a new leader need not have committed its first entry, but the fate of the key must be known', () => {
    const group = leadingGroup({ followers: [] });
    group.accept('b');
    const before = ask(group, 'linearizable');
    // By a renewal: a round cannot become full without c, nor anything be committed.
    group.run(400);
    expect(before()).toBeNull();
    group.write(put('k'));
    const open = ask(group, 'linearizable');
    group.run(400);
    expect(open()).toBe('waits');
    group.accept('c');
    group.run(100);
    expect(open()).not.toBe('waits');
  });

  test('one that waits at a leader that steps down is to be asked elsewhere', () => {
    const group = leadingGroup();
    const k = ask(group, 'linearizable');
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['b', 'c'] });
    group.silence('b', 'c');
    group.run(25);
    expect(k()).toBe('not-in-sync');
  });
});

describe('R12: session', () => {
  test('any replica answers that has applied what the client names, standbys too', () => {
    const standby = followingGroup({ log: LOG, inSync: ['a', 'c'] });
    expect([ask(standby, 'session', { revision: 2 })(), ask(standby, 'session')()]).toEqual(['old', 'old']);
  });

  test('else it waits a little', () => {
    const group = following();
    const k = ask(group, 'session', { revision: 3 });
    expect(k()).toBe('waits');
    appendUncommitted(group);
    expect(k()).toBe('waits');
    commit(group);
    expect(k()).toBe('new');
  });

  test('then it says that it is behind', () => {
    const group = following();
    const k = ask(group, 'session', { revision: 99 });
    group.run(1100);
    expect(k()).toBe('replica-behind');
  });

  test('it shows only what is committed, whatever stands in its log', () => {
    const group = following();
    appendUncommitted(group);
    expect(ask(group, 'session', { revision: 2 })()).toBe('old');
  });

  test('a token of a replaced lineage gets an error of its own, final', () => {
    const group = following();
    for (const lineage of [
      { number: 0, id: 'older' },
      { number: 1, id: 'same number' },
    ]) {
      group.read('k', { mode: 'session', token: { lineage, revision: logIndex(1) } });
      expect(group.reads.at(-1)).toEqual({ kind: 'replaced-lineage', lineage: LINEAGE });
    }
  });

  test('one of a later lineage says that this replica is behind', () => {
    expect(ask(following(), 'session', { revision: 1, lineage: { number: 2, id: 'later' } })()).toBe('replica-behind');
  });

  test('a token is honoured in every mode', () => {
    const group = following();
    for (const mode of ['in-sync', 'eventual', 'linearizable'] as const) {
      expect(ask(group, mode, { revision: 3 })()).toBe('waits');
      expect(ask(group, mode, { revision: 1, lineage: { number: 1, id: 'other' } })()).toBe('replaced-lineage');
    }
  });
});

describe('R12: eventual', () => {
  test('any replica that is not empty answers with some committed state, also one that is cut off', () => {
    const group = following();
    appendUncommitted(group);
    group.breakLeaderLink('silent');
    group.api.away = true;
    group.run(10_000);
    expect([ask(group, 'eventual')(), ask(group, 'in-sync')()]).toEqual(['old', 'not-in-sync']);
  });

  test('R11: an empty one declines, in every mode', () => {
    const group = new GroupHarness();
    for (const mode of ['eventual', 'session', 'in-sync', 'linearizable'] as const)
      expect(ask(group, mode)()).toBe('empty');
  });

  test('one whose data is of a lineage that was replaced declines: the new one is on its way', () => {
    const group = following();
    group.rewrite({ holder: 'c', epoch: 5, inSync: ['c'], changed: { lineage: { number: 2, id: 'later' } } });
    group.run(25);
    expect(ask(group, 'eventual')()).toBe('replica-behind');
  });
});

describe('reads that wait', () => {
  test('are bounded', () => {
    const group = followingGroup({ log: LOG, limits: { waitingReadsMax: 1 } });
    const [first, second] = [ask(group, 'session', { revision: 3 }), ask(group, 'session', { revision: 3 })];
    expect([first(), second()]).toEqual(['waits', 'replica-behind']);
  });

  test('are answered once, and not at all when the asker is gone', () => {
    const group = following();
    const before = group.reads.length;
    group.turn({
      kind: 'read',
      ticket: 77,
      request: { kind: 'key', key: 'k' as never, mode: 'session', token: { lineage: LINEAGE, revision: logIndex(3) } },
    });
    group.turn({ kind: 'cancel', ticket: 77 });
    appendUncommitted(group);
    commit(group);
    group.run(1100);
    expect(group.reads).toHaveLength(before);
  });

  test('are declined when the replica begins to lead: what they waited for was another’s proof', () => {
    const group = following();
    const k = ask(group, 'session', { revision: 99 });
    group.rewrite({ holder: 'b', epoch: 5, inSync: ['a', 'b', 'c'] });
    group.run(25);
    expect([group.role, k()]).toEqual(['leading', 'not-in-sync']);
  });
});
