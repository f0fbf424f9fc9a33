import { describe, expect, test } from '@jest/globals';
import request, { type Response } from 'supertest';

import { keyOf, keyOfBytes, type Key } from '../../../../src/core/base/key.ts';
import { logIndex } from '../../../../src/core/base/numbers.ts';
import { PAGE_BYTES_MAX } from '../../../../src/core/store/listing.ts';
import { encodeCursor } from '../../../../src/protocol/http/cursor.ts';
import { encodeSessionToken } from '../../../../src/protocol/http/session-token.ts';
import { apiUnderTest } from './api-under-test.ts';

interface Page {
  readonly keys: readonly { readonly key?: string; readonly keyB64?: string; readonly value?: string }[];
  readonly folders: readonly object[];
  readonly revision: number;
  readonly oneRevision: boolean;
  readonly watchFrom: string;
  readonly cursor?: string;
}

const codeOf = ({ status, body }: Response): unknown => [status, (body as { code?: string }).code];
const pageOf = ({ status, body }: Response): Page => {
  expect(status).toBe(200);
  return body as Page;
};
const namesOf = ({ keys }: Page): unknown[] => keys.map(({ key, keyB64 }) => key ?? { keyB64 });

/** The keys are written one after the other, each at a revision of its own, with its number as its value. */
async function lists(...names: readonly (string | Key)[]) {
  const under = apiUnderTest();
  const { operations } = under;
  for (const [at, name] of names.entries()) {
    const value = new TextEncoder().encode(String(at));
    const [condition, lifetime] = [{ kind: 'none' }, { kind: 'unlimited' }] as const;
    const key = name as Key;
    await operations.write(
      { kind: 'put', key, value, contentType: 'text/plain', condition, lifetime, idle: lifetime },
      { idempotencyKey: null },
    );
  }
  return {
    ...under,
    get: (query = '', headers: Record<string, string> = {}) => request(under.api).get(`/v1/keys${query}`).set(headers),
  };
}

const token = (revision: number, lineage = { number: 1, id: 'd1-1' }): string =>
  encodeSessionToken({ lineage, revision: logIndex(revision) });

