import { describe, expect, test } from '@jest/globals';
import request, { type Response } from 'supertest';

import { ERRORS } from '../../../../src/core/base/errors.ts';
import { keyOf, type Key } from '../../../../src/core/base/key.ts';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import type { UnknownOutcome, WriteRefusal } from '../../../../src/core/store/commands.ts';
import type { Unavailable } from '../../../../src/ports/data-operations.ts';
import { encodeSessionToken } from '../../../../src/protocol/http/session-token.ts';
import type { WriteCommand } from '../../../../src/core/store/commands.ts';
import { apiUnderTest } from './api-under-test.ts';

/** The revision and the session token of the first write to a fresh store. */
const TAG_1 = '"1-d1-1"';
const TAG_2 = '"2-d1-1"';
const SESSION_1 = 'AQAAAAAAAAEAAAAAAAABZDEtMQ';

const headersOf = (answer: Response, ...names: string[]): Record<string, string | undefined> => {
  const headers = answer.headers as Record<string, string | undefined>;
  return Object.fromEntries(names.map((name) => [name, headers[name.toLowerCase()]]));
};

const codeOf = (answer: Response): [number, unknown] => [answer.status, (answer.body as { code?: unknown }).code];

const conditionOf = (command: WriteCommand | undefined): unknown =>
  command !== undefined && 'condition' in command && command.condition;

