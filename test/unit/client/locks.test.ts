import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { KvClient, type KvClientOptions, type KvLock } from '../../../src/client/index.ts';
import { FakeStore, json, problem, reply, silence, written, type Reply } from './fake-store.ts';

let stores: FakeStore[] = [];

afterEach(async () => {
  await Promise.all(stores.map((store) => store.end()));
  stores = [];
});

/** Answers each method with the next of its replies, and the last again and again. */
async function clientOf(
  replies: Readonly<Record<string, readonly Reply[]>>,
  options: Partial<KvClientOptions> = {},
): Promise<{ readonly kv: KvClient; readonly store: FakeStore }> {
  const left = new Map(Object.entries(replies).map(([method, all]) => [method, [...all]]));
  const store = await FakeStore.start((response, request) => {
    const of = left.get(request.method ?? '') ?? [silence];
    (of.length > 1 ? of.shift() : of[0])?.(response, request);
  });
  stores.push(store);
  return { kv: new KvClient({ url: store.url, ...options }), store };
}

const granted = (lockId: string, fencingToken = '100000000000912'): Reply =>
  json({ name: 'nightly', lockId, fencingToken, expiresAt: '2026-01-02T03:04:05.678Z' });
const held = problem(409, { code: 'lock-held', retryable: true }, { 'Retry-After': '0' });
const noLock = problem(404, { code: 'no-lock' });
const given = reply(204);

/** A reply that comes late. */
const after =
  (ms: number, then: Reply): Reply =>
  (response, request) =>
    void setTimeout(() => then(response, request), ms);

const of = (store: FakeStore, method: string) => store.received.filter((request) => request.method === method);

/** When it is lost, and why. */
function lossOf(lock: KvLock): Promise<{ readonly atMs: number; readonly reason: unknown }> {
  return new Promise((resolve) =>
    lock.signal.addEventListener('abort', () =>
      resolve({ atMs: performance.now(), reason: lock.signal.reason as unknown }),
    ),
  );
}

