import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { envelope, FakeStore, json, noKey, reply, silence, type Reply } from '../client/fake-store.ts';
import { kv } from './kv.ts';

let folder: string;
let stores: FakeStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kv-frame-'));
});

afterEach(async () => {
  await Promise.all(stores.map((store) => store.end()));
  stores = [];
  rmSync(folder, { recursive: true, force: true });
});

async function storeWith(...replies: Reply[]): Promise<FakeStore> {
  const store = await FakeStore.start(...replies);
  stores.push(store);
  return store;
}

const refusal = (status: number, code: string, detail: string): Reply =>
  reply(status, { 'Content-Type': 'application/problem+json' }, JSON.stringify({ code, detail }));

const NOBODY = 'http://127.0.0.1:9';

describe('where the store is', () => {
  test('a flag counts more than a variable, and several addresses are tried in turn', async () => {
    const store = await storeWith(noKey);
    expect(await kv(['get', 'k', '--url', NOBODY, '--url', store.url], { env: { KV_URL: NOBODY } })).toMatchObject({
      exitCode: 3,
    });
    expect(await kv(['get', 'k'], { env: { KV_URL: `${NOBODY}, ${store.url}` } })).toMatchObject({ exitCode: 3 });
  });

  test('KV_TOKEN is sent, and KV_CONSISTENCY asked for', async () => {
    const store = await storeWith(noKey);
    await kv(['get', 'k'], { env: { KV_URL: store.url, KV_TOKEN: 't0', KV_CONSISTENCY: 'eventual' } });
    expect(store.last).toMatchObject({
      target: '/v1/keys/k?consistency=eventual',
      headers: { authorization: 'Bearer t0' },
    });
  });

  test.each([
    [{ KV_URL: 'kvstore:8001' }, 'KV_URL is kvstore:8001: it is http://HOST:PORT'],
    [{ KV_CONSISTENCY: 'strict' }, 'KV_CONSISTENCY is strict; it is one of in-sync, linearizable'],
    [{ KV_OUTPUT: 'xml' }, 'KV_OUTPUT is xml; it is one of text, json, jsonl, raw'],
    [{ KV_CONTEXT: 'prod' }, 'There is no context prod. Those there are: none; kv context set makes one.'],
  ])('%j ends with 2, and says what it is', async (env: Record<string, string>, words) => {
    const store = await storeWith(json(envelope, { ETag: '"7-l"' }));
    const run = await kv(['get', 'k'], { env: 'KV_OUTPUT' in env ? { ...env, KV_URL: store.url } : env });
    expect([run.exitCode, run.out]).toEqual([2, '']);
    expect(run.notes).toContain(words);
    expect(run.notes).toContain('kv get --help shows how it is used.');
  });
});

describe('contexts', () => {
  const file = () => join(folder, 'kv', 'contexts.json');
  const at = (argv: readonly string[], env: Record<string, string> = {}, input = '') =>
    kv(argv, { env: { KV_CONFIG: file(), ...env }, input });

  test('a context holds address and token, in a file that only its owner may read', async () => {
    const store = await storeWith(noKey);
    const made = await at(['context', 'set', 'prod', '--url', store.url, '--token-from', '-'], {}, 's3cret\n');
    expect([made.exitCode, made.notes]).toEqual([0, `kv: context prod made in ${file()}\n`]);
    expect((statSync(file()).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(join(folder, 'kv')).mode & 0o777).toString(8)).toBe('700');
    expect((await at(['get', 'k'])).exitCode).toBe(3);
    expect(store.last.headers['authorization']).toBe('Bearer s3cret');
    expect((await at(['context', 'ls', '-o', 'json'])).out).not.toContain('s3cret');
  });

  test('the token of a context is sent to no other address', async () => {
    const [store, other] = [await storeWith(noKey), await storeWith(noKey)];
    await at(['context', 'set', 'prod', '--url', store.url, '--token', 's3cret']);
    await at(['get', 'k', '--url', other.url]);
    await at(['get', 'k'], { KV_URL: other.url });
    expect(other.received.map(({ headers }) => headers['authorization'])).toEqual([undefined, undefined]);
    // Whoever names a context means it, whatever the environment says.
    await at(['get', 'k', '--context', 'prod'], { KV_URL: other.url });
    expect(store.last.headers['authorization']).toBe('Bearer s3cret');
  });

  test('they are listed, used, changed and deleted', async () => {
    await at(['context', 'set', 'a', '--url', NOBODY]);
    await at(['context', 'set', 'b', '--url', NOBODY, '--consistency', 'linearizable']);
    await at(['context', 'use', 'b']);
    expect((await at(['context', 'ls', '-o', 'text'])).out).toBe(
      [
        '   NAME  URL                 TOKEN  CONSISTENCY',
        '   a     http://127.0.0.1:9',
        '*  b     http://127.0.0.1:9         linearizable',
        '',
      ].join('\n'),
    );
    await at(['context', 'delete', 'b']);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({ current: null, contexts: { a: { url: [NOBODY] } } });
    expect(await at(['context', 'use', 'b'])).toMatchObject({ exitCode: 2 });
    expect(await at(['context', 'set', 'c'])).toMatchObject({ exitCode: 2 });
    expect(await at(['context', 'set', '../c', '--url', NOBODY])).toMatchObject({ exitCode: 2 });
  });

  test('a file that others may read is told of', async () => {
    await at(['context', 'set', 'a', '--url', NOBODY, '--token', 't']);
    chmodSync(file(), 0o644);
    expect((await at(['context', 'ls'])).notes).toBe(
      `kv: others may read the tokens in ${file()}: chmod 600 ${file()}\n`,
    );
  });

  test('a file that is none is not overwritten, and nothing else needs one', async () => {
    await at(['context', 'set', 'a', '--url', NOBODY]);
    writeFileSync(file(), '{"contexts":{"a":{"url":[]}}}');
    const run = await at(['context', 'set', 'b', '--url', NOBODY]);
    expect([run.exitCode, run.notes]).toEqual([
      1,
      expect.stringContaining('is no file of contexts: in "a" "url" is no list'),
    ]);
    const store = await storeWith(noKey);
    expect(await at(['get', 'k'], { KV_URL: store.url })).toMatchObject({ exitCode: 3 });
  });

  test('where none can be written it says so, and what does without', async () => {
    writeFileSync(join(folder, 'kv'), '');
    const run = await at(['context', 'set', 'a', '--url', NOBODY]);
    expect([run.exitCode, run.notes]).toEqual([1, expect.stringContaining('KV_URL and KV_TOKEN do without one.')]);
  });
});

