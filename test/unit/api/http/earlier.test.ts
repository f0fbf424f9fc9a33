import { describe, expect, test } from '@jest/globals';
import request from 'supertest';

import { keyOf } from '../../../../src/core/base/key.ts';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import { apiUnderTest } from './api-under-test.ts';

const field = (type: string, loc: (string | number)[], msg: string, input: unknown, ctx?: object): object => ({
  type,
  loc,
  msg,
  input,
  ...(ctx === undefined ? {} : { ctx }),
});
const missing = (name: string, input: unknown): object => field('missing', ['body', name], 'Field required', input);
const notString = (name: string, input: unknown): object =>
  field('string_type', ['body', name], 'Input should be a valid string', input);
const notObject = (input: unknown): object =>
  field(
    'model_attributes_type',
    ['body'],
    'Input should be a valid dictionary or object to extract fields from',
    input,
  );
const notJson = (position: number, error: string): object =>
  field('json_invalid', ['body', position], 'JSON decode error', {}, { error });
const notInteger = (input: string): object =>
  field(
    'int_parsing',
    ['query', 'version'],
    'Input should be a valid integer, unable to parse string as an integer',
    input,
  );

const NAME = 'Expecting property name enclosed in double quotes';

describe('PUT /put', () => {
  test('writes a pair of strings', async () => {
    const { api, operations } = apiUnderTest();
    const answer = await request(api).put('/put').send({ key: 'k', value: 'grün' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['x-server-used']).toBe('kv-1');
    expect(answer.text).toBe(`{"message":"Key 'k' added/updated successfully."}`);
    expect(operations.writes).toEqual([
      {
        command: {
          kind: 'put',
          key: 'k',
          value: Buffer.from('grün'),
          contentType: 'text/plain; charset=utf-8',
          condition: { kind: 'none' },
          lifetime: { kind: 'unlimited' },
          idle: { kind: 'unlimited' },
        },
        idempotencyKey: null,
      },
    ]);
  });

  test('takes further fields', async () => {
    const { api, operations } = apiUnderTest();
    await request(api).put('/put').send({ key: 'k', value: 'v', extra: 1 }).expect(200);
    expect(operations.writes).toHaveLength(1);
  });

  /** As FastAPI 0.165 with pydantic 2.14 on Python 3.11 answered these very bodies. */
  const recorded: readonly (readonly [body: string, detail: readonly object[]])[] = [
    ['{}', [missing('key', {}), missing('value', {})]],
    ['[]', [notObject([])]],
    ['[1]', [notObject([1])]],
    ['"x"', [notObject('x')]],
    ['null', [notObject(null)]],
    ['1.5', [notObject(1.5)]],
    ['true', [notObject(true)]],
    ['{"key":1,"value":"v"}', [notString('key', 1)]],
    ['{"key":"k"}', [missing('value', { key: 'k' })]],
    ['{"key":1}', [notString('key', 1), missing('value', { key: 1 })]],
    ['{"value":1}', [missing('key', { value: 1 }), notString('value', 1)]],
    ['{"key":null,"value":{"a":1}}', [notString('key', null), notString('value', { a: 1 })]],
    ['{"key":"k","value":[1]}', [notString('value', [1])]],
    ['{"a":1,"a":2}', [missing('key', { a: 2 }), missing('value', { a: 2 })]],
    ['\ufeff{}', [missing('key', {}), missing('value', {})]],
    ['{', [notJson(1, NAME)]],
    ['{"key":"k",}', [notJson(11, NAME)]],
    [`{'key':1}`, [notJson(1, NAME)]],
    ['{1:2}', [notJson(1, NAME)]],
    ['{"key":"k" "value":"v"}', [notJson(11, "Expecting ',' delimiter")]],
    ['{"key":"k","value":"v"', [notJson(22, "Expecting ',' delimiter")]],
    ['{"a":1', [notJson(6, "Expecting ',' delimiter")]],
    ['[1', [notJson(2, "Expecting ',' delimiter")]],
    ['{"key":"k","value":"ä" x}', [notJson(23, "Expecting ',' delimiter")]],
    ['{"key":"k","value":"🚀" x}', [notJson(23, "Expecting ',' delimiter")]],
    ['{"key"', [notJson(6, "Expecting ':' delimiter")]],
    ['{"key":', [notJson(7, 'Expecting value')]],
    ['abc', [notJson(0, 'Expecting value')]],
    ['-', [notJson(0, 'Expecting value')]],
    ['   ', [notJson(3, 'Expecting value')]],
    ['[1,', [notJson(3, 'Expecting value')]],
    ['[1,]', [notJson(3, 'Expecting value')]],
    ['{"key":"k","value":"v"}x', [notJson(23, 'Extra data')]],
    ['{"key":"a\nb","value":"v"}', [notJson(9, 'Invalid control character at')]],
    [String.raw`{"key":"a\x","value":"v"}`, [notJson(9, String.raw`Invalid \escape`)]],
    [String.raw`{"key":"\u12"}`, [notJson(9, String.raw`Invalid \uXXXX escape`)]],
    ['"abc', [notJson(0, 'Unterminated string starting at')]],
  ];

  test.each(recorded)('answers %j with the 422 of FastAPI', async (body, detail) => {
    const { api, operations } = apiUnderTest();
    const answer = await request(api).put('/put').type('json').send(body);
    expect(answer.status).toBe(422);
    expect(answer.body).toEqual({ detail });
    expect(operations.writes).toEqual([]);
  });

  test('a body that is missing is said to be', async () => {
    const answer = await request(apiUnderTest().api).put('/put');
    expect([answer.status, answer.text]).toEqual([
      422,
      '{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}',
    ]);
  });

  test('a body that is not declared as JSON is text, not an object', async () => {
    const { api } = apiUnderTest();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const answer = await request(api).put('/put').type(type).send('{"key":"k","value":"v"}');
      expect([answer.status, answer.body]).toEqual([422, { detail: [notObject('{"key":"k","value":"v"}')] }]);
    }
    await request(api).put('/put').type('application/vnd.x+json').send('{"key":"k","value":"v"}').expect(200);
  });

  test('bytes that are not UTF-8, and nesting beyond reason, cannot be parsed', async () => {
    const { api } = apiUnderTest();
    const bytes = await request(api)
      .put('/put')
      .type('json')
      .serialize((body) => body as string)
      .send(Buffer.from('{"key":"\xff","value":"v"}', 'latin1') as unknown as string);
    expect([bytes.status, bytes.text]).toEqual([400, '{"detail":"There was an error parsing the body"}']);
    const deep = await request(api).put('/put').type('json').send('['.repeat(2000));
    expect([deep.status, deep.text]).toEqual([400, '{"detail":"There was an error parsing the body"}']);
    const passedOver = `{"key":"k","value":"v","other":${'['.repeat(2000)}${']'.repeat(2000)}}`;
    expect((await request(api).put('/put').type('json').send(passedOver)).status).toBe(400);
  });

  test('a key is 1 to 1024 bytes, a value well-formed', async () => {
    const { api } = apiUnderTest();
    const empty = await request(api).put('/put').send({ key: '', value: '' });
    expect(empty.status).toBe(422);
    expect(empty.body).toEqual({
      detail: [
        field('string_too_short', ['body', 'key'], 'String should have at least 1 character', '', { min_length: 1 }),
      ],
    });
    const long = 'ü'.repeat(513);
    const tooLong = await request(api).put('/put').send({ key: long, value: '' });
    expect(tooLong.status).toBe(422);
    expect(tooLong.body).toEqual({
      detail: [
        field('bytes_too_long', ['body', 'key'], 'Data should have at most 1024 bytes', long, { max_length: 1024 }),
      ],
    });
    const lone = await request(api)
      .put('/put')
      .type('json')
      .send(String.raw`{"key":"k","value":"\ud800"}`);
    expect(lone.status).toBe(422);
    expect(lone.body).toMatchObject({ detail: [{ type: 'string_unicode', loc: ['body', 'value'] }] });
  });

  test('a value above the limit gets 413, and an input that explains nothing is not sent back', async () => {
    const { api, metrics } = apiUnderTest();
    const large = await request(api)
      .put('/put')
      .send({ key: 'k', value: 'x'.repeat(1001) });
    expect([large.status, large.text]).toEqual([
      413,
      '{"detail":"The body has 1001 bytes, and 1000 are allowed. Split the value, or raise the limit on the server (KV_VALUE_BYTES_MAX)."}',
    ]);
    expect(metrics.limitsHit).toEqual(['too-large']);
    const odd = await request(api)
      .put('/put')
      .send({ key: ['x'.repeat(11_000)], value: 'v' });
    expect(odd.body).toEqual({ detail: [notString('key', null)] });
  });

  test('what the store cannot do now is said in one sentence and an advice', async () => {
    const { api, operations } = apiUnderTest();
    operations.nextWrite = {
      kind: 'unavailable',
      code: 'no-leader',
      outcome: 'unknown',
      detail: 'no leader for 10 s',
    };
    const unavailable = await request(api).put('/put').send({ key: 'k', value: 'v' });
    expect([unavailable.status, unavailable.headers['retry-after'], unavailable.text]).toEqual([
      503,
      '1',
      '{"detail":"No leader for 10 s. Whether the write was or will be applied is unknown. Try again; if it lasts, look at /v1/cluster."}',
    ]);
    operations.nextWrite = { kind: 'refused', code: 'memory-full', leaderHint: null };
    const full = await request(api).put('/put').send({ key: 'k', value: 'v' });
    expect([full.status, full.headers['retry-after'], full.text]).toEqual([
      507,
      undefined,
      '{"detail":"The store has reached its limit of memory; reads and deletes go on. Nothing was written. Delete keys, raise the limit (KV_MEMORY_MAX), or let keys go that nobody uses (KV_EVICTION=lru)."}',
    ]);
  });
});

