import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ApiAnswer, ApiRequest } from '../../../../src/core/election/api.ts';
import type { GroupApi } from '../../../../src/ports/kubernetes.ts';
import { leaseWith } from '../../../../src/adapters/kubernetes/lease-record.ts';
import { wallMs } from '../../../../src/core/base/numbers.ts';
import { content, groupApi, KeptLog, until } from './fixtures.ts';
import {
  inOrder,
  json,
  OpenWatches,
  reset,
  ScriptedApi,
  silence,
  status,
  truncated,
  type Answer,
} from './scripted-api.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const CALL_TIMEOUT_MS = 10_000;
/** Of tests in which nothing answers. */
const SHORT_TIMEOUT_MS = 200;

const lease = (resourceVersion: string, annotations: object = {}) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'kvstore', namespace: 'default', uid: 'u1', resourceVersion, labels: { team: 'x' }, annotations },
  spec: {},
});

let server: ScriptedApi;
let api: GroupApi;
let log: KeptLog;

beforeEach(async () => {
  log = new KeptLog();
  server = new ScriptedApi();
  await server.listen();
  api = await connect(CALL_TIMEOUT_MS);
});

const connect = (callTimeoutMs: number): Promise<GroupApi> =>
  groupApi({ connection: { kind: 'url', url: server.url }, callTimeoutMs, log });

/** In place of the patient one. */
async function beHasty(): Promise<void> {
  await api.close();
  api = await connect(SHORT_TIMEOUT_MS);
}

afterEach(async () => {
  await api.close();
  await server.close();
});

/** A request of each kind, with what it needs read before. */
const requests: readonly [ApiRequest['kind'], () => Promise<ApiRequest>][] = [
  ['readLease', () => Promise.resolve({ kind: 'readLease' })],
  ['createLease', () => Promise.resolve({ kind: 'createLease' })],
  ['listPods', () => Promise.resolve({ kind: 'listPods' })],
  ['readPod', () => Promise.resolve({ kind: 'readPod', name: 'kvstore-0' })],
  [
    'replaceLease',
    async () => {
      server.answer = json(200, lease('1'));
      const answer = await api.call({ kind: 'readLease' });
      if (answer.kind !== 'record') throw new Error(answer.kind);
      return { kind: 'replaceLease', base: answer.record.version, content: content('n') };
    },
  ],
];