describe('PUT /v1/keys/{key}', () => {
  test('creates with 201, replaces with 200, and says what it did', async () => {
    const { api, operations } = apiUnderTest();
    const created = await request(api).put('/v1/keys/app/theme').type('text/plain').send('dark');
    expect([created.status, created.text]).toEqual([201, '']);
    expect(
      headersOf(
        created,
        'ETag',
        'X-KV-Revision',
        'X-KV-Version',
        'X-KV-Session',
        'X-KV-Served-By',
        'X-KV-Acks',
        'X-Powered-By',
      ),
    ).toEqual({
      ETag: TAG_1,
      'X-KV-Revision': '1',
      'X-KV-Version': '1',
      'X-KV-Session': SESSION_1,
      'X-KV-Served-By': 'kv-1',
      'X-KV-Acks': '3/3',
      'X-Powered-By': undefined,
    });
    const replaced = await request(api).put('/v1/keys/app/theme').type('text/plain').send('light');
    expect([replaced.status, replaced.headers['etag'], replaced.headers['x-kv-version']]).toEqual([200, TAG_2, '2']);
    expect(operations.writes[0]).toEqual({
      command: {
        kind: 'put',
        key: 'app/theme',
        value: Buffer.from('dark'),
        contentType: 'text/plain',
        condition: { kind: 'none' },
        lifetime: { kind: 'unlimited' },
        idle: { kind: 'unlimited' },
      },
      idempotencyKey: null,
    });
  });

  test('a value may be empty, and may be any bytes', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/v1/keys/empty').expect(201);
    const empty = await request(api).get('/v1/keys/empty').expect(200);
    expect(headersOf(empty, 'Content-Length', 'Content-Type')).toEqual({
      'Content-Length': '0',
      'Content-Type': 'application/octet-stream',
    });
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await request(api).put('/v1/keys/bytes').type('application/x-any').send(bytes).expect(201);
    const answer = await request(api).get('/v1/keys/bytes').buffer(true).parse(asBuffer);
    expect(answer.body).toEqual(bytes);
    expect(answer.headers['content-type']).toBe('application/x-any');
  });

  test('If-Match and If-None-Match become conditions of the write', async () => {
    const { api, operations } = apiUnderTest();
    const conditionFor = async (headers: Record<string, string>): Promise<unknown> => {
      await request(api).put('/v1/keys/k').set(headers).send('v');
      return conditionOf(operations.writes.at(-1)?.command);
    };
    const tag = (revision: number): object => ({ lineageId: 'd1-1', revision });
    expect(await conditionFor({ 'If-Match': '*' })).toEqual({ kind: 'present' });
    expect(await conditionFor({ 'If-None-Match': '*' })).toEqual({ kind: 'absent' });
    expect(await conditionFor({ 'If-Match': `${TAG_1}, W/${TAG_2} ,"foreign"` })).toEqual({
      kind: 'match',
      tags: [tag(1)],
    });
    expect(await conditionFor({ 'If-None-Match': `${TAG_1}, W/${TAG_2}` })).toEqual({
      kind: 'noneMatch',
      tags: [tag(1), tag(2)],
    });
  });

  test('a condition that fails gets 412 with the tag that stands', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/v1/keys/k').send('v1');
    const exists = await request(api).put('/v1/keys/k').set('If-None-Match', '*').send('v2');
    expect(headersOf(exists, 'ETag', 'X-KV-Revision', 'X-KV-Version', 'Content-Type')).toEqual({
      ETag: TAG_1,
      'X-KV-Revision': '1',
      'X-KV-Version': '1',
      'Content-Type': 'application/problem+json',
    });
    expect([exists.status, exists.body]).toEqual([
      412,
      {
        type: 'urn:kvstore:error:revision-mismatch',
        title: 'Precondition failed',
        status: 412,
        detail: 'The key "k" was not written: its tag is "1-d1-1". Read the key again and decide anew.',
        code: 'revision-mismatch',
        retryable: false,
      },
    ]);
    await request(api).put('/v1/keys/k').set('If-Match', TAG_1).send('v2').expect(200);
    await request(api).put('/v1/keys/k').set('If-Match', TAG_1).send('v3').expect(412);
    const none = await request(api).delete('/v1/keys/none').set('If-Match', TAG_1);
    expect([none.status, none.headers['etag']]).toEqual([412, undefined]);
    expect((none.body as { detail: string }).detail).toContain('it has no value');
  });

  test.each([
    ['If-Match', 'x'],
    ['If-Match', '"a" "b"'],
    ['If-Match', '"unended'],
    ['If-None-Match', '*, "a"'],
    ['If-None-Match', ','],
    ['If-Unmodified-Since', 'Fri, 02 Jan 2026 03:04:05 GMT'],
    ['Content-Range', 'bytes 0-1/2'],
    ['Idempotency-Key', 'two, of them'],
    ['Idempotency-Key', 'x'.repeat(256)],
    ['X-KV-Session', 'AQMs'],
    ['X-KV-Session', '??'],
    ['X-KV-Session', `${SESSION_1}=`],
    ['Content-Type', `text/${'x'.repeat(256)}`],
  ])('the header %s: %s is refused by name', async (name, value) => {
    const { api, operations } = apiUnderTest();
    const answer = await request(api).put('/v1/keys/k').set(name, value).send('v');
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect((answer.body as { detail: string }).detail).toContain(name);
    expect(operations.writes).toEqual([]);
  });

  test('two kinds of condition at once are refused', async () => {
    const answer = await request(apiUnderTest().api)
      .put('/v1/keys/k')
      .set({ 'If-Match': TAG_1, 'If-None-Match': TAG_2 })
      .send('v');
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
  });

  test('an encoding that would be lost is refused', async () => {
    const { api } = apiUnderTest();
    const answer = await request(api).put('/v1/keys/k').set('Content-Encoding', 'gzip').send('v');
    expect(codeOf(answer)).toEqual([415, 'unsupported-encoding']);
    await request(api).put('/v1/keys/k').set('Content-Encoding', 'identity').send('v').expect(201);
  });

  test('a query parameter is refused by name', async () => {
    const { api } = apiUnderTest();
    const unknown = await request(api).put('/v1/keys/k?ttl=5').send('v');
    expect([unknown.status, unknown.body]).toEqual([
      400,
      {
        type: 'urn:kvstore:error:bad-request',
        title: 'Bad request',
        status: 400,
        detail:
          'The query parameter "ttl" is not known here; this route takes none. Correct the request; GET /v1 lists limits and features.',
        code: 'bad-request',
        retryable: false,
      },
    ]);
  });
});

