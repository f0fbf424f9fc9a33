import { describe, expect, test } from '@jest/globals';
import type { Key } from '../../src/core/base/key.ts';
import { epoch, logIndex, version, wallMs } from '../../src/core/base/numbers.ts';
import type { Effect, GroupStatus, Input } from '../../src/core/group/io.ts';
import { type KeyEffect, Entry, type EntryBody } from '../../src/core/replication/entry.ts';
import type { CommittedOutcome, Condition, SessionId, WriteCommand } from '../../src/core/store/commands.ts';
import type { ReadMode, ReadOutcome } from '../../src/core/store/reads.ts';
import { Chronicle } from './checkers/chronicle.ts';
import { IdleModel } from './checkers/idle-model.ts';
import { Histories, WriteOperation } from './checkers/operations.ts';
import { EventQueue } from './event-queue.ts';
import type { Inspection, SimulatedGroup } from './inspection.ts';
import { drawPlan, SECOND } from './plan.ts';
import { Prng } from './prng.ts';
import { runSeed } from './run-seed.ts';
import { lineOf, valueOf } from './trace.ts';

/*
 * Who checks the checkers: small worlds and hand-made histories, good ones and such that each check must refuse.
 */

const lineage = { number: 1, id: 'L1' };
const key = 'k' as Key;
const session = 's' as SessionId;

/** A replica that does nothing at all. */
class IdleGroup implements SimulatedGroup {
  step(_input: Input, _now: unknown, _effects: Effect[]): void {}
  flush(): void {}
  status(): GroupStatus {
    throw new Error('nobody asks');
  }
  takeAppended(): readonly Entry[] {
    return [];
  }
  inspect(): Inspection {
    return {
      id: '',
      role: 'seeking',
      epoch: 0,
      obeyedLineage: null,
      dataLineage: null,
      log: { firstIndex: 1, lastIndex: 0, lastEpoch: 0, entryAt: () => null },
      commitIndex: 0,
      appliedIndex: 0,
      storeEntries: () => [],
      locks: () => [],
      superseded: () => [],
      sessions: () => [],
    };
  }
}

test('events happen by time, and in the order of scheduling where times are equal', () => {
  const queue = new EventQueue();
  const random = new Prng(7);
  const happened: [number, number][] = [];
  for (let order = 0; order < 3000; order += 1) {
    const time = random.below(50);
    queue.push(time, () => happened.push([time, order]));
  }
  while (queue.size > 0) queue.pop()();
  const sorted = [...happened].sort(([timeA, orderA], [timeB, orderB]) => timeA - timeB || orderA - orderB);
  expect(happened).toEqual(sorted);
});

test('a seed repeats itself, event by event', () => {
  const run = (): string[] => {
    const lines: string[] = [];
    runSeed(3, () => new IdleGroup(), { seconds: 2, listener: (event) => lines.push(lineOf(event)) });
    return lines;
  };
  const first = run();
  expect(first.length).toBeGreaterThan(100);
  expect(run()).toEqual(first);
});

test('replicas that never elect anybody violate liveness', () => {
  const report = runSeed(1, () => new IdleGroup(), { seconds: 2 });
  expect(report.violation?.invariant).toBe('liveness');
  expect(report.violation?.message).toContain('nobody leads');
});

test('a replica that throws violates no-exception, and its last events are shown', () => {
  class ThrowingGroup extends IdleGroup {
    override flush(): void {
      throw new Error('out of order');
    }
  }
  const report = runSeed(1, () => new ThrowingGroup(), { seconds: 2 });
  expect(report.violation?.invariant).toBe('no-exception');
  expect(report.violation?.message).toContain('out of order');
  expect(report.violation?.trace.length).toBeGreaterThan(0);
});

test('seeds differ in what they try', () => {
  const plans = Array.from({ length: 200 }, (_, seed) => drawPlan(seed));
  expect(new Set(plans.map((plan) => plan.replicas))).toEqual(new Set([3, 4, 5, 6, 7]));
  expect(new Set(plans.map((plan) => plan.limits.minInSync))).toEqual(new Set([1, 2, 3]));
  expect(new Set(plans.map((plan) => plan.uncleanRecovery))).toEqual(new Set(['auto', 'strict', 'never']));
  for (const plan of plans) expect(plan.limits.inSyncMax).toBeGreaterThanOrEqual(plan.limits.minInSync);
});

