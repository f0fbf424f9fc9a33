import { afterEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiClient } from './api-client.ts';
import { lease, LEASES } from './objects.ts';

const MAIN = join(import.meta.dirname, '../../src/main/embedded.ts');
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Running {
  readonly child: ChildProcess;
  readonly api: ApiClient;
  /** Sends the signal and waits for the end; gives the exit code. */
  end(signal: NodeJS.Signals): Promise<unknown>;
}

async function run(env: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], KV_HTTP_PORT: '0', ...env },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit');
  const end = async (signal: NodeJS.Signals): Promise<unknown> => {
    child.kill(signal);
    return (await ended)[0];
  };
  ends.push(() => end('SIGKILL'));
  for await (const line of createInterface({ input: child.stderr })) {
    const { event, url } = JSON.parse(line) as { event: string; url: string };
    if (event !== 'listening') continue;
    const api = new ApiClient({ url });
    ends.push(() => api.close());
    return { child, api, end };
  }
  throw new Error('it ended before it listened');
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kvstore-embedded-'));
  ends.push(() => rm(path, { recursive: true }));
  return path;
}

test('what was answered survives kill -9, with uid and version', async () => {
  const env = { KV_DATA_DIR: await folder() };
  const first = await run(env);
  const created = (await first.api.post(LEASES, lease('a'))).body;
  const { body } = await first.api.put(`${LEASES}/a`, { ...created, spec: { leaseTransitions: 4 } });
  await first.end('SIGKILL');

  const second = await run(env);
  expect((await second.api.get(`${LEASES}/a`)).body).toEqual(body);
  const watch = await second.api.watch(`${LEASES}?watch=1&resourceVersion=${created.metadata.resourceVersion}`);
  await watch.ended;
  expect(watch.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
});

test('SIGTERM ends it at once, with watches open, and with exit code 0', async () => {
  const { api, end } = await run({});
  const watch = await api.watch(`${LEASES}?watch=1`);
  expect(await end('SIGTERM')).toBe(0);
  await watch.ended;
});

test('it does not start where others could reach it, and says which option allows it', async () => {
  const child = spawn(process.execPath, [MAIN, '--http-host', '0.0.0.0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  expect((await once(child, 'close'))[0]).toBe(2);
  expect(said).toContain('KV_ALLOW_REMOTE');
});
