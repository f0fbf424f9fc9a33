import { describe, expect, test } from '@jest/globals';
import request, { type Response } from 'supertest';

import { logIndex } from '../../../../src/core/base/numbers.ts';
import { GOT_BYTES_MAX } from '../../../../src/core/store/commands.ts';
import { encodeSessionToken } from '../../../../src/protocol/http/session-token.ts';
import { apiUnderTest } from './api-under-test.ts';

const codeOf = ({ status, body }: Response): unknown => [status, (body as { code?: string }).code];
const detailOf = ({ body }: Response): string => (body as { detail: string }).detail;

function composites() {
  const under = apiUnderTest();
  const { api } = under;
  return {
    ...under,
    batch: (body: unknown, headers: Record<string, string> = {}, query = '') =>
      request(api)
        .post(`/v1/batch${query}`)
        .set(headers)
        .send(body as object),
    txn: (body: unknown, headers: Record<string, string> = {}) =>
      request(api)
        .post('/v1/txn')
        .set(headers)
        .send(body as object),
    put: (key: string, value: string) => request(api).put(`/v1/keys/${key}`).type('text/plain').send(value),
  };
}

describe('POST /v1/batch', () => {
  test('a status and a result for each operation, in their order, at one revision', async () => {
    const { api, batch } = composites();
    await request(api).put('/v1/keys/a').send('x').expect(201);
    const answer = await batch({
      operations: [
        { put: { key: 'a', value: '1', ifNoneMatch: '*' } },
        { put: { key: 'b', value: 'ü' } },
        { put: { key: 'b', valueB64: '//8=', ifMatch: '*' } },
        { delete: { key: 'c' } },
        { incr: { key: 'n', by: 5 } },
        { incr: { key: 'n' } },
        { incr: { key: 'a' } },
        { get: { key: 'b' } },
        { get: { key: 'c' } },
        { delete: { key: 'n' } },
      ],
    });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'x-kv-revision': '2', 'x-kv-acks': '3/3', 'x-kv-served-by': 'kv-1' });
    const etag = '"2-d1-1"';
    expect(answer.body).toEqual({
      revision: 2,
      results: [
        { status: 412, error: { code: 'revision-mismatch', detail: expect.stringContaining('"a"') as unknown } },
        { status: 201, put: { revision: 2, version: 1, etag, created: true } },
        { status: 200, put: { revision: 2, version: 2, etag, created: false } },
        { status: 404, delete: { deleted: 0 } },
        { status: 201, incr: { value: '5', revision: 2, version: 1, etag, created: true } },
        { status: 200, incr: { value: '6', revision: 2, version: 2, etag, created: false } },
        { status: 409, error: { code: 'not-a-number', detail: expect.any(String) as unknown } },
        {
          status: 200,
          get: {
            key: 'b',
            valueB64: '//8=',
            revision: 2,
            version: 2,
            createRevision: 2,
            contentType: null,
            expiresAt: null,
            idle: null,
            etag,
          },
        },
        { status: 404, get: null },
        { status: 204, delete: { deleted: 1, revision: 2, version: 3 } },
      ],
    });
  });

  test('keys that cannot travel in a path', async () => {
    const { batch } = composites();
    await batch({ operations: [{ put: { key: 'a/../b', value: '1' } }, { put: { keyB64: '/w==', value: '2' } }] });
    const answer = await batch({ operations: [{ get: { key: 'a/../b' } }, { get: { keyB64: '/w==' } }] });
    expect((answer.body as { results: unknown[] }).results).toMatchObject([
      { get: { key: 'a/../b', value: '1', contentType: 'text/plain; charset=utf-8' } },
      { get: { keyB64: '/w==', value: '2' } },
    ]);
  });

  test('of gets alone is a read, in the mode and with the token that it asks for', async () => {
    const { api, batch, operations } = composites();
    const { headers } = await request(api).put('/v1/keys/a').send('x').expect(201);
    const token = headers['x-kv-session'] as string;
    const answer = await batch(
      { operations: [{ get: { key: 'a' } }, { get: { key: 'b' } }] },
      { 'X-KV-Session': token },
      '?consistency=session',
    );
    expect((answer.body as { results: unknown[] }).results).toMatchObject([
      { status: 200, get: { key: 'a', value: 'x' } },
      { status: 404, get: null },
    ]);
    expect(answer.headers).toMatchObject({ 'x-kv-session': token, 'x-kv-consistency': 'session' });
    expect(operations.writes).toHaveLength(1);
    expect(operations.reads.map(({ mode, token: sent }) => [mode, sent?.revision])).toEqual([
      ['session', 1],
      ['session', 1],
    ]);
  });

  test('many gets are answered in their order, if they do not bring back too much together', async () => {
    const { api, batch, operations } = composites();
    await request(api).put('/v1/keys/5').send('five').expect(201);
    const gets = Array.from({ length: 40 }, (_, at) => ({ get: { key: String(at) } }));
    const { results } = (await batch({ operations: gets })).body as { results: { status: number }[] };
    expect(results.map(({ status }) => status)).toEqual(gets.map((_, at) => (at === 5 ? 200 : 404)));

    const [five] = operations.values.values();
    if (five === undefined) throw new Error('it was just written');
    for (const key of operations.values.keys()) operations.values.set(key, { ...five, value: new Uint8Array(2 ** 20) });
    const heavy = Array.from({ length: 1000 }, () => ({ get: { key: '5' } }));
    operations.reads.length = 0;
    const answer = await batch({ operations: heavy });
    expect([codeOf(answer), operations.reads.length]).toEqual([[413, 'too-large'], 16]);
  });

  test('a list that is far too long costs no list of errors', async () => {
    const { batch, operations } = composites();
    const answer = await batch({ operations: Array.from({ length: 20_000 }, () => 0) });
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect(detailOf(answer).length).toBeLessThan(200);
    expect(operations.writes).toEqual([]);
  });

  test('a read that cannot be answered is an answer for the whole', async () => {
    const { batch, operations } = composites();
    const later = encodeSessionToken({ lineage: operations.lineage, revision: logIndex(99) });
    const answer = await batch({ operations: [{ get: { key: 'a' } }] }, { 'X-KV-Session': later });
    expect(codeOf(answer)).toEqual([503, 'replica-behind']);
  });

  test('is repeated safely under an Idempotency-Key, and the key is for that batch only', async () => {
    const { batch } = composites();
    const operations = [{ incr: { key: 'n', by: '9007199254740993' } }];
    const headers = { 'Idempotency-Key': 'once' };
    const first = await batch({ operations }, headers);
    expect(first.body).toMatchObject({ results: [{ incr: { value: '9007199254740993' } }] });
    expect((await batch({ operations }, headers)).body).toEqual(first.body);
    expect(codeOf(await batch({ operations: [{ incr: { key: 'n' } }] }, headers))).toEqual([
      422,
      'idempotency-mismatch',
    ]);
  });

  test.each<[string, unknown, RegExp]>([
    ['no operations', { operations: [] }, /fewer than 1/],
    ['too many', { operations: Array.from({ length: 1001 }, () => ({ get: { key: 'k' } })) }, /more than 1000/],
    ['another name', { operations: [{ list: { key: 'k' } }] }, /additional properties \(list\)/],
    ['a touch of nothing', { operations: [{ touch: { key: 'k' } }] }, /give ttl, idle, or both/],
    [
      'a touch that keeps',
      { operations: [{ touch: { key: 'k', ttl: 'keep' } }] },
      /ttl must be one of its forms. How long the value stays/,
    ],
    ['no time to live', { operations: [{ put: { key: 'k', value: '1', ttl: '0s' } }] }, /ttl must be keep, or seconds/],
    [
      'a long time to live',
      { operations: [{ put: { key: 'k', value: '1', ttl: '36526d' } }] },
      /ttl must be keep, or seconds/,
    ],
    ['two operations in one', { operations: [{ get: { key: 'k' }, delete: { key: 'k' } }] }, /more than 1/],
    ['none in one', { operations: [{}] }, /fewer than 1/],
    ['no key', { operations: [{ get: {} }] }, /operations\[0\]\.get needs one of key and keyB64/],
    ['two keys', { operations: [{ get: { key: 'k', keyB64: 'aw==' } }] }, /needs one of key and keyB64/],
    ['no value', { operations: [{ put: { key: 'k' } }] }, /operations\[0\]\.put needs one of value and valueB64/],
    ['half of a character', { operations: [{ put: { key: 'k', value: '\ud800' } }] }, /lone surrogate/],
    ['no base64', { operations: [{ put: { key: 'k', valueB64: 'a' } }] }, /not base64/],
    ['two conditions', { operations: [{ delete: { key: 'k', ifMatch: '*', ifNoneMatch: '*' } }] }, /together/],
    ['a tag that is none', { operations: [{ delete: { key: 'k', ifMatch: 'x' } }] }, /ifMatch must match pattern/],
    ['a fraction', { operations: [{ incr: { key: 'k', by: 1.5 } }] }, /by must be one of its forms. A whole number/],
    ['65 bits', { operations: [{ incr: { key: 'k', by: '9223372036854775808' } }] }, /does not fit into 64 bits/],
    ['a prototype', JSON.parse('{"operations":[{"__proto__":{"get":{"key":"k"}}}]}'), /\(__proto__\)|fewer than 1/],
    ['a list', [], /must be object/],
  ])('%s is refused, and nothing is done', async (_, body, detail) => {
    const { batch, operations } = composites();
    const answer = await batch(body);
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect(detailOf(answer)).toMatch(detail);
    expect([operations.writes, operations.reads]).toEqual([[], []]);
  });

  test.each([
    ['a long key', { get: { key: 'k'.repeat(1025) } }, 'bad-key'],
    ['an empty key', { get: { keyB64: '' } }, 'bad-key'],
    ['a large value', { put: { key: 'k', value: 'v'.repeat(1001) } }, 'too-large'],
  ])('%s is refused', async (_, operation, code) => {
    const { batch, operations } = composites();
    const answer = await batch({ operations: [operation] });
    expect((answer.body as { code: string }).code).toBe(code);
    expect([operations.writes, operations.reads]).toEqual([[], []]);
  });

  test('what is not JSON, not UTF-8, or another type', async () => {
    const { api } = composites();
    const send = (type: string, body: string | Buffer) =>
      request(api)
        .post('/v1/batch')
        .type(type)
        .serialize((bytes) => bytes as unknown as string)
        .send(body);
    expect(detailOf(await send('application/json', '{'))).toContain('not JSON');
    const twice = '{"operations":[{"put":{"key":"a","value":"1","value":"2"}}]}';
    expect(detailOf(await send('application/json', twice))).toContain('has the member "value" twice in one object');
    expect(detailOf(await send('application/json', Buffer.from([0x22, 0xff, 0x22])))).toContain('not UTF-8');
    expect(detailOf(await send('text/plain', '{}'))).toContain('Content-Type must be application/json');
    const encoded = await request(api).post('/v1/batch').set('Content-Encoding', 'gzip').type('json').send('{}');
    expect(codeOf(encoded)).toEqual([415, 'unsupported-encoding']);
    expect(codeOf(await request(api).get('/v1/batch'))).toEqual([405, 'method-not-allowed']);
    expect(codeOf(await request(api).post('/v1/batch?prefix=a').type('json').send('{}'))).toEqual([400, 'bad-request']);
  });
});

