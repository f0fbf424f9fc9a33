import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KvClient } from '../../../src/client/index.ts';
import { envelope, FakeStore, json, noKey, problem, reply, tokenOf, written } from './fake-store.ts';

/** What travels for each call, and what comes of the answer. */
let store: FakeStore;
let kv: KvClient;

beforeEach(async () => {
  store = await FakeStore.start(written);
  kv = new KvClient({ url: store.url, retries: 0 });
});

afterEach(() => store.end());

describe('writes', () => {
  test('put sends text, bytes and JSON under their types', async () => {
    expect(await kv.put('app/theme', 'dark')).toEqual({ etag: '"7-l"', revision: 7, version: 1, created: true });
    expect(store.last).toMatchObject({ method: 'PUT', target: '/v1/keys/app/theme', body: 'dark' });
    expect(store.last.headers['content-type']).toBe('text/plain; charset=utf-8');
    await kv.put('k', { json: { a: [1] } });
    expect(store.last).toMatchObject({ body: '{"a":[1]}', headers: { 'content-type': 'application/json' } });
    await kv.put('k', new Uint8Array([104, 105]));
    expect(store.last.body).toBe('hi');
    expect(store.last.headers['content-type']).toBeUndefined();
    await kv.put('k', new Uint8Array([104]), { contentType: 'image/png' });
    expect(store.last.headers['content-type']).toBe('image/png');
  });

  test('conditions and times to live are headers', async () => {
    await kv.put('k', 'v', { ifMatch: '"7-l"', ttl: '30m' });
    expect(store.last.headers).toMatchObject({ 'if-match': '"7-l"', 'x-kv-ttl': '30m' });
    await kv.put('k', 'v', { ifNoneMatch: '*', ttl: 'keep' });
    expect(store.last.headers).toMatchObject({ 'if-none-match': '*', 'x-kv-ttl': 'keep' });
    await kv.create('k', 'v', { ttl: '1500ms' });
    expect(store.last).toMatchObject({ method: 'POST', headers: { 'x-kv-ttl': '1500ms' } });
  });

  test('each has an Idempotency-Key of its own, one that was chosen, or none', async () => {
    const keyOf = async (options: { idempotencyKey?: string | false }) => {
      await kv.put('k', 'v', options);
      return store.last.headers['idempotency-key'];
    };
    const [first, second] = [await keyOf({}), await keyOf({})];
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    expect(await keyOf({ idempotencyKey: 'order-1' })).toBe('order-1');
    expect(await keyOf({ idempotencyKey: false })).toBeUndefined();
  });

  test('delete and touch say whether there was a value', async () => {
    store.replies = [reply(204), noKey, reply(204), noKey];
    expect(await kv.delete('k', { ifMatch: '"7-l"' })).toBe(true);
    expect(store.last).toMatchObject({ method: 'DELETE', headers: { 'if-match': '"7-l"' } });
    expect(await kv.delete('k')).toBe(false);
    expect(await kv.touch('k', '5m')).toBe(true);
    expect(store.last).toMatchObject({ method: 'PATCH', body: '{"ttl":"5m"}' });
    expect(await kv.touch('k', null)).toBe(false);
    expect(store.last.body).toBe('{"ttl":null}');
  });

  test('incr counts exactly beyond what a number can', async () => {
    store.replies = [reply(200, { ETag: '"8-l"', 'X-KV-Revision': '8', 'X-KV-Version': '2' }, '9223372036854775807')];
    const counted = { etag: '"8-l"', revision: 8, version: 2, created: false, value: 9223372036854775807n };
    expect(await kv.incr('n', 9007199254740993n)).toEqual(counted);
    expect(store.last).toMatchObject({ method: 'POST', target: '/v1/keys/n?incr=9007199254740993', body: '' });
    await kv.incr('n', -1);
    expect(store.last.target).toBe('/v1/keys/n?incr=-1');
  });

  test('an error of a condition tells what is there instead', async () => {
    store.replies = [
      problem(412, { code: 'revision-mismatch' }, { ETag: '"9-l"', 'X-KV-Revision': '9', 'X-KV-Version': '3' }),
      problem(412, { code: 'revision-mismatch' }),
    ];
    const mismatch = { name: 'KvError', code: 'revision-mismatch', status: 412, retryable: false, outcome: 'none' };
    await expect(kv.put('k', 'v', { ifMatch: '"7-l"' })).rejects.toMatchObject({
      ...mismatch,
      current: { etag: '"9-l"', revision: 9, version: 3 },
    });
    await expect(kv.delete('k', { ifMatch: '"7-l"' })).rejects.toMatchObject({ ...mismatch, current: null });
  });
});