describe('GET /get/{key}', () => {
  test('gives the value with its version', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/put').send({ key: 'k', value: 'v1' });
    await request(api).put('/put').send({ key: 'k', value: 'v2' });
    const expected =
      '{"key":"k","value":"v2","version":2,"timestamp":1767323045.678,"source":"cache","server_used":"kv-1"}';
    for (const path of [
      '/get/k',
      '/get/k?version=2',
      '/get/k?version=+2.0',
      '/get/k?other=1',
      '/get/k?version=1&version=02',
    ]) {
      const answer = await request(api).get(path);
      expect([path, answer.status, answer.text]).toEqual([path, 200, expected]);
      expect(answer.headers['x-server-used']).toBe('kv-1');
    }
  });

  test('gives an older version while it is kept', async () => {
    const { api } = apiUnderTest();
    for (const value of ['v1', 'v2', 'v3', 'v4']) await request(api).put('/put').send({ key: 'k', value });
    const answers = [1, 2, 3].map(async (number) => (await request(api).get(`/get/k?version=${number}`)).text);
    expect(await Promise.all(answers)).toEqual([
      `{"detail":"Key 'k' version 1 not found"}`,
      '{"key":"k","value":"v2","version":2,"timestamp":1767323045.678,"source":"cache","server_used":"kv-1"}',
      '{"key":"k","value":"v3","version":3,"timestamp":1767323045.678,"source":"cache","server_used":"kv-1"}',
    ]);
  });

  test('names what is not there', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/put').send({ key: 'k', value: 'v' });
    const bodies = await Promise.all(
      ['/get/x', '/get/x?version=1', '/get/k?version=1_0', '/get/k?version=-1'].map(async (path) => {
        const answer = await request(api).get(path);
        return [answer.status, answer.text];
      }),
    );
    expect(bodies).toEqual([
      [404, '{"detail":"Key not found."}'],
      [404, `{"detail":"Key 'x' version 1 not found"}`],
      [404, `{"detail":"Key 'k' version 10 not found"}`],
      [404, `{"detail":"Key 'k' version -1 not found"}`],
    ]);
  });

  test.each(['abc', '', '1.5', '1e3', '%D9%A1', '0x1', '1__0', '_1', 'true'])(
    'the version %j is not a whole number',
    async (text) => {
      const answer = await request(apiUnderTest().api).get(`/get/k?version=${text}`);
      expect([answer.status, answer.body]).toEqual([422, { detail: [notInteger(decodeURIComponent(text))] }]);
    },
  );

  test('a version of more digits than Python reads is too large', async () => {
    const answer = await request(apiUnderTest().api).get(`/get/k?version=${'9'.repeat(4301)}`);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      detail: [{ type: 'int_parsing_size', msg: 'Unable to parse input string as an integer, exceeded maximum size' }],
    });
  });

  test('reads keys as Python decodes paths: escapes once, what is no escape stays', async () => {
    const { api, operations } = apiUnderTest();
    await Promise.all(
      ['/get/a%2Fb', '/get/%zz', '/get/a%20b+c', '/get/__proto__'].map((path) => request(api).get(path)),
    );
    expect(operations.reads.map((read) => (read.kind === 'key' ? read.key : '')).sort()).toEqual([
      '%zz',
      '__proto__',
      'a b+c',
      'a/b',
    ]);
    const answer = await request(api).get('/get/%FF');
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ detail: [{ type: 'string_unicode', loc: ['path', 'key'], input: '%FF' }] });
  });

  test('a value that is not UTF-8 is refused rather than falsified', async () => {
    const { api, operations } = apiUnderTest();
    const key = keyOf('k');
    if (key === null) throw new Error('not a key');
    operations.values.set(key, {
      value: Uint8Array.of(0xff),
      contentType: null,
      revision: logIndex(1),
      version: version(1),
      createRevision: logIndex(1),
      modifiedMs: wallMs(0),
      expiresAtMs: null,
      idleMs: null,
    });
    const answer = await request(api).get('/get/k');
    expect([answer.status, answer.text]).toEqual([
      406,
      `{"detail":"The value of key 'k' is not UTF-8. Read its bytes with GET /v1/keys/{key}."}`,
    ]);
  });

  test('a replica that cannot answer says so', async () => {
    const { api, operations } = apiUnderTest();
    operations.nextRead = { kind: 'declined', code: 'not-in-sync' };
    const answer = await request(api).get('/get/k');
    expect([answer.status, answer.headers['retry-after'], answer.text]).toEqual([
      503,
      '1',
      '{"detail":"The replica that was asked cannot show that it is in sync. Try again, ask through the proxy, or use ?consistency=eventual if old state will do."}',
    ]);
  });
});

