import fc from 'fast-check';
import type { Key } from '../../../../src/core/base/key.ts';
import type { PackedValues } from '../../../../src/core/store/packed-values.ts';
import { olderPieces, packed } from '../../core/kit/packed.ts';
import type { Epoch, GroupId, LogIndex, Version, WallMs } from '../../../../src/core/base/numbers.ts';
import type { ReplicaSummary } from '../../../../src/core/group/summary.ts';
import type { Entry, EntryBody, StateEffect } from '../../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type { PeerMessage, SnapshotItem } from '../../../../src/core/replication/messages.ts';
import type { ReplicaId } from '../../../../src/core/replication/replica-id.ts';
import { DELETED_KEYS_MAX, LIFETIME_MS_MAX } from '../../../../src/core/store/commands.ts';
import type { LookupOutcome, PeerFrame } from '../../../../src/core/routing/frames.ts';
import type {
  WatchEnding,
  WatchEvent,
  WatchNews,
  WatchPlace,
  WatchRange,
  WatchStart,
} from '../../../../src/core/store/watching.ts';
import {
  LOCK_TTL_MS_MAX,
  type HeldLock,
  type LockCommand,
  type LockHolder,
  type LockOutcome,
} from '../../../../src/core/store/locks.ts';
import type {
  Comparison,
  Condition,
  DataCommand,
  DecidedOutcome,
  IdempotencyKey,
  KeyCommand,
  KeyOutcome,
  Lifetime,
  Relation,
  StepResult,
  Step,
  OpenSessionOutcome,
  SessionId,
  WriteCommand,
  WriteOutcome,
  WriteRequest,
} from '../../../../src/core/store/commands.ts';
import {
  LIST_ITEMS_MAX,
  type ListItem,
  type ListSelection,
  type ReadMode,
  type ReadOutcome,
  type Kept,
  type PastPlace,
  type ReadRequest,
  type StoredValue,
} from '../../../../src/core/store/reads.ts';
import { entry } from '../../core/kit/builders.ts';

/** Objects as our code makes them, and none without a prototype. */
const record = <T>(model: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true });

/** Every frame that there is, with any content that it may have: small numbers and those around each boundary of bits. */
const number = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(
    127,
    128,
    2 ** 14 - 1,
    2 ** 14,
    2 ** 28 - 1,
    2 ** 28,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 35,
    2 ** 52,
  ),
  fc.maxSafeNat(),
  fc.constant(Number.MAX_SAFE_INTEGER),
);
const positive = number.map((value) => Math.max(value, 1));
const index = number as fc.Arbitrary<LogIndex>;
const epoch = number as fc.Arbitrary<Epoch>;
const version = positive as fc.Arbitrary<Version>;
const group = fc.oneof(fc.constant(0), number) as fc.Arbitrary<GroupId>;
const time = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(-1));
const wallMs = time as fc.Arbitrary<WallMs>;

const text = (unitsMin: number, unitsMax: number): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.string({ minLength: unitsMin, maxLength: unitsMax }),
      fc.string({ minLength: unitsMin, maxLength: unitsMax, unit: 'binary' }),
    )
    .filter((value) => value.length >= unitsMin && value.length <= unitsMax);

const key = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 20 }),
    fc.constantFrom(new Uint8Array(1024).fill(0xff), Uint8Array.of(0)),
  )
  .map((bytes) => Buffer.from(bytes).toString('latin1') as Key);

const prefix = fc.oneof(fc.constant(''), key);

/** Lengths around each boundary: V8's small arrays, values by reference, a slab, values that stay in their chunk. */
const lengths = [0, 1, 63, 64, 65, 8191, 8192, 8193, 70_000];
const value = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 100 }) },
  { weight: 1, arbitrary: fc.constantFrom(...lengths.map((length) => new Uint8Array(length).fill(length))) },
);

const lineage: fc.Arbitrary<Lineage> = record({ number: positive, id: text(1, 80) });
const optionalLineage = fc.option(lineage);
const session = text(1, 80) as fc.Arbitrary<SessionId>;
const part = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/);
const replica = fc.tuple(part, part, part).map((parts) => parts.join('/') as ReplicaId);
const contentType = fc.option(fc.oneof(fc.constant('application/json'), text(0, 60)));
const idempotencyKey: fc.Arbitrary<IdempotencyKey> = record({ key: text(1, 255), digest: text(0, 64) });

