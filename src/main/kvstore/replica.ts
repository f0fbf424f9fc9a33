import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataFile } from '../../adapters/dataset/data-file.ts';
import { connectionTo, createGroupApi } from '../../adapters/kubernetes/create-group-api.ts';
import { logReport } from '../../adapters/observability/log-report.ts';
import { Metrics } from '../../adapters/observability/metrics.ts';
import { SystemClock } from '../../adapters/system/system-clock.ts';
import { machineUsage, processUsage } from '../../adapters/system/usage.ts';
import { peerClients } from '../../adapters/transport/peer-client.ts';
import { createTcpTransport } from '../../adapters/transport/tcp-transport.ts';
import { createApi } from '../../api/http/api.ts';
import { HttpServer } from '../../api/http/server.ts';
import type { KvstoreConfig } from '../../config/config.ts';
import { groupId } from '../../core/base/numbers.ts';
import type { GroupStatus, Report } from '../../core/group/io.ts';
import { Group } from '../../core/group/group.ts';
import { replicaId } from '../../core/replication/replica-id.ts';
import { defaultWriteSessionOptions } from '../../core/routing/write-session.ts';
import { NO_DATASET } from '../../ports/dataset.ts';
import type { GroupApi } from '../../ports/kubernetes.ts';
import type { Log } from '../../ports/telemetry.ts';
import { EntryBytes } from '../../protocol/peer/entry-bytes.ts';
import { GroupHost, type HostListener } from '../../runtime/group-host.ts';
import { ReplicaOperations } from '../../runtime/replica-operations.ts';
import { RELEASE } from '../release.ts';
import { publishDataFile } from './data-file.ts';
import type { Failure } from './failure.ts';
import { podUid } from './pod-uid.ts';

export interface ReplicaOptions {
  readonly config: KvstoreConfig;
  readonly log: Log;
  /** Served once it is loaded, which is for whoever opened it to do; null: there is none. */
  readonly dataFile: DataFile | null;
  /** Ends the process, at once: a broken invariant is met, and nothing more must be said to anybody. */
  readonly onFailed: (failure: Failure) => void;
}

/** There is one group until sharding. */
const GROUP = groupId(0);
/**
 * How much of the grace period is for those who hold a connection, and at most how long: before the replica leaves the
 * set, to learn from an answer that it is the connection's last; once it is released, for answers that are under way.
 */
const FAREWELL_SHARE = 0.2;
const FAREWELL_MS_MAX = 1000;

/** One replica with everything around it, running. */
export interface Replica {
  readonly id: string;
  readonly status: GroupStatus;
  /** R9: hands over and leaves, within the grace period, then ends all that was started. */
  stop(graceMs: number): Promise<'released' | 'grace-over'>;
}