describe('how it ends', () => {
  test.each([
    [400, 'bad-request', 2],
    [401, 'unauthorized', 5],
    [403, 'no-grant', 5],
    [409, 'exists', 4],
    [404, 'no-version', 3],
    [410, 'compacted', 3],
    [410, 'replaced-lineage', 1],
    [412, 'revision-mismatch', 4],
    [413, 'too-large', 1],
    [500, 'internal', 1],
    [503, 'no-leader', 6],
    [507, 'memory-full', 6],
  ])('an answer %d %s ends with %d, in its own words', async (status, code, exitCode) => {
    const store = await storeWith(refusal(status, code, 'It cannot be. Do this.'));
    const run = await kv(['get', 'k'], { env: { KV_URL: store.url } });
    expect([run.exitCode, run.out]).toEqual([exitCode, '']);
    expect(run.notes).toContain('kv: It cannot be. Do this.');
  });

  test('nobody answers: 6, and what to look at', async () => {
    const run = await kv(['get', 'k'], { env: { KV_URL: NOBODY } });
    expect(run.exitCode).toBe(6);
    expect(run.notes).toContain('--url, KV_URL or a context says where it is; kv doctor looks closer.');
  });

  test('something else answers: 1', async () => {
    const store = await storeWith(reply(200, {}, '<html>'));
    expect(await kv(['get', 'k'], { env: { KV_URL: store.url } })).toMatchObject({ exitCode: 1 });
  });

  test('an answer that does not come within --timeout ends with 6', async () => {
    const store = await storeWith(silence);
    expect(await kv(['get', 'k', '--timeout', '200ms'], { env: { KV_URL: store.url } })).toMatchObject({ exitCode: 6 });
  });

  test('a write of which nobody knows whether it was done says so', async () => {
    const store = await storeWith(refusal(500, 'internal', 'Broken.'));
    const run = await kv(['put', 'k', 'v'], { env: { KV_URL: store.url } });
    expect(run.notes).toContain('Whether it was done is unknown: look before you do it again.');
  });

  test('Ctrl-C ends with 130, and says nothing', async () => {
    const store = await storeWith(silence);
    const controller = new AbortController();
    setTimeout(() => controller.abort(130), 100);
    expect(await kv(['get', 'k'], { env: { KV_URL: store.url }, signal: controller.signal })).toMatchObject({
      exitCode: 130,
      out: '',
      notes: '',
    });
  });

  test.each([
    [['get', 'k', '--bogus'], "kv: unknown option '--bogus'"],
    [['get', 'k', '--timout', '3s'], '(Did you mean --timeout?)'],
    [['gett', 'k'], '(Did you mean get?)'],
    [['get'], "kv: missing required argument 'key'"],
    [['get', 'k', 'l'], 'too many arguments'],
    [['get', 'k', '-o', 'xml'], 'Allowed choices are text, json, jsonl, raw.'],
    [['get', 'k', '--url', 'localhost'], 'it is http://HOST:PORT'],
    [['get', 'k', '--timeout', '0'], 'It is a time such as'],
    [['put', 'k', 'v', '--ttl', 'soon'], 'It is a time such as'],
    [['put', 'k', 'v', '--ttl', '5s', '--keep-ttl'], 'contradict each other'],
    [['put', 'k', '@/nowhere/at/all'], 'there is no such file or folder'],
    [['del'], 'Name keys, or a --prefix.'],
  ])('%j is refused, and says why', async (argv, words) => {
    const run = await kv(argv, { env: { KV_URL: NOBODY } });
    expect([run.exitCode, run.out]).toEqual([argv[2]?.startsWith('@') === true ? 1 : 2, '']);
    expect(run.notes).toContain(words);
  });
});
