import { describe, expect, test } from '@jest/globals';
import request, { type Response } from 'supertest';

import { wallMs } from '../../../../src/core/base/numbers.ts';
import { apiUnderTest } from './api-under-test.ts';

const codeOf = ({ status, body }: Response): unknown => [status, (body as { code?: string }).code];

function apiWithTime() {
  const under = apiUnderTest();
  return {
    ...under,
    pass: (ms: number): void => {
      under.operations.timeMs = wallMs(under.operations.timeMs + ms);
    },
    put: (headers: Record<string, string>) =>
      request(under.api).put('/v1/keys/k').type('text/plain').set(headers).send('v'),
    get: () => request(under.api).get('/v1/keys/k'),
    patch: (ttl: unknown, headers: Record<string, string> = {}) =>
      request(under.api).patch('/v1/keys/k').set(headers).send({ ttl }),
  };
}

describe('X-KV-TTL', () => {
  test('is a part of the request: under an Idempotency-Key that was used with another it is refused', async () => {
    const { put } = apiWithTime();
    const once = { 'Idempotency-Key': 'once' };
    expect((await put({ ...once, 'X-KV-TTL': '60' })).status).toBe(201);
    expect((await put({ ...once, 'X-KV-TTL': '60s' })).status).toBe(201);
    for (const other of [{ 'X-KV-TTL': '61' }, {}])
      expect(codeOf(await put({ ...once, ...other }))).toEqual([422, 'idempotency-mismatch']);
  });

  test.each([
    ['60', '60'],
    ['60s', '60'],
    ['1500ms', '2'],
    ['1ms', '1'],
    ['5m', '300'],
    ['12h', '43200'],
    ['30d', '2592000'],
    ['36525d', '3155760000'],
  ])('%s: a value that was just written stays for %s seconds', async (ttl, seconds) => {
    const { put, get } = apiWithTime();
    expect((await put({ 'X-KV-TTL': ttl })).status).toBe(201);
    expect((await get()).headers['x-kv-ttl']).toBe(seconds);
  });

  test.each(['', '0', '0ms', '36526d', '-1', '1.5', '1w', '1 s', 'forever', '99999999999999'])(
    '%p is refused, and nothing is written',
    async (ttl) => {
      const { put, operations } = apiWithTime();
      const answer = await put({ 'X-KV-TTL': ttl });
      expect(codeOf(answer)).toEqual([400, 'bad-request']);
      expect((answer.body as { detail: string }).detail).toContain('X-KV-TTL');
      expect(operations.writes).toEqual([]);
    },
  );

  test('what is left is told, rounded up, and when it goes', async () => {
    const { api, put, get, pass } = apiWithTime();
    await put({ 'X-KV-TTL': '10' });
    pass(1);
    expect((await get()).headers['x-kv-ttl']).toBe('10');
    pass(8999);
    expect((await get()).headers['x-kv-ttl']).toBe('1');
    const answer = await request(api).get('/v1/keys/k').set('Accept', 'application/vnd.kv+json').buffer(true);
    expect(JSON.parse(answer.text || (answer.body as Buffer).toString())).toMatchObject({
      expiresAt: '2026-01-02T03:04:15.678Z',
    });
  });

  test('without it a value stays for ever, also one that was written with it before; keep keeps it', async () => {
    const { put, get } = apiWithTime();
    await put({ 'X-KV-TTL': '10' });
    await put({ 'X-KV-TTL': 'keep' });
    expect((await get()).headers['x-kv-ttl']).toBe('10');
    await put({});
    expect((await get()).headers['x-kv-ttl']).toBeUndefined();
  });

  test('POST takes it, and counters do not: they stay as long as before', async () => {
    const { api, get } = apiWithTime();
    await request(api).post('/v1/keys/k').set('X-KV-TTL', '10').send('5').expect(201);
    expect(codeOf(await request(api).post('/v1/keys/k?incr=1').set('X-KV-TTL', '10'))).toEqual([400, 'bad-request']);
    await request(api).post('/v1/keys/k?incr=1').expect(200);
    expect((await get()).headers['x-kv-ttl']).toBe('10');
  });

  test('what is due is not there for the next write', async () => {
    const { api, put, pass } = apiWithTime();
    await put({ 'X-KV-TTL': '10' });
    pass(10_000);
    expect(codeOf(await request(api).delete('/v1/keys/k'))).toEqual([404, 'no-key']);
    const again = await put({});
    expect([again.status, again.headers['x-kv-version']]).toEqual([201, '3']);
  });
});

