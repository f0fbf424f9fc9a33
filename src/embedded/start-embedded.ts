import { once, setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import { isIPv6 } from 'node:net';
import { readDataFile, writeDataFile } from './data-file.ts';
import { HttpApi } from './http-api.ts';
import { ObjectStore } from './object-store.ts';

/** Changes that a watch can begin from: about five minutes of a group's renewals, as a real API server keeps them. */
const HISTORY_MAX = 1000;

export interface EmbeddedOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Objects survive a restart in this file. @default in memory */
  readonly dataFile?: string;
  /** Changes of the past that a watch may still start from. @default 1,000 */
  readonly historyMax?: number;
  /** Listen where others than this machine can reach it; it asks nobody who they are. @default false */
  readonly allowRemote?: boolean;
  /** @default 60,000 */
  readonly bookmarkMs?: number;
  /** The wall clock, for timestamps. @default Date.now */
  readonly nowMs?: () => number;
}

export interface Embedded {
  readonly url: string;
  /** Ends all connections, watches too. */
  close(): Promise<void>;
}

/**
 * Starts an emulation of the Kubernetes API with Leases, EndpointSlices, Pods and Events, for laptops, compose and tests.
 * It is one process without a replica, it knows no users and no permissions: nothing to hang production on.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  if (options.allowRemote !== true && !isLoopback(options.host)) {
    throw new Error(
      `the embedded API does not listen on ${options.host || 'every address'} unless it is told to: it trusts everybody who reaches it`,
    );
  }
  const { dataFile, nowMs = Date.now } = options;
  const kept = dataFile === undefined ? null : readDataFile(dataFile);
  const contents = kept ?? {
    // Not from 1: a process that begins anew must not give out versions again that clients of its predecessor hold, or
    // their watches would wait in silence for versions to come instead of hearing that theirs are gone.
    version: nowMs(),
    objects: [],
  };
  // Now rather than at the first change, so that a folder that cannot be written to is found out at the start.
  if (dataFile !== undefined) writeDataFile(dataFile, contents);
  const stop = new AbortController();
  // Every watch listens to it.
  setMaxListeners(0, stop.signal);
  const api = new HttpApi({
    store: new ObjectStore({
      contents,
      historyMax: options.historyMax ?? HISTORY_MAX,
      persist: dataFile === undefined ? null : (changed) => writeDataFile(dataFile, changed),
    }),
    nowMs,
    watchTimes: { bookmarkMs: options.bookmarkMs ?? 60_000, timeoutMs: 1_800_000 },
    signal: stop.signal,
  });

  const server = createServer((request, response) => void api.handle(request, response));
  // As the real server's: a client may reuse a connection that rested a while without finding it closed under its hands.
  server.keepAliveTimeout = 90_000;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('listens on no port');
  return {
    url: `http://${isIPv6(address.address) ? `[${address.address}]` : address.address}:${address.port}`,
    async close() {
      stop.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host);
