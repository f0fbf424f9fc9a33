import { expect, test } from '@jest/globals';
import type { Key } from '../../../src/core/base/key.ts';
import { groupId, type Epoch } from '../../../src/core/base/numbers.ts';
import type { Effect, Input } from '../../../src/core/group/io.ts';
import { NO_DATASET, type Dataset } from '../../../src/ports/dataset.ts';
import { GroupHost, type HostLimits } from '../../../src/runtime/group-host.ts';
import {
  committed,
  FakeApi,
  FakePeers,
  FakeTransport,
  GROUP,
  leading,
  peerFrame,
  quietLog,
  realClock,
  RecordingListener,
  ScriptedGroup,
  someWrite,
  turn,
  until,
  writeFrame,
} from './fakes.ts';

const someLimits: HostLimits = {
  clientConnectionsMax: 10,
  silentConnectionsMax: 10,
  requestsPerConnectionMax: 100,
  unreadBytesMax: 1000,
  relayTimeoutMs: 1000,
};

async function hosted({
  limits = {},
  groups = [0],
  dataset = NO_DATASET,
}: { limits?: Partial<HostLimits>; groups?: number[]; dataset?: Dataset } = {}) {
  const transport = new FakeTransport();
  const peers = new FakePeers();
  const listener = new RecordingListener();
  const host = new GroupHost({
    transport,
    dataset,
    openPeerClient: peers.open,
    clock: realClock,
    log: quietLog,
    tickMs: 25,
    limits: { ...someLimits, ...limits },
    listener,
  });
  const scripted = groups.map((id) => {
    const group = new ScriptedGroup();
    host.add({
      id: groupId(id),
      group,
      podName: 'kv-1',
      httpAddress: 'kv-1:8000',
      memoryBytesMax: 1000,
      usage: () => ({ cpuPercent: 1.5, memoryPercent: 2.5 }),
      api: new FakeApi(),
    });
    return group;
  });
  await host.listen({ host: '127.0.0.1', port: 0 });
  const [group] = scripted;
  if (group === undefined) throw new Error('no group');
  return { host, transport, peers, listener, group, scripted };
}

const answerWritesWith =
  (outcome: Extract<Effect, { kind: 'writeAnswered' }>['outcome']) => (input: Input, effects: Effect[]) => {
    if (input.kind === 'write') effects.push({ kind: 'writeAnswered', ticket: input.ticket, outcome });
  };

const notLeader = { kind: 'refused', code: 'not-leader', leaderHint: 'kv-0:7000' } as const;

test('a connection becomes a link of the group that its first frame names', async () => {
  const { transport, scripted } = await hosted({ groups: [0, 5] });
  transport.accept().handler?.onFrames([peerFrame(groupId(5))]);
  transport.accept().handler?.onFrames([peerFrame(groupId(0)), peerFrame(groupId(0))]);
  await turn();
  const kinds = scripted.map((group) => group.inputs.map((input) => input.kind));
  expect(kinds).toEqual([
    ['accepted', 'received', 'received'],
    ['accepted', 'received'],
  ]);
});

test('a connection that carries requests never becomes a link', async () => {
  const { transport, group } = await hosted();
  const connection = transport.accept();
  connection.handler?.onFrames([writeFrame(1)]);
  await turn();
  expect(group.inputs.map((input) => input.kind)).toEqual(['write']);
  connection.handler?.onFrames([peerFrame()]);
  await turn();
  expect(connection.closedWith).toMatch(/peer frame among requests/);
  expect(group.of('accepted')).toEqual([]);
});

test('a frame for a group that is not here closes the connection, and nothing else', async () => {
  const { transport, group } = await hosted();
  const [stranger, other] = [transport.accept(), transport.accept()];
  stranger.handler?.onFrames([peerFrame(groupId(7))]);
  other.handler?.onFrames([writeFrame(1)]);
  await turn();
  expect(stranger.closedWith).toMatch(/no replica of group 7/);
  expect(other.closedWith).toBeNull();
  expect(group.inputs).toHaveLength(1);
});