describe('GET /v1/keys', () => {
  test('all keys in the order of their bytes, with what is known of them but their values', async () => {
    const { get } = await lists('b', 'a/2', 'a/10');
    const answer = await get();
    expect(answer.body).toEqual({
      keys: [
        {
          key: 'a/10',
          revision: 3,
          version: 1,
          createRevision: 3,
          contentType: 'text/plain',
          expiresAt: null,
          idle: null,
          etag: '"3-d1-1"',
        },
        expect.objectContaining({ key: 'a/2', revision: 2 }),
        expect.objectContaining({ key: 'b', revision: 1 }),
      ],
      folders: [],
      revision: 3,
      oneRevision: true,
      watchFrom: 'AQAAAAAAAAEAAAAAAAADZDEtMQ',
    });
    expect(answer.headers).toMatchObject({
      'x-kv-session': token(3),
      'x-kv-served-by': 'kv-1',
      'x-kv-consistency': 'in-sync',
      'cache-control': 'no-store',
    });
  });

  test('only those under the prefix, percent-decoded once', async () => {
    const { get } = await lists('a', 'a/1', 'a b', 'ä/1', 'a%2F', 'b');
    const under = async (prefix: string) => namesOf(pageOf(await get(`?prefix=${prefix}`)));
    expect(await under('a')).toEqual(['a', 'a b', 'a%2F', 'a/1']);
    expect(await under('a%2F')).toEqual(['a/1']);
    expect(await under('a%252F')).toEqual(['a%2F']);
    expect(await under('a%20')).toEqual(['a b']);
    expect(await under('nobody')).toEqual([]);
    expect(await under('')).toHaveLength(6);
  });

  test('an empty store has an empty page', async () => {
    const { get } = await lists();
    expect(pageOf(await get())).toMatchObject({ keys: [], folders: [], revision: 0, oneRevision: true });
  });

  test('with values=true as JSON has them: text, or base64', async () => {
    const { get, operations } = await lists('text', 'bytes');
    const stored = operations.values.get('bytes' as Key);
    if (stored === undefined) throw new Error('it was just written');
    operations.values.set('bytes' as Key, { ...stored, value: Uint8Array.of(0xff) });
    const { keys } = pageOf(await get('?values=true'));
    expect(keys).toEqual([
      expect.objectContaining({ key: 'bytes', valueB64: '/w==' }),
      expect.objectContaining({ key: 'text', value: '0' }),
    ]);
    for (const { value } of pageOf(await get('?values=false')).keys) expect(value).toBeUndefined();
  });

  test('names like __proto__, keys with dot segments, and keys that are no text', async () => {
    const binary = keyOfBytes(Uint8Array.of(0x61, 0xff)) as Key;
    const { get } = await lists('__proto__', 'a/../b', '.', '..', binary, keyOf('ü') as Key);
    expect(namesOf(pageOf(await get()))).toEqual([
      '.',
      '..',
      '__proto__',
      'a/../b',
      { keyB64: Buffer.of(0x61, 0xff).toString('base64') },
      'ü',
    ]);
    expect(namesOf(pageOf(await get('?prefix=__proto__')))).toEqual(['__proto__']);
    expect(namesOf(pageOf(await get('?prefix=.')))).toEqual(['.', '..']);
  });

  test('folders: what goes on behind a delimiter is folded, once each', async () => {
    const binary = keyOfBytes(Uint8Array.of(0xff, 0x2f, 0x31)) as Key;
    const { get } = await lists('app/a', 'app/x/1', 'app/x/2', 'app', 'b/1', binary);
    const root = pageOf(await get('?delimiter=/'));
    expect([namesOf(root), root.folders]).toEqual([
      ['app'],
      [{ prefix: 'app/' }, { prefix: 'b/' }, { prefixB64: '/y8=' }],
    ]);
    const app = pageOf(await get('?prefix=app/&delimiter=%2F'));
    expect([namesOf(app), app.folders]).toEqual([['app/a'], [{ prefix: 'app/x/' }]]);
  });

  test('what is due is not there', async () => {
    const { api, get, operations } = await lists('stays');
    await request(api).put('/v1/keys/goes').set('X-KV-TTL', '1').send('v').expect(201);
    expect(namesOf(pageOf(await get()))).toEqual(['goes', 'stays']);
    operations.timeMs = (operations.timeMs + 1000) as never;
    expect(namesOf(pageOf(await get()))).toEqual(['stays']);
  });

  test('HEAD says what GET would, without the page; OPTIONS lists the methods, others are refused', async () => {
    const { api, get, metrics } = await lists('a');
    const head = await request(api).head('/v1/keys?limit=1');
    const length = (await get('?limit=1')).headers['content-length'];
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, undefined, length]);
    const options = await request(api).options('/v1/keys');
    expect([options.status, options.headers['allow']]).toEqual([204, 'GET, HEAD, DELETE, OPTIONS']);
    for (const method of ['put', 'post', 'patch'] as const) {
      const refused = await request(api)[method]('/v1/keys');
      expect([codeOf(refused), refused.headers['allow']]).toEqual([
        [405, 'method-not-allowed'],
        'GET, HEAD, DELETE, OPTIONS',
      ]);
    }
    expect(metrics.answered).toContain('GET /v1/keys 200');
  });

  test.each([
    ['limit=0', /limit must be a number from 1 to 1000/],
    ['limit=1001', /limit must/],
    ['limit=-1', /limit must/],
    ['limit=1e2', /limit must/],
    ['limit=', /limit must/],
    ['limit=1&limit=2', /limit is given twice/],
    ['delimiter=', /delimiter must/],
    ['delimiter=aaaaaaaaaaaaaaaaa', /delimiter must/],
    ['values=yes', /values must be true or false/],
    ['consistency=strong', /consistency must/],
    ['cursor=', /cursor must/],
    ['cursor=abc', /cursor must/],
    [`prefix=${'k'.repeat(1025)}`, /prefix must/],
    [`prefix=${'%C3%BC'.repeat(600)}`, /no text, or longer than a key/],
    ['prefix=%ff', /not percent-encoded UTF-8/],
    ['start=a', /only prefix, delimiter, limit, values, cursor, consistency/],
  ])('%s is refused, and nothing is read', async (query, detail) => {
    const { get, operations } = await lists('a');
    const answer = await get(`?${query}`);
    expect(codeOf(answer)).toEqual([400, 'bad-request']);
    expect((answer.body as { detail: string }).detail).toMatch(detail);
    expect(operations.reads).toEqual([]);
  });

  test('a read that cannot be answered is an answer for the page', async () => {
    const { get, operations } = await lists('a');
    expect(codeOf(await get('', { 'X-KV-Session': token(99) }))).toEqual([503, 'replica-behind']);
    operations.nextRead = { kind: 'declined', code: 'not-in-sync' };
    expect(codeOf(await get('?consistency=linearizable'))).toEqual([503, 'not-in-sync']);
    operations.nextRead = {
      kind: 'unavailable',
      code: 'no-replica',
      outcome: 'none',
      detail: 'no replica answered within 3000 ms',
    };
    expect(codeOf(await get())).toEqual([503, 'no-replica']);
  });

  test('mode and token go with it', async () => {
    const { get, operations } = await lists('a', 'b');
    const answer = await get('?consistency=session', { 'X-KV-Session': token(2) });
    expect(answer.headers['x-kv-consistency']).toBe('session');
    expect(operations.reads).toMatchObject([{ kind: 'list', mode: 'session', token: { revision: 2 } }]);
  });
});

