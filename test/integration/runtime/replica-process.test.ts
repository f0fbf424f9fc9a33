import { Agent, get } from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import { loadConfig } from '../../../src/config/load-config.ts';
import { startEmbedded, type Embedded } from '../../../src/embedded/start-embedded.ts';
import { KubeClient } from '../../../src/main/local/kube-client.ts';
import { newPod } from '../../../src/main/local/pod.ts';
import { FreePorts } from '../../../src/main/local/ports.ts';
import { startReplica, type Replica } from '../../../src/main/kvstore/replica.ts';
import type { Log } from '../../../src/ports/telemetry.ts';

const HOST = '127.0.0.1';
const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** What one test has started; a test that fails in the middle leaves it to `afterEach`. */
let embedded: Embedded | null = null;
const replicas = new Set<Replica>();
const failures: unknown[] = [];

afterEach(async () => {
  await Promise.all(Array.from(replicas, (replica) => replica.stop(500)));
  replicas.clear();
  await embedded?.close();
  embedded = null;
  expect(failures.splice(0)).toEqual([]);
});

async function startThree() {
  embedded = await startEmbedded({ host: HOST, port: 0 });
  const client = new KubeClient({ url: embedded.url, namespace: 'default' });
  const ports = new FreePorts();
  const pods = await Promise.all(
    ['kv-0', 'kv-1', 'kv-2'].map(async (name) => {
      const [peerPort, httpPort] = [await ports.take(), await ports.take()];
      const pod = await client.create('pods', newPod({ name, peerPort, httpPort, restart: 'always' }));
      const status = {
        phase: 'Running',
        podIP: HOST,
        containerStatuses: [{ name: 'kvstore', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }],
      };
      await client.replaceStatus({ ...pod, status });
      await client.create('endpointslices', {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: `kvstore-peers-${name}`, labels: { 'kubernetes.io/service-name': 'kvstore-peers' } },
        addressType: 'IPv4',
        ports: [{ name: 'peer', port: peerPort, protocol: 'TCP' }],
        endpoints: [{ addresses: [HOST], conditions: { ready: true }, targetRef: { kind: 'Pod', name } }],
      });
      return { name, uid: pod.metadata.uid ?? '', peerPort, httpPort, url: `http://${HOST}:${httpPort}` };
    }),
  );
  for (const { name, uid, peerPort, httpPort } of pods) {
    const loaded = loadConfig(
      'kvstore',
      {
        KV_KUBERNETES_URL: embedded.url,
        KV_POD_NAME: name,
        KV_POD_UID: uid,
        KV_POD_IP: HOST,
        KV_HTTP_HOST: HOST,
        KV_PEER_HOST: HOST,
        KV_HTTP_PORT: String(httpPort),
        KV_PEER_PORT: String(peerPort),
      },
      [],
    );
    if (loaded.kind !== 'config') throw new Error(JSON.stringify(loaded));
    const onFailed = ({ error }: { readonly error: unknown }) => {
      failures.push(error);
    };
    replicas.add(await startReplica({ config: loaded.config, log: quiet, dataFile: null, onFailed }));
  }
  await until('all are ready and in the set', async () => {
    const ready = await Promise.all(pods.map(async ({ url }) => (await fetch(`${url}/readyz`)).ok));
    return ready.every(Boolean) && [...replicas].every((replica) => replica.status.inSync.length === 3);
  });
  return pods;
}

async function until(what: string, holds: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      const standings = Array.from(replicas, (replica) => JSON.stringify(replica.status));
      throw new Error([`not within ${withinMs} ms: ${what}`, ...standings].join('\n'));
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const put = (url: string, key: string, body: string) => fetch(`${url}/v1/keys/${key}`, { method: 'PUT', body });

test('each of three replicas takes writes, answers reads and shows the cluster, its probes and its metrics', async () => {
  const pods = await startThree();
  for (const { name, url } of pods) {
    const written = await put(url, `key-of-${name}`, `value-of-${name}`);
    expect([written.status, written.headers.get('x-kv-acks')]).toEqual([201, '3/3']);
  }
  for (const { name, url } of pods) {
    for (const consistency of ['in-sync', 'linearizable', 'eventual']) {
      const read = await fetch(`${url}/v1/keys/key-of-kv-1?consistency=${consistency}`);
      expect([read.headers.get('x-kv-served-by'), await read.text()]).toEqual([name, 'value-of-kv-1']);
    }
    const cluster = (await (await fetch(`${url}/v1/cluster`)).json()) as Record<string, unknown[]>;
    expect(cluster['members']).toHaveLength(3);
    expect(cluster['replicas']).toHaveLength(3);
    expect(cluster['unreachable']).toEqual([]);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^kvstore_in_sync_members\{group="0"\} 3$/m);
    expect(metrics).toMatch(/^kvstore_keys\{group="0"\} 3$/m);
  }
});

test('R9: a leader that is told to stop hands over, and no write through the others fails', async () => {
  const pods = await startThree();
  const all = [...replicas];
  const leader = all.findIndex((replica) => replica.status.role === 'leading');
  const others = pods.filter((_, position) => position !== leader);
  const writes: Promise<Response>[] = [];
  const write = (number: number) => put(others[number % 2]?.url ?? '', `key-${number}`, 'value');
  for (let number = 0; number < 20; number += 1) writes.push(write(number));
  const stopped = all[leader]?.stop(10_000);
  for (let number = 20; number < 60; number += 1) {
    writes.push(write(number));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(await stopped).toBe('released');
  replicas.delete(all[leader] as Replica);
  expect((await Promise.all(writes)).map((response) => response.status)).toEqual(Array.from(writes, () => 201));
});

test('R9: a follower that is told to stop answers whoever holds a connection before it leaves the set', async () => {
  const pods = await startThree();
  const all = [...replicas];
  const follower = all.findIndex((replica) => replica.status.role === 'following');
  const { url } = pods[follower] as (typeof pods)[number];
  await put(url, 'key', 'value');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const read = () =>
    new Promise<{ readonly status: number | undefined; readonly isLast: boolean }>((resolve, reject) => {
      get(`${url}/v1/keys/key`, { agent }, (response) => {
        response.resume();
        response.on('end', () => {
          resolve({ status: response.statusCode, isLast: response.headers.connection === 'close' });
        });
      }).on('error', reject);
    });
  expect(await read()).toEqual({ status: 200, isLast: false });

  const stopped = all[follower]?.stop(5000);
  // As long as a client of a few requests a second takes: without a farewell the replica has left the set by then.
  const nextRequest = performance.now() + 400;
  await until('the client asks again', () => Promise.resolve(performance.now() > nextRequest));
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  expect(await read()).toEqual({ status: 200, isLast: true });
  expect(await stopped).toBe('released');
  replicas.delete(all[follower] as Replica);
  agent.destroy();
});