test('each request is answered on its connection under its own number', async () => {
  const { transport, group } = await hosted();
  group.onStep = answerWritesWith(committed);
  const [a, b] = [transport.accept(), transport.accept()];
  a.handler?.onFrames([writeFrame(7), writeFrame(8)]);
  b.handler?.onFrames([writeFrame(7)]);
  await turn();
  const answer = (request: number) => ({ kind: 'writeAnswered', group: GROUP, epoch: 3, request, outcome: committed });
  expect(a.sent).toEqual([answer(7), answer(8)]);
  expect(b.sent).toEqual([answer(7)]);
});

test('a question for the status is answered at once', async () => {
  const { transport } = await hosted();
  const connection = transport.accept();
  connection.handler?.onFrames([{ kind: 'status', group: GROUP, epoch: 0 as Epoch, request: 4 }]);
  expect(connection.sent).toMatchObject([
    { kind: 'statusAnswered', request: 4, epoch: 3, status: { podName: 'kv-1', role: 'following' } },
  ]);
});

test('a lookup is answered at once from the data file, and the group hears nothing of it', async () => {
  const value = Uint8Array.of(1, 2, 3);
  const dataset: Dataset = {
    lookUp: (key) => (key === 'here' ? { kind: 'found', value } : { kind: 'absent' }),
  };
  const { transport, group } = await hosted({ dataset });
  const connection = transport.accept();
  const lookup = (request: number, key: string) =>
    ({ kind: 'lookup', group: GROUP, epoch: 3 as Epoch, request, key: key as Key }) as const;
  connection.handler?.onFrames([lookup(7, 'here'), lookup(8, 'elsewhere')]);
  await turn();
  expect(connection.sent).toEqual([
    { kind: 'lookupAnswered', group: GROUP, epoch: 3, request: 7, outcome: { kind: 'found', value } },
    { kind: 'lookupAnswered', group: GROUP, epoch: 3, request: 8, outcome: { kind: 'absent' } },
  ]);
  expect(group.inputs).toEqual([]);
});

test('a write to be relayed goes to the leader once, as direct, and its answer comes back', async () => {
  const { transport, peers, group } = await hosted();
  group.onStep = answerWritesWith(notLeader);
  const connection = transport.accept();
  connection.handler?.onFrames([writeFrame(7, 'relay')]);
  await turn();
  expect(connection.sent).toEqual([]);
  expect(peers.asked).toMatchObject([
    { address: 'kv-0:7000', request: { kind: 'write', hop: 'direct', write: someWrite } },
  ]);
  peers.settle(0, { kind: 'writeAnswered', group: GROUP, epoch: 4 as Epoch, request: 1, outcome: committed });
  expect(connection.sent).toMatchObject([{ kind: 'writeAnswered', request: 7, outcome: committed }]);
});

test('a direct write is not passed on', async () => {
  const { transport, peers, group } = await hosted();
  group.onStep = answerWritesWith(notLeader);
  const connection = transport.accept();
  connection.handler?.onFrames([writeFrame(7, 'direct')]);
  await turn();
  expect(peers.asked).toEqual([]);
  expect(connection.sent).toMatchObject([{ request: 7, outcome: notLeader }]);
});

test('a relayed write that may have reached the leader is unknown, one that never left is refused', async () => {
  const { transport, peers, group } = await hosted();
  group.onStep = answerWritesWith(notLeader);
  const connection = transport.accept();
  connection.handler?.onFrames([writeFrame(1, 'relay'), writeFrame(2, 'relay')]);
  await turn();
  peers.settle(0, { kind: 'failed', sent: true, code: 'lost', detail: 'reset' });
  peers.settle(1, { kind: 'failed', sent: false, code: 'refused', detail: 'nobody listens' });
  expect(connection.sent).toMatchObject([
    { request: 1, outcome: { kind: 'unknown', code: 'deposed' } },
    { request: 2, outcome: { kind: 'refused', code: 'not-leader' } },
  ]);
});

test('when a connection is gone, its requests are cancelled and nothing is sent on it', async () => {
  const { host, transport, group } = await hosted();
  const connection = transport.accept();
  connection.handler?.onFrames([writeFrame(1), writeFrame(2)]);
  await turn();
  expect(host.clientConnections).toBe(1);
  connection.handler?.onClose('lost', 'reset');
  await turn();
  expect(group.of('cancel').map((input) => input.ticket)).toEqual(group.of('write').map((input) => input.ticket));
  expect(connection.sent).toEqual([]);
  expect(host.clientConnections).toBe(0);
});

