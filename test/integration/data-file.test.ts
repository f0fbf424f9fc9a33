import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startEmbedded, type Embedded } from '../../src/embedded/start-embedded.ts';
import { KubeClient } from '../../src/main/local/kube-client.ts';
import { newPod } from '../../src/main/local/pod.ts';
import { FreePorts } from '../../src/main/local/ports.ts';
import { until } from '../measure/until.ts';

/** A kvstore of its own, and a proxy before it, with a data file that is large enough to be seen loading. */
jest.setTimeout(240_000);

const HOST = '127.0.0.1';
const LINES = 500_000;
/** A machine with much to do takes long to start a process. */
const WITHIN = { withinMs: 60_000 };
const root = resolve(import.meta.dirname, '../..');
const ports = new FreePorts();

let folder: string;
let embedded: Embedded;
const servers: Server[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-dataset-'));
  embedded = await startEmbedded({ host: HOST, port: 0 });
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.process.kill('SIGKILL');
    await server.ended;
  }
  await embedded.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Server {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
}

function start(program: 'kvstore' | 'proxy', env: Readonly<Record<string, string>>): Server {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', `src/main/${program}.ts`], {
    cwd: root,
    env: { PATH: process.env['PATH'], KV_KUBERNETES_URL: embedded.url, KV_HTTP_HOST: HOST, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const server: Server = {
    process: child,
    ended: once(child, 'close').then(([exitCode]) => exitCode as number | null),
    log: () =>
      stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
  servers.push(server);
  return server;
}

interface Pod {
  readonly url: string;
  readonly start: (env?: Readonly<Record<string, string>>) => Server;
}

/** A pod as the API server knows it, whose container may be started again and again. */
async function newReplica(file: string): Promise<Pod> {
  const name = 'kv-0';
  const [peerPort, httpPort] = [await ports.take(), await ports.take()];
  const client = new KubeClient({ url: embedded.url, namespace: 'default' });
  const pod = await client.create('pods', newPod({ name, peerPort, httpPort, restart: 'always' }));
  const containerStatuses = [{ name: 'kvstore', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }];
  await client.replaceStatus({ ...pod, status: { phase: 'Running', podIP: HOST, containerStatuses } });
  await client.create('endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kvstore-peers-kv-0', labels: { 'kubernetes.io/service-name': 'kvstore-peers' } },
    addressType: 'IPv4',
    ports: [{ name: 'peer', port: peerPort, protocol: 'TCP' }],
    endpoints: [{ addresses: [HOST], conditions: { ready: true }, targetRef: { kind: 'Pod', name } }],
  });
  const ofPod = {
    KV_POD_NAME: name,
    KV_POD_UID: pod.metadata.uid ?? '',
    KV_POD_IP: HOST,
    KV_PEER_HOST: HOST,
    KV_PEER_PORT: String(peerPort),
    KV_HTTP_PORT: String(httpPort),
    KV_MIN_IN_SYNC: '1',
    KV_GRACE_PERIOD: '2s',
    KV_DATASET: file,
  };
  return { url: `http://${HOST}:${httpPort}`, start: (env = {}) => start('kvstore', { ...ofPod, ...env }) };
}

const uuidOf = (line: number) => `00000000-0000-4000-8000-${line.toString(16).padStart(12, '0')}`;

function writePairs(file: string, lines: number, value: (line: number) => string): void {
  let text = '';
  for (let line = 0; line < lines; line += 1) text += `${uuidOf(line)} ${value(line)}\n`;
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function get(url: string): Promise<{ readonly status: number; readonly body: unknown; readonly ms: number }> {
  const sentMs = performance.now();
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.json(), ms: performance.now() - sentMs };
}

/** Nothing listens yet. */
const none = { status: 0, body: null, ms: 0 };

const isReady = async (url: string) => (await get(`${url}/readyz`).catch(() => none)).status === 200;

