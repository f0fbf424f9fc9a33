import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { KvClient, type KvPage, type KvWatchEvent, type WatchOptions } from '../../../src/client/index.ts';
import { Installation, viewOf } from '../../measure/installation.ts';
import { until } from '../../measure/until.ts';

jest.setTimeout(120_000);

/** What only a real store can show: that both sides mean the same, and that nothing fails while its processes do. */
let installation: Installation;
let urls: readonly string[];
let kv: KvClient;

beforeAll(async () => {
  installation = await Installation.start({ proxies: 2 });
  urls = installation.cluster.proxies.map(({ url }) => url);
  kv = new KvClient({ url: urls });
});

afterAll(() => installation.end());

test('a client reads what it wrote, in the laxest mode too, whatever overtakes what', async () => {
  const lax = new KvClient({ url: urls, consistency: 'eventual' });
  await Promise.all(
    Array.from({ length: 20 }, async (_, writer) => {
      for (let turn = 0; turn < 10; turn += 1) {
        await lax.put(`own/${writer}`, String(turn));
        expect((await lax.get(`own/${writer}`))?.text()).toBe(String(turn));
      }
    }),
  );
});

test('any bytes come back as they were', async () => {
  const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await kv.put('bytes', value);
  const entry = await kv.get('bytes');
  expect([entry?.value, entry?.contentType]).toEqual([value, null]);
  const marked = '\ufeff\u0000"ü\u2028';
  await kv.put('text/ü #?%', marked);
  expect((await kv.get('text/ü #?%'))?.text()).toBe(marked);
});

test('keys of bytes, and those with dot segments, go through batches and are in lists', async () => {
  const key = Uint8Array.from([0x7a, 0xff]);
  await kv.batch([{ put: { key, value: 'b' } }, { put: { key: 'zz/../b', value: 'd' } }]);
  const keys: unknown[] = [];
  for await (const info of kv.list({ prefix: 'z' })) keys.push([info.key, info.keyBytes.length]);
  expect(keys).toEqual([
    ['zz/../b', 7],
    ['z\ufffd', 2],
  ]);
  const [got] = await kv.batch([{ get: { key } }]);
  expect(got.get?.text()).toBe('b');
});

test('a list of many pages has each key once, in order', async () => {
  const operations = Array.from({ length: 250 }, (_, at) => ({
    put: { key: `many/${String(at).padStart(3, '0')}`, value: 'v' },
  }));
  await kv.batch(operations);
  const keys: string[] = [];
  for await (const { key } of kv.list({ prefix: 'many/', limit: 100 })) keys.push(key);
  expect(keys).toEqual(operations.map(({ put }) => put.key));
});

test('conditions are compared with what is there', async () => {
  const { etag } = await kv.put('cas', '1');
  await kv.put('cas', '2', { ifMatch: etag });
  await expect(kv.put('cas', '3', { ifMatch: etag })).rejects.toMatchObject({
    code: 'revision-mismatch',
    current: { etag: (await kv.get('cas'))?.etag },
  });
  await expect(kv.create('cas', '3')).rejects.toMatchObject({ code: 'exists' });
  expect(await kv.delete('cas', { ifMatch: (await kv.get('cas'))?.etag ?? '' })).toBe(true);
});

test('a key that was chosen stands for one write, whichever client repeats it', async () => {
  const [first, second] = [new KvClient({ url: urls[0] ?? '' }), new KvClient({ url: urls[1] ?? '' })];
  const options = { idempotencyKey: 'count-1' };
  expect((await first.incr('once', 5, options)).value).toBe(5n);
  expect((await second.incr('once', 5, options)).value).toBe(5n);
  await expect(second.incr('once', 6, options)).rejects.toMatchObject({ code: 'idempotency-mismatch' });
});

test('cluster tells who leads', async () => {
  const { leader, members, replicas } = await kv.cluster();
  expect(members).toContain(leader);
  expect(replicas.map(({ podName }) => podName).toSorted()).toEqual(['kvstore-0', 'kvstore-1', 'kvstore-2']);
});

test('a watch begins with what is there, or where a list ended, and tells all that comes', async () => {
  await kv.put('watched/a', '1');
  let page: KvPage | null = null;
  for await (page of kv.pages({ prefix: 'watched/' })) break;
  await kv.put('watched/b', '2', { ttl: '100ms' });
  await kv.delete('watched/a');
  const told = async (options: Omit<WatchOptions, 'prefix'>, isEnd: (event: KvWatchEvent) => boolean) => {
    const seen: string[] = [];
    for await (const event of kv.watch({ prefix: 'watched/', ...options })) {
      if (event.kind === 'put') seen.push(`put ${event.entry.key}`);
      else if ('key' in event) seen.push(`${event.kind} ${event.key}`);
      if (isEnd(event)) return seen;
    }
    return seen;
  };
  const changes = await told({ from: page?.watchFrom ?? '' }, ({ kind }) => kind === 'expire');
  expect(changes).toEqual(['put watched/b', 'delete watched/a', 'expire watched/b']);
  await kv.batch(['a', 'b'].map((name) => ({ put: { key: `watched/${name}`, value: name } })));
  const state = await told({ snapshot: true }, ({ kind }) => kind === 'synced');
  expect(state).toEqual(['put watched/a', 'put watched/b']);
});

test('a watch tells every change once and in order while proxies and the leader are killed', async () => {
  const killing = { isDone: false };
  const versions: number[] = [];
  // Until the value that is written last: its event may come before the answer to the write, whose version is not known then.
  const watching = (async () => {
    for await (const event of kv.watch({ key: 'row' })) {
      if (event.kind !== 'put') continue;
      versions.push(event.entry.version);
      if (event.entry.text() === 'end') return;
    }
  })();
  await kv.put('row', 'begin');
  const leader = await installation.leader();
  const kills = (async () => {
    for (const { server, url } of installation.cluster.proxies) {
      server.kill('SIGKILL');
      await until('the next proxy answers', async () => (await viewOf(url)) !== null);
    }
    leader.server.kill('SIGKILL');
    await installation.untilLedByAnother(leader);
    await installation.untilInSync();
  })().finally(() => (killing.isDone = true));
  while (!killing.isDone) await kv.put('row', 'again');
  await kills;
  const { version: last } = await kv.put('row', 'end');
  await watching;
  const [first = 0] = versions;
  expect(versions).toEqual(Array.from({ length: last - first + 1 }, (_, at) => first + at));
});

test('nothing fails, and nothing is counted twice, while a proxy and the leader are killed', async () => {
  const [proxy] = installation.cluster.proxies;
  let [done, sum] = [false, 0];
  const counting = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!done) {
        await kv.incr('kills');
        sum += 1;
      }
    }),
  );
  const leader = await installation.leader();
  proxy?.server.kill('SIGKILL');
  leader.server.kill('SIGKILL');
  await installation.untilLedByAnother(leader);
  await installation.untilInSync();
  done = true;
  await counting;
  expect(Number((await kv.get('kills', { consistency: 'linearizable' }))?.text())).toBe(sum);
});