describe('POST and DELETE /v1/keys/{key}', () => {
  test('POST creates only', async () => {
    const { api, operations } = apiUnderTest();
    await request(api).post('/v1/keys/k').send('v').expect(201);
    expect(conditionOf(operations.writes[0]?.command)).toEqual({ kind: 'absent' });
    const again = await request(api).post('/v1/keys/k').set('If-None-Match', '*').send('v');
    expect(codeOf(again)).toEqual([409, 'exists']);
    expect(again.headers['etag']).toBe(TAG_1);
    const matched = await request(api).post('/v1/keys/k').set('If-Match', TAG_1).send('v');
    expect(codeOf(matched)).toEqual([400, 'bad-request']);
  });

  test('DELETE answers 204, and 404 where there is nothing', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/v1/keys/k').send('v');
    const deleted = await request(api).delete('/v1/keys/k').set('If-Match', TAG_1);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(headersOf(deleted, 'X-KV-Revision', 'X-KV-Version', 'X-KV-Acks', 'ETag')).toEqual({
      'X-KV-Revision': '2',
      'X-KV-Version': '2',
      'X-KV-Acks': '3/3',
      ETag: undefined,
    });
    const again = await request(api).delete('/v1/keys/k');
    expect([again.status, again.body]).toEqual([
      404,
      {
        type: 'urn:kvstore:error:no-key',
        title: 'No such key',
        status: 404,
        detail: 'The key "k" has no value. Write it with PUT, or check its spelling.',
        code: 'no-key',
        retryable: false,
      },
    ]);
  });
});