const tags = fc.array(record({ lineageId: text(0, 50), revision: index }), { maxLength: 5 });
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom<Condition>({ kind: 'none' }, { kind: 'absent' }, { kind: 'present' }),
  record({ kind: fc.constantFrom('match' as const, 'noneMatch' as const), tags }),
);

const stay = { expiresAtMs: fc.option(wallMs), idleMs: fc.option(positive) };
const stored: fc.Arbitrary<StoredValue> = record({
  value,
  contentType,
  revision: index,
  version,
  createRevision: index,
  modifiedMs: wallMs,
  ...stay,
});

const integer = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(-(2n ** 63n), 0n));

const owner = text(0, 60);
const lockId = text(1, 20);
const lockHolder: fc.Arbitrary<LockHolder> = record({ owner, revision: index, expiresAtMs: wallMs });
const heldLock: fc.Arbitrary<HeldLock> = record({ lockId, owner, revision: index, expiresAtMs: wallMs });

const lockOutcome: fc.Arbitrary<LockOutcome> = fc.oneof(
  record({ kind: fc.constant('locked' as const), held: heldLock }),
  record({ kind: fc.constant('held' as const), holder: lockHolder }),
  fc.constantFrom<LockOutcome>({ kind: 'released' }, { kind: 'notHeld' }),
);

const keyOutcome: fc.Arbitrary<KeyOutcome> = fc.oneof(
  record({ kind: fc.constant('written' as const), version, created: fc.boolean() }),
  record({ kind: fc.constant('deleted' as const), version }),
  fc.constant<KeyOutcome>({ kind: 'absent' }),
  record({ kind: fc.constant('mismatch' as const), current: fc.option(record({ revision: index, version })) }),
  record({ kind: fc.constant('incremented' as const), version, created: fc.boolean(), value: integer }),
  record({ kind: fc.constant('touched' as const), version, ...stay }),
  record({
    kind: fc.constant('uncountable' as const),
    reason: fc.constantFrom('not-a-number' as const, 'out-of-range' as const),
  }),
);

const result: fc.Arbitrary<StepResult> = fc.oneof(
  keyOutcome,
  record({ kind: fc.constant('got' as const), found: fc.option(stored) }),
);