test('requests beyond the limit of a connection are refused, and the others are not disturbed', async () => {
  const { transport, listener, group } = await hosted({ limits: { requestsPerConnectionMax: 2 } });
  const [greedy, modest] = [transport.accept(), transport.accept()];
  greedy.handler?.onFrames([writeFrame(1), writeFrame(2), writeFrame(3)]);
  modest.handler?.onFrames([writeFrame(1)]);
  expect(greedy.sent).toMatchObject([{ request: 3, outcome: { kind: 'refused', code: 'overloaded' } }]);
  expect(listener.limitsHit).toEqual(['overloaded']);
  await turn();
  expect(group.of('write')).toHaveLength(3);
});

test('a client that does not read its answers is cut off', async () => {
  const { transport, listener, group } = await hosted();
  group.onStep = answerWritesWith(committed);
  const connection = transport.accept();
  connection.bufferedBytes = 1001;
  connection.handler?.onFrames([writeFrame(1), writeFrame(2)]);
  await turn();
  expect(connection.sent).toHaveLength(1);
  expect(connection.closedWith).toMatch(/1001 bytes of answers not read/);
  expect(listener.limitsHit).toEqual(['unread-answers']);
});

test('connections that say nothing keep no follower out: the one silent for longest goes', async () => {
  const { transport, listener, group } = await hosted({ limits: { silentConnectionsMax: 2 } });
  const silent = [transport.accept(), transport.accept()];
  const follower = transport.accept();
  follower.handler?.onFrames([peerFrame()]);
  await turn();
  expect(silent.map((connection) => connection.closedWith)).toEqual(['silent for too long', null]);
  expect(group.of('accepted')).toHaveLength(1);
  expect(listener.limitsHit).toEqual(['silent-connections']);
});

test('more connections of clients than allowed are refused; links of replicas are not', async () => {
  const { transport, listener, group } = await hosted({ limits: { clientConnectionsMax: 1 } });
  const [first, second, follower] = [transport.accept(), transport.accept(), transport.accept()];
  first.handler?.onFrames([writeFrame(1)]);
  second.handler?.onFrames([writeFrame(1)]);
  follower.handler?.onFrames([peerFrame()]);
  await turn();
  expect([first, second, follower].map((connection) => connection.closedWith !== null)).toEqual([false, true, false]);
  expect(listener.limitsHit).toEqual(['peer-connections']);
  expect(group.of('accepted')).toHaveLength(1);
});

test('one timer ticks every group', async () => {
  const { host, scripted } = await hosted({ groups: [0, 1] });
  host.start();
  await until('two ticks each', () => scripted.every((group) => group.of('tick').length >= 2));
  await host.close();
  const ticks = scripted.map((group) => group.of('tick').length);
  await turn();
  expect(scripted.map((group) => group.of('tick').length)).toEqual(ticks);
});

test('stopping waits for every group, and no longer than the grace period', async () => {
  const { host, scripted } = await hosted({ groups: [0, 1] });
  const [first, second] = scripted;
  const stopsAtOnce = (input: Input, effects: Effect[]) => {
    if (input.kind === 'stop') effects.push({ kind: 'stopped' });
  };
  if (first !== undefined) first.onStep = stopsAtOnce;
  expect(await host.stop(30)).toBe('grace-over');
  if (second !== undefined) second.onStep = stopsAtOnce;
  expect(await host.stop(5000)).toBe('released');
});

test('closing answers whoever waits and closes the transport', async () => {
  const { host, transport, peers, group } = await hosted();
  group.statusNow = leading;
  const [link, client] = [transport.accept(), transport.accept()];
  link.handler?.onFrames([peerFrame()]);
  client.handler?.onFrames([writeFrame(1)]);
  host.peers.get('kv-0:7000');
  await turn();
  await host.close();
  expect(client.sent).toMatchObject([{ request: 1, outcome: { kind: 'unknown' } }]);
  expect(link.closedWith).not.toBeNull();
  expect(peers.closed).toEqual(['kv-0:7000']);
  expect(transport.closed).toBe(true);
});
