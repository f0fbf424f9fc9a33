import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';
import { kv, type KvOptions } from '../../unit/cli/kv.ts';

/** The command line against a store with three replicas and a proxy. */
let stage: Stage;
let folder: string;

beforeAll(async () => {
  stage = await Stage.open();
  folder = mkdtempSync(join(tmpdir(), 'kv-cli-'));
});

afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

const at = (argv: readonly string[], options: KvOptions = {}) =>
  kv(argv, { ...options, env: { KV_URL: stage.proxy, ...options.env } });

/** What is printed, of a command that succeeds. */
async function out(argv: readonly string[], options: KvOptions = {}): Promise<string> {
  const run = await at(argv, options);
  expect([run.exitCode, run.notes]).toEqual([0, '']);
  return run.out;
}

describe('kv put, get', () => {
  test('a value comes back as it was: from an argument, standard input and a file', async () => {
    await out(['put', 'a/text', 'dark']);
    expect(await out(['get', 'a/text'])).toBe('dark');
    await out(['put', 'a/input', '-'], { input: 'two\nlines\n' });
    expect(await out(['get', 'a/input'])).toBe('two\nlines\n');
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    writeFileSync(join(folder, 'bytes'), bytes);
    await out(['put', 'a/bytes', `@${join(folder, 'bytes')}`]);
    expect(Uint8Array.from((await at(['get', 'a/bytes'])).bytes)).toEqual(bytes);
  });

  test('on a terminal a value ends its line, and what would steer it is shown', async () => {
    await out(['put', 'a/escape', 'x\u001b[2Jy']);
    expect(await out(['get', 'a/escape'], { terminal: true })).toBe('x\\x1b[2Jy\n');
    await out(['put', 'a/binary', '-'], { input: Uint8Array.of(255, 0) });
    expect(await out(['get', 'a/binary'], { terminal: true })).toBe('2 B that are no text: -o raw prints them.\n');
  });

  test('-o json says all about a value; KV_OUTPUT stands for it', async () => {
    await out(['put', 'a/json', '{}', '--content-type', 'application/json', '--ttl', '1h']);
    const shown = JSON.parse(await out(['get', 'a/json'], { env: { KV_OUTPUT: 'json' } })) as Record<string, unknown>;
    expect(shown).toMatchObject({ key: 'a/json', value: '{}', version: 1, contentType: 'application/json' });
    expect(Date.parse(String(shown['expiresAt']))).toBeGreaterThan(Date.now());
    expect(JSON.parse(await out(['get', 'a/binary', '-o', 'jsonl']))).toMatchObject({ valueB64: '/wA=' });
  });

  test('a key without a value ends with 3', async () => {
    expect(await at(['get', 'nobody'])).toMatchObject({ exitCode: 3, out: '', notes: 'kv: There is no key nobody.\n' });
  });

  test('--literal takes - and @ as they are, and -- what begins with a dash', async () => {
    await out(['put', 'a/at', '@home', '--literal']);
    expect(await out(['get', 'a/at'])).toBe('@home');
    await out(['put', '--', 'a/dash', '--help']);
    expect(await out(['get', 'a/dash'])).toBe('--help');
  });

  test('conditions that do not hold end with 4', async () => {
    await out(['create', 'a/cas', '1']);
    expect(await at(['create', 'a/cas', '2'])).toMatchObject({ exitCode: 4 });
    expect(await at(['put', 'a/cas', '2', '--if-absent'])).toMatchObject({ exitCode: 4 });
    const { etag } = JSON.parse(await out(['get', 'a/cas', '-o', 'json'])) as { etag: string };
    await out(['put', 'a/cas', '2', '--if-match', etag]);
    // Shells eat quotes.
    expect(await at(['put', 'a/cas', '3', '--if-match', etag.replaceAll('"', '')])).toMatchObject({ exitCode: 4 });
    expect(await out(['get', 'a/cas'])).toBe('2');
  });

  test('a write under a fence that is stale ends with 4, from KV_FENCE too', async () => {
    expect(await at(['put', 'a/fenced', '1', '--fence', 'lock:100000000000001'])).toMatchObject({ exitCode: 4 });
    expect(await at(['incr', 'a/fenced'], { env: { KV_FENCE: 'lock:100000000000001' } })).toMatchObject({
      exitCode: 4,
    });
    expect(await at(['get', 'a/fenced'], { env: { KV_FENCE: 'lock:100000000000001' } })).toMatchObject({ exitCode: 3 });
  });

  test('what the store refuses is told in its words', async () => {
    const run = await at(['put', 'a/large', 'x'.repeat(3000)]);
    expect([run.exitCode, run.notes]).toEqual([1, expect.stringContaining('kv: ')]);
    expect(await at(['get', 'a/../b'])).toMatchObject({ exitCode: 2 });
  });
});