const decided: fc.Arbitrary<DecidedOutcome> = fc.oneof(
  { weight: 3, arbitrary: keyOutcome },
  {
    weight: 1,
    arbitrary: record({ kind: fc.constant('batch' as const), results: fc.array(result, { maxLength: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constant('transaction' as const),
      chose: fc.constantFrom('then' as const, 'otherwise' as const),
      results: fc.array(result, { maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constant('abandoned' as const),
      chose: fc.constantFrom('then' as const, 'otherwise' as const),
      step: number,
      outcome: keyOutcome,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<DecidedOutcome>({ kind: 'overlong' }, { kind: 'tooMany' }, { kind: 'stale' }),
  },
  {
    weight: 1,
    arbitrary: record({ kind: fc.constantFrom('cleared' as const, 'counted' as const), count: number }),
  },
  { weight: 1, arbitrary: lockOutcome },
);

/** Made of an entry's own index and time when that is made. */
const effect: fc.Arbitrary<StateEffect> = fc.oneof(
  record({ kind: fc.constant('put' as const), key, stored }),
  record({
    kind: fc.constantFrom('delete' as const, 'expire' as const),
    key,
    tombstone: record({ version, revision: index }),
  }),
  record({ kind: fc.constant('touch' as const), key, ...stay }),
  record({ kind: fc.constant('hold' as const), lock: key, held: heldLock }),
  record({ kind: fc.constant('free' as const), lock: key }),
);

const body: fc.Arbitrary<EntryBody> = fc.oneof(
  fc.constant<EntryBody>({ kind: 'empty' }),
  record({ kind: fc.constant('begin' as const), historyLimit: positive }),
  record({ kind: fc.constant('forget' as const), through: index }),
  record({
    kind: fc.constant('write' as const),
    request: record({ session, number: positive }),
    settledThrough: number,
    idempotencyKey: fc.option(idempotencyKey),
    effects: fc.array(effect, { maxLength: 4 }),
    outcome: decided,
  }),
  record({ kind: fc.constant('expire' as const), effects: fc.array(effect, { maxLength: 4 }) }),
  record({ kind: fc.constant('openSession' as const), session }),
  record({ kind: fc.constant('endSessions' as const), sessions: fc.array(session, { maxLength: 5 }) }),
);

/** Entries stand in a row: what does not is malformed. */
const run = record({
  prevIndex: number.filter((value) => value <= Number.MAX_SAFE_INTEGER - 10),
  parts: fc.array(record({ epoch, timeMs: wallMs, body }), { maxLength: 5 }),
}).map(({ prevIndex, parts }) => ({
  prevIndex: prevIndex as LogIndex,
  entries: parts.map((each, i) => entry(prevIndex + 1 + i, each.epoch, each.body, each.timeMs)),
}));

export const anyEntry: fc.Arbitrary<Entry> = run
  .filter(({ entries }) => entries.length > 0)
  .map(({ entries }) => entries[0] as Entry);

const packedValues: fc.Arbitrary<PackedValues> = fc
  .array(fc.tuple(key, stored), { minLength: 1, maxLength: 5 })
  .map((values) => packed(new Map(values)))
  .filter((runs) => runs.length > 0)
  .map((runs) => runs[0] as PackedValues);

const packedOlder: fc.Arbitrary<PackedValues> = fc
  .array(record({ key, stored, supersededAt: index }), { minLength: 1, maxLength: 5 })
  .map((versions) => olderPieces(versions).find((piece) => 'bytes' in piece))
  .filter((piece) => piece !== undefined);

const item: fc.Arbitrary<SnapshotItem> = fc.oneof(
  record({ kind: fc.constant('value' as const), key, stored }),
  packedValues.map((values) => ({ kind: 'values' as const, ...values })),
  packedOlder.map((values) => ({ kind: 'olderValues' as const, ...values })),
  record({ kind: fc.constant('tombstone' as const), key, version, revision: index }),
  record({ kind: fc.constant('older' as const), key, stored, supersededAt: index }),
  record({ kind: fc.constant('lock' as const), lock: key, held: heldLock }),
  record({
    kind: fc.constant('session' as const),
    session,
    lastUsedMs: wallMs,
    settledThrough: number,
    outcomes: fc.array(record({ number: positive, revision: index, outcome: decided }), { maxLength: 4 }),
  }),
  record({
    kind: fc.constant('idempotency' as const),
    key: idempotencyKey,
    timeMs: wallMs,
    revision: index,
    outcome: decided,
  }),
);

const ofEpoch = { epoch, lineage };
const addresses = record({ peer: text(1, 60), http: text(1, 60) });

const messages: { readonly [Kind in PeerMessage['kind']]: fc.Arbitrary<Extract<PeerMessage, { kind: Kind }>> } = {
  hello: record({
    kind: fc.constant('hello'),
    number,
    from: replica,
    addresses,
    epoch,
    lineage: optionalLineage,
    lastIndex: index,
    lastEpoch: epoch,
    stopping: fc.boolean(),
  }),
  reject: record({ kind: fc.constant('reject'), from: replica, epoch, lineage: optionalLineage }),
  resume: record({ kind: fc.constant('resume'), ...ofEpoch, hello: number, prevIndex: index, prevEpoch: epoch }),
  snapshotBegin: record({
    kind: fc.constant('snapshotBegin'),
    ...ofEpoch,
    hello: number,
    startIndex: index,
    startEpoch: epoch,
    timeMs: wallMs,
    historyLimit: positive,
  }),
  snapshotChunk: record({
    kind: fc.constant('snapshotChunk'),
    ...ofEpoch,
    hello: number,
    number,
    items: fc.array(item, { maxLength: 6 }),
  }),
  snapshotEnd: record({
    kind: fc.constant('snapshotEnd'),
    ...ofEpoch,
    hello: number,
    chunks: number,
    endIndex: index,
    versionFloor: number as fc.Arbitrary<Version>,
  }),
  append: record({
    ...ofEpoch,
    run,
    round: number,
    fullRound: number,
    prevEpoch: epoch,
    commitIndex: index,
    member: fc.boolean(),
    confirmedMs: time,
    timeMs: time as fc.Arbitrary<WallMs>,
  }).map(({ run: { prevIndex, entries }, ...rest }) => ({ kind: 'append', ...rest, prevIndex, entries })),
  ack: record({
    kind: fc.constant('ack'),
    ...ofEpoch,
    round: number,
    matchIndex: index,
    appliedIndex: index,
    sentMs: time,
    receivedBytes: number,
    stopping: fc.boolean(),
    touches: fc.array(key, { maxLength: 5 }),
  }),
  vouch: record({ kind: fc.constant('vouch'), ...ofEpoch, number }),
  vouched: record({ kind: fc.constant('vouched'), ...ofEpoch, number, granted: fc.boolean() }),
  question: record({ kind: fc.constant('question'), number, from: replica }),
  answer: record({
    kind: fc.constant('answer'),
    number,
    from: replica,
    epoch,
    obeys: optionalLineage,
    lineage: optionalLineage,
    lastIndex: index,
    lastEpoch: epoch,
    leads: fc.boolean(),
    stopping: fc.boolean(),
    heardWorkingMs: fc.option(time),
  }),
};

const lifetime: fc.Arbitrary<Lifetime> = fc.oneof(
  fc.constantFrom<Lifetime>({ kind: 'unlimited' }, { kind: 'kept' }),
  record({ kind: fc.constant('limited' as const), ms: fc.integer({ min: 1, max: LIFETIME_MS_MAX }) }),
);

const keyCommand: fc.Arbitrary<KeyCommand> = fc.oneof(
  record({ kind: fc.constant('put' as const), key, value, contentType, condition, lifetime, idle: lifetime }),
  record({ kind: fc.constant('touch' as const), key, lifetime, idle: lifetime, condition }).filter(
    ({ lifetime: { kind }, idle }) => kind !== 'kept' || idle.kind !== 'kept',
  ),
  record({ kind: fc.constant('delete' as const), key, condition }),
  record({ kind: fc.constant('increment' as const), key, by: integer, condition }),
);

const step: fc.Arbitrary<Step> = fc.oneof(keyCommand, record({ kind: fc.constant('get' as const), key }));
const steps = fc.array(step, { maxLength: 4 });

const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  record({
    kind: fc.constantFrom('revision' as const, 'version' as const),
    key,
    relation: fc.constantFrom<Relation>('equal', 'unequal', 'less', 'greater'),
    number,
  }),
  record({ kind: fc.constant('value' as const), key, isEqual: fc.boolean(), value }),
  record({ kind: fc.constant('condition' as const), key, condition }),
);

const ttlMs = fc.integer({ min: 1, max: LOCK_TTL_MS_MAX });
const lockCommand: fc.Arbitrary<LockCommand> = fc.oneof(
  record({ kind: fc.constant('acquire' as const), lock: key, lockId, owner, ttlMs }),
  record({ kind: fc.constant('renew' as const), lock: key, lockId, ttlMs }),
  record({ kind: fc.constant('release' as const), lock: key, lockId }),
);

const expected: fc.Arbitrary<number | null> = fc.option(fc.nat({ max: DELETED_KEYS_MAX }));

const dataCommand: fc.Arbitrary<DataCommand> = fc.oneof(
  { weight: 3, arbitrary: keyCommand },
  { weight: 1, arbitrary: record({ kind: fc.constant('batch' as const), steps }) },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constant('transaction' as const),
      comparisons: fc.array(comparison, { maxLength: 4 }),
      then: steps,
      otherwise: steps,
    }),
  },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constant('deletePrefix' as const),
      prefix,
      expected,
    }),
  },
);
const fence = record({ lock: key, token: record({ lineageNumber: number, revision: index }) });
const command: fc.Arbitrary<WriteCommand> = fc.oneof(
  { weight: 3, arbitrary: dataCommand },
  { weight: 1, arbitrary: record({ kind: fc.constant('fenced' as const), fence, command: dataCommand }) },
  { weight: 1, arbitrary: lockCommand },
);
const write: fc.Arbitrary<WriteRequest> = record({
  id: record({ session, number: positive }),
  settledThrough: number,
  idempotencyKey: fc.option(idempotencyKey),
  command,
});
const listPlace = record({ key, isFolder: fc.boolean() });

