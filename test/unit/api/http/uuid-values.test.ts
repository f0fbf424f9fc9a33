import { describe, expect, test } from '@jest/globals';
import request from 'supertest';

import { keyOf, type Key } from '../../../../src/core/base/key.ts';
import { logIndex, version, wallMs } from '../../../../src/core/base/numbers.ts';
import { apiUnderTest } from './api-under-test.ts';

const UUID = '72cf48f7-d604-4423-b012-4e2329f5117b' as Key;
const stored = (value: string | Uint8Array) => ({
  value: Buffer.from(value as string),
  contentType: null,
  revision: logIndex(1),
  version: version(1),
  createRevision: logIndex(1),
  modifiedMs: wallMs(0),
  expiresAtMs: null,
  idleMs: null,
});

describe('GET /get_value/{key}', () => {
  test.each([
    ['in its canonical form', UUID],
    ['in upper case', UUID.toUpperCase()],
    ['without dashes', UUID.replaceAll('-', '')],
  ])('gives the value in the data file of a UUID %s', async (_how, asked) => {
    const { api, operations } = apiUnderTest();
    operations.dataset.set(UUID, 'zsda pl focnygogk "größer"');
    const answer = await request(api).get(`/get_value/${asked}`);
    expect([answer.status, answer.headers['content-type'], answer.headers['x-server-used'], answer.text]).toEqual([
      200,
      'application/json',
      'kv-1',
      '{"key":"72cf48f7-d604-4423-b012-4e2329f5117b","value":"zsda pl focnygogk \\"größer\\""}',
    ]);
    expect(operations.reads).toEqual([]);
  });

  test('gives the value in the store where the data file has none', async () => {
    const { api, operations } = apiUnderTest();
    operations.values.set(UUID, stored('from the store'));
    const answer = await request(api).get(`/get_value/${UUID.toUpperCase()}`);
    expect([answer.status, answer.body]).toEqual([200, { key: UUID, value: 'from the store' }]);
    operations.dataset.set(UUID, 'from the file');
    expect((await request(api).get(`/get_value/${UUID}`)).body).toEqual({ key: UUID, value: 'from the file' });
  });

  test.each(['3479d894-3271-4935-88cf-a06f3cbb80a6', UUID])('knows no value of %s, or an empty one', async (asked) => {
    const { api, operations } = apiUnderTest();
    operations.values.set(UUID, stored(''));
    const answer = await request(api).get(`/get_value/${asked}`);
    expect([answer.status, answer.text]).toEqual([404, '{"detail":"Key not found"}']);
  });

  test.each([
    ['a word', 'abc', 'uuid_parsing', 'abc'],
    ['a digit too few', UUID.slice(1), 'uuid_parsing', UUID.slice(1)],
    ['one dash too few', UUID.replace('-', ''), 'uuid_parsing', UUID.replace('-', '')],
    ['another version', UUID.replace('-4', '-1'), 'uuid_version', UUID.replace('-4', '-1')],
    ['what is not UTF-8', '%FF', 'string_unicode', '%FF'],
  ])('refuses %s as FastAPI does', async (_what, asked, type, input) => {
    const { api, operations } = apiUnderTest();
    const answer = await request(api).get(`/get_value/${asked}`);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ detail: [{ type, loc: ['path', 'key'], input }] });
    expect(operations.reads).toEqual([]);
  });

  test('has no answer without a key, nor to another method', async () => {
    const { api } = apiUnderTest();
    const missing = await request(api).get('/get_value/');
    expect([missing.status, missing.text]).toEqual([404, '{"detail":"Not Found"}']);
    const put = await request(api).put(`/get_value/${UUID}`);
    expect([put.status, put.text]).toEqual([405, '{"detail":"Method Not Allowed"}']);
  });

  test('says so where no data file is loaded, and asks no store: it might answer otherwise', async () => {
    const { api, operations } = apiUnderTest();
    operations.values.set(UUID, stored('from the store'));
    const detail = 'no replica that answered had loaded its data file within 3000 ms';
    operations.nextLookup = { kind: 'unavailable', code: 'data-file-loading', outcome: 'none', detail };
    const answer = await request(api).get(`/get_value/${UUID}`);
    expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
      503,
      '1',
      {
        detail:
          'No replica that answered had loaded its data file within 3000 ms. Try again; /readyz of each replica says how far it is.',
      },
    ]);
    expect(operations.reads).toEqual([]);
  });

  test('says so where the store cannot be read, or the value is no text', async () => {
    const { api, operations } = apiUnderTest();
    operations.nextRead = { kind: 'declined', code: 'not-in-sync' };
    expect((await request(api).get(`/get_value/${UUID}`)).status).toBe(503);
    const key = keyOf(UUID);
    if (key === null) throw new Error('no key');
    operations.values.set(key, stored(Uint8Array.of(0xff)));
    expect((await request(api).get(`/get_value/${UUID}`)).status).toBe(406);
  });
});
