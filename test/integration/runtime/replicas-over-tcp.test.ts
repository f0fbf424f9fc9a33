import { afterEach, expect, test } from '@jest/globals';
import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { peerClients } from '../../../src/adapters/transport/peer-client.ts';
import { createTcpTransport } from '../../../src/adapters/transport/tcp-transport.ts';
import type { Key } from '../../../src/core/base/key.ts';
import { groupId } from '../../../src/core/base/numbers.ts';
import { Group } from '../../../src/core/group/group.ts';
import type { Report } from '../../../src/core/group/io.ts';
import { defaultLimits, defaultTimes } from '../../../src/core/group/options.ts';
import { defaultWriteSessionOptions } from '../../../src/core/routing/write-session.ts';
import type { WriteCommand } from '../../../src/core/store/commands.ts';
import type { ReadMode } from '../../../src/core/store/reads.ts';
import type { Log } from '../../../src/ports/telemetry.ts';
import type { GroupDriver } from '../../../src/runtime/group-driver.ts';
import { GroupHost } from '../../../src/runtime/group-host.ts';
import { ReplicaOperations } from '../../../src/runtime/replica-operations.ts';
import { MemoryKubernetes } from './memory-kubernetes.ts';

const GROUP = groupId(0);
const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

interface Running {
  readonly podName: string;
  readonly host: GroupHost;
  readonly driver: GroupDriver;
  readonly operations: ReplicaOperations;
  readonly failures: unknown[];
}

const running = new Set<Running>();
const reports: string[] = [];
let starts = 0;

afterEach(async () => {
  const failures = [...running].flatMap((replica) => replica.failures);
  await Promise.all([...running].map(end));
  reports.length = 0;
  expect(failures).toEqual([]);
});

async function start(kubernetes: MemoryKubernetes, podName: string): Promise<Running> {
  starts += 1;
  const clock = new SystemClock();
  const transport = createTcpTransport({ log: quiet });
  const failures: unknown[] = [];
  const dataId = `data-${starts}`;
  const host = new GroupHost({
    transport,
    openPeerClient: peerClients(transport),
    clock,
    log: quiet,
    tickMs: defaultTimes.heartbeatMs / 4,
    limits: {
      clientConnectionsMax: 100,
      silentConnectionsMax: 100,
      requestsPerConnectionMax: 1000,
      unreadBytesMax: 2 ** 20,
      relayTimeoutMs: 10_000,
    },
    listener: {
      onReport: (_group, report) => reports.push(lineOf(podName, report)),
      onCommitted: () => {},
      onLimitHit: () => {},
      onFailed: (_group, error) => failures.push(error),
    },
  });
  const peer = await host.listen({ host: '127.0.0.1', port: 0 });
  const uid = `uid-of-${podName}`;
  kubernetes.putPod({ name: podName, uid, peerAddress: peer, state: 'running', deleting: false });
  const addresses = { peer, http: '127.0.0.1:1' };
  const group = new Group(
    {
      identity: { podName, podUid: uid, dataId },
      addresses,
      times: defaultTimes,
      limits: defaultLimits,
      uncleanRecovery: 'auto',
      randomSeed: starts,
    },
    clock.now(),
  );
  const driver = host.add({ id: GROUP, group, podName, httpAddress: addresses.http, api: kubernetes.api() });
  host.start();
  const operations = new ReplicaOperations({
    driver,
    peers: host.peers,
    clock,
    writes: defaultWriteSessionOptions,
    readWaitMs: 2000,
    waitingReadsMax: 1000,
  });
  const replica = { podName, host, driver, operations, failures };
  running.add(replica);
  return replica;
}

/** As a crash: nothing is handed over. */
async function end(replica: Running): Promise<void> {
  running.delete(replica);
  replica.operations.stop();
  await replica.host.close();
}

function lineOf(podName: string, report: Report): string {
  return `${podName} ${JSON.stringify(report)}`;
}

