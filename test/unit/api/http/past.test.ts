import { describe, expect, test } from '@jest/globals';
import request, { type Response } from 'supertest';

import { apiUnderTest } from './api-under-test.ts';

const codeOf = ({ status, body }: Response): unknown => [status, (body as { code?: string }).code];

/** Four versions of k, of which three are kept. */
async function withVersions() {
  const { api, operations } = apiUnderTest();
  for (const value of ['a', 'b', 'c', 'd']) await request(api).put('/v1/keys/k').type('text/plain').send(value);
  return { api, operations, get: (query: string) => request(api).get(`/v1/keys/k?${query}`) };
}

describe('GET /v1/keys/{key} of an older version', () => {
  test('answers as it was answered then: its value, its type, its tag, its revision and its version', async () => {
    const { get } = await withVersions();
    const answer = await get('version=2');
    expect([answer.status, answer.text]).toEqual([200, 'b']);
    expect(answer.headers).toMatchObject({
      etag: '"2-d1-1"',
      'x-kv-revision': '2',
      'x-kv-version': '2',
      'content-type': 'text/plain',
      'x-kv-session': expect.any(String),
      'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
    });
    const tag = String(answer.headers['etag']);
    expect((await get('version=2').set('If-None-Match', tag)).status).toBe(304);
    expect((await get('version=3').set('If-None-Match', tag)).text).toBe('c');
    const envelope = await get('version=2').set('Accept', 'application/vnd.kv+json');
    expect(envelope.body).toMatchObject({ key: 'k', value: 'b', version: 2, revision: 2, createRevision: 1 });
  });

  test('is asked for by its version or by a revision at which it stood', async () => {
    const { api, operations, get } = await withVersions();
    await request(api).put('/v1/keys/other').send('x');
    expect((await get('revision=3')).text).toBe('c');
    expect((await get('revision=5')).text).toBe('d');
    expect(operations.reads).toEqual([
      { kind: 'past', key: 'k', at: { kind: 'revision', revision: 3 }, mode: 'in-sync', token: null },
      { kind: 'past', key: 'k', at: { kind: 'revision', revision: 5 }, mode: 'in-sync', token: null },
    ]);
  });

  test.each([
    ['version=1', 410, 'compacted', 'The key "k": version 1 is not known any more.'],
    ['version=5', 404, 'no-version', 'The key "k" has had no version 5.'],
    ['revision=1', 410, 'compacted', 'The key "k": what it was at revision 1 is not known any more.'],
    ['revision=9', 404, 'no-version', 'Revision 9 is yet to come.'],
  ])('%s: %d %s', async (query, status, code, detail) => {
    const answer = await (await withVersions()).get(query);
    expect(codeOf(answer)).toEqual([status, code]);
    expect((answer.body as { detail: string }).detail).toContain(detail);
    expect(answer.headers['x-kv-session']).toEqual(expect.any(String));
  });

  test('a delete ends them, and the numbers go on', async () => {
    const { api, get } = await withVersions();
    await request(api).delete('/v1/keys/k');
    expect(codeOf(await get('version=4'))).toEqual([410, 'compacted']);
    expect(codeOf(await get('version=6'))).toEqual([404, 'no-version']);
    expect(codeOf(await get('history=true'))).toEqual([404, 'no-key']);
    await request(api).put('/v1/keys/k').send('e');
    expect((await get('version=6')).text).toBe('e');
    expect(codeOf(await get('version=5'))).toEqual([410, 'compacted']);
  });

  test.each([
    ['version=0', 'The query parameter version must be a whole number from 1'],
    ['version=1.5', 'The query parameter version must be'],
    ['version=1000000000000000', 'The query parameter version must be'],
    ['revision=-1', 'The query parameter revision must be a whole number from 1'],
    ['history=1', 'The query parameter history must be true or false'],
    ['version=1&revision=2', 'ask for different things: send one of them'],
    ['version=1&history=true', 'ask for different things: send one of them'],
    ['values=true', 'goes with history=true'],
    ['version=1&values=true', 'goes with history=true'],
  ])('%s is refused', async (query, detail) => {
    const answer = await (await withVersions()).get(query);
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect((answer.body as { detail: string }).detail).toContain(detail);
  });
});

describe('GET /v1/keys/{key}?history=true', () => {
  test('lists what is kept, the newest first', async () => {
    const answer = await (await withVersions()).get('history=true');
    const of = (version: number) => ({
      revision: version,
      version,
      createRevision: 1,
      contentType: 'text/plain',
      expiresAt: null,
      idle: null,
      etag: `"${version}-d1-1"`,
      modifiedAt: '2026-01-02T03:04:05.678Z',
      size: 1,
    });
    expect([answer.status, answer.body]).toEqual([200, { revision: 4, versions: [of(4), of(3), of(2)] }]);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-kv-session': expect.any(String) });
  });

  test('with their values on demand, in base64 where they are no text', async () => {
    const { api, get } = await withVersions();
    await request(api).put('/v1/keys/k').type('application/octet-stream').send(Buffer.of(0xff));
    const answer = await get('history=true&values=true');
    const values = (answer.body as { versions: { value?: string; valueB64?: string }[] }).versions;
    expect(values.map(({ value, valueB64 }) => [value, valueB64])).toEqual([
      [undefined, '/w=='],
      ['d', undefined],
      ['c', undefined],
    ]);
  });

  test('of a key without a value is 404', async () => {
    expect(codeOf(await request(apiUnderTest().api).get('/v1/keys/none?history=true'))).toEqual([404, 'no-key']);
  });

  test('HEAD says as much, without the list', async () => {
    const { api } = await withVersions();
    const answer = await request(api).head('/v1/keys/k?history=true');
    expect([answer.status, answer.text]).toEqual([200, undefined]);
  });
});