describe('keys', () => {
  test.each([
    ['a/b c', '/v1/keys/a/b%20c'],
    ['ü?#%', '/v1/keys/%C3%BC%3F%23%25'],
    ['/x//', '/v1/keys//x//'],
    ['...', '/v1/keys/...'],
  ])('%j travels as %s', async (key, target) => {
    await kv.put(key, 'v');
    expect(store.last.target).toBe(target);
  });

  test.each(['', '.', 'a/../b', '\ud800', 'x'.repeat(1025)])('%j is refused before anything is sent', async (key) => {
    await expect(kv.get(key)).rejects.toMatchObject({ code: 'bad-key', attempts: 0 });
    expect(store.received).toEqual([]);
  });
});

describe('reads', () => {
  test('get gives the value with what is known of it, and null for none', async () => {
    store.replies = [json({ ...envelope, value: '\ufeff{"a":1}', expiresAt: '2026-01-01T00:00:00.000Z' }), noKey];
    const entry = await kv.get('k');
    expect(store.last).toMatchObject({ target: '/v1/keys/k', headers: { accept: 'application/vnd.kv+json' } });
    expect(entry).toMatchObject({ key: 'k', etag: '"7-l"', revision: 7, version: 1, createRevision: 7 });
    expect(entry?.expiresAt).toEqual(new Date('2026-01-01T00:00:00.000Z'));
    expect(entry?.text()).toBe('\ufeff{"a":1}');
    expect(await kv.get('k')).toBeNull();
  });

  test('get asks for one older version, by its number or by a revision', async () => {
    store.replies = [json(envelope), json(envelope), problem(404, { code: 'no-version' })];
    await kv.get('k', { version: 3 });
    expect(store.last.target).toBe('/v1/keys/k?version=3');
    await kv.get('k', { revision: 812, consistency: 'session' });
    expect(store.last.target).toBe('/v1/keys/k?revision=812&consistency=session');
    await expect(kv.get('k', { version: 9 })).rejects.toMatchObject({ code: 'no-version', status: 404 });
  });

  test('history gives the versions that are kept, with values where they came along, and none for no key', async () => {
    const { key: _key, value: _value, ...rest } = envelope;
    const version = { ...rest, modifiedAt: '2026-01-02T03:04:05.678Z', size: 2 };
    const older = { ...version, version: 2, valueB64: '/wA=' };
    store.replies = [json({ revision: 9, versions: [{ ...version, version: 3 }, older] }), noKey];
    const [third, second, ...others] = await kv.history('k/ü', { values: true });
    expect(store.last.target).toBe('/v1/keys/k/%C3%BC?history=true&values=true');
    expect(third).toMatchObject({ key: 'k/ü', version: 3, size: 2, entry: null });
    expect(third?.modifiedAt).toEqual(new Date('2026-01-02T03:04:05.678Z'));
    expect([second?.entry?.value, second?.entry?.version]).toEqual([new Uint8Array([255, 0]), 2]);
    expect(others).toEqual([]);
    expect(await kv.history('k')).toEqual([]);
    expect(store.last.target).toBe('/v1/keys/k?history=true');
  });

  test('what is no text comes as its bytes, and is not made into some', async () => {
    const { value: _value, ...rest } = envelope;
    store.replies = [json({ ...rest, valueB64: '/wA=' })];
    const entry = await kv.get('k');
    expect(entry?.value).toEqual(new Uint8Array([255, 0]));
    expect(() => entry?.text()).toThrow('utf-8');
  });

  test('json parses', async () => {
    store.replies = [json({ ...envelope, value: '{"a":[1]}' }), json(envelope)];
    expect((await kv.get('k'))?.json()).toEqual({ a: [1] });
    const text = await kv.get('k');
    expect(() => text?.json()).toThrow(SyntaxError);
  });

  test('the mode is the call’s, or the client’s', async () => {
    const lax = new KvClient({ url: store.url, consistency: 'eventual' });
    store.replies = [noKey];
    await lax.get('k');
    expect(store.last.target).toBe('/v1/keys/k?consistency=eventual');
    await lax.get('k', { consistency: 'linearizable' });
    expect(store.last.target).toBe('/v1/keys/k?consistency=linearizable');
  });

  test('each request carries what the answers before it have seen, an absent key’s included', async () => {
    store.replies = [problem(404, { code: 'no-key' }, { 'X-KV-Session': tokenOf(4) }), noKey];
    await kv.get('k');
    expect(store.last.headers['x-kv-session']).toBeUndefined();
    await kv.get('k');
    expect(store.last.headers['x-kv-session']).toBe(tokenOf(4));
    const heir = new KvClient({ url: store.url, session: kv.session ?? '' });
    await heir.get('k');
    expect(store.last.headers['x-kv-session']).toBe(tokenOf(4));
  });
});