describe.each(requests)('R1: %s', (_kind, prepare) => {
  test.each<[string, ApiAnswer['kind'], Answer]>([
    ['a 409', 'conflict', status(409, 'Conflict')],
    ['a 400', 'refused', status(400, 'BadRequest')],
    ['a 401', 'refused', status(401, 'Unauthorized')],
    ['a 403', 'refused', status(403, 'Forbidden')],
    ['a 422', 'refused', status(422, 'Invalid')],
    ['a 408', 'inDoubt', status(408)],
    ['a 429', 'inDoubt', status(429, 'TooManyRequests')],
    ['a 500', 'inDoubt', status(500, 'InternalError')],
    ['a 503', 'inDoubt', status(503)],
    ['a 504', 'inDoubt', status(504, 'Timeout')],
    ['a redirect', 'inDoubt', status(302)],
    ['a success that is no JSON', 'inDoubt', (response) => void response.end('<html>')],
    ['a success that is something else', 'inDoubt', json(200, { kind: 'Lease', items: 'x' })],
    ['a broken answer', 'inDoubt', truncated],
    ['a reset', 'inDoubt', reset],
  ])('%s: %s, after one attempt', async (_name, kind, answer) => {
    const request = await prepare();
    server.answer = answer;
    server.requests.length = 0;
    expect(await api.call(request)).toMatchObject({ kind });
    expect(server.requests).toHaveLength(1);
  });

  test('no answer within the time leaves it in doubt', async () => {
    await beHasty();
    const request = await prepare();
    server.answer = silence;
    server.requests.length = 0;
    const beganAt = performance.now();
    expect(await api.call(request)).toEqual({ kind: 'inDoubt', reason: `nothing heard for ${SHORT_TIMEOUT_MS} ms` });
    expect(performance.now() - beganAt).toBeLessThan(10 * SHORT_TIMEOUT_MS);
    expect(server.requests).toHaveLength(1);
  });

  test('a refused connection leaves it in doubt', async () => {
    const request = await prepare();
    await server.close();
    expect(await api.call(request)).toEqual({ kind: 'inDoubt', reason: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('absent is what Kubernetes says of the object, not what a server without the route says', () => {
  test.each<[string, Answer, string]>([
    ['a Status with reason NotFound', status(404, 'NotFound'), 'absent'],
    ['any other 404', (response) => void response.writeHead(404).end('404 page not found'), 'refused'],
  ])('%s', async (_name, answer, kind) => {
    server.answer = answer;
    expect(await api.call({ kind: 'readLease' })).toMatchObject({ kind });
  });

  test('why a call is refused is said once, and again only after it was not', async () => {
    const said = () => log.lines.filter(({ event }) => event === 'kubernetes-call-refused').map(({ fields }) => fields);
    server.answer = status(403, 'Forbidden');
    await api.call({ kind: 'readLease' });
    await api.call({ kind: 'readLease' });
    const first = { request: 'readLease', reason: expect.stringContaining('HTTP 403') };
    expect(said()).toEqual([first]);
    await api.call({ kind: 'createLease' });
    expect(said()).toEqual([first, { ...first, request: 'createLease' }]);
    server.answer = json(200, lease('1'));
    await api.call({ kind: 'readLease' });
    server.answer = status(403, 'Forbidden');
    await api.call({ kind: 'readLease' });
    expect(said()).toEqual([first, { ...first, request: 'createLease' }, first]);
  });

  test('a create that finds no namespace is refused', async () => {
    server.answer = status(404, 'NotFound');
    expect(await api.call({ kind: 'createLease' })).toMatchObject({ kind: 'refused' });
  });
});

describe('a replace', () => {
  test('carries uid, version and all that was read', async () => {
    server.answer = json(200, lease('1', { 'other.dev/note': 'keep' }));
    await api.call({ kind: 'readLease' });
    server.answer = json(200, leaseWith(lease('2'), content('n'), { nowMs: wallMs(0), leaseDurationMs: 1000 }));
    const base = { uid: 'u1', resourceVersion: '1' };
    expect(await api.call({ kind: 'replaceLease', base, content: content('n') })).toEqual({
      kind: 'record',
      record: { version: { uid: 'u1', resourceVersion: '2' }, content: content('n') },
    });
    const sent = server.requests.at(-1);
    expect(sent).toMatchObject({ method: 'PUT', path: `${LEASES}/kvstore` });
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({
      metadata: {
        uid: 'u1',
        resourceVersion: '1',
        labels: { team: 'x' },
        annotations: { 'other.dev/note': 'keep', 'kvstore.dev/nonce': 'n' },
      },
    });
  });

  test('of a version that is no longer remembered is a conflict, and nothing is sent', async () => {
    for (let version = 1; version <= 10; version += 1) {
      server.answer = json(200, lease(String(version)));
      await api.call({ kind: 'readLease' });
    }
    server.requests.length = 0;
    const base = { uid: 'u1', resourceVersion: '1' };
    expect(await api.call({ kind: 'replaceLease', base, content: content('n') })).toEqual({ kind: 'conflict' });
    expect(server.requests).toEqual([]);
  });

  test('may build on a damaged Lease', async () => {
    server.answer = json(200, lease('1', { 'kvstore.dev/lineage': '?' }));
    expect(await api.call({ kind: 'readLease' })).toMatchObject({ kind: 'damaged', version: { resourceVersion: '1' } });
    server.answer = inOrder((response, request) => json(200, JSON.parse(request.body))(response, request));
    const base = { uid: 'u1', resourceVersion: '1' };
    expect(await api.call({ kind: 'replaceLease', base, content: content('n') })).toMatchObject({ kind: 'record' });
  });
});

test('a create sends an empty Lease: no holder, no set', async () => {
  server.answer = json(201, lease('1'));
  expect(await api.call({ kind: 'createLease' })).toMatchObject({ kind: 'record' });
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: LEASES });
  expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'kvstore', namespace: 'default' },
    spec: {},
  });
});

describe('the list of pods', () => {
  const pod = (name: string) => ({ metadata: { name, uid: `uid of ${name}` }, status: {} });

  test('has all pages', async () => {
    server.answer = inOrder(
      json(200, { metadata: { continue: 'more/+' }, items: [pod('a')] }),
      json(200, { metadata: {}, items: [pod('b')] }),
    );
    const answer = await api.call({ kind: 'listPods' });
    expect(answer.kind === 'pods' && answer.pods.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(server.requests.map(({ query }) => [query.get('labelSelector'), query.get('continue')])).toEqual([
      ['app.kubernetes.io/name=kvstore', null],
      ['app.kubernetes.io/name=kvstore', 'more/+'],
    ]);
  });

  test('is no list if a page is missing or a pod cannot be told: what is missing counts as gone', async () => {
    server.answer = inOrder(json(200, { metadata: { continue: 'x' }, items: [pod('a')] }), status(410, 'Expired'));
    expect((await api.call({ kind: 'listPods' })).kind).not.toBe('pods');
    server.answer = json(200, { items: [{ metadata: {} }] });
    expect((await api.call({ kind: 'listPods' })).kind).not.toBe('pods');
  });
});

test('all calls and watches share a few connections', async () => {
  const watches = new OpenWatches();
  server.answer = (response, request) => {
    if (request.query.get('watch') !== null) watches.answer(response, request);
    else if (request.path === LEASES) json(200, { metadata: { resourceVersion: '1' }, items: [] })(response, request);
    else json(200, { ...lease('1'), items: [] })(response, request);
  };
  const stop = new AbortController();
  api.watchRecord(() => undefined, stop.signal);
  api.watchEndpoints(() => undefined, stop.signal);
  await until('both watches are open', () => watches.count === 2);
  for (let round = 0; round < 100; round += 1) await api.call({ kind: 'readLease' });
  // One for each watch, one for the calls, one to spare: the lists before the watches may have been under way at once.
  expect(server.connections).toBeLessThanOrEqual(4);
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(Array.from({ length: 20 }, () => api.call({ kind: 'listPods' })));
  }
  expect(server.connections).toBeLessThanOrEqual(8);
  stop.abort();
});

test('a connection that went silent is not used again', async () => {
  await beHasty();
  server.answer = silence;
  await api.call({ kind: 'readLease' });
  server.answer = json(200, lease('1'));
  expect(await api.call({ kind: 'readLease' })).toMatchObject({ kind: 'record' });
  expect(server.connections).toBe(2);
});

test('a call that took too long may still land: it is in doubt, and whoever reads sees it', async () => {
  await beHasty();
  server.answer = json(200, lease('1'));
  await api.call({ kind: 'readLease' });
  let landed = lease('1');
  server.answer = (_response, request) => (landed = JSON.parse(request.body) as typeof landed);
  const base = { uid: 'u1', resourceVersion: '1' };
  expect(await api.call({ kind: 'replaceLease', base, content: content('late') })).toMatchObject({ kind: 'inDoubt' });
  server.answer = json(200, { ...landed, metadata: { ...landed.metadata, resourceVersion: '2' } });
  expect(await api.call({ kind: 'readLease' })).toMatchObject({
    kind: 'record',
    record: { content: { nonce: 'late' } },
  });
});

test('close settles what is under way', async () => {
  server.answer = silence;
  const pending = api.call({ kind: 'readLease' });
  await until('the request arrives', () => server.requests.length === 1);
  await api.close();
  expect(await pending).toEqual({ kind: 'inDoubt', reason: 'closed' });
  expect(await api.call({ kind: 'readLease' })).toEqual({ kind: 'inDoubt', reason: 'closed' });
});

describe('Events', () => {
  test('are about the Lease that was read', async () => {
    server.answer = json(200, lease('1'));
    await api.call({ kind: 'readLease' });
    server.answer = json(201, {});
    api.emitEvent({ reason: 'LeaderElected', message: 'm', severity: 'Normal' });
    await until('the Event arrives', () => server.requests.length === 2);
    expect(server.requests[1]).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/default/events' });
    expect(JSON.parse(server.requests[1]?.body ?? '')).toMatchObject({
      involvedObject: { kind: 'Lease', name: 'kvstore', uid: 'u1' },
      reason: 'LeaderElected',
      type: 'Normal',
      reportingInstance: 'kvstore-0',
    });
  });

  test('are dropped beyond a burst, and failures harm nobody', async () => {
    server.answer = status(403, 'Forbidden');
    for (let sent = 0; sent < 100; sent += 1) api.emitEvent({ reason: 'r', message: 'm', severity: 'Warning' });
    await until(
      'the burst has failed',
      () => log.lines.filter(({ event }) => event === 'kubernetes-event-failed').length === 10,
    );
    expect(server.requests).toHaveLength(10);
  });
});

describe('one pod by its name', () => {
  test('is there, whatever its labels', async () => {
    server.answer = json(200, { metadata: { name: 'a', uid: 'uid of a', labels: {} }, status: {} });
    expect(await api.call({ kind: 'readPod', name: 'a' })).toMatchObject({ kind: 'pods', pods: [{ uid: 'uid of a' }] });
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/v1/namespaces/default/pods/a']);
  });

  test('is not there only by the word of Kubernetes', async () => {
    server.answer = status(404, 'NotFound');
    expect(await api.call({ kind: 'readPod', name: 'a' })).toEqual({ kind: 'pods', pods: [] });
    server.answer = json(404, { error: 'no such page' });
    expect((await api.call({ kind: 'readPod', name: 'a' })).kind).not.toBe('pods');
    server.answer = json(200, { metadata: {} });
    expect((await api.call({ kind: 'readPod', name: 'a' })).kind).toBe('inDoubt');
  });
});
