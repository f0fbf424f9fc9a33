import { SystemClock } from '../../../src/adapters/system/system-clock.ts';
import { peerClients } from '../../../src/adapters/transport/peer-client.ts';
import { createTcpTransport } from '../../../src/adapters/transport/tcp-transport.ts';
import { groupId } from '../../../src/core/base/numbers.ts';
import { Group } from '../../../src/core/group/group.ts';
import type { Report } from '../../../src/core/group/io.ts';
import { defaultLimits, defaultTimes } from '../../../src/core/group/options.ts';
import { defaultWriteSessionOptions } from '../../../src/core/routing/write-session.ts';
import { NO_DATASET } from '../../../src/ports/dataset.ts';
import type { GroupApi } from '../../../src/ports/kubernetes.ts';
import type { Log } from '../../../src/ports/telemetry.ts';
import { EntryBytes } from '../../../src/protocol/peer/entry-bytes.ts';
import type { GroupDriver } from '../../../src/runtime/group-driver.ts';
import { GroupHost } from '../../../src/runtime/group-host.ts';
import { ReplicaOperations } from '../../../src/runtime/replica-operations.ts';
import { MemoryKubernetes } from './memory-kubernetes.ts';

const GROUP = groupId(0);
const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The pods and the record that replicas share. */
export interface GroupCluster {
  /** A process of this pod answers at that address; gives the pod's uid, and the Kubernetes API as this replica sees it. */
  enter(podName: string, peerAddress: string): Promise<{ readonly podUid: string; readonly api: GroupApi }>;
}

/** One replica in this process: real core, runtime and sockets. */
export interface Running {
  readonly podName: string;
  readonly host: GroupHost;
  readonly driver: GroupDriver;
  readonly operations: ReplicaOperations;
  readonly failures: unknown[];
}

const running = new Set<Running>();
const reports: string[] = [];
const alarms: string[] = [];
let starts = 0;

/** The codes of the alarms that any replica has raised. */
export const raisedAlarms = (): readonly string[] => [...alarms];

/** Ends all that still run; gives what failed in them. */
export async function endAll(): Promise<unknown[]> {
  const failures = [...running].flatMap((replica) => replica.failures);
  await Promise.all([...running].map(end));
  reports.length = 0;
  alarms.length = 0;
  return failures;
}

export async function start(cluster: GroupCluster, podName: string): Promise<Running> {
  starts += 1;
  const clock = new SystemClock();
  const transport = createTcpTransport({ log: quiet });
  const failures: unknown[] = [];
  const dataId = `data-${starts}`;
  const host = new GroupHost({
    transport,
    dataset: NO_DATASET,
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
      onReport: (_group, report) => {
        reports.push(lineOf(podName, report));
        if (report.kind === 'alarm') alarms.push(report.code);
      },
      onCommitted: () => {},
      onLimitHit: () => {},
      onFailed: (_group, { error }) => failures.push(error),
    },
  });
  const peer = await host.listen({ host: '127.0.0.1', port: 0 });
  const { podUid, api } = await cluster.enter(podName, peer);
  const addresses = { peer, http: '127.0.0.1:1' };
  const group = new Group(
    {
      identity: { podName, podUid, dataId },
      addresses,
      times: defaultTimes,
      limits: defaultLimits,
      uncleanRecovery: 'auto',
      randomSeed: starts,
      entryCodec: new EntryBytes(),
    },
    clock.now(),
  );
  const driver = host.add({
    id: GROUP,
    group,
    podName,
    httpAddress: addresses.http,
    memoryBytesMax: defaultLimits.memoryBytesMax,
    usage: () => ({ cpuPercent: 1.5, memoryPercent: 2.5 }),
    api,
  });
  host.start();
  const operations = new ReplicaOperations({
    driver,
    peers: host.peers,
    dataset: NO_DATASET,
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
export async function end(replica: Running): Promise<void> {
  running.delete(replica);
  replica.operations.stop();
  await replica.host.close();
}

function lineOf(podName: string, report: Report): string {
  return `${podName} ${JSON.stringify(report)}`;
}

export async function until(what: string, holds: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) {
      const standings = [...running].map(({ podName, driver }) => `${podName} ${JSON.stringify(driver.status)}`);
      throw new Error([`not within ${withinMs} ms: ${what}`, ...standings, ...reports.slice(-30)].join('\n'));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const leaderOf = (replicas: readonly Running[]): Running | undefined =>
  replicas.find((replica) => running.has(replica) && replica.driver.status.role === 'leading');

export async function threeInSync(): Promise<{ kubernetes: MemoryKubernetes; replicas: Running[] }> {
  const kubernetes = new MemoryKubernetes();
  return { kubernetes, replicas: await threeInSyncOn(kubernetes) };
}

export async function threeInSyncOn(cluster: GroupCluster): Promise<Running[]> {
  const replicas = await Promise.all(['kv-0', 'kv-1', 'kv-2'].map((podName) => start(cluster, podName)));
  // An API server of its own starts beside it, and every step is a call to it.
  await allInSync(replicas, 25_000);
  return replicas;
}

export const allInSync = (replicas: readonly Running[], withinMs = 10_000) =>
  until(
    'all are in sync',
    () => {
      const leader = leaderOf(replicas);
      if (leader === undefined) return false;
      const { status } = leader.driver;
      return status.inSync.length === replicas.length && replicas.every((replica) => replica.driver.status.ready);
    },
    withinMs,
  );