const selection: fc.Arbitrary<ListSelection> = record({
  prefix,
  delimiter: fc.option(key),
  after: fc.option(listPlace),
  limit: fc.integer({ min: 1, max: LIST_ITEMS_MAX }),
  withValues: fc.boolean(),
});

const terms = record({
  mode: fc.constantFrom<ReadMode>('in-sync', 'linearizable', 'session', 'eventual'),
  token: fc.option(record({ lineage, revision: index })),
});

const pastPlace: fc.Arbitrary<PastPlace> = fc.oneof(
  record({ kind: fc.constant('version' as const), version }),
  record({ kind: fc.constant('revision' as const), revision: index }),
);
const read: fc.Arbitrary<ReadRequest> = fc.oneof(
  fc.tuple(key, terms).map(([each, how]): ReadRequest => ({ kind: 'key', key: each, ...how })),
  fc.tuple(key, terms).map(([each, how]): ReadRequest => ({ kind: 'lock', lock: each, ...how })),
  fc.tuple(key, pastPlace, terms).map(([each, at, how]): ReadRequest => ({ kind: 'past', key: each, at, ...how })),
  fc
    .tuple(key, fc.boolean(), terms)
    .map(([each, withValues, how]): ReadRequest => ({ kind: 'history', key: each, withValues, ...how })),
  fc.tuple(selection, terms).map(([each, how]): ReadRequest => ({ kind: 'list', selection: each, ...how })),
);