/** Composes a replica, listens on both ports and lets it act. */
export async function startReplica({ config, log, dataFile, onFailed }: ReplicaOptions): Promise<Replica> {
  const clock = new SystemClock();
  const metrics = new Metrics({ process: 'kvstore' });
  const api = await createGroupApi({
    ...config.kubernetes,
    connection: connectionTo(config.kubernetes.url),
    defaultPeerPort: config.peer.port,
    podName: config.pod.name,
    leaseDurationMs: config.groupTimes.leaseMs,
    clock,
    log,
  });
  const uid = config.pod.uid === '' ? await podUid(api, config.pod.name) : config.pod.uid;
  const identity = { podName: config.pod.name, podUid: uid, dataId: randomUUID() };

  const { connectionsMax, queueBytesMax } = config.peer;
  const transport = createTcpTransport({
    log,
    connectionsMax,
    outboundBytesMax: queueBytesMax,
    onConnectionRefused: () => {
      metrics.limitHit('peer-connections');
    },
  });
  const dataset = dataFile ?? NO_DATASET;
  const host = new GroupHost({
    transport,
    dataset,
    openPeerClient: peerClients(transport),
    clock,
    log,
    tickMs: config.groupTimes.heartbeatMs / 4,
    limits: {
      // What remains of the connections is for replicas.
      clientConnectionsMax: Math.ceil(connectionsMax / 2),
      silentConnectionsMax: Math.ceil(connectionsMax / 4),
      requestsPerConnectionMax: 65_536,
      unreadBytesMax: queueBytesMax,
      // The leader itself ends a write before.
      relayTimeoutMs: 2 * config.groupTimes.writeWaitMs,
    },
    listener: listenerOf({ api, log, metrics, onFailed }),
  });
  const group = new Group(
    {
      identity,
      addresses: config.addresses,
      times: config.groupTimes,
      limits: config.groupLimits,
      uncleanRecovery: config.uncleanRecovery,
      randomSeed: randomInt(2 ** 32),
      entryCodec: new EntryBytes(),
    },
    clock.now(),
  );
  const { podName } = identity;
  const driver = host.add({
    id: GROUP,
    group,
    podName,
    httpAddress: config.addresses.http,
    memoryBytesMax: config.groupLimits.memoryBytesMax,
    usage: processUsage(),
    api,
  });
  metrics.addGroup(GROUP, () => driver.status);
  metrics.addGauge({
    name: 'kvstore_peer_clients',
    help: 'Connections of the peer protocol that carry requests.',
    value: () => host.clientConnections,
  });
  metrics.addGauge({
    name: 'kvstore_waiting_requests',
    help: 'Requests that wait for the answer of a group here.',
    value: () => host.waitingRequests,
  });

  if (dataFile !== null) publishDataFile(dataFile, metrics);

  const operations = new ReplicaOperations({
    driver,
    peers: host.peers,
    dataset,
    clock,
    writes: { ...defaultWriteSessionOptions, writeWaitMs: config.groupTimes.writeWaitMs },
    readWaitMs: config.groupTimes.readWaitMs,
    waitingReadsMax: config.groupLimits.waitingReadsMax,
  });
  let stopping = false;
  const httpApi = createApi({
    operations,
    knownReplicas: { kind: 'self', summary: () => driver.summary },
    machine: machineUsage(),
    admin: { recoveryView: () => driver.recoveryView, recover: (request) => driver.recover(request) },
    process: 'kvstore',
    serverName: podName,
    release: RELEASE,
    limits: { valueBytesMax: config.valueBytesMax, bodyBytesMax: defaultWriteSessionOptions.waitingBytesMax },
    probes: {
      readiness: () => (stopping ? { ready: false, reason: 'stopping' } : readinessOf(driver.status, dataFile)),
    },
    metrics,
    log,
  });
  const http = new HttpServer({ api: httpApi, limits: config.http, metrics, log });

  const peerAddress = await host.listen(config.peer);
  const httpAddress = await http.listen(config.http);
  host.start();
  const id = replicaId(identity);
  log.info('replica started', {
    replica: id,
    release: RELEASE,
    peerAddress,
    httpAddress,
    advertised: config.addresses,
  });

  return {
    id,
    get status() {
      return driver.status;
    },
    async stop(graceMs) {
      const farewellMs = Math.min(FAREWELL_MS_MAX, FAREWELL_SHARE * graceMs);
      stopping = true;
      http.drain();
      // Still a member, so that the last answer of each connection is a good one: outside the set there are only refusals.
      await sleep(farewellMs);
      http.closeIdleConnections();
      const outcome = await host.stop(graceMs - 2 * farewellMs);
      await http.close(farewellMs);
      operations.stop();
      await host.close();
      await api.close();
      return outcome;
    },
  };
}

function listenerOf(sinks: {
  readonly api: GroupApi;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly onFailed: (failure: Failure) => void;
}): HostListener {
  const { api, log, metrics, onFailed } = sinks;
  return {
    onReport(_group, report) {
      metrics.reported(report);
      logReport(log, report);
      const event = eventOf(report);
      if (event !== null) api.emitEvent(event);
    },
    onCommitted(_group, latencyMs) {
      metrics.committed(latencyMs);
    },
    onLimitHit(limit) {
      metrics.limitHit(limit);
    },
    onFailed(group, failure) {
      onFailed({ group, ...failure });
    },
  };
}

/** An alarm is for people: they look at the Events first. */
function eventOf(report: Report): Parameters<GroupApi['emitEvent']>[0] | null {
  if (report.kind !== 'alarm') return null;
  const reason = { 'data-loss-possible': 'DataLossPossible', frozen: 'Frozen', 'record-damaged': 'RecordDamaged' };
  return { reason: reason[report.code], message: report.message, severity: 'Warning' };
}

function readinessOf(
  status: GroupStatus,
  dataFile: DataFile | null,
): { readonly ready: boolean; readonly reason: string } {
  const { ready, role, standing, stopping, frozen } = status;
  if (stopping) return { ready: false, reason: 'stopping' };
  if (dataFile !== null && dataFile.progress < 1) {
    const percent = Math.floor(dataFile.progress * 100);
    return { ready: false, reason: `the data file is being loaded: ${percent} %` };
  }
  if (frozen) return { ready, reason: 'the record is lost: an operator is needed' };
  return { ready, reason: standing === 'none' ? role : `${role}, ${standing}` };
}
