import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';
import { kv, type KvOptions } from '../../unit/cli/kv.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage.close());

const at = (argv: readonly string[], options: KvOptions = {}) =>
  kv(argv, { ...options, env: { KV_URL: stage.proxy, ...options.env } });

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { version: number; revision: number; etag: string });

describe('older versions', () => {
  test('kv history lists them, the newest first, with values if wanted', async () => {
    for (const value of ['dark', 'light', 'a\tb']) await at(['put', 'h/theme', value]);
    const table = await at(['history', 'h/theme', '--values'], { terminal: true });
    expect([table.exitCode, table.notes]).toEqual([0, '']);
    expect(table.out).toMatch(
      /^VERSION +REVISION +WRITTEN +SIZE +TYPE +VALUE\n +3 +\d+ +20\S+Z +3 B +text\/plain; charset=utf-8 +a\\tb\n +2 .* light\n +1 .* dark\n$/,
    );
    const lines = linesOf((await at(['history', 'h/theme', '-o', 'jsonl'])).out);
    expect(lines).toMatchObject([
      { key: 'h/theme', version: 3, size: 3, modifiedAt: expect.stringMatching(/^20.*Z$/) },
      { version: 2 },
      { version: 1 },
    ]);
    expect(lines[0]).not.toHaveProperty('value');
    expect(linesOf((await at(['history', 'h/theme', '--values', '-o', 'jsonl'])).out)).toMatchObject([
      { value: 'a\tb' },
      { value: 'light' },
      { value: 'dark' },
    ]);
    const raw = (await at(['history', 'h/theme'])).out.trimEnd().split('\n');
    expect(raw.map((line) => line.split('\t').length)).toEqual([4, 4, 4]);
    expect(await at(['history', 'nobody'])).toMatchObject({ exitCode: 3, notes: 'kv: There is no key nobody.\n' });
  });

  test('kv get prints one, by its number or by a revision', async () => {
    const [, second, first] = linesOf((await at(['history', 'h/theme', '-o', 'jsonl'])).out);
    expect((await at(['get', 'h/theme', '--version', '1'])).out).toBe('dark');
    expect((await at(['get', 'h/theme', '--revision', String(second?.revision)])).out).toBe('light');
    expect(JSON.parse((await at(['get', 'h/theme', '--version', '1', '-o', 'json'])).out)).toMatchObject({
      etag: first?.etag,
    });
    const none = await at(['get', 'h/theme', '--version', '9']);
    expect([none.exitCode, none.notes]).toEqual([
      3,
      expect.stringMatching(/^kv: The key "h\/theme" has had no version 9\./),
    ]);
    expect(await at(['get', 'h/theme', '--revision', '999999'])).toMatchObject({ exitCode: 3 });
    expect(await at(['get', 'h/theme', '--version', '0'])).toMatchObject({ exitCode: 2 });
  });

  test('one that is not kept any more is said to be so: 3', async () => {
    for (let turn = 1; turn <= 12; turn += 1) await at(['put', 'h/many', String(turn)]);
    const gone = await at(['get', 'h/many', '--version', '1']);
    expect([gone.exitCode, gone.notes]).toEqual([3, expect.stringContaining('is not known any more')]);
    expect(linesOf((await at(['history', 'h/many', '-o', 'jsonl'])).out)).toHaveLength(8);
  });
});

describe('kv revert', () => {
  test('writes an older version as a new one, with its type, and leaves how long it stays', async () => {
    await at(['put', 'r/a', '{"v":1}', '--content-type', 'application/json']);
    await at(['put', 'r/a', 'two', '--ttl', '1h']);
    const shown = await at(['revert', 'r/a', '--version', '1', '--dry-run'], { terminal: true });
    expect(shown).toMatchObject({
      exitCode: 0,
      out: 'Version 2 would be replaced by the value of version 1, 7 B of application/json.\n',
    });
    expect((await at(['get', 'r/a'])).out).toBe('two');
    const done = await at(['revert', 'r/a', '--version', '1'], { terminal: true });
    expect([done.exitCode, done.out]).toEqual([
      0,
      expect.stringMatching(/^Version 3, revision \d+, has the value of version 1, 7 B of application\/json\.\n$/),
    ]);
    const now = JSON.parse((await at(['get', 'r/a', '-o', 'json'])).out) as { expiresAt: string };
    expect(now).toMatchObject({ value: '{"v":1}', version: 3, contentType: 'application/json' });
    expect(Date.parse(now.expiresAt)).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test('to what stands there writes nothing', async () => {
    await at(['put', 'r/b', 'one']);
    const run = await at(['revert', 'r/b', '--version', '1', '-o', 'json']);
    expect([run.exitCode, JSON.parse(run.out)]).toEqual([0, { key: 'r/b', from: 1, over: 1, written: null }]);
    expect((await at(['revert', 'r/b', '--version', '1'], { terminal: true })).out).toBe(
      'Version 1 is the one that stands: nothing to do.\n',
    );
  });

  test('bytes without a type stay so', async () => {
    await at(['put', 'r/c', '-'], { input: Uint8Array.of(255, 0) });
    await at(['put', 'r/c', 'text']);
    const revision = String(linesOf((await at(['history', 'r/c', '-o', 'jsonl'])).out)[1]?.revision);
    expect(await at(['revert', 'r/c', '--revision', revision])).toMatchObject({ exitCode: 0, out: '', notes: '' });
    expect(JSON.parse((await at(['get', 'r/c', '-o', 'json'])).out)).toMatchObject({
      valueB64: '/wA=',
      contentType: null,
    });
  });

  test('what is not there, or not said, or under a stale fence, is not done', async () => {
    await at(['put', 'r/d', 'one']);
    expect(await at(['revert', 'r/d'])).toMatchObject({ exitCode: 2 });
    expect(await at(['revert', 'r/d', '--version', '7'])).toMatchObject({ exitCode: 3 });
    expect(await at(['revert', 'nobody', '--version', '1'])).toMatchObject({ exitCode: 3 });
    await at(['put', 'r/d', 'two']);
    const fenced = await at(['revert', 'r/d', '--version', '1', '--fence', 'lock:100000000000001']);
    expect([fenced.exitCode, (await at(['get', 'r/d'])).out]).toEqual([4, 'two']);
  });
});
