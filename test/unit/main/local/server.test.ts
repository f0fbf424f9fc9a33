import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { endpointSlice, podStatus, type LocalPod } from '../../../../src/main/local/pod.ts';
import { FreePorts, isFree } from '../../../../src/main/local/ports.ts';
import { Server, type RestartPolicy, type ServerChange } from '../../../../src/main/local/server.ts';

const program = join(import.meta.dirname, 'fixtures/server.ts');
let folder = '';
let servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-local-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop(0)));
  rmSync(folder, { recursive: true, force: true });
});

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadlineMs = performance.now() + 10_000; !holds(); await wait(10)) {
    if (performance.now() > deadlineMs) throw new Error(`not within 10 s: ${what}`);
  }
}

/** Started, and running so far that it has set up its signals. */
async function started(options: { restart: RestartPolicy; env?: Record<string, string> }) {
  const changes: ServerChange[] = [];
  const logFile = join(folder, 'server.log');
  const server = new Server({
    name: 'server',
    program,
    logFile,
    env: options.env ?? {},
    restart: options.restart,
    onChange: (_server, change) => changes.push(change),
  });
  servers.push(server);
  server.start();
  const runs = (times: number) =>
    until(`it runs for the ${times}. time`, () => readFileSync(logFile, 'utf8').split('running').length > times);
  await runs(1);
  return { server, changes, runs };
}

const podOf = (server: Server): LocalPod => ({
  name: 'kvstore-0',
  uid: 'u',
  server,
  ip: '127.0.0.1',
  peerPort: 7000,
  httpPort: 8000,
  ready: true,
  deleting: false,
});

test('a process that was killed is replaced at once the first time, then after a growing wait', async () => {
  const { server, changes, runs } = await started({ restart: 'always' });
  const first = server.kill('SIGKILL');
  await runs(2);
  expect(server.pid).not.toBe(first);
  expect(server.restarts).toBe(1);
  server.kill('SIGKILL');
  await runs(3);
  const waits = changes.flatMap((change) => (change.kind === 'ended' ? [change.restartsInMs] : []));
  expect(waits).toEqual([0, 500]);
});

test('with the policy never it stays dead, and its pod has failed', async () => {
  const { server, changes } = await started({ restart: 'never' });
  expect(podStatus(podOf(server))).toMatchObject({
    phase: 'Running',
    podIP: '127.0.0.1',
    containerStatuses: [{ state: { running: {} }, restartCount: 0 }],
  });
  server.kill('SIGKILL');
  await until('it has ended', () => server.pid === null);
  expect(changes.at(-1)).toMatchObject({ kind: 'ended', end: { signal: 'SIGKILL' }, restartsInMs: null });
  expect(podStatus(podOf(server))).toMatchObject({
    phase: 'Failed',
    containerStatuses: [{ state: { terminated: { exitCode: 137 } } }],
  });
});

test('between two processes the pod goes on, its container waits', async () => {
  const { server, changes, runs } = await started({ restart: 'always' });
  server.kill('SIGKILL');
  await runs(2);
  server.kill('SIGKILL');
  await until('it has ended again', () => changes.filter((change) => change.kind === 'ended').length === 2);
  expect(podStatus(podOf(server))).toMatchObject({
    phase: 'Running',
    containerStatuses: [{ state: { waiting: {} }, lastState: { terminated: { exitCode: 137 } } }],
  });
});

test('stop lets a process end by itself, kills one that does not, and wakes one that is frozen', async () => {
  const willing = await started({ restart: 'always' });
  await willing.server.stop(5000);
  expect(willing.server.lastEnd).toMatchObject({ exitCode: 0, signal: null });

  rmSync(join(folder, 'server.log'));
  const deaf = await started({ restart: 'always', env: { IGNORES_SIGTERM: '1' } });
  await deaf.server.stop(50);
  expect(deaf.server.lastEnd).toMatchObject({ signal: 'SIGKILL' });

  rmSync(join(folder, 'server.log'));
  const frozen = await started({ restart: 'always' });
  frozen.server.kill('SIGSTOP');
  await frozen.server.stop(5000);
  expect(frozen.server.lastEnd).toMatchObject({ exitCode: 0, signal: null });
  expect(frozen.server.pid).toBeNull();
});

test('a server ends with its parent, however that died', async () => {
  const [logFile, goodbye] = [join(folder, 'orphan.log'), join(folder, 'goodbye')];
  const parent = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/parent.ts'), program, logFile, goodbye], {
    stdio: 'ignore',
  });
  await until('the server runs', () => existsSync(logFile) && readFileSync(logFile, 'utf8').includes('running'));
  parent.kill('SIGKILL');
  await until('the server has noticed', () => existsSync(goodbye));
});

test('the slice of a pod that is not ready keeps its endpoint, and one that is being deleted is not ready', async () => {
  const { server } = await started({ restart: 'never' });
  const conditions = (change: Partial<LocalPod>) =>
    (endpointSlice({ ...podOf(server), ...change })['endpoints'] as [{ conditions: object }])[0].conditions;
  expect(conditions({})).toEqual({ ready: true, serving: true, terminating: false });
  expect(conditions({ ready: false })).toEqual({ ready: false, serving: false, terminating: false });
  expect(conditions({ deleting: true })).toEqual({ ready: false, serving: true, terminating: true });
});

test('free ports lie below the range for outgoing connections and are given once', async () => {
  const ports = new FreePorts();
  const given = await Promise.all(Array.from({ length: 20 }, () => ports.take()));
  expect(new Set(given).size).toBe(20);
  expect(Math.max(...given)).toBeLessThan(30_000);
  expect(await isFree(given[0] ?? 0)).toBe(true);
});