describe('PATCH /v1/keys/{key}', () => {
  test('sets how long the value stays, and changes nothing else', async () => {
    const { put, get, patch } = apiWithTime();
    const { headers } = await put({});
    const answer = await patch('5m');
    expect([answer.status, answer.headers['x-kv-version'], answer.headers['x-kv-acks']]).toEqual([204, '1', '3/3']);
    const found = await get();
    expect([found.text, found.headers['etag'], found.headers['x-kv-ttl']]).toEqual(['v', headers['etag'], '300']);
    expect((await patch(null)).status).toBe(204);
    expect((await get()).headers['x-kv-ttl']).toBeUndefined();
    expect((await patch(7)).status).toBe(204);
    expect((await get()).headers['x-kv-ttl']).toBe('7');
  });

  test('of a key without a value: 404; and conditions hold', async () => {
    const { put, patch } = apiWithTime();
    expect(codeOf(await patch('5m'))).toEqual([404, 'no-key']);
    const { headers } = await put({});
    expect((await patch('5m', { 'If-Match': headers['etag'] as string })).status).toBe(204);
    expect(codeOf(await patch('5m', { 'If-Match': '"9-d1-1"' }))).toEqual([412, 'revision-mismatch']);
  });

  test.each([['0'], [0], [-1], [1.5], ['keep'], [''], [true], [{}], ['36526d'], [1e15]])(
    '%p is refused',
    async (ttl) => {
      const { patch, operations } = apiWithTime();
      expect(codeOf(await patch(ttl))).toEqual([400, 'bad-request']);
      expect(operations.writes).toEqual([]);
    },
  );

  test('so are other fields, and no field', async () => {
    const { api } = apiWithTime();
    expect(codeOf(await request(api).patch('/v1/keys/k').send({ ttl: 1, age: 1 }))).toEqual([400, 'bad-request']);
    expect(codeOf(await request(api).patch('/v1/keys/k').send({}))).toEqual([400, 'bad-request']);
    expect(codeOf(await request(api).patch('/v1/keys/k').type('text/plain').send('60'))).toEqual([400, 'bad-request']);
  });
});

describe('an idle time', () => {
  test('X-KV-Idle sets it, a read tells it as it may be given again, keep keeps it', async () => {
    const { api, put, get } = apiWithTime();
    await put({ 'X-KV-Idle': '5m' });
    expect((await get()).headers['x-kv-idle']).toBe('300s');
    await put({ 'X-KV-Idle': 'keep' });
    const answer = await request(api).get('/v1/keys/k').set('Accept', 'application/vnd.kv+json');
    expect(answer.body).toMatchObject({ idle: '300s', expiresAt: null });
    await put({ 'X-KV-Idle': '1500ms' });
    expect((await get()).headers['x-kv-idle']).toBe('1500ms');
    await put({});
    expect((await get()).headers['x-kv-idle']).toBeUndefined();
  });

  test('PATCH sets it, and leaves out what it does not name', async () => {
    const { api, put, get } = apiWithTime();
    await put({ 'X-KV-TTL': '10' });
    const patch = (body: object) => request(api).patch('/v1/keys/k').send(body).expect(204);
    await patch({ idle: '1m' });
    expect((await get()).headers).toMatchObject({ 'x-kv-ttl': '10', 'x-kv-idle': '60s' });
    await patch({ ttl: null, idle: 90 });
    expect((await get()).headers).toMatchObject({ 'x-kv-idle': '90s' });
    await patch({ idle: null });
    expect((await get()).headers['x-kv-idle']).toBeUndefined();
  });

  test.each(['999ms', '0', '36526d', 'soon'])('%s is refused', async (idle) => {
    const { api, put, operations } = apiWithTime();
    expect(codeOf(await put({ 'X-KV-Idle': idle }))).toEqual([400, 'bad-request']);
    expect(codeOf(await request(api).patch('/v1/keys/k').send({ idle }))).toEqual([400, 'bad-request']);
    for (const step of [{ put: { key: 'k', value: '', idle } }, { touch: { key: 'k', idle } }])
      expect(
        codeOf(
          await request(api)
            .post('/v1/batch')
            .send({ operations: [step] }),
        ),
      ).toEqual([400, 'bad-request']);
    expect(operations.writes).toEqual([]);
  });

  test('counters keep theirs, and a touch without either says what is missing', async () => {
    const { api } = apiWithTime();
    expect(codeOf(await request(api).post('/v1/keys/k?incr=1').set('X-KV-Idle', '10'))).toEqual([400, 'bad-request']);
    const answer = await request(api)
      .post('/v1/batch')
      .send({ operations: [{ touch: { key: 'k' } }] });
    expect((answer.body as { detail: string }).detail).toContain('operations[0].touch: give ttl, idle, or both.');
  });
});

test('batches: a status for each touch', async () => {
  const { api, put } = apiWithTime();
  await put({});
  const answer = await request(api)
    .post('/v1/batch')
    .send({
      operations: [
        { put: { key: 'a', value: '1', ttl: 10, idle: '30s' } },
        { touch: { key: 'k', ttl: '1m', idle: 20 } },
        { touch: { key: 'none', ttl: null } },
        { get: { key: 'a' } },
      ],
    });
  expect((answer.body as { results: unknown[] }).results).toMatchObject([
    { status: 201 },
    { status: 204, touch: { version: 1, expiresAt: '2026-01-02T03:05:05.678Z', idle: '20s' } },
    { status: 404, touch: null },
    { status: 200, get: { expiresAt: '2026-01-02T03:04:15.678Z', idle: '30s' } },
  ]);
});