const listItem: fc.Arbitrary<ListItem> = fc.oneof(
  record({ kind: fc.constant('key' as const), key, stored }),
  record({ kind: fc.constant('folder' as const), prefix: key }),
);
const leaderHint = fc.option(text(0, 60));
const writeOutcome: fc.Arbitrary<WriteOutcome> = fc.oneof(
  record({
    kind: fc.constant('committed' as const),
    decided,
    revision: index,
    lineage,
    acks: number,
    members: number,
  }),
  record({
    kind: fc.constant('refused' as const),
    code: fc.constantFrom(
      'not-leader',
      'unknown-session',
      'session-full',
      'idempotency-full',
      'idempotency-mismatch',
      'memory-full',
      'overloaded',
    ),
    leaderHint,
  }),
  record({
    kind: fc.constant('unknown' as const),
    code: fc.constantFrom('deposed', 'not-enough-in-sync', 'session-lost'),
  }),
);
const sessionOutcome: fc.Arbitrary<OpenSessionOutcome> = fc.oneof(
  record({ kind: fc.constant('opened' as const), session }),
  record({
    kind: fc.constant('refused' as const),
    code: fc.constantFrom('not-leader', 'sessions-full', 'overloaded'),
    leaderHint,
  }),
);
/** What is left out is empty, and its length is told. */
const keptVersion: fc.Arbitrary<Kept> = fc.oneof(
  stored.map((each) => ({ stored: each, valueBytes: each.value.length, isShown: true })),
  record({ stored, valueBytes: number }).map((each) => ({
    stored: { ...each.stored, value: new Uint8Array(0) },
    valueBytes: each.valueBytes,
    isShown: false,
  })),
);
const readOutcome: fc.Arbitrary<ReadOutcome> = fc.oneof(
  record({
    kind: fc.constant('listed' as const),
    items: fc.array(listItem, { maxLength: 5 }),
    next: fc.option(listPlace),
    lineage,
    revision: index,
  }),
  record({
    kind: fc.constant('read' as const),
    remainingMs: fc.option(number),
    found: fc.option(stored),
    lineage,
    revision: index,
  }),
  record({
    kind: fc.constant('declined' as const),
    code: fc.constantFrom('not-in-sync', 'replica-behind', 'no-leader', 'empty'),
  }),
  record({ kind: fc.constant('replaced-lineage' as const), lineage }),
  record({
    kind: fc.constant('past' as const),
    past: fc.oneof(
      record({ kind: fc.constant('found' as const), stored }),
      record({ kind: fc.constantFrom('none' as const, 'compacted' as const) }),
    ),
    remainingMs: fc.option(number),
    lineage,
    revision: index,
  }),
  record({
    kind: fc.constant('history' as const),
    versions: fc.array(keptVersion, { maxLength: 4 }),
    lineage,
    revision: index,
  }),
  record({
    kind: fc.constant('lock' as const),
    holder: fc.option(lockHolder),
    remainingMs: time,
    lineage,
    revision: index,
  }),
);
const lookupOutcome: fc.Arbitrary<LookupOutcome> = fc.oneof(
  record({ kind: fc.constant('found' as const), value }),
  record({ kind: fc.constant('absent' as const) }),
  record({ kind: fc.constant('declined' as const), code: fc.constant('loading' as const) }),
);
const standing = fc.constantFrom('leader' as const, 'member', 'standby', 'learner', 'none');
const summary: fc.Arbitrary<ReplicaSummary> = record({
  replica: text(0, 60),
  podName: text(0, 60),
  role: fc.constantFrom('seeking', 'following', 'leading'),
  standing,
  ready: fc.boolean(),
  stopping: fc.boolean(),
  frozen: fc.boolean(),
  epoch: number,
  lineage: optionalLineage,
  lastIndex: number,
  commitIndex: number,
  appliedIndex: number,
  keys: number,
  storeBytes: number,
  historyBytes: number,
  olderVersions: number,
  memoryBytes: number,
  memoryBytesMax: number,
  cpuPercent: time,
  memoryPercent: time,
  httpAddress: text(0, 60),
  followers: fc.array(record({ replica: text(0, 60), standing, lagEntries: number, lagMs: time }), { maxLength: 4 }),
});

