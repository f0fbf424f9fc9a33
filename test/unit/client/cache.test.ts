import { afterEach, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { KvClient, type KvCache } from '../../../src/client/index.ts';
import { envelope, FakeStore, json, problem, tokenOf, type Reply } from './fake-store.ts';

let stores: FakeStore[] = [];
let caches: KvCache[] = [];

afterEach(async () => {
  for (const cache of caches) cache.close();
  await Promise.all(stores.map((store) => store.end()));
  [stores, caches] = [[], []];
});

/** A store at revision 10, whose watch the test writes by hand. */
interface Rig {
  readonly kv: KvClient;
  readonly cache: KvCache;
  readonly store: FakeStore;
  /** Of the last watch. */
  tell(text: string): void;
  breakOff(): void;
  readonly reads: () => number;
}

const block = (name: string, id: string, data: unknown): string =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
const put = (revision: number, value: string): string =>
  block('put', tokenOf(revision), { ...envelope, key: 'a/k', revision, value });
const synced = (revision: number): string => block('synced', tokenOf(revision), { revision });

async function rigWith(answer: Reply, watches: readonly Reply[] = []): Promise<Rig> {
  let stream: ServerResponse | null = null;
  const special = [...watches];
  const store = await FakeStore.start((response, request) => {
    if (request.url?.startsWith('/v1/watch') !== true) {
      answer(response, request);
      return;
    }
    const other = special.shift();
    if (other !== undefined) {
      other(response, request);
      return;
    }
    stream = response;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(`retry: 1000\n\n${synced(10)}`);
  });
  stores.push(store);
  const kv = new KvClient({ url: store.url });
  const cache = kv.cached({ prefix: 'a/' });
  caches.push(cache);
  return {
    kv,
    cache,
    store,
    tell: (text) => void stream?.write(text),
    breakOff: () => stream?.destroy(),
    reads: () =>
      store.received.filter(({ method, target }) => method === 'GET' && target.startsWith('/v1/keys')).length,
  };
}

const valueAt = (revision: number, value = 'v'): Reply =>
  json({ ...envelope, key: 'a/k', revision, value }, { 'X-KV-Session': tokenOf(revision) });

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if (await holds()) return;
    await sleep(10);
  }
  throw new Error('it did not come about');
}

const textOf = async (cache: KvCache): Promise<string | null> => (await cache.get('a/k'))?.text() ?? null;

test('the first read asks the store, the others do not, and what the watch tells is shown', async () => {
  const { cache, tell, reads, store } = await rigWith(valueAt(10));
  await until(() => cache.stats.isFresh);
  expect([await textOf(cache), await textOf(cache), await textOf(cache)]).toEqual(['v', 'v', 'v']);
  expect(reads()).toBe(1);
  tell(put(11, 'new'));
  await until(async () => (await textOf(cache)) === 'new');
  tell(block('expire', tokenOf(12), { key: 'a/k', revision: 12, version: 3 }));
  await until(async () => (await cache.get('a/k')) === null);
  expect(reads()).toBe(1);
  expect(cache.stats).toMatchObject({ misses: 1, entries: 1, failure: null });
  expect(store.received[0]?.target).toBe('/v1/watch?prefix=a%2F');
});

test('that there is no value is kept, too', async () => {
  const { cache, reads } = await rigWith(problem(404, { code: 'no-key' }, { 'X-KV-Session': tokenOf(10) }));
  await until(() => cache.stats.isFresh);
  expect([await cache.get('a/k'), await cache.get('a/k')]).toEqual([null, null]);
  expect([reads(), cache.stats.hits]).toEqual([1, 1]);
});

test('before the watch is up to date the store is asked, and nothing is kept', async () => {
  const { cache, reads } = await rigWith(valueAt(10), [() => undefined]);
  expect([await textOf(cache), await textOf(cache)]).toEqual(['v', 'v']);
  expect([reads(), cache.stats.bypasses, cache.stats.entries]).toEqual([2, 2, 0]);
});

test.each([
  ['put', (kv: KvClient) => kv.put('a/k', 'mine')],
  ['touch', (kv: KvClient) => kv.touch('a/k', null)],
  ['delete', (kv: KvClient) => kv.delete('a/k')],
  ['incr', (kv: KvClient) => kv.incr('a/k').catch(() => undefined)],
  ['batch', (kv: KvClient) => kv.batch([{ delete: { key: 'a/k' } }])],
  ['txn', (kv: KvClient) => kv.txn({ else: [{ put: { key: new TextEncoder().encode('a/k'), value: 'mine' } }] })],
  ['deletePrefix', (kv: KvClient) => kv.deletePrefix('a', { expect: 1 })],
])('a %s of this client is seen by its next read, before the watch has told it', async (_kind, write) => {
  let isWritten = false;
  const { kv, cache } = await rigWith((response, request) => {
    const answered = { 'X-KV-Session': tokenOf(11), ETag: '"11-d1"' };
    if (request.method !== 'GET') {
      isWritten = true;
      json({ results: [], deleted: 1 }, answered)(response, request);
    } else (isWritten ? valueAt(11, 'mine') : valueAt(10))(response, request);
  });
  await until(() => cache.stats.isFresh);
  expect([await textOf(cache), await textOf(cache)]).toEqual(['v', 'v']);
  await write(kv);
  expect(await textOf(cache)).toBe('mine');
});

test('after a break it goes on where it was; where that is not kept any more, it begins anew and empty', async () => {
  const { cache, breakOff, reads, store } = await rigWith(valueAt(10));
  await until(() => cache.stats.isFresh);
  await textOf(cache);
  const watches = () => store.received.filter(({ target }) => target.startsWith('/v1/watch'));
  breakOff();
  await until(() => watches().length === 2);
  expect(watches()[1]?.headers['last-event-id']).toBe(tokenOf(10));
  await textOf(cache);
  expect(reads()).toBe(1);

  const lost = await rigWith(valueAt(10), []);
  await until(() => lost.cache.stats.isFresh);
  await textOf(lost.cache);
  lost.tell('event: put\nid: x\ndata: {\n\n');
  await until(() => lost.cache.stats.failure !== null && lost.cache.stats.isFresh);
  expect([lost.cache.stats.failure?.code, lost.cache.stats.entries]).toEqual(['bad-answer', 0]);
  expect(await textOf(lost.cache)).toBe('v');
  expect(lost.reads()).toBe(2);
});

test('once it is closed it holds nothing, and asks the store', async () => {
  const { cache, reads } = await rigWith(valueAt(10));
  await until(() => cache.stats.isFresh);
  await textOf(cache);
  cache.close();
  expect(cache.stats).toMatchObject({ entries: 0, bytes: 0, isFresh: false });
  await textOf(cache);
  expect(reads()).toBe(2);
});

test('its signal closes it, also one that was given before', async () => {
  const { kv } = await rigWith(valueAt(10));
  const cancel = new AbortController();
  const cache = kv.cached({ prefix: '', signal: cancel.signal });
  await until(() => cache.stats.isFresh);
  cancel.abort();
  expect(cache.stats.isFresh).toBe(false);
  const late = kv.cached({ prefix: '', signal: AbortSignal.abort() });
  await sleep(50);
  expect(late.stats.isFresh).toBe(false);
});

test('what cannot be meant is said', async () => {
  const { kv, cache } = await rigWith(valueAt(10));
  await expect(cache.get('b/k')).rejects.toThrow(RangeError);
  expect(() => kv.cached({ prefix: '', stalenessMs: 15_000 })).toThrow(RangeError);
  expect(() => kv.cached({ prefix: '', entriesMax: 0 })).toThrow(RangeError);
});
