import { SystemClock } from '../../src/adapters/system/system-clock.ts';
import { machineUsage } from '../../src/adapters/system/usage.ts';
import { peerClients } from '../../src/adapters/transport/peer-client.ts';
import { createTcpTransport } from '../../src/adapters/transport/tcp-transport.ts';
import { createApi, type Api } from '../../src/api/http/api.ts';
import type { ApiOptions } from '../../src/api/http/context.ts';
import { HttpServer } from '../../src/api/http/server.ts';
import { groupId } from '../../src/core/base/numbers.ts';
import type { Log } from '../../src/ports/telemetry.ts';
import { ProxyOperations } from '../../src/proxy/proxy-operations.ts';
import { endAll, threeInSync, until } from '../integration/runtime/in-process-replicas.ts';

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

export const VALUE_BYTES_MAX = 2000;

const SERVER_LIMITS = { connectionsMax: 1000, pipelineMax: 100, requestTimeoutMs: 15_000, idleTimeoutMs: 75_000 };

const apiOf = (own: Pick<ApiOptions, 'operations' | 'knownReplicas' | 'process' | 'serverName' | 'admin'>): Api =>
  createApi({
    ...own,
    machine: machineUsage(),
    release: '1.2.3',
    limits: { valueBytesMax: VALUE_BYTES_MAX, bodyBytesMax: 10_000_000 },
    probes: { readiness: () => ({ ready: true, reason: 'in sync' }) },
    metrics: { contentType: 'text/plain', requestAnswered() {}, limitHit() {}, text: () => Promise.resolve('') },
    log: quiet,
  });

/** Three replicas, with their sockets, and a proxy, all in this process: one store, and a URL of each. */
export class Stage {
  readonly proxy: string;
  readonly nodes: readonly string[];
  readonly #end: () => Promise<void>;

  private constructor(addresses: readonly string[], end: () => Promise<void>) {
    const [proxy = '', ...nodes] = addresses.map((address) => `http://${address}`);
    this.proxy = proxy;
    this.nodes = nodes;
    this.#end = end;
  }

  static async open(): Promise<Stage> {
    const { kubernetes, replicas } = await threeInSync();
    const clock = new SystemClock();
    const transport = createTcpTransport({ log: quiet });
    const operations = new ProxyOperations({
      group: groupId(0),
      api: kubernetes.outside(),
      openPeerClient: peerClients(transport),
      clock,
      log: quiet,
      randomSeed: 1,
    });
    operations.start();
    await until(
      'the proxy knows all',
      () => operations.knownReplicas().filter(({ summary }) => summary !== null).length === 3,
    );
    const knownReplicas = { kind: 'all', replicas: () => operations.knownReplicas() } as const;
    const apis = [
      apiOf({ operations, knownReplicas, process: 'proxy', serverName: 'proxy-0', admin: null }),
      ...replicas.map(({ podName, driver, operations }) =>
        apiOf({
          operations,
          knownReplicas: { kind: 'self', summary: () => driver.summary },
          process: 'kvstore',
          serverName: podName,
          admin: { recoveryView: () => driver.recoveryView, recover: (asked) => driver.recover(asked) },
        }),
      ),
    ];
    const servers = apis.map(
      (api) => new HttpServer({ api, limits: SERVER_LIMITS, metrics: { limitHit() {} }, log: quiet }),
    );
    const addresses = await Promise.all(servers.map((server) => server.listen({ host: '127.0.0.1', port: 0 })));
    return new Stage(addresses, async () => {
      await Promise.all(servers.map((server) => server.close(0)));
      operations.stop();
      const failures = await endAll();
      await transport.close();
      if (failures.length > 0) throw new AggregateError(failures, 'a replica has failed');
    });
  }

  close(): Promise<void> {
    return this.#end();
  }
}