// Chronicle and histories

const putEffect = (
  index: number,
  options: { readonly value: Uint8Array; readonly version: number; readonly createRevision: number },
): KeyEffect => ({
  kind: 'put',
  key,
  stored: {
    value: options.value,
    contentType: null,
    revision: logIndex(index),
    version: version(options.version),
    createRevision: logIndex(options.createRevision),
    modifiedMs: wallMs(0),
    expiresAtMs: null,
    idleMs: null,
  },
});

const OPTIONS = { ordinal: 0, forgetsTombstones: false, idles: new IdleModel(drawPlan(1)) };

class Story {
  readonly chronicle = new Chronicle(lineage, { ...OPTIONS, sessionIdleMs: 600_000 }, null);
  readonly histories = new Histories({
    chronicleOf: (id) => (id === lineage.id ? this.chronicle : undefined),
    readStalenessMs: 1000,
    drift: 0,
  });
  readonly #operations = new Map<number, WriteOperation>();
  #index = 0;

  ask(number: number, command: WriteCommand): WriteOperation {
    const operation = new WriteOperation(0, 0, command, null);
    this.#operations.set(number, operation);
    return operation;
  }

  commit(body: EntryBody, options: { readonly epoch?: number; readonly index?: number } = {}): Entry {
    this.#index = options.index ?? this.#index + 1;
    const entry = new Entry(logIndex(this.#index), epoch(options.epoch ?? 1), wallMs(0), body);
    this.chronicle.commit(entry, { isLeader: true }, (_session, number) => this.#operations.get(number));
    return entry;
  }

  put(
    number: number,
    options: { readonly version: number; readonly created: boolean; readonly condition?: Condition },
  ): WriteOperation {
    const value = valueOf(number, 4);
    const operation = this.ask(number, {
      kind: 'put',
      key,
      value,
      contentType: null,
      condition: options.condition ?? { kind: 'none' },
      lifetime: { kind: 'unlimited' },
      idle: { kind: 'unlimited' },
    });
    const index = this.#index + 1;
    const before = this.chronicle.changeAt(key, index);
    this.commit({
      kind: 'write',
      request: { session, number },
      settledThrough: 0,
      idempotencyKey: null,
      effects: [
        putEffect(index, {
          value,
          version: options.version,
          createRevision: options.created ? index : (before?.createRevision ?? 0),
        }),
      ],
      outcome: { kind: 'written', version: version(options.version), created: options.created },
    });
    return operation;
  }

  outcome(revision: number, decided: CommittedOutcome['decided']): CommittedOutcome {
    return { kind: 'committed', decided, revision: logIndex(revision), lineage, acks: 2, members: 2 };
  }

  read(
    revision: number,
    found: { readonly number: number; readonly revision: number; readonly version: number } | null,
  ): Extract<ReadOutcome, { kind: 'read' }> {
    return {
      kind: 'read',
      remainingMs: null,
      lineage,
      revision: logIndex(revision),
      found:
        found === null
          ? null
          : {
              value: valueOf(found.number, 4),
              contentType: null,
              revision: logIndex(found.revision),
              version: version(found.version),
              createRevision: logIndex(1),
              modifiedMs: wallMs(0),
              expiresAtMs: null,
              idleMs: null,
            },
    };
  }
}

const written = (number: number, created: boolean): CommittedOutcome['decided'] => ({
  kind: 'written',
  version: version(number),
  created,
});
const later = (story: Story, mode: ReadMode, nowUs: number) =>
  story.histories.beginRead(nowUs, 1, { kind: 'key', key, mode: mode, token: null });

function twoWrites(): Story {
  const story = new Story();
  const first = story.put(1, { version: 1, created: true });
  const second = story.put(2, { version: 2, created: false });
  story.histories.onWriteAnswered('r', first, story.outcome(1, written(1, true)), 1);
  story.histories.onWriteAcknowledged(1 * SECOND, first, story.outcome(1, written(1, true)));
  story.histories.onWriteAnswered('r', second, story.outcome(2, written(2, false)), 1);
  story.histories.onWriteAcknowledged(5 * SECOND, second, story.outcome(2, written(2, false)));
  return story;
}

const newest = { number: 2, revision: 2, version: 2 };
const oldest = { number: 1, revision: 1, version: 1 };

test('a linearizable read must show what was acknowledged before it began', () => {
  const story = twoWrites();
  const read = later(story, 'linearizable', 5 * SECOND);
  story.histories.endRead(read, story.read(2, newest));
  expect(() => story.histories.endRead(read, story.read(1, oldest))).toThrow(/revision 2 had been acknowledged/);
});

test('a linearizable read must not show less than an earlier one did', () => {
  const story = new Story();
  story.put(1, { version: 1, created: true });
  story.put(2, { version: 2, created: false });
  story.histories.endRead(later(story, 'linearizable', 0), story.read(2, newest));
  expect(() => story.histories.endRead(later(story, 'linearizable', 1), story.read(1, oldest))).toThrow(/linearizable/);
});

test('an in-sync read may be a second behind, not more', () => {
  const story = twoWrites();
  story.histories.endRead(later(story, 'in-sync', 5.9 * SECOND), story.read(1, oldest));
  expect(() => story.histories.endRead(later(story, 'in-sync', 6.1 * SECOND), story.read(1, oldest))).toThrow(
    /in-sync/,
  );
});

test('a session never reads older state than it has seen', () => {
  const story = twoWrites();
  const token = { lineage, revision: logIndex(2) };
  const read = story.histories.beginRead(6 * SECOND, 1, { kind: 'key', key, mode: 'session', token: token });
  story.histories.endRead(read, story.read(2, newest));
  expect(() => story.histories.endRead(read, story.read(1, oldest))).toThrow(/had seen 2/);
});

test('no mode shows what is not committed, or what never was', () => {
  const story = twoWrites();
  const read = later(story, 'eventual', 0);
  expect(() => story.histories.endRead(read, story.read(3, newest))).toThrow(/not committed/);
  expect(() => story.histories.endRead(read, story.read(2, { ...newest, number: 9 }))).toThrow(/should be/);
  expect(() => story.histories.endRead(read, story.read(2, null))).toThrow(/nothing, should be/);
});

test('a write takes effect once, whatever its id', () => {
  const story = new Story();
  story.put(1, { version: 1, created: true });
  expect(() => {
    story.commit({
      kind: 'write',
      request: { session, number: 1 },
      settledThrough: 0,
      idempotencyKey: null,
      effects: [putEffect(2, { value: valueOf(1, 4), version: 2, createRevision: 1 })],
      outcome: written(2, false) as never,
    });
  }).toThrow(/was applied at 1 already/);
});

test('a repeated write gets the first answer', () => {
  const story = twoWrites();
  const operation = story.put(3, { version: 3, created: false });
  story.histories.onWriteAnswered('r', operation, story.outcome(3, written(3, false)), 1);
  expect(() => {
    story.histories.onWriteAnswered('r', operation, story.outcome(2, written(2, false)), 1);
  }).toThrow(/answered with revision 3 before/);
});

test('a write that was refused for good is in no log', () => {
  const story = new Story();
  const operation = story.ask(1, { kind: 'delete', key, condition: { kind: 'none' } });
  story.histories.onWriteEnded(0, operation, 'failed');
  expect(() => {
    story.commit({
      kind: 'write',
      request: { session, number: 1 },
      settledThrough: 0,
      idempotencyKey: null,
      effects: [],
      outcome: { kind: 'absent' },
    });
  }).toThrow(/refused to the client/);
});

test('conditions are decided by the state just before', () => {
  const story = new Story();
  story.put(1, { version: 1, created: true, condition: { kind: 'absent' } });
  story.put(2, {
    version: 2,
    created: false,
    condition: { kind: 'match', tags: [{ lineageId: 'L1', revision: logIndex(1) }] },
  });
  expect(() => story.put(3, { version: 3, created: false, condition: { kind: 'absent' } })).toThrow(
    /should be .*mismatch/,
  );
  const other = new Story();
  other.put(1, { version: 1, created: true });
  expect(() =>
    other.put(2, {
      version: 2,
      created: false,
      condition: { kind: 'match', tags: [{ lineageId: 'L0', revision: logIndex(1) }] },
    }),
  ).toThrow(/should be .*mismatch/);
});

test('versions count the writes of a key', () => {
  const story = new Story();
  story.put(1, { version: 1, created: true });
  expect(() => story.put(2, { version: 3, created: false })).toThrow(/version 3/);
});

test('a committed entry is never another one later', () => {
  const story = new Story();
  story.commit({ kind: 'empty' }, { epoch: 1, index: 1 });
  expect(() => story.commit({ kind: 'empty' }, { epoch: 2, index: 1 })).toThrow(/committed with epoch 1, now another/);
});

test('entries that agree on epoch and index agree on what is before them', () => {
  const story = new Story();
  const entry = new Entry(logIndex(5), epoch(3), wallMs(0), { kind: 'empty' });
  story.chronicle.see(entry, 2);
  expect(() => {
    story.chronicle.see(entry, 1);
  }).toThrow(/follows one of epoch 1 here, 2 there/);
});

test('a lineage begins with the sessions as they were where it branches off', () => {
  const options = { ...OPTIONS, sessionIdleMs: 1000 };
  const commit = (chronicle: Chronicle, index: number, timeMs: number, body: EntryBody): void =>
    chronicle.commit(new Entry(logIndex(index), epoch(1), wallMs(timeMs), body), { isLeader: true }, () => undefined);
  const parent = new Chronicle(lineage, options, null);
  commit(parent, 1, 0, { kind: 'openSession', session });
  // What the branch does not have: the session ends, and another of the same name is opened.
  commit(parent, 2, 1500, { kind: 'endSessions', sessions: [session] });
  commit(parent, 3, 1600, { kind: 'openSession', session });

  const branch = (): Chronicle =>
    new Chronicle(
      { number: 2, id: 'L2' },
      { ...options, ordinal: 1 },
      { chronicle: parent, throughIndex: 1, beganInEpoch: 2 },
    );
  commit(branch(), 2, 1700, { kind: 'endSessions', sessions: [session] });
  expect(() => commit(branch(), 2, 900, { kind: 'endSessions', sessions: [session] })).toThrow(/used 900 ms ago/);
});

describe('a deletion under a prefix', () => {
  type Outcome = CommittedOutcome['decided'];

  /** One key is there. */
  function clear(expected: number | null, outcome: Outcome, effects: readonly KeyEffect[]): () => Entry {
    const story = new Story();
    story.put(1, { version: 1, created: true });
    story.ask(2, { kind: 'deletePrefix', prefix: '', expected });
    const request = { session, number: 2 };
    return () => story.commit({ kind: 'write', request, settledThrough: 0, idempotencyKey: null, effects, outcome });
  }

  const goes: KeyEffect = { kind: 'delete', key, tombstone: { version: version(2), revision: logIndex(2) } };
  const cleared = { kind: 'cleared', count: 1 } as const;

  test('deletes all there is, if it is as much as expected', () => {
    expect(clear(1, cleared, [goes])).not.toThrow();
    expect(clear(2, { kind: 'counted', count: 1 }, [])).not.toThrow();
    expect(clear(null, { kind: 'counted', count: 1 }, [])).not.toThrow();
  });

  test('must not delete what was not expected, nor miscount', () => {
    expect(clear(2, cleared, [goes])).toThrow(/should be counted, 1 keys/);
    expect(clear(2, { kind: 'counted', count: 2 }, [])).toThrow(/should be counted, 1 keys/);
    expect(clear(1, { kind: 'counted', count: 1 }, [])).toThrow(/should be cleared, 1 keys/);
  });

  test('must do just what it says', () => {
    expect(clear(1, cleared, [])).toThrow(/0 keys go/);
    expect(clear(1, cleared, [goes, goes])).toThrow(/2 keys go/);
    expect(clear(1, cleared, [{ ...goes, key: 'other' as Key }])).toThrow(/other is not to go/);
    expect(clear(2, { kind: 'counted', count: 1 }, [goes])).toThrow(/1 keys go/);
  });
});