describe('a lock is got', () => {
  test('with what was said, and known by its token', async () => {
    const { kv, store } = await clientOf({ POST: [granted('id-1')] });
    const lock = await kv.lock('a/ü', { ttl: '30s', wait: '1h', owner: 'job-7' });
    expect([lock.name, lock.fencingToken, lock.signal.aborted]).toEqual(['a/ü', '100000000000912', false]);
    expect(store.last.target).toBe('/v1/locks/a/%C3%BC');
    expect(JSON.parse(store.last.body)).toEqual({ ttl: '30s', wait: '10000ms', owner: 'job-7' });
    expect(store.last.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('or not, at once, if it is held and nothing was said of a wait', async () => {
    const { kv, store } = await clientOf({ POST: [held] });
    await expect(kv.lock('nightly', { ttl: '30s' })).rejects.toMatchObject({ code: 'lock-held', attempts: 1 });
    expect(store.received).toHaveLength(1);
  });

  test('after a wait of several requests, all under one key, that ends when it was said to', async () => {
    const { kv, store } = await clientOf({ POST: [held] });
    const beginMs = performance.now();
    await expect(kv.lock('nightly', { ttl: '30s', wait: '700ms' })).rejects.toMatchObject({ code: 'lock-held' });
    expect(performance.now() - beginMs).toBeGreaterThanOrEqual(700);
    expect(store.received.length).toBeGreaterThan(1);
    expect(new Set(store.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  test('and confirmed after a wait, for nobody knows when it was granted', async () => {
    const { kv, store } = await clientOf({
      POST: [after(400, granted('old')), granted('new')],
      PUT: [noLock, granted('x')],
    });
    await kv.lock('nightly', { ttl: '1s', wait: '5s' });
    // The first has passed on before it was known; the second is asked for under another key.
    expect(store.received.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /v1/locks/nightly',
      'PUT /v1/locks/nightly/old',
      'POST /v1/locks/nightly',
    ]);
    const [first, second] = of(store, 'POST').map(({ headers }) => headers['idempotency-key']);
    expect(first).not.toBe(second);
  });

  test('unless its signal is given while it waits', async () => {
    const { kv } = await clientOf({ POST: [silence] });
    const waiting = kv.lock('nightly', { ttl: '30s', wait: '1h', signal: AbortSignal.timeout(100) });
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
  });

  test('and what cannot be meant is said at once', async () => {
    const { kv } = await clientOf({});
    await expect(kv.lock('a/../b', { ttl: '30s' })).rejects.toMatchObject({ code: 'bad-key' });
    await expect(kv.lock('a', { ttl: '30x' as '30s' })).rejects.toThrow(RangeError);
  });
});

describe('a lock is renewed', () => {
  test('at a third of its time, until it is released', async () => {
    const { kv, store } = await clientOf({ POST: [granted('id')], PUT: [granted('id')], DELETE: [given] });
    const lock = await kv.lock('nightly', { ttl: '900ms' });
    await sleep(1000);
    const renewals = of(store, 'PUT');
    expect([3, 4]).toContain(renewals.length);
    expect(renewals[0]).toMatchObject({ target: '/v1/locks/nightly/id', body: '{"ttl":"900ms"}' });
    await lock.release();
    expect(store.last).toMatchObject({ method: 'DELETE', target: '/v1/locks/nightly/id' });
    await sleep(1000);
    expect(store.last.method).toBe('DELETE');
    expect(lock.signal.aborted).toBe(false);
  });

  test('where one attempt is lost in a dead connection, too', async () => {
    const { kv, store } = await clientOf({
      POST: [granted('id')],
      PUT: [silence, granted('id')],
    });
    const lock = await kv.lock('nightly', { ttl: '1s' });
    await sleep(1200);
    expect(lock.signal.aborted).toBe(false);
    expect(of(store, 'PUT').length).toBeGreaterThan(2);
  });

  test('and tells its token, which a replaced history changes', async () => {
    const renewal = granted('id', '200000000000912');
    const { kv, store } = await clientOf({
      POST: [granted('id')],
      PUT: [(response, request) => (request.url === '/v1/keys/k' ? written : renewal)(response, request)],
    });
    const lock = await kv.lock('nightly', { ttl: '600ms' });
    await sleep(300);
    await kv.put('k', 'v', { fence: lock });
    const write = store.received.find(({ target }) => target === '/v1/keys/k');
    expect(write?.headers['x-kv-fence']).toBe('nightly:200000000000912');
  });
});

describe('a lock is lost', () => {
  test('when a renewal says so', async () => {
    const { kv } = await clientOf({ POST: [granted('id')], PUT: [noLock] });
    const { reason } = await lossOf(await kv.lock('nightly', { ttl: '600ms' }));
    expect(reason).toMatchObject({ code: 'lock-lost', cause: { code: 'no-lock' } });
  });

  test.each([
    ['silent', silence],
    ['without a leader', problem(503, { code: 'no-leader', retryable: true }, { 'Retry-After': '0' })],
    ['something else', reply(200, {}, '<html>')],
  ])(
    'when none was confirmed within its time, counted from when it was sent: a store that is %s',
    async (_how, other) => {
      // Were the answer later than a third of the time, the client would ask once more whether it has the lock.
      const { kv, store } = await clientOf({ POST: [after(200, granted('id'))], PUT: [other] });
      const { atMs, reason } = await lossOf(await kv.lock('nightly', { ttl: '1800ms' }));
      expect(reason).toMatchObject({ code: 'lock-lost' });
      const [asked] = store.received;
      expect(atMs - (asked?.atMs ?? 0)).toBeGreaterThan(1750);
      expect(atMs - (asked?.atMs ?? 0)).toBeLessThan(1990);
    },
  );

  test('when the client is cancelled, which renews nothing any more', async () => {
    const cancel = new AbortController();
    const { kv } = await clientOf({ POST: [granted('id')], PUT: [silence] }, { signal: cancel.signal });
    const lock = await kv.lock('nightly', { ttl: '900ms' });
    setTimeout(() => cancel.abort(), 400);
    expect((await lossOf(lock)).reason).toMatchObject({ code: 'lock-lost', cause: { code: 'aborted' } });
  });
});

describe('a release', () => {
  test('of a lock that has passed on is no error', async () => {
    const { kv } = await clientOf({ POST: [granted('id')], DELETE: [noLock] });
    await (await kv.lock('nightly', { ttl: '30s' })).release();
  });

  test('that the store did not hear of fails, but not at the end of a block', async () => {
    const { kv } = await clientOf({ POST: [granted('id')], DELETE: [problem(500, { code: 'internal' })] });
    const lock = await kv.lock('nightly', { ttl: '30s' });
    await expect(lock.release()).rejects.toMatchObject({ code: 'internal' });
    await lock[Symbol.asyncDispose]();
  });
});

describe('withLock', () => {
  test('gives the lock back when the work is done, and when it fails', async () => {
    const { kv, store } = await clientOf({ POST: [granted('id')], DELETE: [given] });
    expect(await kv.withLock('nightly', { ttl: '30s' }, ({ fencingToken }) => fencingToken)).toBe('100000000000912');
    const failing = kv.withLock('nightly', { ttl: '30s' }, () => Promise.reject(new Error('work')));
    await expect(failing).rejects.toThrow('work');
    expect(of(store, 'DELETE')).toHaveLength(2);
  });

  test('fails where the lock was lost before the work was done', async () => {
    const { kv } = await clientOf({ POST: [granted('id')], PUT: [noLock], DELETE: [noLock] });
    const working = kv.withLock('nightly', { ttl: '300ms' }, async () => sleep(400));
    await expect(working).rejects.toMatchObject({ code: 'lock-lost' });
    // Whatever came of the work: that stands behind it.
    const stopped = new Error('stopped in the middle');
    const failing = kv.withLock('nightly', { ttl: '300ms' }, async (lock) => {
      await sleep(400);
      throw lock.signal.aborted ? stopped : new Error('still held');
    });
    await expect(failing).rejects.toMatchObject({ code: 'lock-lost', cause: stopped });
  });
});

test('how long a lock is certain yet shrinks, grows with a renewal, and is nothing after the end', async () => {
  const { kv } = await clientOf({ POST: [granted('id')], PUT: [granted('id')], DELETE: [given] });
  const lock = await kv.lock('nightly', { ttl: '3s' });
  expect(lock.certainForMs).toBeGreaterThan(2500);
  expect(lock.certainForMs).toBeLessThanOrEqual(3000);
  await sleep(800);
  expect(lock.certainForMs).toBeLessThanOrEqual(2200);
  await sleep(400);
  expect(lock.certainForMs).toBeGreaterThan(2200);
  await lock.release();
  expect(lock.certainForMs).toBe(0);
});

test('every kind of write takes a fence, and no read', async () => {
  const { kv, store } = await clientOf(
    Object.fromEntries(
      ['PUT', 'POST', 'DELETE', 'PATCH'].map((method) => [
        method,
        [json({ results: [], deleted: 1 }, { ETag: '"7-l"' })],
      ]),
    ),
  );
  const fence = { name: 'a:b/ü', fencingToken: '100000000000007' };
  await kv.put('k', 'v', { fence });
  await kv.create('k', 'v', { fence });
  await kv.delete('k', { fence });
  await kv.touch('k', null, { fence });
  await kv.incr('k', 1, { fence }).catch(() => undefined);
  await kv.batch([{ delete: { key: 'k' } }], { fence });
  await kv.txn({ then: [{ delete: { key: 'k' } }] }, { fence });
  await kv.deletePrefix('k', { expect: 1, fence });
  expect(store.received.map(({ headers }) => headers['x-kv-fence'])).toEqual(
    Array.from({ length: 8 }, () => 'a%3Ab/%C3%BC:100000000000007'),
  );
  await kv.batch([{ get: { key: 'k' } }], { fence });
  expect(store.last.headers['x-kv-fence']).toBeUndefined();
});

test('lockHolder tells who holds it, or that nobody does', async () => {
  const holder = { owner: 'job-7', fencingToken: '100000000000912', expiresAt: '2026-01-02T03:04:05.678Z' };
  const { kv, store } = await clientOf({ GET: [json({ name: 'n', ...holder, remainingMs: 5 }), noLock] });
  expect(await kv.lockHolder('n')).toEqual({ ...holder, expiresAt: new Date(holder.expiresAt), remainingMs: 5 });
  expect(await kv.lockHolder('n')).toBeNull();
  expect(store.last.target).toBe('/v1/locks/n');
});