describe('pages', () => {
  test('together have all keys in order, with folders; the last one has no cursor', async () => {
    const { get } = await lists('a', 'b/1', 'b/2', 'c', 'd/1', 'e');
    const seen: unknown[] = [];
    for (let cursor = ''; ;) {
      const page = pageOf(await get(`?delimiter=/&limit=2${cursor}`));
      seen.push([namesOf(page), page.folders]);
      if (page.cursor === undefined) break;
      cursor = `&cursor=${page.cursor}`;
    }
    expect(seen).toEqual([
      [['a'], [{ prefix: 'b/' }]],
      [['c'], [{ prefix: 'd/' }]],
      [['e'], []],
    ]);
  });

  test('say whether all of them so far have shown one revision, and from where a watch tells the rest', async () => {
    const { api, get } = await lists('a', 'b', 'c', 'd');
    const first = pageOf(await get('?limit=1'));
    const second = pageOf(await get(`?limit=1&cursor=${first.cursor}`));
    await request(api).put('/v1/keys/aa').send('new').expect(201);
    const third = pageOf(await get(`?limit=1&cursor=${second.cursor}`));
    const fourth = pageOf(await get(`?limit=1&cursor=${third.cursor}`));
    expect([first, second, third, fourth].map((page) => [page.revision, page.oneRevision])).toEqual([
      [4, true],
      [4, true],
      [5, false],
      [5, false],
    ]);
    expect(new Set([first, second, third, fourth].map(({ watchFrom }) => watchFrom))).toEqual(new Set([token(4)]));
    expect([first, second, third, fourth].flatMap(namesOf)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('are never older than the first, nor than the session', async () => {
    const { get, operations } = await lists('a', 'b', 'c');
    const { cursor } = pageOf(await get('?limit=1'));
    await get(`?limit=1&cursor=${cursor}&consistency=eventual`);
    await get(`?limit=1&cursor=${cursor}`, { 'X-KV-Session': token(2) });
    await get(`?limit=1&cursor=${cursor}`, { 'X-KV-Session': token(4) });
    expect(operations.reads.slice(1).map((read) => read.token?.revision)).toEqual([3, 3, 4]);
    operations.revision = logIndex(2);
    expect(codeOf(await get(`?limit=1&cursor=${cursor}&consistency=eventual`))).toEqual([503, 'replica-behind']);
  });

  test('do not go on in another history, whichever of cursor and session names the older one', async () => {
    const { get, operations } = await lists('a', 'b');
    const { cursor } = pageOf(await get('?limit=1'));
    operations.lineage = { number: 2, id: 'd2-1' };
    const answers = [
      await get(`?limit=1&cursor=${cursor}`),
      await get(`?limit=1&cursor=${cursor}`, { 'X-KV-Session': token(1, operations.lineage) }),
    ];
    const [later = ''] = [pageOf(await get('?limit=1')).cursor];
    answers.push(await get(`?limit=1&cursor=${later}`, { 'X-KV-Session': token(1) }));
    expect(answers.map(codeOf)).toEqual(answers.map(() => [410, 'replaced-lineage']));
    for (const { body } of answers) expect((body as { detail: string }).detail).toContain('without the cursor');
  });

  test('a cursor of another prefix, or of folders that are none here, is refused', async () => {
    const { get, operations } = await lists('a/1', 'a/2', 'b');
    const first = { lineage: operations.lineage, revision: operations.revision };
    const cursorAt = (key: string, isFolder: boolean) =>
      encodeCursor({ after: { key: key as Key, isFolder }, first, isOneRevision: true });
    for (const query of [
      `prefix=b&cursor=${cursorAt('a/1', false)}`,
      `cursor=${cursorAt('a/', true)}`,
      `delimiter=2&cursor=${cursorAt('a/', true)}`,
      `cursor=${cursorAt('a/1', false).replace('.', '._')}`,
    ]) {
      const answer = await get(`?${query}`);
      expect(codeOf(answer)).toEqual([400, 'bad-request']);
      expect((answer.body as { detail: string }).detail).toMatch(/^The cursor is not one/);
    }
    expect(operations.reads).toEqual([]);
    expect(namesOf(pageOf(await get(`?delimiter=/&cursor=${cursorAt('a/', true)}`)))).toEqual(['b']);
  });

  test('with large values end early, and go on', async () => {
    const { get, operations } = await lists('a', 'b', 'c');
    for (const [key, stored] of operations.values)
      operations.values.set(key, { ...stored, value: new Uint8Array(PAGE_BYTES_MAX / 2).fill(0x78) });
    const first = pageOf(await get('?values=true'));
    expect([namesOf(first), first.cursor !== undefined]).toEqual([['a'], true]);
    const second = pageOf(await get(`?values=true&cursor=${first.cursor}`));
    expect(namesOf(second)).toEqual(['b']);
    expect(namesOf(pageOf(await get()))).toEqual(['a', 'b', 'c']);
  });
});
