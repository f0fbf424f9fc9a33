import { describe, expect, test } from '@jest/globals';
import request, { type Response } from 'supertest';

import { apiUnderTest } from './api-under-test.ts';

const codeOf = ({ status, body }: Response): unknown => [status, (body as { code?: string }).code];

async function keys(...names: readonly string[]) {
  const under = apiUnderTest();
  const { api, operations } = under;
  for (const name of names) await request(api).put(`/v1/keys/${name}`).send('v').expect(201);
  operations.writes.length = 0;
  return {
    ...under,
    left: () => [...operations.values.keys()].sort(),
    clear: (query: string, headers: Record<string, string> = {}) =>
      request(api).delete(`/v1/keys${query}`).set(headers),
  };
}

describe('DELETE /v1/keys?prefix=', () => {
  test('deletes all of them, if they are as many as expect says, at one revision', async () => {
    const { clear, left } = await keys('a/1', 'a/2', 'b');
    const answer = await clear('?prefix=a/&expect=2');
    expect([answer.status, answer.body]).toEqual([200, { deleted: 2, revision: 4 }]);
    expect(answer.headers).toMatchObject({
      'x-kv-revision': '4',
      'x-kv-acks': '3/3',
      'x-kv-served-by': 'kv-1',
      'x-kv-session': 'AQAAAAAAAAEAAAAAAAAEZDEtMQ',
    });
    expect(left()).toEqual(['b']);
    expect((await clear('?prefix=a/&expect=0')).body).toEqual({ deleted: 0, revision: 5 });
  });

  test('else none, and says how many there are', async () => {
    const { clear, left } = await keys('a/1', 'a/2', 'b');
    const answer = await clear('?prefix=a/&expect=1');
    expect(codeOf(answer)).toEqual([412, 'count-mismatch']);
    expect(answer.body).toMatchObject({
      count: 2,
      retryable: false,
      detail: expect.stringMatching(/^2 keys are under the prefix, and 1 were expected; none was deleted\./) as unknown,
    });
    expect(left()).toHaveLength(3);
  });

  test('dryRun=true counts them; with expect it answers as the deletion would', async () => {
    const { clear, left } = await keys('a/1', 'a/2', 'b');
    expect((await clear('?prefix=a/&dryRun=true')).body).toEqual({ count: 2, revision: 4 });
    expect((await clear('?prefix=a/&dryRun=true&expect=2')).body).toEqual({ count: 2, revision: 5 });
    expect(codeOf(await clear('?prefix=a/&dryRun=true&expect=3'))).toEqual([412, 'count-mismatch']);
    expect(left()).toHaveLength(3);
    expect((await clear('?prefix=a/&dryRun=false&expect=2')).body).toEqual({ deleted: 2, revision: 7 });
  });

  test('every key there is only by all=true', async () => {
    const { clear, left } = await keys('a', '__proto__', 'c');
    expect((await clear('?all=true&dryRun=true')).body).toMatchObject({ count: 3 });
    expect((await clear('?all=true&expect=3')).body).toMatchObject({ deleted: 3 });
    expect(left()).toEqual([]);
  });

  test('is repeated safely under an Idempotency-Key, which is for this deletion only', async () => {
    const { api, clear, left } = await keys('a/1', 'a/2', 'b/1');
    const once = { 'Idempotency-Key': 'once' };
    const first = await clear('?prefix=a/&expect=2', once);
    await request(api).put('/v1/keys/a/3').send('new').expect(201);
    expect((await clear('?prefix=a/&expect=2', once)).body).toEqual(first.body);
    expect(left()).toEqual(['a/3', 'b/1']);
    for (const query of ['?prefix=b/&expect=2', '?prefix=a/&expect=1', '?prefix=a/&dryRun=true'])
      expect(codeOf(await clear(query, once))).toEqual([422, 'idempotency-mismatch']);
  });

  test('more than one entry takes is refused, with what to do', async () => {
    const { clear, metrics, operations } = await keys('a');
    const tooMany = await clear('?prefix=a&expect=10001');
    expect(codeOf(tooMany)).toEqual([413, 'too-many-keys']);
    expect((tooMany.body as { detail: string }).detail).toContain('expect is 10001, and one request deletes 10000');
    expect(operations.writes).toEqual([]);
    operations.nextWrite = {
      kind: 'committed',
      decided: { kind: 'tooMany' },
      revision: operations.revision,
      lineage: operations.lineage,
      acks: 3,
      members: 3,
    };
    const answer = await clear('?prefix=a&dryRun=true');
    expect(codeOf(answer)).toEqual([413, 'too-many-keys']);
    expect((answer.body as { detail: string }).detail).toContain('under longer prefixes');
    expect(metrics.limitsHit).toEqual(['too-many-keys', 'too-many-keys']);
  });

  test('a write that cannot be done is an answer for the whole', async () => {
    const { clear, operations } = await keys('a');
    operations.nextWrite = { kind: 'unknown', code: 'not-enough-in-sync' };
    const answer = await clear('?prefix=a&expect=1');
    expect([codeOf(answer), (answer.body as { outcome: string }).outcome]).toEqual([
      [503, 'not-enough-in-sync'],
      'unknown',
    ]);
  });

  test.each<[string, RegExp, Record<string, string>?]>([
    ['', /give the prefix, or all=true/],
    ['?expect=1', /give the prefix, or all=true/],
    ['?prefix=&expect=1', /give the prefix, or all=true/],
    ['?all=false&expect=1', /give the prefix, or all=true/],
    ['?prefix=a&all=true&expect=1', /give the prefix, or all=true/],
    ['?prefix=a', /expect how many keys.*dryRun=true counts them/],
    ['?prefix=a&expect=', /expect must be how many/],
    ['?prefix=a&expect=-1', /expect must be how many/],
    ['?prefix=a&expect=01', /expect must be how many/],
    ['?prefix=a&expect=1&expect=2', /given twice/],
    ['?prefix=a&dryRun=1', /dryRun must be true or false/],
    ['?prefix=a&expect=1&limit=5', /only prefix, all, expect, dryRun/],
    [`?expect=1&prefix=${'%C3%BC'.repeat(600)}`, /no text, or longer than a key/],
    ['?prefix=a&expect=1', /If-Match must be left out: expect guards/, { 'If-Match': '*' }],
    ['?prefix=a&expect=1', /If-None-Match must be left out/, { 'If-None-Match': '"1"' }],
    ['?prefix=a&expect=1', /If-Unmodified-Since/, { 'If-Unmodified-Since': 'Fri, 02 Jan 2026 03:04:05 GMT' }],
    ['?prefix=a&expect=1', /Idempotency-Key must/, { 'Idempotency-Key': 'a b' }],
  ])('%p is refused, and nothing is done (%p)', async (query, detail, headers = {}) => {
    const { clear, operations } = await keys('a');
    const answer = await clear(query, headers);
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect((answer.body as { detail: string }).detail).toMatch(detail);
    expect(operations.writes).toEqual([]);
  });
});