describe('GET and HEAD /v1/keys/{key}', () => {
  test('give the raw value and all that is known of it', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/v1/keys/k').type('text/plain; charset=utf-8').send('grün');
    const names = [
      'Content-Type',
      'Content-Length',
      'ETag',
      'X-KV-Revision',
      'X-KV-Version',
      'X-KV-Session',
      'X-KV-Served-By',
      'X-KV-Consistency',
      'Last-Modified',
      'Cache-Control',
      'Vary',
      'X-Content-Type-Options',
      'Content-Security-Policy',
    ];
    const expected = {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': '5',
      ETag: TAG_1,
      'X-KV-Revision': '1',
      'X-KV-Version': '1',
      'X-KV-Session': SESSION_1,
      'X-KV-Served-By': 'kv-1',
      'X-KV-Consistency': 'in-sync',
      'Last-Modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
      'Cache-Control': 'no-cache',
      Vary: 'Accept',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': 'sandbox',
    };
    const got = await request(api).get('/v1/keys/k');
    expect([got.status, got.text, headersOf(got, ...names)]).toEqual([200, 'grün', expected]);
    const head = await request(api).head('/v1/keys/k');
    expect([head.status, head.text, headersOf(head, ...names)]).toEqual([200, undefined, expected]);
    const absent = await request(api).head('/v1/keys/none');
    expect([absent.status, absent.text]).toEqual([404, undefined]);
  });

  test('Accept: application/vnd.kv+json gives an object', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/v1/keys/k').type('text/plain').send('grün');
    await request(api).put('/v1/keys/b').send(Buffer.of(0xff)).unset('content-type');
    const json = async (path: string, accept: string): Promise<[unknown, string]> => {
      const answer = await request(api).get(path).set('Accept', accept).buffer(true).parse(asBuffer);
      return [answer.headers['content-type'], (answer.body as Buffer).toString()];
    };
    const object =
      '{"key":"k","value":"grün","revision":1,"version":1,"createRevision":1,"contentType":"text/plain","expiresAt":null,"idle":null,"etag":"\\"1-d1-1\\""}';
    expect(await json('/v1/keys/k', 'application/vnd.kv+json')).toEqual(['application/vnd.kv+json', object]);
    expect(await json('/v1/keys/k', 'text/html, application/vnd.kv+json;q=0.5')).toEqual([
      'application/vnd.kv+json',
      object,
    ]);
    expect(await json('/v1/keys/k', 'application/vnd.kv+json;q=0, */*')).toEqual(['text/plain', 'grün']);
    expect((await json('/v1/keys/b', 'application/vnd.kv+json'))[1]).toContain('"valueB64":"/w=="');
  });

  test('If-None-Match gives 304, weakly; If-Match 412, strongly', async () => {
    const { api } = apiUnderTest();
    await request(api).put('/v1/keys/k').send('v');
    const same = await request(api).get('/v1/keys/k').set('If-None-Match', `"x", W/${TAG_1}`);
    expect([same.status, same.text, same.headers['etag']]).toEqual([304, '', TAG_1]);
    await request(api).get('/v1/keys/k').set('If-None-Match', '*').expect(304);
    await request(api).get('/v1/keys/k').set('If-None-Match', TAG_2).expect(200);
    await request(api).get('/v1/keys/k').set('If-None-Match', '"1-d9-1"').expect(200);
    await request(api).get('/v1/keys/k').set('If-Match', TAG_1).expect(200);
    await request(api).get('/v1/keys/k').set('If-Match', `W/${TAG_1}`).expect(412);
    await request(api).get('/v1/keys/none').set('If-Match', '*').expect(404);
  });

  test('the read mode and the session token reach the store', async () => {
    const { api, operations } = apiUnderTest();
    await request(api).put('/v1/keys/k').send('v');
    const answer = await request(api).get('/v1/keys/k?consistency=session').set('X-KV-Session', SESSION_1);
    expect(answer.headers['x-kv-consistency']).toBe('session');
    expect(operations.reads).toEqual([
      { kind: 'key', key: 'k', mode: 'session', token: { lineage: { number: 1, id: 'd1-1' }, revision: 1 } },
    ]);
  });

  test.each([
    ['?consistency=strong', 'The query parameter consistency must be one of in-sync, linearizable, session, eventual'],
    ['?consistency=', 'The query parameter consistency must be one of'],
    ['?consistency=eventual&consistency=in-sync', 'the query parameter consistency is given twice'],
    ['?prefix=a', 'this route takes only version, revision, history, values, consistency.'],
    ['?__proto__=1', 'The query parameter "__proto__" is not known here'],
    ['?x=%ff', 'the query parameter x is not percent-encoded UTF-8'],
  ])('the query %s is refused', async (query, text) => {
    const answer = await request(apiUnderTest().api).get(`/v1/keys/k${query}`);
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect((answer.body as { detail: string }).detail).toContain(text);
  });

  test('a token of a replaced lineage is refused for good', async () => {
    const { api } = apiUnderTest();
    const token = encodeSessionToken({ lineage: { number: 1, id: 'd0-1' }, revision: logIndex(9) });
    const answer = await request(api).get('/v1/keys/k').set('X-KV-Session', token);
    expect([answer.status, answer.body]).toEqual([
      410,
      {
        type: 'urn:kvstore:error:replaced-lineage',
        title: 'Session token of a replaced history',
        status: 410,
        detail:
          'The history that the session token names was replaced by a new lineage: what the session has seen may be lost. Final. Drop the token, read again what matters, and go on with the token of the new answers.',
        code: 'replaced-lineage',
        retryable: false,
      },
    ]);
  });

  test('a replica that lags asks for patience', async () => {
    const { api } = apiUnderTest();
    const token = encodeSessionToken({ lineage: { number: 1, id: 'd1-1' }, revision: logIndex(9) });
    const answer = await request(api).get('/v1/keys/k').set('X-KV-Session', token);
    expect(codeOf(answer)).toEqual([503, 'replica-behind']);
    expect(answer.headers['retry-after']).toBe('1');
  });
});