describe('lists', () => {
  const page = (keys: readonly string[], cursor?: string) =>
    json({
      keys: keys.map((key) => ({ ...envelope, key })),
      folders: [{ prefix: 'f/' }, { prefixB64: '/y8=' }],
      revision: 9,
      oneRevision: true,
      cursor,
    });

  test('pages follow the cursor as they are asked for', async () => {
    store.replies = [page(['a', 'b'], 'c.1'), page([], 'c.2'), page(['c'])];
    const keys: string[] = [];
    for await (const { key } of kv.list({ prefix: 'p/&', limit: 2 })) {
      keys.push(key);
      if (key === 'b') expect(store.received).toHaveLength(1);
    }
    expect(keys).toEqual(['a', 'b', 'c']);
    expect(store.received.map(({ target }) => target)).toEqual([
      '/v1/keys?prefix=p%2F%26&limit=2',
      '/v1/keys?prefix=p%2F%26&limit=2&cursor=c.1',
      '/v1/keys?prefix=p%2F%26&limit=2&cursor=c.2',
    ]);
  });

  test('whoever stops early asks for nothing more', async () => {
    store.replies = [page(['a'], 'c.1')];
    for await (const _ of kv.list()) break;
    expect(store.received).toHaveLength(1);
  });

  test('a page has its folders and its cursor, from which another list goes on', async () => {
    store.replies = [page(['a'], 'c.1'), page(['b'])];
    for await (const { folders, cursor } of kv.pages({ delimiter: '/', values: true })) {
      expect({ folders, cursor }).toEqual({ folders: ['f/', '\ufffd/'], cursor: 'c.1' });
      break;
    }
    expect(store.last.target).toBe('/v1/keys?delimiter=%2F&values=true');
    for await (const { keys, cursor } of kv.pages({ cursor: 'c.1', values: true })) {
      expect(keys.map((entry) => entry.text())).toEqual(['v']);
      expect(cursor).toBeNull();
    }
  });
});

test('keys under a prefix are deleted if they are as many as expected; every key only by name', async () => {
  store.replies = [json({ count: 2, revision: 9 }), json({ deleted: 2, revision: 9 }), json({ count: 3, revision: 9 })];
  expect(await kv.countPrefix('a/')).toBe(2);
  expect(await kv.deletePrefix('a/', { expect: 2, idempotencyKey: 'i' })).toBe(2);
  await kv.countPrefix('');
  store.replies = [problem(412, { code: 'count-mismatch' })];
  await expect(kv.deletePrefix('', { expect: 3, all: true })).rejects.toMatchObject({ code: 'count-mismatch' });
  expect(store.received.map(({ method, target }) => `${method} ${target}`)).toEqual([
    'DELETE /v1/keys?prefix=a%2F&dryRun=true',
    'DELETE /v1/keys?prefix=a%2F&expect=2',
    'DELETE /v1/keys?all=true&dryRun=true',
    'DELETE /v1/keys?all=true&expect=3',
  ]);
});

