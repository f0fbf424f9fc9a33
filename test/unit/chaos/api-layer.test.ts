import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../../measure/until.ts';
import { Prng } from '../../simulation/prng.ts';
import { API_FAULTS, ApiLayer, CONTROL_PATH, type ApiFault } from '../../chaos/api-faults/layer.ts';

const LEASE = '/apis/coordination.k8s.io/v1/namespaces/default/leases/kvstore';
const HOST = '127.0.0.1';

let upstream: Server;
let layer: ApiLayer;
let landed: string[] = [];
let leases: string[] = [];

beforeEach(async () => {
  landed = [];
  leases = [];
  upstream = createServer((request, response) => {
    landed.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (request.url?.includes('watch=') === true) {
      response.write('first\n');
      return;
    }
    response.end('{"kind":"Lease"}');
  });
  await new Promise<void>((resolve) => upstream.listen({ host: HOST, port: 0 }, resolve));
  const { port } = upstream.address() as { port: number };
  layer = new ApiLayer({
    upstream: { host: HOST, port },
    random: new Prng(1),
    onLease: (lease) => leases.push(lease),
  });
  await layer.listen({ host: HOST, port: 0 });
});

afterEach(() => {
  layer.close();
  upstream.close();
  upstream.closeAllConnections();
});

const url = (path: string): string => `http://${HOST}:${layer.port}${path}`;

async function plan(share: number, faults: readonly ApiFault[]): Promise<Record<ApiFault, number>> {
  const response = await fetch(url(CONTROL_PATH), { method: 'PUT', body: JSON.stringify({ share, faults }) });
  return (await response.json()) as Record<ApiFault, number>;
}

const put = (timeoutMs = 5000): Promise<Response> =>
  fetch(url(LEASE), { method: 'PUT', body: '{}', signal: AbortSignal.timeout(timeoutMs) });

test('without a plan everything passes, and every Lease that was stored is told', async () => {
  expect((await put()).status).toBe(200);
  await until('it is told', () => leases.length > 0);
  expect(leases).toEqual(['{"kind":"Lease"}']);
  expect(landed).toEqual([`PUT ${LEASE}`]);
});

test.each([
  ['conflict', 409],
  ['too-many-requests', 429],
  ['internal-error', 500],
] as const)('%s: answered in the API server’s stead, which never hears of it', async (fault, status) => {
  await plan(1, [fault]);
  const response = await put();
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ kind: 'Status', code: status });
  expect(landed).toEqual([]);
  expect((await plan(0, []))[fault]).toBe(1);
});

test('a read meets no conflict', async () => {
  await plan(1, ['conflict']);
  expect((await fetch(url(LEASE))).status).toBe(200);
});

test('landed: it takes effect, and nobody answers', async () => {
  await plan(1, ['landed']);
  await expect(put(500)).rejects.toThrow('timeout');
  expect(landed).toEqual([`PUT ${LEASE}`]);
  await until('it is told', () => leases.length === 1);
});

test('dropped: it takes no effect, and nobody answers', async () => {
  await plan(1, ['dropped']);
  await expect(put(500)).rejects.toThrow('timeout');
  expect(landed).toEqual([]);
});

test('late: it lands, also after its sender has given up', async () => {
  await plan(1, ['late']);
  const givenUp = Array.from({ length: 10 }, () => put(100).catch(() => undefined));
  await Promise.all(givenUp);
  const soon = landed.length;
  expect(soon).toBeLessThan(10);
  await until('all have landed', () => landed.length === 10, { withinMs: 5000 });
});

test('a share of the requests meets a fault, of all kinds that the plan names', async () => {
  await plan(0.5, ['conflict', 'too-many-requests', 'internal-error']);
  const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await put()).status));
  const count = (status: number) => statuses.filter((each) => each === status).length;
  expect(count(200)).toBeGreaterThan(60);
  expect(count(200)).toBeLessThan(140);
  for (const status of [409, 429, 500]) expect(count(status)).toBeGreaterThan(10);
});

test('a watch goes through as it comes, whatever is planned', async () => {
  await plan(1, [...API_FAULTS]);
  const response = await fetch(url(`${LEASE}?watch=true`), { signal: AbortSignal.timeout(5000) });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('first\n');
  await reader.cancel();
});

test('where the API server is away the connection is broken off', async () => {
  upstream.close();
  upstream.closeAllConnections();
  await expect(put()).rejects.toThrow('fetch failed');
});
