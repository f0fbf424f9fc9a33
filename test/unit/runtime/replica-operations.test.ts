import { expect, test } from '@jest/globals';
import type { Key } from '../../../src/core/base/key.ts';
import type { Epoch } from '../../../src/core/base/numbers.ts';
import type { Effect, Input } from '../../../src/core/group/io.ts';
import type { LookupOutcome } from '../../../src/core/routing/frames.ts';
import { defaultWriteSessionOptions } from '../../../src/core/routing/write-session.ts';
import type { SessionId, WriteCommand } from '../../../src/core/store/commands.ts';
import type { ReadOutcome } from '../../../src/core/store/reads.ts';
import { NO_DATASET } from '../../../src/ports/dataset.ts';
import { GroupDriver } from '../../../src/runtime/group-driver.ts';
import { PeerClients } from '../../../src/runtime/peer-clients.ts';
import { ReplicaOperations } from '../../../src/runtime/replica-operations.ts';
import { Turns } from '../../../src/runtime/turns.ts';
import {
  committed,
  FakeApi,
  FakePeers,
  FakeTransport,
  following,
  GROUP,
  leading,
  quietLog,
  realClock,
  RecordingListener,
  ScriptedGroup,
  seeking,
  turn,
  until,
} from './fakes.ts';

const del: WriteCommand = { kind: 'delete', key: 'key' as Key, condition: { kind: 'none' } };
const get = { kind: 'key', key: 'key' as Key, mode: 'in-sync', token: null } as const;
const noKey = { idempotencyKey: null };
const session = 'session-a' as SessionId;

function operating({ readWaitMs = 1000, writeWaitMs = 5000, dataset = NO_DATASET } = {}) {
  const group = new ScriptedGroup();
  const peers = new FakePeers();
  const api = new FakeApi();
  const driver = new GroupDriver({
    id: GROUP,
    group,
    podName: 'kv-1',
    httpAddress: 'kv-1:8000',
    api,
    transport: new FakeTransport(),
    clock: realClock,
    turns: new Turns(realClock),
    log: quietLog,
    listener: new RecordingListener(),
  });
  driver.watch(new AbortController().signal);
  const operations = new ReplicaOperations({
    driver,
    peers: new PeerClients(peers.open),
    dataset,
    clock: realClock,
    writes: { ...defaultWriteSessionOptions, writeWaitMs },
    readWaitMs,
    waitingReadsMax: 2,
  });
  return { group, driver, peers, api, operations };
}

/** A group that leads and commits whatever it is given. */
const commits = (input: Input, effects: Effect[]) => {
  const { kind } = input;
  if (kind === 'openSession') {
    effects.push({ kind: 'sessionAnswered', ticket: input.ticket, outcome: { kind: 'opened', session } });
  }
  if (kind === 'write') effects.push({ kind: 'writeAnswered', ticket: input.ticket, outcome: committed });
};

const reads = (outcomes: ReadOutcome[]) => (input: Input, effects: Effect[]) => {
  const outcome = outcomes.length > 1 ? outcomes.shift() : outcomes[0];
  if (input.kind === 'read' && outcome !== undefined) {
    effects.push({ kind: 'readAnswered', ticket: input.ticket, outcome });
  }
};

const found = { kind: 'read', found: null, lineage: { number: 1, id: 'one' }, revision: 7 } as ReadOutcome;
const notInSync = { kind: 'declined', code: 'not-in-sync' } as const;

test('a replica that leads takes writes in a session of its own', async () => {
  const { group, operations, peers } = operating();
  group.statusNow = leading;
  group.onStep = commits;
  const answered = { kind: 'answered', outcome: committed, servedBy: 'kv-1' };
  expect(await operations.write(del, noKey)).toEqual(answered);
  expect(await operations.write(del, noKey)).toEqual(answered);
  expect(group.of('openSession')).toHaveLength(1);
  expect(group.of('write').map((input) => input.request.id)).toEqual([
    { session, number: 1 },
    { session, number: 2 },
  ]);
  expect(peers.asked).toEqual([]);
});

test('a follower forwards writes to the leader', async () => {
  const { operations, peers } = operating();
  const result = operations.write(del, noKey);
  const common = { group: GROUP, epoch: 3 as Epoch, request: 1 };
  expect(peers.asked).toMatchObject([{ address: 'kv-0:7000', request: { kind: 'openSession', hop: 'direct' } }]);
  peers.settle(0, { kind: 'sessionAnswered', ...common, outcome: { kind: 'opened', session } });
  expect(peers.asked[1]).toMatchObject({ request: { kind: 'write', hop: 'direct', write: { command: del } } });
  peers.settle(1, { kind: 'writeAnswered', ...common, outcome: committed });
  expect(await result).toEqual({ kind: 'answered', outcome: committed, servedBy: 'kv-0' });
});