describe('keys in paths', () => {
  test.each([
    ['a', 'a'],
    ['a/b//c/', 'a/b//c/'],
    ['/a', '/a'],
    ['a%2Fb', 'a/b'],
    ['%25', '%'],
    ['%252F', '%2F'],
    ['a+b%20c', 'a+b c'],
    ['gr%C3%BCn', 'grün'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['hasOwnProperty', 'hasOwnProperty'],
    ['...', '...'],
    ['.a/b.', '.a/b.'],
    ['%00', '\0'],
    ['%C3%BC'.repeat(512), 'ü'.repeat(512)],
  ])('%s is the key %j', async (path, text) => {
    const { api, operations } = apiUnderTest();
    await request(api).put(`/v1/keys/${path}`).send('v').expect(201);
    await request(api).get(`/v1/keys/${path}`).expect(200);
    expect([...operations.values.keys()]).toEqual([keyOf(text) as Key]);
  });

  test.each([
    ['', 'it is empty'],
    ['%', 'the percent sign at character 0 does not begin an escape such as %20'],
    ['a%2', 'the percent sign at character 1'],
    ['%zz', 'the percent sign at character 0'],
    ['%FF', 'its bytes are not UTF-8'],
    ['%C3', 'its bytes are not UTF-8'],
    ['%ED%A0%80', 'its bytes are not UTF-8'],
    ['x'.repeat(1025), 'it has 1025 bytes, and 1024 are allowed'],
    ['x'.repeat(5000), 'it has 5000 bytes, and 1024 are allowed'],
    ['a/%2E%2E%2Fb', 'the segment . or ..'],
  ])('%s is refused', async (path, text) => {
    const { api, operations } = apiUnderTest();
    const answer = await request(api).put(`/v1/keys/${path}`).send('v');
    expect(codeOf(answer)).toEqual([400, 'bad-key']);
    expect((answer.body as { detail: string }).detail).toContain(text);
    expect(operations.writes).toEqual([]);
  });
});

describe('Idempotency-Key', () => {
  test('the same request twice has one outcome', async () => {
    const { api, operations } = apiUnderTest();
    const send = (): request.Test => request(api).put('/v1/keys/k').set('Idempotency-Key', 'job-7').send('v');
    const first = await send();
    const second = await send();
    expect([first.status, second.status, second.headers['etag']]).toEqual([201, 201, TAG_1]);
    expect(operations.revision).toBe(1);
  });

  test('whatever makes the request another one is noticed', async () => {
    const { api, operations } = apiUnderTest();
    await request(api).put('/v1/keys/k').set('Idempotency-Key', 'job-7').type('text/plain').send('v');
    const others = [
      request(api).put('/v1/keys/k').set('Idempotency-Key', 'job-7').type('text/plain').send('w'),
      request(api).put('/v1/keys/k').set('Idempotency-Key', 'job-7').type('text/html').send('v'),
      request(api).put('/v1/keys/l').set('Idempotency-Key', 'job-7').type('text/plain').send('v'),
      request(api).post('/v1/keys/k').set('Idempotency-Key', 'job-7').type('text/plain').send('v'),
      request(api).put('/v1/keys/k').set({ 'Idempotency-Key': 'job-7', 'If-Match': '*' }).type('text/plain').send('v'),
      request(api).delete('/v1/keys/k').set('Idempotency-Key', 'job-7'),
    ];
    for (const answer of await Promise.all(others)) expect(codeOf(answer)).toEqual([422, 'idempotency-mismatch']);
    expect(operations.revision).toBe(1);
  });
});

describe('what the store cannot do', () => {
  const refusals: Record<WriteRefusal, number> = {
    'not-leader': 503,
    'unknown-session': 503,
    'session-full': 503,
    'idempotency-full': 503,
    'idempotency-mismatch': 422,
    'memory-full': 507,
    overloaded: 503,
  };

  test.each(Object.entries(refusals) as [WriteRefusal, number][])(
    'a write refused as %s gets %i',
    async (code, status) => {
      const { api, operations } = apiUnderTest();
      operations.nextWrite = { kind: 'refused', code, leaderHint: null };
      const answer = await request(api).put('/v1/keys/k').send('v');
      expect(codeOf(answer)).toEqual([status, code]);
      expect(answer.body).not.toHaveProperty('outcome');
      expect((answer.body as { detail: string }).detail).toContain(ERRORS[code].advice);
      expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
    },
  );

  const unknowns: Record<UnknownOutcome['code'], number> = {
    deposed: 503,
    'not-enough-in-sync': 503,
    'session-lost': 500,
  };

  test.each(Object.entries(unknowns) as [UnknownOutcome['code'], number][])(
    'a write whose outcome is unknown (%s) says so with %i',
    async (code, status) => {
      const { api, operations } = apiUnderTest();
      operations.nextWrite = { kind: 'unknown', code };
      const answer = await request(api).delete('/v1/keys/k');
      expect(codeOf(answer)).toEqual([status, code]);
      expect(answer.body).toMatchObject({ outcome: 'unknown' });
    },
  );

  const codes: readonly Unavailable['code'][] = [
    'no-leader',
    'not-enough-in-sync',
    'no-replica',
    'replica-behind',
    'overloaded',
    'stopping',
  ];

  test.each(codes)('nobody to ask (%s) gets 503 with Retry-After', async (code) => {
    const { api, operations } = apiUnderTest();
    operations.nextRead = { kind: 'unavailable', code, outcome: 'none', detail: 'none of three answered' };
    const answer = await request(api).get('/v1/keys/k');
    expect(codeOf(answer)).toEqual([503, code]);
    expect(answer.body).toMatchObject({ retryable: true, detail: `None of three answered. ${ERRORS[code].advice}` });
    expect(answer.headers['retry-after']).toBe('1');
    operations.nextWrite = { kind: 'unavailable', code, outcome: 'unknown', detail: 'none of three answered' };
    const write = await request(api).put('/v1/keys/k').send('v');
    expect(write.body).toMatchObject({ outcome: 'unknown', code });
  });

  test('a request is counted as refused by a limit where this process was full, and nowhere else', async () => {
    const { api, operations, metrics } = apiUnderTest();
    for (const code of codes) {
      operations.nextRead = { kind: 'unavailable', code, outcome: 'none', detail: 'none of three answered' };
      await request(api).get('/v1/keys/k').expect(503);
    }
    expect(metrics.limitsHit).toEqual(['overloaded']);
    operations.nextWrite = {
      kind: 'unavailable',
      code: 'overloaded',
      outcome: 'none',
      detail: '2 writes wait already',
    };
    await request(api).put('/put').send({ key: 'k', value: 'v' }).expect(503);
    expect(metrics.limitsHit).toEqual(['overloaded', 'overloaded']);
    // The leader's limit, which the leader counts.
    operations.nextWrite = { kind: 'refused', code: 'memory-full', leaderHint: null };
    await request(api).put('/v1/keys/k').send('v').expect(507);
    expect(metrics.limitsHit).toHaveLength(2);
  });

  test('a fault of ours is a 500 without its stack, and a log line with it', async () => {
    const { api, operations, log } = apiUnderTest();
    operations.read = () => Promise.reject(new Error('a secret of ours'));
    const answer = await request(api).get('/v1/keys/k');
    expect(codeOf(answer)).toEqual([500, 'internal']);
    expect(answer.text).not.toContain('secret');
    expect(log.errors).toEqual([
      {
        event: 'http-request-failed',
        fields: { method: 'GET', url: '/v1/keys/k', error: new Error('a secret of ours') },
      },
    ]);
  });
});

describe('other methods and routes under /v1', () => {
  test('OPTIONS lists the methods, others are refused with the list', async () => {
    const { api } = apiUnderTest();
    const options = await request(api).options('/v1/keys/k');
    expect([options.status, options.headers['allow']]).toEqual([204, 'GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS']);
    const trace = await request(api).trace('/v1/keys/k');
    expect(codeOf(trace)).toEqual([405, 'method-not-allowed']);
    expect(trace.headers['allow']).toBe('GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS');
  });

  test.each(['/v1/nope', '/v1/key', '/v1/Keys/k'])('%s is no route', async (path) => {
    expect(codeOf(await request(apiUnderTest().api).get(path))).toEqual([404, 'no-route']);
  });

  test('requests are counted by pattern, never by path', async () => {
    const { api, metrics } = apiUnderTest();
    await request(api).put('/v1/keys/a').send('v');
    await request(api).get('/v1/keys/b');
    await request(api).get('/nope');
    await request(api).trace('/v1/keys/c');
    await request(api).get('/get/c');
    expect(metrics.answered).toEqual([
      'PUT /v1/keys/{key} 201',
      'GET /v1/keys/{key} 404',
      'none 404',
      'other /v1/keys/{key} 405',
      'GET /get/{key} 404',
    ]);
  });
});

function asBuffer(response: Response, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  // What supertest hands to a parser is Node's message, whatever its types say.
  const message = response as unknown as NodeJS.ReadableStream;
  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  message.on('end', () => done(null, Buffer.concat(chunks)));
}
