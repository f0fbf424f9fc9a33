import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import { Entry, type EntryBody } from '../../../../src/core/replication/entry.ts';
import { itemBytes, SnapshotScan } from '../../../../src/core/replication/snapshot.ts';
import type { DecidedOutcome, SessionId, WriteCommand } from '../../../../src/core/store/commands.ts';
import { decideWrite } from '../../../../src/core/store/decide-write.ts';
import type { LockCommand, NewestLocks } from '../../../../src/core/store/locks.ts';
import type { NewestKeys } from '../../../../src/core/store/newest.ts';
import { StateMachine } from '../../../../src/core/store/state-machine.ts';
import {
  bytes,
  entry,
  key,
  openSessionBody,
  present,
  put,
  putBody,
  putEffect,
  remove,
  request,
  ofKeys,
  written,
  versionOf,
} from '../kit/builders.ts';
import { readable } from '../kit/packed.ts';

const machineOf = (tombstonesMax = 100): StateMachine => new StateMachine({ tombstonesMax, idempotencyKeptMs: 500 });

interface Drawn {
  readonly kind:
    'put' | 'delete' | 'openSession' | 'endSession' | 'idempotent' | 'begin' | 'forget' | LockCommand['kind'];
  readonly at: number;
}

const drawnEntries = (options: { maxLength: number }): fc.Arbitrary<Drawn[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom<Drawn['kind']>(
        'put',
        'put',
        'put',
        'delete',
        'delete',
        'openSession',
        'endSession',
        'idempotent',
        'begin',
        'forget',
        'acquire',
        'renew',
        'release',
      ),
      at: fc.nat(5),
    }),
    options,
  );

const newestOf = (machine: StateMachine): NewestKeys & NewestLocks => ({
  lockOf: (lock) => machine.locks.lockOf(lock),
  keysUnder: (prefix) => machine.store.keysFrom(prefix),
  stateOf: (at) => ({ current: machine.store.get(at), lastVersion: machine.store.lastVersion(at) }),
});

/** The entry that a leader with this state would append: it takes writes in open sessions only, and opens none twice. */
function nextEntry(machine: StateMachine, { kind, at }: Drawn): Entry {
  const index = logIndex(machine.appliedIndex + 1);
  const open = [...machine.sessions.entries()].map(([session]) => session);
  const session = open[at % Math.max(1, open.length)];
  const body = ((): EntryBody => {
    if (kind === 'begin') return { kind, historyLimit: 1 + at };
    if (kind === 'forget') return { kind, through: logIndex(Math.max(0, index - 3 * at - 1)) };
    if (kind === 'openSession' || session === undefined) return openSessionBody(`opened at ${index}` as SessionId);
    if (kind === 'endSession') return { kind: 'endSessions', sessions: [session] };
    const place = { index, timeMs: wallMs(index * 40), lineageId: 'first', lineageNumber: 1 };
    return {
      kind: 'write',
      request: request(index, session),
      settledThrough: Math.max(0, index - 4),
      idempotencyKey: kind === 'idempotent' ? { key: `client${at}`, digest: 'd' } : null,
      ...decideWrite(commandOf(machine, { kind, at }), newestOf(machine), place),
    };
  })();
  return new Entry(index, entry(1, 1).epoch, wallMs(index * 40), body);
}

function commandOf(machine: StateMachine, { kind, at }: Drawn): WriteCommand {
  const lock = key(`lock${at}`);
  const lockId = machine.locks.lockOf(lock)?.lockId ?? 'nobody';
  switch (kind) {
    case 'acquire':
      return { kind, lock, lockId: `id${machine.appliedIndex}`, owner: 'me', ttlMs: 200 };
    case 'renew':
      return { kind, lock, lockId, ttlMs: 400 };
    case 'release':
      return { kind, lock, lockId };
    default:
      return kind === 'delete' ? remove(`key${at}`) : put(`key${at}`, String(machine.appliedIndex + 1));
  }
}