test('a write is held while nobody leads, and goes out when somebody does', async () => {
  const { group, driver, operations } = operating();
  group.statusNow = seeking;
  group.onStep = commits;
  const result = operations.write(del, noKey);
  await turn();
  expect(operations.waitingWrites).toBe(1);
  group.statusNow = { ...leading, epoch: 4 };
  driver.tick();
  expect(await result).toMatchObject({ kind: 'answered', servedBy: 'kv-1' });
});

test('R15: a write whose leader was lost on the way is repeated to the next under the same id', async () => {
  const { group, driver, operations, peers } = operating();
  const result = operations.write(del, noKey);
  const common = { group: GROUP, epoch: 3 as Epoch, request: 1 };
  peers.settle(0, { kind: 'sessionAnswered', ...common, outcome: { kind: 'opened', session } });
  peers.settle(1, { kind: 'failed', sent: true, code: 'lost', detail: 'reset' });
  group.onStep = commits;
  group.statusNow = { ...leading, epoch: 4 };
  driver.tick();
  expect(await result).toMatchObject({ kind: 'answered', servedBy: 'kv-1' });
  expect(group.of('write').map((input) => input.request)).toMatchObject([{ id: { session, number: 1 } }]);
});

test('a write that finds no leader in its time is refused, with nothing done', async () => {
  const { group, operations } = operating({ writeWaitMs: 50 });
  group.statusNow = seeking;
  expect(await operations.write(del, noKey)).toMatchObject({ kind: 'unavailable', code: 'no-leader', outcome: 'none' });
});

test('a declined read is asked again until it is answered', async () => {
  const { group, operations } = operating();
  group.onStep = reads([notInSync, notInSync, found]);
  expect(await operations.read(get)).toEqual({ kind: 'answered', outcome: found, servedBy: 'kv-1' });
  expect(group.of('read')).toHaveLength(3);
});

test('a read that is declined for its whole time is unavailable', async () => {
  const { group, operations } = operating({ readWaitMs: 60 });
  group.onStep = reads([notInSync]);
  expect(await operations.read(get)).toMatchObject({ kind: 'unavailable', code: 'no-replica', outcome: 'none' });
});

test('a lookup is answered by the data file of this replica; while that is being loaded it is unavailable', async () => {
  const found = { kind: 'found', value: Uint8Array.of(1) } as const;
  const answers: LookupOutcome[] = [{ kind: 'declined', code: 'loading' }, found];
  const { operations } = operating({ dataset: { lookUp: () => answers.shift() ?? { kind: 'absent' } } });
  const lookUp = () => operations.lookUp('key' as Key);
  expect(await lookUp()).toEqual({
    kind: 'unavailable',
    code: 'data-file-loading',
    outcome: 'none',
    detail: 'this replica has not loaded its data file yet',
  });
  expect(await lookUp()).toEqual({ kind: 'answered', outcome: found, servedBy: 'kv-1' });
  expect(await lookUp()).toEqual({ kind: 'answered', outcome: { kind: 'absent' }, servedBy: 'kv-1' });
});

test('more reads than may wait are refused', async () => {
  const { operations } = operating();
  void operations.read(get);
  void operations.read(get);
  expect(await operations.read(get)).toMatchObject({ kind: 'unavailable', code: 'overloaded' });
  operations.stop();
});

test('stopping settles whatever waits, and takes nothing more', async () => {
  const { group, operations } = operating();
  group.statusNow = seeking;
  const waiting = [operations.write(del, noKey), operations.read(get)];
  await turn();
  operations.stop();
  for (const result of [...waiting, operations.write(del, noKey), operations.read(get)]) {
    expect(await result).toMatchObject({ kind: 'unavailable', code: 'stopping' });
  }
  await until('the cancellation', () => group.of('cancel').length === 1);
});

test('the view of the cluster holds what every replica says, and who said nothing', async () => {
  const { driver, api, operations, peers } = operating();
  const common = { ready: true, terminating: false };
  api.onEndpoints([
    { podName: 'kv-0', peerAddress: 'kv-0:7000', ...common },
    { podName: 'kv-1', peerAddress: 'kv-1:7000', ...common },
    { podName: 'kv-2', peerAddress: 'kv-2:7000', ...common },
  ]);
  await turn();
  const view = operations.cluster();
  const status = { ...driver.summary, podName: 'kv-0', replica: 'kv-0/uid-0/data-0' };
  peers.settle(0, { kind: 'statusAnswered', group: GROUP, epoch: 3 as Epoch, request: 1, status });
  peers.settle(1, { kind: 'failed', sent: false, code: 'refused', detail: 'nobody listens' });
  expect(await view).toMatchObject({
    leader: following.leader,
    epoch: 3,
    members: following.inSync,
    replicas: [
      { podName: 'kv-0', peerAddress: 'kv-0:7000' },
      { podName: 'kv-1', peerAddress: 'kv-1:7000' },
    ],
    unreachable: [{ podName: 'kv-2', peerAddress: 'kv-2:7000', reason: 'nobody listens' }],
  });
});