describe('POST /v1/txn', () => {
  test('then, if all comparisons hold', async () => {
    const { txn, put } = composites();
    await put('a', 'old');
    const answer = await txn({
      if: [
        { key: 'a', revision: 1 },
        { key: 'a', version: 0, op: '>' },
        { key: 'a', value: 'old' },
        { key: 'a', valueB64: 'bmV3', op: '!=' },
        { key: 'a', etag: '"1-d1-1"' },
        { key: 'b', exists: false },
        { key: 'b', revision: 0 },
      ],
      then: [{ put: { key: 'a', value: 'new' } }, { delete: { key: 'b' } }, { get: { key: 'a' } }],
      else: [{ get: { key: 'a' } }],
    });
    expect(answer.status).toBe(200);
    const etag = '"2-d1-1"';
    expect(answer.body).toMatchObject({
      succeeded: true,
      revision: 2,
      results: [
        { put: { revision: 2, version: 2, etag, created: false } },
        { delete: { deleted: 0 } },
        { get: { key: 'a', value: 'new', revision: 2 } },
      ],
    });
  });

  test.each([
    [{ key: 'a', revision: 2 }],
    [{ key: 'a', version: 1, op: '<' }],
    [{ key: 'a', value: 'new' }],
    [{ key: 'a', exists: false }],
    [{ key: 'a', exists: true, op: '!=' }],
    [{ key: 'a', etag: '"1-another"' }],
    [{ key: 'a', etag: '"1-d1-1"', op: '!=' }],
    [{ key: 'b', exists: true }],
  ])('else, if one does not: %j', async (comparison) => {
    const { txn, put, operations } = composites();
    await put('a', 'old');
    const answer = await txn({
      if: [{ key: 'a', exists: true }, comparison],
      then: [{ delete: { key: 'a' } }],
      else: [{ get: { key: 'a' } }],
    });
    expect(answer.body).toMatchObject({ succeeded: false, results: [{ get: { value: 'old' } }] });
    expect(operations.values.size).toBe(1);
  });

  test('without else it does nothing then', async () => {
    const { txn } = composites();
    const answer = await txn({ if: [{ key: 'a', exists: true }], then: [{ delete: { key: 'a' } }] });
    expect(answer.body).toMatchObject({ succeeded: false, results: [] });
  });

  test('is abandoned whole where something cannot be added', async () => {
    const { txn, put, operations } = composites();
    await put('a', 'x');
    const answer = await txn({ then: [{ put: { key: 'b', value: '1' } }, { incr: { key: 'a' } }] });
    expect(codeOf(answer)).toEqual([409, 'not-a-number']);
    expect(detailOf(answer)).toContain('Operation 1: ');
    expect(operations.values.size).toBe(1);
  });

  test('whose gets bring back too much does nothing', async () => {
    const { api, txn, operations } = composites();
    const tenth = 'v'.repeat(1000);
    for (let at = 0; at < 3; at += 1) await request(api).put(`/v1/keys/${at}`).send(tenth).expect(201);
    const gets = Array.from({ length: 100 }, (_, at) => ({ get: { key: String(at % 3) } }));
    expect((await txn({ then: gets })).status).toBe(200);
    expect(GOT_BYTES_MAX).toBeGreaterThan(100 * tenth.length);
    operations.nextWrite = {
      kind: 'committed',
      decided: { kind: 'overlong' },
      revision: logIndex(9),
      lineage: operations.lineage,
      acks: 3,
      members: 3,
    };
    expect(codeOf(await txn({ then: gets }))).toEqual([413, 'too-large']);
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing to do', { if: [{ key: 'a', exists: true }] }, /nothing to do/],
    ['nothing at all', {}, /nothing to do/],
    ['too many parts', { if: many({ key: 'a', exists: true }, 100), then: many({ get: { key: 'a' } }, 29) }, /129/],
    ['a comparison of nothing', { if: [{ key: 'a' }], then: [{ get: { key: 'a' } }] }, /if\[0\] needs one of revision/],
    ['a comparison of two', { if: [{ key: 'a', revision: 1, version: 1 }], then: [] }, /nothing to do|needs one of/],
    ['an order of values', { if: [{ key: 'a', value: '1', op: '<' }], then: [{ get: { key: 'a' } }] }, /not ordered/],
    ['a negative revision', { if: [{ key: 'a', revision: -1 }], then: [{ get: { key: 'a' } }] }, /must be >= 0/],
    ['a condition of a step', { then: [{ put: { key: 'a', value: '1', ifMatch: '*' } }] }, /\(ifMatch\)/],
  ])('%s is refused', async (_, body, detail) => {
    const { txn, operations } = composites();
    const answer = await txn(body);
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect(detailOf(answer)).toMatch(detail);
    expect(operations.writes).toEqual([]);
  });

  function many(part: unknown, count: number): unknown[] {
    return Array.from({ length: count }, () => part);
  }
});