async function until(what: string, holds: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) {
      const standings = [...running].map(({ podName, driver }) => `${podName} ${JSON.stringify(driver.status)}`);
      throw new Error([`not within ${withinMs} ms: ${what}`, ...standings, ...reports.slice(-30)].join('\n'));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const put = (key: string, value: string): WriteCommand => ({
  kind: 'put',
  key: key as Key,
  value: Buffer.from(value),
  contentType: null,
  condition: { kind: 'none' },
});

async function write(replica: Running, key: string, value: string): Promise<void> {
  const result = await replica.operations.write(put(key, value), { idempotencyKey: null });
  expect(result).toMatchObject({ kind: 'answered', outcome: { kind: 'committed', decided: { kind: 'written' } } });
}

async function valueOf(replica: Running, key: string, mode: ReadMode = 'in-sync'): Promise<string | null> {
  const result = await replica.operations.read({ key: key as Key, mode, token: null });
  if (result.kind !== 'answered' || result.outcome.kind !== 'read') throw new Error(JSON.stringify(result));
  return result.outcome.found === null ? null : Buffer.from(result.outcome.found.value).toString();
}

const leaderOf = (replicas: readonly Running[]): Running | undefined =>
  replicas.find((replica) => running.has(replica) && replica.driver.status.role === 'leading');

async function threeInSync() {
  const kubernetes = new MemoryKubernetes();
  const replicas = await Promise.all(['kv-0', 'kv-1', 'kv-2'].map((podName) => start(kubernetes, podName)));
  await allInSync(replicas);
  return { kubernetes, replicas };
}

const allInSync = (replicas: readonly Running[]) =>
  until('all are in sync', () => {
    const leader = leaderOf(replicas);
    if (leader === undefined) return false;
    const { status } = leader.driver;
    return status.inSync.length === replicas.length && replicas.every((replica) => replica.driver.status.ready);
  });

test('three replicas elect a leader, and each takes writes and answers reads in every mode', async () => {
  const { replicas } = await threeInSync();
  for (const [position, replica] of replicas.entries()) await write(replica, `key-${position}`, `value-${position}`);
  for (const replica of replicas) {
    for (const mode of ['in-sync', 'linearizable', 'eventual'] as const) {
      expect(await valueOf(replica, 'key-1', mode)).toBe('value-1');
    }
    expect(await valueOf(replica, 'no-such-key')).toBeNull();
  }
});

test('many writes at once are all committed, in far fewer turns', async () => {
  const { replicas } = await threeInSync();
  const leader = leaderOf(replicas) ?? replicas[0];
  if (leader === undefined) throw new Error('no replica');
  await Promise.all(Array.from({ length: 2000 }, (_, position) => write(leader, `key-${position}`, String(position))));
  for (const replica of replicas) expect(await valueOf(replica, 'key-1999')).toBe('1999');
});

test('when the leader is gone another one leads, and no acknowledged write is lost', async () => {
  const { kubernetes, replicas } = await threeInSync();
  for (let number = 0; number < 50; number += 1)
    await write(replicas[number % 3] as Running, `key-${number}`, 'before');
  const first = leaderOf(replicas);
  if (first === undefined) throw new Error('nobody leads');
  await end(first);
  const others = replicas.filter((replica) => replica !== first);
  await write(others[0] as Running, 'after', 'the takeover');
  for (const replica of others) {
    expect(await valueOf(replica, 'key-49')).toBe('before');
    expect(await valueOf(replica, 'after', 'linearizable')).toBe('the takeover');
  }
  // The same pod, another process: empty, and in sync again after a snapshot or the log.
  const back = await start(kubernetes, first.podName);
  await allInSync([...others, back]);
  expect(await valueOf(back, 'key-49')).toBe('before');
  expect(kubernetes.alarms).toEqual([]);
});

test('R9: a leader that is told to stop hands over, and a write meanwhile succeeds', async () => {
  const { kubernetes, replicas } = await threeInSync();
  const first = leaderOf(replicas);
  if (first === undefined) throw new Error('nobody leads');
  const others = replicas.filter((replica) => replica !== first);
  const stopping = first.host.stop(10_000);
  await Promise.all(
    Array.from({ length: 20 }, (_, number) => write(others[number % 2] as Running, `key-${number}`, 'x')),
  );
  expect(await stopping).toBe('released');
  await end(first);
  expect(leaderOf(others)).toBeDefined();
  expect(kubernetes.record?.content.inSync).toHaveLength(2);
});

test('R9: followers that are told to stop leave the set first', async () => {
  const { kubernetes, replicas } = await threeInSync();
  const follower = replicas.find((replica) => replica.driver.status.role === 'following');
  if (follower === undefined) throw new Error('nobody follows');
  expect(await follower.host.stop(10_000)).toBe('released');
  expect(kubernetes.record?.content.inSync).toHaveLength(2);
});