test('it is loaded while the process answers /livez, served once it is ready, and read anew at a restart', async () => {
  const file = join(folder, 'pairs.data');
  writePairs(file, LINES, (line) => `value ${line}`);
  const replica = await newReplica(file);
  const first = replica.start();
  const whileLoading: { readonly livez: number; readonly livezMs: number; readonly lookup: number }[] = [];
  const readiness = async () => {
    const { status, body } = await get(`${replica.url}/readyz`).catch(() => none);
    if (status === 503 && JSON.stringify(body).includes('the data file is being loaded')) {
      const livez = await get(`${replica.url}/livez`);
      const lookup = await get(`${replica.url}/get_value/${uuidOf(0)}`);
      whileLoading.push({ livez: livez.status, livezMs: livez.ms, lookup: lookup.status });
    }
    return status === 200;
  };
  await until('it is ready', readiness, { ...WITHIN, everyMs: 5 });
  expect(whileLoading.length).toBeGreaterThan(3);
  expect(whileLoading.map(({ livez }) => livez)).toEqual(whileLoading.map(() => 200));
  // The median: on a machine with much to do single answers take long, whatever the process does.
  const times = whileLoading.map(({ livezMs }) => livezMs).toSorted((a, b) => a - b);
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(500);
  // The first of two requests saw it loading; by the second it may have been loaded.
  expect(whileLoading[0]?.lookup).toBe(503);

  const loaded = first.log().find(({ event }) => event === 'data file loaded');
  expect(loaded).toMatchObject({ file, lines: LINES, keys: LINES, repeated: 0, malformed: 0 });
  const metrics = await (await fetch(`${replica.url}/metrics`)).text();
  expect(metrics).toMatch(/^kvstore_dataset_loaded 1$/m);
  expect(metrics).toMatch(new RegExp(`^kvstore_dataset_keys ${LINES}$`, 'm'));

  const proxyPort = await ports.take();
  const proxy = `http://${HOST}:${proxyPort}`;
  start('proxy', { KV_HTTP_PORT: String(proxyPort) });
  await until('the proxy is ready', () => isReady(proxy), WITHIN);
  for (const url of [replica.url, proxy]) {
    for (const line of [0, 1, 77_777, LINES - 1]) {
      const { status, body } = await get(`${url}/get_value/${uuidOf(line).toUpperCase().replaceAll('-', '')}`);
      expect([status, body]).toEqual([200, { key: uuidOf(line), value: `value ${line}` }]);
    }
    const absent = await get(`${url}/get_value/${uuidOf(LINES)}`);
    expect([absent.status, absent.body]).toEqual([404, { detail: 'Key not found' }]);
  }
  // What is not in the file may be in the store; what is in it is not hidden by the store.
  for (const line of [LINES, 1]) {
    await fetch(`${proxy}/v1/keys/${uuidOf(line)}`, { method: 'PUT', body: 'from the store' });
  }
  const values = async (line: number) => (await get(`${proxy}/get_value/${uuidOf(line)}`)).body;
  expect(await values(LINES)).toEqual({ key: uuidOf(LINES), value: 'from the store' });
  expect(await values(1)).toEqual({ key: uuidOf(1), value: 'value 1' });

  writePairs(file, 10, (line) => `new value ${line}`);
  expect(await values(1)).toEqual({ key: uuidOf(1), value: 'value 1' });
  first.process.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  replica.start();
  await until('it is ready again', () => isReady(replica.url), WITHIN);
  expect(await values(1)).toEqual({ key: uuidOf(1), value: 'new value 1' });
  expect((await get(`${replica.url}/get_value/${uuidOf(11)}`)).status).toBe(404);
});

test('a process whose file cannot be served ends before it is anybody, and says why', async () => {
  const file = join(folder, 'pairs.data');
  const replica = await newReplica(file);
  const reasonOf = async (env?: Readonly<Record<string, string>>): Promise<unknown> => {
    const server = replica.start(env);
    expect(await server.ended).toBe(2);
    expect(server.log().map(({ event }) => event)).not.toContain('replica started');
    return server.log().find(({ event }) => event === 'data file refused')?.['reason'];
  };
  expect(await reasonOf()).toBe(`it cannot be opened: ENOENT: no such file or directory, stat '${file}'`);
  writePairs(file, 1000, () => 'value');
  // All that the machine has, or the most that may be said: nothing is left for the file.
  const memoryGi = Math.min(48, Math.ceil(totalmem() / 2 ** 30));
  expect(await reasonOf({ KV_MEMORY_MAX: `${memoryGi}Gi` })).toBe(
    'it has 43000 bytes and takes as much memory, and 0 bytes are left for it beside KV_MEMORY_MAX and what the process ' +
      'itself needs: raise the limit of memory, or lower KV_MEMORY_MAX',
  );
});

test('a process whose file has too many malformed lines gives up what it has, ends, and names the line', async () => {
  const file = join(folder, 'pairs.data');
  writeFileSync(file, `${uuidOf(1)} one\nno line\r\n${uuidOf(2)} two\nnor this\n`);
  const replica = await newReplica(file);
  const skipping = replica.start();
  await until('it is ready', () => isReady(replica.url), WITHIN);
  const skipped = skipping.log().filter(({ event }) => event === 'malformed line skipped');
  expect(skipped.map(({ line, level }) => [line, level])).toEqual([
    [2, 'warn'],
    [4, 'warn'],
  ]);
  skipping.process.kill('SIGTERM');
  expect(await skipping.ended).toBe(0);

  const strict = replica.start({ KV_DATASET_MALFORMED_MAX: '1' });
  const exitCode = await Promise.race([strict.ended, wait(WITHIN.withinMs, 'still there', { ref: false })]);
  expect(exitCode).toBe(2);
  expect(strict.log().find(({ event }) => event === 'data file refused')).toMatchObject({
    level: 'error',
    file,
    reason: expect.stringContaining('line 4: its key is no UUID of version 4; so more lines are malformed'),
  });
  expect(strict.log().map(({ event }) => event)).toContain('stopped');
});