const contents = (machine: StateMachine) => ({
  values: new Map(machine.store.values()),
  tombstones: new Map(
    [...machine.store.tombstones()].map(([at, { version: last, revision }]) => [at, { last, revision }]),
  ),
  older: [...machine.store.history.superseded()],
  historyLimit: machine.store.history.limit,
  locks: new Map(machine.locks.entries()),
  sessions: new Map(
    [...machine.sessions.entries()].map(([id, { lastUsedMs, settledThrough, outcomes }]) => [
      id,
      { lastUsedMs, settledThrough, outcomes: new Map(outcomes) },
    ]),
  ),
  // Expired ones are nobody's: they go with the next entry that notices.
  idempotency: new Map([...machine.idempotency.entries()].filter(([, { timeMs }]) => timeMs >= machine.timeMs - 500)),
  timeMs: machine.timeMs,
  appliedIndex: machine.appliedIndex,
});

describe('R11: a snapshot is taken while writes go on', () => {
  test('chunks and the entries since the start, in one stream, give the state at its end', () => {
    const chunkEvery = fc.array(fc.nat(3), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        drawnEntries({ maxLength: 40 }),
        drawnEntries({ maxLength: 40 }),
        chunkEvery,
        (before, during, pace) => {
          const source = machineOf();
          for (const drawn of before) source.apply(nextEntry(source, drawn));
          const scan = new SnapshotScan(source);
          const copy = machineOf();
          copy.restart({ index: scan.startIndex, timeMs: source.timeMs });
          copy.store.history.limit = source.store.history.limit;

          const takeChunk = (): void => {
            for (const item of scan.nextChunk(100)?.items ?? []) copy.restore(item);
          };
          // What was sent is applied only once it is known to be committed: after chunks that were taken later, too.
          const sent: Entry[] = [];
          for (const [at, drawn] of during.entries()) {
            for (let chunks = pace[at % pace.length] ?? 0; chunks > 0; chunks -= 1) takeChunk();
            const one = nextEntry(source, drawn);
            source.apply(one);
            sent.push(one);
            if (pace[(at + 1) % pace.length] === 0) for (const late of sent.splice(0)) copy.apply(late);
          }
          while (!scan.done) takeChunk();
          for (const late of sent) copy.apply(late);
          expect(contents(copy)).toEqual(contents(source));
          expect(copy.store.history.missing).toBe(0);
          expect(copy.store.bytes).toBe(source.store.bytes);
          expect(copy.locks.bytes).toBe(source.locks.bytes);
        },
      ),
    );
  });

  test('the floor at its end covers whatever deleted key was forgotten meanwhile', () => {
    fc.assert(
      fc.property(drawnEntries({ maxLength: 40 }), drawnEntries({ maxLength: 40 }), (before, during) => {
        const source = machineOf(1);
        for (const drawn of before) source.apply(nextEntry(source, drawn));
        const scan = new SnapshotScan(source);
        const copy = machineOf(1);
        copy.restart({ index: scan.startIndex, timeMs: source.timeMs });
        copy.store.history.limit = source.store.history.limit;
        const used = new Map<string, number>();
        for (let at = 0; at <= 5; at += 1) used.set(`key${at}`, source.store.get(key(`key${at}`))?.version ?? 0);
        for (const drawn of during) {
          for (const item of scan.nextChunk(100)?.items ?? []) copy.restore(item);
          const one = nextEntry(source, drawn);
          source.apply(one);
          copy.apply(one);
          for (const effect of ofKeys(one.body.kind === 'write' ? one.body.effects : []))
            used.set(effect.key, versionOf(effect));
        }
        for (let chunk = scan.nextChunk(100); chunk !== null; chunk = scan.nextChunk(100)) {
          for (const item of chunk.items) copy.restore(item);
        }
        copy.store.raiseVersionFloor(source.store.versionFloor);
        for (const [name, last] of used) expect(copy.store.lastVersion(key(name))).toBeGreaterThanOrEqual(last);
      }),
    );
  });
});