describe('DELETE /delete/{key}', () => {
  test('deletes once', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/put').send({ key: 'k', value: 'v' });
    const first = await request(api).delete('/delete/k');
    expect([first.status, first.text]).toEqual([200, `{"message":"Key 'k' deleted successfully.","result":"deleted"}`]);
    expect(first.headers['x-server-used']).toBe('kv-1');
    const second = await request(api).delete('/delete/k');
    expect([second.status, second.text]).toEqual([404, '{"detail":"Key not found."}']);
  });
});

describe('everything else outside /v1', () => {
  test.each([
    ['GET', '/nope'],
    ['GET', '/get/'],
    ['GET', '/get'],
    ['GET', '/get/a/b'],
    ['DELETE', '/delete/'],
    ['GET', '/PUT'],
  ])('%s %s is not found', async (method, path) => {
    const { api } = apiUnderTest();
    const answer = await (method === 'GET' ? request(api).get(path) : request(api).delete(path));
    expect([answer.status, answer.text]).toEqual([404, '{"detail":"Not Found"}']);
  });

  test('a method that a route lacks gets 405 with those that it has', async () => {
    const { api } = apiUnderTest();
    const answers = await Promise.all([
      request(api).post('/put'),
      request(api).get('/put'),
      request(api).post('/get/k'),
      request(api).head('/get/k'),
      request(api).options('/get/k'),
      request(api).get('/delete/k'),
      request(api).post('/'),
    ]);
    expect(answers.map((answer) => [answer.status, answer.headers['allow']])).toEqual([
      [405, 'PUT'],
      [405, 'PUT'],
      [405, 'GET'],
      [405, 'GET'],
      [405, 'GET'],
      [405, 'DELETE'],
      [405, 'GET'],
    ]);
    expect(answers[0].text).toBe('{"detail":"Method Not Allowed"}');
  });

  test('a slash too many is redirected, as FastAPI does', async () => {
    const { api } = apiUnderTest();
    const answer = await request(api).get('/get/k/?version=1').redirects(0);
    expect([answer.status, answer.headers['location']]).toEqual([307, '/get/k?version=1']);
    expect((await request(api).put('/put/').redirects(0)).status).toBe(307);
  });
});