describe('several at once', () => {
  const bytes = new Uint8Array([255]);

  test('a batch says keys and values as JSON can, and gives results for its operations', async () => {
    store.replies = [
      json({
        revision: 8,
        results: [
          { status: 200, get: envelope },
          { status: 201, put: { etag: '"8-l"', revision: 8, version: 1, created: true } },
          { status: 204, touch: { version: 1, expiresAt: '2026-01-01T00:00:00.000Z' } },
          { status: 404, delete: { deleted: 0 } },
          { status: 200, incr: { value: '9007199254740993', etag: '"8-l"', revision: 8, version: 2, created: false } },
          { status: 412, error: { code: 'revision-mismatch', detail: 'd' } },
        ],
      }),
    ];
    const [got, put, touched, deleted, counted, refused] = await kv.batch([
      { get: { key: 'a' } },
      { put: { key: bytes, value: { json: 1 }, ttl: '60s', ifNoneMatch: '*' } },
      { touch: { key: 'c', ttl: null } },
      { delete: { key: 'd', ifMatch: '"1-l"' } },
      { incr: { key: 'e', by: 9007199254740993n } },
      { put: { key: 'f', value: bytes } },
    ]);
    expect(JSON.parse(store.last.body)).toEqual({
      operations: [
        { get: { key: 'a' } },
        { put: { keyB64: '/w==', value: '1', contentType: 'application/json', ttl: '60s', ifNoneMatch: '*' } },
        { touch: { key: 'c', ttl: null } },
        { delete: { key: 'd', ifMatch: '"1-l"' } },
        { incr: { key: 'e', by: '9007199254740993' } },
        { put: { key: 'f', valueB64: '/w==' } },
      ],
    });
    expect(got.get?.text()).toBe('v');
    expect(put.put?.created).toBe(true);
    expect(touched.touch?.expiresAt).toEqual(new Date('2026-01-01T00:00:00.000Z'));
    expect(deleted.delete).toEqual({ deleted: false });
    expect(counted.incr?.value).toBe(9007199254740993n);
    expect(refused).toEqual({ status: 412, error: { code: 'revision-mismatch', detail: 'd' } });
  });

  test('a batch of gets is a read, in its mode and without an Idempotency-Key', async () => {
    store.replies = [json({ results: [{ status: 404, get: null }] })];
    expect(await kv.batch([{ get: { key: 'a' } }], { consistency: 'linearizable' })).toEqual([
      { status: 404, get: null },
    ]);
    expect(store.last.target).toBe('/v1/batch?consistency=linearizable');
    expect(store.last.headers['idempotency-key']).toBeUndefined();
  });

  test('a transaction says what it compares, and which list was carried out', async () => {
    store.replies = [json({ succeeded: false, revision: 9, results: [{ get: null }] })];
    const result = await kv.txn({
      if: [
        { key: 'a', revision: 3, op: '<' },
        { key: 'b', value: bytes, op: '!=' },
        { key: bytes, exists: false },
      ],
      then: [{ put: { key: 'a', value: '1' } }],
      else: [{ get: { key: 'a' } }],
    });
    expect(JSON.parse(store.last.body)).toEqual({
      if: [
        { key: 'a', revision: 3, op: '<' },
        { key: 'b', valueB64: '/w==', op: '!=' },
        { keyB64: '/w==', exists: false },
      ],
      then: [{ put: { key: 'a', value: '1', contentType: 'text/plain; charset=utf-8' } }],
      else: [{ get: { key: 'a' } }],
    });
    expect(result).toEqual({ succeeded: false, revision: 9, results: [{ get: null }] });
    expect(store.last.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('a path in the url stays, and a token goes along', async () => {
  const kv = new KvClient({ url: `${store.url}/store/`, token: 's3cret' });
  await kv.put('k', 'v');
  expect(store.last).toMatchObject({ target: '/store/v1/keys/k', headers: { authorization: 'Bearer s3cret' } });
});

test('what cannot be meant is refused at once', async () => {
  expect(() => new KvClient({ url: [] })).toThrow(TypeError);
  expect(() => new KvClient({ url: 'localhost:8001' })).toThrow('not of the form http://host:port');
  expect(() => new KvClient({ url: 'http://me:secret@h' })).toThrow(TypeError);
  expect(() => new KvClient({ url: 'http://h', retries: -1 })).toThrow(RangeError);
  expect(() => new KvClient({ url: 'http://h', timeoutMs: 2 ** 31 })).toThrow(RangeError);
  await expect(kv.get('k', { timeoutMs: 0 })).rejects.toThrow(RangeError);
  await expect(kv.put('k', '\ud800')).rejects.toThrow('lone surrogate');
  await expect(kv.put('k', { json: undefined })).rejects.toThrow(TypeError);
  await expect(kv.put('k', 'v', { idempotencyKey: 'a\nb' })).rejects.toThrow('invalid header value');
  expect(store.received).toEqual([]);
});
