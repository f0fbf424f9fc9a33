import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Installation } from '../measure/installation.ts';
import { until } from '../measure/until.ts';

/** Clients of the earlier services against real processes, by plain HTTP, also while the leader is killed. */
jest.setTimeout(120_000);

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start({ env: { WRITE_QUORUM: '2', REPLICAS: '3' } });
});

afterAll(() => installation.end());

const proxy = (): string => installation.cluster.proxies[0]?.url ?? '';
const nodes = (): string[] => installation.pods.map(({ httpPort }) => `http://127.0.0.1:${httpPort}`);

interface Answer<T> {
  readonly status: number;
  readonly body: T;
  readonly server: string | null;
}

async function ask<T = unknown>(base: string, request: string, body?: unknown): Promise<Answer<T>> {
  const [method = '', path = ''] = request.split(' ');
  const init: RequestInit = { method, signal: AbortSignal.timeout(15_000) };
  if (body !== undefined)
    Object.assign(init, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const response = await fetch(base + path, init);
  const answer = (await response.json()) as T;
  return { status: response.status, body: answer, server: response.headers.get('x-server-used') };
}

test('a value that one writes is read by the others, at the proxy and at each kvstore', async () => {
  expect((await ask(proxy(), 'PUT /put', { key: 'shared', value: 'v' })).body).toEqual({
    message: "Key 'shared' added/updated successfully.",
  });
  for (const base of [proxy(), ...nodes()]) {
    expect((await ask(base, 'GET /kv/shared')).body).toEqual({ value: 'v' });
    expect((await ask(base, 'GET /api/v1/keys?key=shared')).body).toEqual({ key: 'shared', value: 'v' });
    expect((await ask(base, 'GET /get/shared')).body).toMatchObject({ key: 'shared', value: 'v', version: 1 });
    expect((await ask(base, 'GET /keys')).body).toEqual({ keys: ['shared'] });
  }
  expect((await ask(nodes()[2] ?? '', 'PUT /kv/shared', { value: 'w' })).body).toEqual({ result: 'ok', acks: 3 });
  expect((await ask(proxy(), 'GET /get/shared')).body).toMatchObject({ value: 'w', version: 2 });
});

test('the proxy names the replicas, and each of them is where it says', async () => {
  const { servers, count } = (await ask<{ servers: string[]; count: number }>(proxy(), 'GET /servers')).body;
  expect([count, servers.length]).toEqual([3, 3]);
  const workers = (await ask<Record<string, { address: string }>>(proxy(), 'GET /workers')).body;
  expect(Object.keys(workers).sort()).toEqual(servers);
  for (const { address } of Object.values(workers)) {
    const health = (await ask<{ stored_keys: number }>(address, 'GET /health')).body;
    expect(health).toEqual({ status: 'worker up', address, stored_keys: 1 });
  }
  const map = (await ask<{ primary: string; replicas: string[] }>(proxy(), 'GET /map?key=any')).body;
  const leader = await installation.leader();
  expect(map.primary).toBe(`http://127.0.0.1:${leader.httpPort}`);
  expect(map.replicas.toSorted()).toEqual(
    Object.values(workers)
      .map(({ address }) => address)
      .toSorted(),
  );
});

test('the figures of a server are its own, and measured', async () => {
  const [server = ''] = (await ask<{ servers: string[] }>(proxy(), 'GET /servers')).body.servers;
  const cache = await ask<{ current_size: number; max_size: number; is_full: boolean }>(
    proxy(),
    `GET /cache/stats?server=${server}`,
  );
  expect(cache.server).toBe(server);
  expect(cache.body).toMatchObject({ is_full: false, expiration_minutes: null });
  expect(cache.body.current_size).toBeGreaterThan(0);
  expect(cache.body.current_size).toBeLessThan(cache.body.max_size);
  interface Insights {
    readonly servers: Readonly<Record<string, { readonly cpu_percent: number; readonly memory_percent: number }>>;
  }
  await until('the processes have been measured', async () => {
    const { servers } = (await ask<Insights>(proxy(), 'GET /insights')).body;
    return Object.values(servers).every(({ cpu_percent, memory_percent }) => cpu_percent > 0 && memory_percent > 0);
  });
});

test('a worker that dies is off the list, and nothing is lost', async () => {
  (await installation.leader()).server.kill('SIGKILL');
  const put = await ask(proxy(), 'PUT /kv/after', { value: 'v' });
  expect([put.status, put.body]).toEqual([200, { result: 'ok', acks: expect.any(Number) }]);
  expect((await ask(proxy(), 'GET /get/shared')).body).toMatchObject({ value: 'w', version: 2 });
  await installation.untilInSync();
  expect((await ask(proxy(), 'GET /health')).body).toEqual({ status: 'controller up', workers_count: 3 });
});