const place: fc.Arbitrary<WatchPlace> = record({
  index,
  effects: number,
  shown: fc.option(fc.oneof(fc.constant(''), key)),
});
const range: fc.Arbitrary<WatchRange> = fc.oneof(
  record({ kind: fc.constant('key' as const), key }),
  record({ kind: fc.constant('prefix' as const), prefix: fc.oneof(fc.constant(''), key) }),
);
const watchStart: fc.Arbitrary<WatchStart> = fc.oneof(
  record({ kind: fc.constantFrom('now' as const, 'state' as const) }),
  record({ kind: fc.constant('resume' as const), token: record({ lineage, place }) }),
);
const watchEvent: fc.Arbitrary<WatchEvent> = record({
  effect: fc.oneof(
    record({ kind: fc.constant('put' as const), key, stored }),
    record({
      kind: fc.constantFrom('delete' as const, 'expire'),
      key,
      tombstone: record({ version, revision: index }),
    }),
  ),
  place,
});
const news: fc.Arbitrary<WatchNews> = record({
  events: fc.array(watchEvent, { maxLength: 3 }),
  place,
  synced: fc.boolean(),
  lineage,
});
const ending: fc.Arbitrary<WatchEnding> = fc.oneof(
  record({
    kind: fc.constant('declined' as const),
    code: fc.constantFrom('empty' as const, 'replica-behind', 'no-leader', 'overloaded', 'stopping'),
  }),
  record({ kind: fc.constant('compacted' as const), oldestRevision: index }),
  record({ kind: fc.constant('replaced-lineage' as const), lineage }),
);

type ClientFrame = Exclude<PeerFrame, { kind: 'peer' }>;
const ofRequest = { group, epoch, request: number };
const hop = fc.constantFrom('direct' as const, 'relay');
const clientFrames: { readonly [Kind in ClientFrame['kind']]: fc.Arbitrary<Extract<ClientFrame, { kind: Kind }>> } = {
  write: record({ kind: fc.constant('write'), ...ofRequest, hop, write }),
  openSession: record({ kind: fc.constant('openSession'), ...ofRequest, hop }),
  read: record({ kind: fc.constant('read'), ...ofRequest, read }),
  status: record({ kind: fc.constant('status'), ...ofRequest }),
  lookup: record({ kind: fc.constant('lookup'), ...ofRequest, key }),
  writeAnswered: record({ kind: fc.constant('writeAnswered'), ...ofRequest, outcome: writeOutcome }),
  sessionAnswered: record({ kind: fc.constant('sessionAnswered'), ...ofRequest, outcome: sessionOutcome }),
  readAnswered: record({ kind: fc.constant('readAnswered'), ...ofRequest, outcome: readOutcome }),
  statusAnswered: record({ kind: fc.constant('statusAnswered'), ...ofRequest, status: summary }),
  lookupAnswered: record({ kind: fc.constant('lookupAnswered'), ...ofRequest, outcome: lookupOutcome }),
  watch: record({
    kind: fc.constant('watch'),
    ...ofRequest,
    watch: record({ range, start: watchStart, credit: number }),
  }),
  grant: record({ kind: fc.constant('grant'), ...ofRequest, bytes: number }),
  unwatch: record({ kind: fc.constant('unwatch'), ...ofRequest }),
  watchNews: record({ kind: fc.constant('watchNews'), ...ofRequest, news }),
  watchEnded: record({ kind: fc.constant('watchEnded'), ...ofRequest, ending }),
};

/** By kind: a new kind of frame does not compile until it is here. */
export const framesByKind: readonly (readonly [string, fc.Arbitrary<PeerFrame>])[] = [
  ...Object.entries<fc.Arbitrary<PeerMessage>>(messages).map(
    ([kind, message]) => [kind, record({ kind: fc.constant('peer' as const), group, message })] as const,
  ),
  ...Object.entries<fc.Arbitrary<ClientFrame>>(clientFrames),
];

export const anyFrame: fc.Arbitrary<PeerFrame> = fc.oneof(...framesByKind.map(([, frame]) => frame));
