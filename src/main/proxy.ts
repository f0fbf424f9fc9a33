import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { createGroupApi } from '../adapters/kubernetes/create-group-api.ts';
import { createLog } from '../adapters/observability/create-log.ts';
import { Metrics } from '../adapters/observability/metrics.ts';
import { endWithParent } from '../adapters/system/end-with-parent.ts';
import { watchStalls } from '../adapters/system/stall-watch.ts';
import { SystemClock } from '../adapters/system/system-clock.ts';
import { thisMachine } from '../adapters/system/this-machine.ts';
import { machineUsage } from '../adapters/system/usage.ts';
import { peerClients } from '../adapters/transport/peer-client.ts';
import { createTcpTransport } from '../adapters/transport/tcp-transport.ts';
import { createApi } from '../api/http/api.ts';
import type { Probes } from '../api/http/context.ts';
import { HttpServer } from '../api/http/server.ts';
import type { ProxyConfig } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { groupId } from '../core/base/numbers.ts';
import type { Clock } from '../ports/clock.ts';
import type { GroupApi } from '../ports/kubernetes.ts';
import type { Log } from '../ports/telemetry.ts';
import { ProxyOperations } from '../proxy/proxy-operations.ts';
import { RELEASE } from './release.ts';

/** After SIGTERM new connections are still taken for so long: whoever balances the load hears of it a little later. */
const DRAIN_MAX_MS = 2000;
/** Then those that there are may make one more request each, whose answer tells them to go elsewhere. */
const LINGER_MAX_MS = 1000;
/** Where an EndpointSlice names no port `peer`; as the replicas' default. */
const DEFAULT_PEER_PORT = 7000;
/** Of the grace period, for closing what is left. */
const CLOSING_MS = 500;

const loaded = loadConfig('proxy', process.env, process.argv.slice(2), thisMachine());
switch (loaded.kind) {
  case 'help':
    process.stdout.write(loaded.text);
    break;
  case 'invalid':
    process.stderr.write(`${loaded.message}\n`);
    process.exitCode = 2;
    break;
  case 'config':
    await run(loaded.config);
}

async function run(config: ProxyConfig): Promise<void> {
  if (config.endWithParent) endWithParent();
  const log = createLog({ level: config.log.level, fields: { process: 'proxy', pod: hostname() } });
  const fail = (error: unknown) => {
    log.error('process failed', { error });
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  watchStalls(log);

  const metrics = new Metrics({ process: 'proxy' });
  const transport = createTcpTransport({ log });
  const clock = new SystemClock();
  const api = await openGroupApi(config, clock, log);
  const operations = new ProxyOperations({
    group: groupId(0),
    api,
    // The proxy's own limits come first; a repeated write may be on a connection twice.
    openPeerClient: peerClients(transport, {
      requestsMax: 2 * config.queueRequestsMax,
      bytesMax: 2 * config.queueBytesMax,
    }),
    clock,
    log,
    randomSeed: randomInt(2 ** 32),
    options: {
      writeWaitMs: config.writeWaitMs,
      readWaitMs: config.readWaitMs,
      repeatMs: config.repeatMs,
      hedgeMs: config.hedgeMs,
      requestsMax: config.queueRequestsMax,
      bytesMax: config.queueBytesMax,
    },
  });
  publish(operations, metrics);

  const stopping = new AbortController();
  const server = new HttpServer({
    api: createApi({
      operations,
      admin: null,
      knownReplicas: { kind: 'all', replicas: () => operations.knownReplicas() },
      machine: machineUsage(),
      process: 'proxy',
      serverName: hostname(),
      release: RELEASE,
      limits: { valueBytesMax: config.valueBytesMax, bodyBytesMax: config.queueBytesMax },
      probes: probesOf(operations, stopping.signal),
      metrics,
      log,
    }),
    limits: config.http,
    metrics,
    log,
  });
  operations.start();
  log.info('listening', { http: await listen(server, config, log) });

  await signalled(log);
  stopping.abort();
  const drainMs = Math.min(DRAIN_MAX_MS, config.gracePeriodMs / 4);
  const lingerMs = Math.min(LINGER_MAX_MS, config.gracePeriodMs / 4);
  // Nobody is sent away yet: whoever reconnects could come back to us, and meet a door that closes at that moment.
  await wait(drainMs);
  server.stopListening();
  operations.endWatches();
  await wait(lingerMs);
  await server.close(Math.max(0, config.gracePeriodMs - drainMs - lingerMs - CLOSING_MS));
  operations.stop();
  await Promise.race([Promise.all([transport.close(), api.close()]), wait(CLOSING_MS)]);
  log.info('stopped');
  process.exit(0);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function signalled(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      signals += 1;
      if (signals > 1) process.exit(1);
      log.info('stopping', { signal });
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** The proxy follows; it never writes the Lease, so that what a replace would need has no meaning here. */
function openGroupApi({ kubernetes }: ProxyConfig, clock: Clock, log: Log): Promise<GroupApi> {
  const { url, ...names } = kubernetes;
  return createGroupApi({
    ...names,
    connection: url === null ? { kind: 'default' } : { kind: 'url', url },
    defaultPeerPort: DEFAULT_PEER_PORT,
    podName: hostname(),
    leaseDurationMs: 1000,
    clock,
    log,
  });
}

async function listen(server: HttpServer, config: ProxyConfig, log: Log): Promise<string> {
  try {
    return await server.listen(config.http);
  } catch (error) {
    log.error('cannot listen', { host: config.http.host, port: config.http.port, error });
    process.exit(1);
  }
}

function probesOf(operations: ProxyOperations, stopping: AbortSignal): Probes {
  return {
    readiness: () => {
      if (stopping.aborted) return { ready: false, reason: 'this process is stopping' };
      if (operations.ready) return { ready: true, reason: 'a record is known and a replica answers' };
      return { ready: false, reason: 'no record is known yet, or no replica answers' };
    },
  };
}

function publish(operations: ProxyOperations, metrics: Metrics): void {
  const gauges: readonly (readonly [name: string, help: string, value: () => number])[] = [
    ['kvstore_proxy_waiting_writes', 'Writes under way or held.', () => operations.waitingWrites],
    ['kvstore_proxy_waiting_reads', 'Reads under way or held.', () => operations.waitingReads],
    ['kvstore_proxy_waiting_bytes', 'Bytes of the requests under way or held.', () => operations.waitingBytes],
    [
      'kvstore_proxy_repeated_writes',
      'Attempts that repeated a write, so far.',
      () => operations.repeatedWriteAttempts,
    ],
    ['kvstore_proxy_hedged_reads', 'Reads sent to a second replica, so far.', () => operations.hedgedReads],
    ['kvstore_proxy_watchers', 'Watches of clients.', () => operations.watchers],
    [
      'kvstore_proxy_upstream_watches',
      'Watches at replicas, by which they are told.',
      () => operations.upstreamWatches,
    ],
    ['kvstore_proxy_ready', '1 if a record is known and a replica answers.', () => Number(operations.ready)],
  ];
  for (const [name, help, value] of gauges) metrics.addGauge({ name, help, value });
}