describe('kv incr, ttl', () => {
  test('a counter goes up and down', async () => {
    expect(await out(['incr', 'n'])).toBe('1\n');
    expect(await out(['incr', 'n', '41'])).toBe('42\n');
    expect(await out(['incr', 'n', '-2'])).toBe('40\n');
    expect(await at(['incr', 'n', 'x'])).toMatchObject({ exitCode: 2 });
    expect(await at(['incr', 'a/text'])).toMatchObject({ exitCode: 4 });
  });

  test('how long a value stays is shown and set', async () => {
    await out(['put', 't', 'v']);
    expect(await out(['ttl', 't'])).toBe('none\n');
    await out(['ttl', 't', '90']);
    expect(await out(['ttl', 't'], { terminal: true })).toMatch(/^1m 2?\d?.*, until 20.*Z\n$/);
    await out(['ttl', 't', 'none']);
    expect(await out(['ttl', 't'])).toBe('none\n');
    expect(await at(['ttl', 'nobody', '5m'])).toMatchObject({ exitCode: 3 });
    expect(await at(['ttl', 't', 'soon'])).toMatchObject({ exitCode: 2 });
  });
});

describe('kv ls, del', () => {
  test('keys are listed in order, folded at a delimiter, with values, one for each line', async () => {
    for (const name of ['red', 'green', 'dark/blue']) await out(['put', `c/${name}`, name]);
    expect(await out(['ls', 'c/'])).toBe('c/dark/blue\nc/green\nc/red\n');
    expect(await out(['ls', 'c/', '-d', '/'])).toBe('c/dark/\nc/green\nc/red\n');
    expect(await out(['ls', 'c/', '-n', '2', '-z'])).toBe('c/dark/blue\0c/green\0');
    expect(await out(['ls', 'c/', '--values'])).toBe('c/dark/blue\tdark/blue\nc/green\tgreen\nc/red\tred\n');
    expect(await out(['ls', 'c/', '--count'])).toBe('3\n');
    expect(await out(['ls', 'c/', '-l'], { terminal: true })).toMatch(
      /^ +1 +\d+ +- {2}text\/plain; charset=utf-8 {2}\S* *c\/dark/,
    );
    expect(await out(['ls', 'c/red', '-l'])).toMatch(/^1\t\d+\t-\ttext\/plain; charset=utf-8\tc\/red\n$/);
    expect(JSON.parse(await out(['ls', 'c/', '-o', 'json']))).toMatchObject([
      { key: 'c/dark/blue' },
      {},
      { key: 'c/red' },
    ]);
    expect(await out(['ls', 'nothing/', '-o', 'json'])).toBe('[]\n');
    expect(await out(['ls', 'nothing/'])).toBe('');
  });

  test('keys are deleted; one that is not there ends with 3, but with --force', async () => {
    await out(['put', 'd/1', 'v']);
    const run = await at(['del', 'd/1', 'd/2', 'd/3']);
    expect([run.exitCode, run.notes]).toEqual([3, 'kv: There is no key d/2, d/3.\n']);
    expect(await out(['del', 'd/1', '--force'])).toBe('');
  });

  test('all under a prefix are deleted if a person says yes, or a script how many they are', async () => {
    for (const name of ['1', '2', '3']) await out(['put', `e/${name}`, 'v']);
    expect(await at(['del', '--prefix', 'e/'])).toMatchObject({ exitCode: 2 });
    const refused = await at(['del', '--prefix', 'e/'], { types: 'no' });
    expect(refused).toMatchObject({ exitCode: 1, questions: ['Delete 3 keys under e/? Type yes: '] });
    expect(await at(['del', '--prefix', 'e/', '--expect', '2'])).toMatchObject({ exitCode: 4 });
    expect(await out(['del', '--prefix', 'e/', '--dry-run'])).toBe('3\n');
    expect((await at(['del', '--prefix', 'e/'], { types: 'yes' })).out).toBe('3\n');
  });
});
