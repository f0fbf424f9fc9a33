import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Installation } from '../../measure/installation.ts';

/** Workers in processes of their own, which are killed and paused, with a lock of a running installation. */
jest.setTimeout(120_000);

const TTL = '2s';
const program = resolve(import.meta.dirname, 'worker.ts');

let installation: Installation;
let workers: Worker[] = [];

beforeAll(async () => {
  installation = await Installation.start({});
});

afterAll(() => installation.end());

afterEach(async () => {
  for (const worker of workers) await worker.end();
  workers = [];
});

const proxy = (): string => installation.cluster.proxies[0]?.url ?? '';

interface Said {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly code?: string;
  readonly fencingToken?: string;
}

class Worker {
  readonly process: ChildProcess;
  readonly said: Said[] = [];

  constructor() {
    const flags = ['--disable-warning=ExperimentalWarning'];
    this.process = spawn(process.execPath, [...flags, program, proxy(), TTL], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.process.stdout === null) throw new Error('a worker without an output');
    createInterface(this.process.stdout).on('line', (line) => this.said.push(JSON.parse(line) as Said));
    workers.push(this);
  }

  /** Of what it says from now on, or from that place. */
  async says(matches: (said: Said) => boolean, from = 0): Promise<Said> {
    for (const deadlineMs = performance.now() + 40_000; performance.now() < deadlineMs; await wait(20)) {
      const found = this.said.slice(from).find(matches);
      if (found !== undefined) return found;
    }
    throw new Error(`not said within 40 s; the last words: ${JSON.stringify(this.said.slice(-5))}`);
  }

  /** The token that it got with the lock. */
  async token(): Promise<bigint> {
    return BigInt((await this.says(({ method, status }) => method === 'POST' && status === 201)).fencingToken ?? '');
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }
}

const wrote = ({ path, status }: Said): boolean => path === '/v1/keys/work' && (status === 200 || status === 201);
const wasFenced = ({ path, code }: Said): boolean => path === '/v1/keys/work' && code === 'fence-stale';

const valueOfWork = async (): Promise<string> =>
  await (await fetch(`${proxy()}/v1/keys/work?consistency=linearizable`)).text();

test('the lock of a holder that is killed passes on after its time, with a larger token', async () => {
  const first = new Worker();
  await first.says(wrote);
  const second = new Worker();
  await first.end();
  await second.says(wrote);
  expect(await second.token()).toBeGreaterThan(await first.token());
});

test('a holder that was paused beyond its time writes nothing when it goes on', async () => {
  const first = new Worker();
  await first.says(wrote);
  const second = new Worker();
  first.process.kill('SIGSTOP');
  await second.says(wrote);
  const from = first.said.length;
  first.process.kill('SIGCONT');
  const late = await first.says(wasFenced, from);
  expect(late.status).toBe(412);
  // What was under way when it was paused may have been answered before; nothing has got through since.
  const after = first.said.slice(first.said.indexOf(late));
  expect(after.filter(wrote)).toEqual([]);
  expect(await valueOfWork()).toBe(`worker ${second.process.pid}`);
  expect(
    (await first.says(({ path, code }) => path.startsWith('/v1/locks/work/') && code === 'no-lock', from)).status,
  ).toBe(404);
});

test('a lock and its token outlive the leader', async () => {
  await installation.untilInSync();
  const worker = new Worker();
  const token = await worker.token();
  await worker.says(wrote);
  (await installation.leader()).server.kill('SIGKILL');
  await installation.untilInSync();
  const from = worker.said.length;
  await worker.says(wrote, from);
  const renewed = await worker.says(({ path, status }) => path.startsWith('/v1/locks/work/') && status === 200, from);
  expect(BigInt(renewed.fencingToken ?? '')).toBe(token);
  expect(worker.said.filter(({ status }) => status >= 400)).toEqual([]);
});

test.each(['1', '912', '100000000000001', '99999999999999999999999999'])(
  'a fence with the number %s, which was never a token of the lock, is refused at once',
  async (number) => {
    const headers = { 'x-kv-fence': `nobody:${number}` };
    const answer = await fetch(`${proxy()}/v1/keys/fenced`, { method: 'PUT', headers, body: 'x' });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([412, 'fence-stale']);
  },
);