/** key1 and key2 have an older version each when the scan begins; then key1 is written once more. */
function withVersions() {
  const source = machineOf();
  source.apply(entry(1, 1, { kind: 'begin', historyLimit: 8 }));
  source.apply(entry(2, 1, putBody('key1', { version: 1, created: 2 })));
  source.apply(entry(3, 1, putBody('key2', { version: 1, created: 3 })));
  source.apply(entry(4, 1, putBody('key2', { version: 2, created: 3 })));
  source.apply(entry(5, 1, putBody('key1', { version: 2, created: 2 })));
  const stored = source.store.get(key('key1'));
  const scan = new SnapshotScan(source);
  const sixth = entry(6, 1, putBody('key1', { version: 3, created: 2 }));
  source.apply(sixth);
  return { source, scan, entry: sixth, since: { stored } };
}

describe('R11: what a scan sends', () => {
  test('carries all that decides: values, versions of deleted keys, locks, sessions with outcomes, keys of clients', () => {
    const machine = machineOf();
    machine.apply(entry(1, 1, openSessionBody('one' as SessionId), 0));
    for (const drawn of [
      { kind: 'idempotent', at: 0 },
      { kind: 'put', at: 2 },
      { kind: 'delete', at: 2 },
      { kind: 'acquire', at: 3 },
    ] as const) {
      machine.apply(nextEntry(machine, drawn));
    }
    const chunk = new SnapshotScan(machine).nextChunk(1e6);
    expect(readable(chunk?.items)).toEqual([
      { kind: 'value', key: 'key0', stored: machine.store.get(key('key0')) },
      { kind: 'tombstone', key: 'key2', version: 2, revision: 4 },
      {
        kind: 'lock',
        lock: 'lock3',
        held: { lockId: 'id4', owner: 'me', revision: 5, expiresAtMs: 400 },
      },
      {
        kind: 'session',
        session: 'one',
        lastUsedMs: 200,
        settledThrough: 1,
        outcomes: [...(machine.sessions.get('one' as SessionId)?.outcomes.values() ?? [])],
      },
      {
        kind: 'idempotency',
        key: { key: 'client0', digest: 'd' },
        timeMs: 80,
        revision: 2,
        outcome: written({ version: 1 }),
      },
    ]);
  });

  test('carries older versions in the order in which they were superseded, and what an entry has superseded since', () => {
    const { scan, since } = withVersions();
    expect(readable(scan.nextChunk(1e6)?.items)).toEqual([
      // key1 was superseded behind the start: what stood there goes as an older version.
      { kind: 'older', key: 'key1', stored: present(since.stored), supersededAt: 6 },
      expect.objectContaining({ kind: 'value', key: 'key2' }),
      expect.objectContaining({ kind: 'older', key: 'key2', supersededAt: 4 }),
      expect.objectContaining({ kind: 'older', key: 'key1', supersededAt: 5 }),
    ]);
  });

  test.each(['before', 'after'] as const)('whoever has applied that entry %s it came keeps the same', (when) => {
    const { source, scan, entry: sixth } = withVersions();
    const copy = machineOf();
    copy.restart({ index: scan.startIndex, timeMs: wallMs(0) });
    copy.store.history.limit = 8;
    if (when === 'before') copy.apply(sixth);
    expect(copy.store.history.missing).toBe(when === 'before' ? 1 : 0);
    for (const item of scan.nextChunk(1e6)?.items ?? []) copy.restore(item);
    if (when === 'after') copy.apply(sixth);
    expect(copy.store.history.missing).toBe(0);
    expect([...copy.store.history.superseded()]).toEqual([...source.store.history.superseded()]);
    expect(copy.store.bytes).toBe(source.store.bytes);
  });

  test('leaves out what an entry since the start has made anew: it travels in the same stream', () => {
    const machine = machineOf();
    machine.apply(entry(1, 1, putBody('key1', { version: 1, created: 1 })));
    machine.apply(entry(2, 1, putBody('key2', { version: 1, created: 2 })));
    const scan = new SnapshotScan(machine);
    machine.apply(entry(3, 1, putBody('key1', { version: 2, created: 1 })));
    machine.apply(entry(4, 1, putBody('key3', { version: 1, created: 4 })));
    const items = readable(scan.nextChunk(1e6)?.items);
    expect(items.map((item) => (item.kind === 'value' ? item.key : item.kind))).toEqual(['key2']);
  });

  test('comes in chunks of about the size that was asked for, numbered from 0, and says when it is done', () => {
    const machine = machineOf();
    for (let at = 1; at <= 10; at += 1) {
      machine.store.restoreValue(key(`key${at}`), {
        value: bytes('x'.repeat(100)),
        contentType: null,
        revision: logIndex(0),
        version: version(1),
        createRevision: logIndex(0),
        modifiedMs: wallMs(0),
        expiresAtMs: null,
        idleMs: null,
      });
    }
    const scan = new SnapshotScan(machine);
    const sizes: number[] = [];
    for (let chunk = scan.nextChunk(300); chunk !== null; chunk = scan.nextChunk(300)) {
      expect(chunk.number).toBe(sizes.length);
      sizes.push(readable(chunk.items).length);
    }
    expect([sizes, scan.chunks, scan.done]).toEqual([[2, 2, 2, 2, 2], 5, true]);
  });

  test('a session that has kept much goes in several items, each of which counts for what it brings', () => {
    const machine = machineOf();
    const got = (size: number): DecidedOutcome => ({
      kind: 'transaction',
      chose: 'then',
      results: [{ kind: 'got', found: putEffect('k', { version: 1, created: 1, value: 'x'.repeat(size) }).stored }],
    });
    const outcomes = Array.from({ length: 40 }, (_, at) => ({
      number: at + 1,
      revision: logIndex(0),
      outcome: got(50_000),
    }));
    const [busy, idle] = ['busy' as SessionId, 'idle' as SessionId];
    machine.restore({ kind: 'session', session: busy, lastUsedMs: wallMs(1), settledThrough: 0, outcomes });
    machine.restore({ kind: 'session', session: idle, lastUsedMs: wallMs(2), settledThrough: 7, outcomes: [] });

    const scan = new SnapshotScan(machine);
    const copy = machineOf();
    const chunks: number[] = [];
    for (let chunk = scan.nextChunk(300_000); chunk !== null; chunk = scan.nextChunk(300_000)) {
      chunks.push(chunk.items.reduce((sum, item) => sum + itemBytes(item), 0));
      for (const item of chunk.items) copy.restore(item);
    }
    expect(Math.max(...chunks)).toBeLessThan(600_000);
    expect(chunks.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(40 * 50_000);
    expect([...copy.sessions.entries()]).toEqual([...machine.sessions.entries()]);
  });

  test('a session that ends while it is being sent is not sent again', () => {
    const machine = machineOf();
    const session = 'ends' as SessionId;
    const found = putEffect('k', { version: 1, created: 1, value: 'x'.repeat(300_000) }).stored;
    const outcomes = [1, 2].map((number) => ({
      number,
      revision: logIndex(0),
      outcome: { kind: 'batch' as const, results: [{ kind: 'got' as const, found }] },
    }));
    machine.restore({ kind: 'session', session, lastUsedMs: wallMs(1), settledThrough: 0, outcomes });
    const scan = new SnapshotScan(machine);
    expect(scan.nextChunk(1)?.items).toMatchObject([{ kind: 'session', outcomes: [{ number: 1 }] }]);
    machine.apply(entry(1, 1, { kind: 'endSessions', sessions: [session] }));
    const rest = [];
    for (let chunk = scan.nextChunk(1); chunk !== null; chunk = scan.nextChunk(1)) rest.push(...chunk.items);
    expect(rest).toEqual([]);
  });
});
