import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kvm, type KV, type KvOptions } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { BUCKET } from '../load/clients/nats-kv.ts';
import { HOST, type Contestant } from './contestant.ts';
import { commandOf, missingProgram, NATS_SERVER, versionOf } from './programs.ts';
import { Workplace, type WorkplaceServer } from './workplace.ts';

const SERVERS = 3;
/** The package that has the enumeration is none that we depend on. */
const IN_MEMORY = 'memory' as KvOptions['storage'];

export interface NatsServer {
  readonly name: string;
  readonly port: number;
  readonly server: WorkplaceServer;
}

export interface NatsCluster {
  readonly version: string;
  readonly servers: readonly NatsServer[];
  /** To whichever of them takes it. */
  readonly control: NatsConnection;
  readonly bucket: KV;
  end(): Promise<void>;
}

/** Three servers, and a bucket of JetStream's key-value store of which each has a copy in memory. */
export function startNats(): Promise<NatsCluster> {
  return Workplace.with(async (place) => {
    const ports = await place.ports(2 * SERVERS);
    const addresses = Array.from({ length: SERVERS }, (_, at) => ({
      name: `nats-${at}`,
      port: ports[2 * at] ?? 0,
      route: `${HOST}:${ports[2 * at + 1] ?? 0}`,
    }));
    const routes = addresses.map(({ route }) => `nats://${route}`).join(', ');
    const servers = addresses.map(({ name, port, route }): NatsServer => {
      const file = join(place.folder, `${name}.conf`);
      writeFileSync(
        file,
        `server_name: ${name}
listen: ${HOST}:${port}
max_payload: 8MB
jetstream { store_dir: "${join(place.folder, name)}", max_memory_store: 4GB }
cluster { name: bench, listen: "${route}", routes: [${routes}] }
`,
      );
      return { name, port, server: place.run(name, commandOf(NATS_SERVER), ['--config', file]) };
    });
    let control: NatsConnection | null = null;
    await place.untilReady('NATS takes connections', async () => {
      control = await connect({
        servers: servers.map(({ port }) => `${HOST}:${port}`),
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
      });
      return true;
    });
    const connection = control as unknown as NatsConnection;
    let bucket: KV | null = null;
    await place.untilReady('NATS has the bucket', async () => {
      bucket = await new Kvm(connection).create(BUCKET, { replicas: SERVERS, storage: IN_MEMORY, history: 1 });
      return true;
    });
    return {
      version: versionOf(NATS_SERVER, '--version'),
      servers,
      control: connection,
      bucket: bucket as unknown as KV,
      async end() {
        await connection.close();
        await place.end();
      },
    };
  });
}

export const nats: Contestant = {
  title: `NATS KV, ${SERVERS} replicas`,
  missing: () => missingProgram(NATS_SERVER),
  async start() {
    const cluster = await startNats();
    return {
      version: cluster.version,
      /** The server that leads the bucket's stream, so that no request has a way to go between servers. */
      async addressOf(role) {
        if (role === 'proxy') throw new Error(`NATS has no ${role}`);
        const leader = (await cluster.bucket.status()).streamInfo.cluster?.leader;
        const port = cluster.servers.find(({ name }) => (name === leader) === (role === 'leader'))?.port;
        if (port === undefined) throw new Error(`NATS has no ${role}`);
        return { host: HOST, port };
      },
      settle: () => Promise.resolve(),
      end: () => cluster.end(),
    };
  },
};