describe('POST /v1/keys/{key}?incr=', () => {
  test('adds to a counter, 0 at first, and answers the sum', async () => {
    const { api } = composites();
    const first = await request(api).post('/v1/keys/n?incr=5');
    expect([first.status, first.text, first.headers['etag'], first.headers['content-type']]).toEqual([
      201,
      '5',
      '"1-d1-1"',
      'text/plain',
    ]);
    const second = await request(api).post('/v1/keys/n?incr=-7');
    expect([second.status, second.text, second.headers['x-kv-version']]).toEqual([200, '-2', '2']);
    expect((await request(api).get('/v1/keys/n')).text).toBe('-2');
    expect(codeOf(await request(api).post('/v1/keys/n?incr=1').set('If-None-Match', '*'))).toEqual([409, 'exists']);
  });

  test('not to what is no number, nor beyond 64 bits', async () => {
    const { api, put } = composites();
    await put('a', 'x');
    expect(codeOf(await request(api).post('/v1/keys/a?incr=1'))).toEqual([409, 'not-a-number']);
    await put('a', '9223372036854775807');
    expect(codeOf(await request(api).post('/v1/keys/a?incr=1'))).toEqual([409, 'out-of-range']);
  });

  test.each(['incr=', 'incr=1.5', 'incr=x', 'incr=9223372036854775808', 'incr=1&incr=2', 'incr=12345678901234567890'])(
    '%s is refused',
    async (query) => {
      const { api, operations } = composites();
      expect(codeOf(await request(api).post(`/v1/keys/a?${query}`))).toEqual([400, 'bad-request']);
      expect(operations.writes).toEqual([]);
    },
  );

  test('a body beside it is refused: nobody knows which is meant', async () => {
    const { api, operations } = composites();
    expect(codeOf(await request(api).post('/v1/keys/a?incr=1').type('text/plain').send('5'))).toEqual([
      400,
      'bad-request',
    ]);
    expect(operations.writes).toEqual([]);
  });
});
