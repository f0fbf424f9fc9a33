import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../src/embedded/start-embedded.ts';
import { ApiClient } from './api-client.ts';
import { startRealApiServer } from './real-api-server.ts';

/** One API that the contract is held against. */
export interface ApiUnderTest {
  readonly client: ApiClient;
  /** The server ends and comes back with its objects, but without its memory of what happened before. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startEmbeddedApi(): Promise<ApiUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'kvstore-embedded-'));
  const options = { host: '127.0.0.1', dataFile: join(folder, 'kubernetes.json') };
  let embedded = await startEmbedded({ ...options, port: 0 });
  const client = new ApiClient(embedded);
  return {
    client,
    async restart() {
      await embedded.close();
      embedded = await startEmbedded({ ...options, port: Number(new URL(embedded.url).port) });
      await client.reconnect();
    },
    async close() {
      await client.close();
      await embedded.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function startRealApi(): Promise<ApiUnderTest | { readonly skip: string }> {
  const server = await startRealApiServer();
  if ('skip' in server) return server;
  const client = new ApiClient(server);
  return {
    client,
    async restart() {
      // First, or etcd would tell the new server what the old one has forgotten.
      await server.compact();
      await server.restart();
      await client.reconnect();
    },
    async close() {
      await client.close();
      await server.close();
    },
  };
}
