import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';
import { kv } from '../../unit/cli/kv.ts';
import { bash as inBash, type BashOptions } from './bash.ts';

/** What people do wrong, and what is done to them: each ends soon, with the right code, and says what to do. */
jest.setTimeout(120_000);

let stage: Stage;
let folder: string;
/** Where nobody listens. */
let nowhere: string;

beforeAll(async () => {
  stage = await Stage.open();
  folder = mkdtempSync(join(tmpdir(), 'kv-misuse-'));
  nowhere = await unusedUrl();
  const operations = Array.from({ length: 1000 }, (_, n) => ({ put: { key: `many/${n}`, value: 'v'.repeat(1900) } }));
  const body = JSON.stringify({ operations });
  await fetch(`${stage.proxy}/v1/batch`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
});

afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

function unusedUrl(): Promise<string> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(`http://127.0.0.1:${port}`));
    });
  });
}

const bash = (line: string, signal?: BashOptions['signal']) =>
  inBash(line, { url: stage.proxy, folder, ...(signal === undefined ? {} : { signal }) });

describe('what it does not understand ends with 2, and says what was meant', () => {
  test.each([
    ['an unknown flag', ['del', 'k', '--forse'], '(Did you mean --force?)'],
    ['an unknown command', ['gett', 'k'], '(Did you mean get?)'],
    ['a flag of another command', ['get', 'k', '--ttl', '5m'], 'kv COMMAND --help'],
    ['a missing argument', ['put', 'k'], "missing required argument 'value'"],
    ['an argument too many', ['get', 'a', 'b'], 'too many arguments'],
    ['a choice that is none', ['get', 'k', '-o', 'xml'], 'text, json, jsonl, raw'],
    ['a time that is none', ['put', 'k', 'v', '--ttl', 'soon'], '60s'],
    ['an address that is none', ['get', 'k', '--url', 'localhost'], 'http://HOST:PORT'],
    ['a context that is not there', ['get', 'k', '--context', 'prod'], 'kv context set makes one'],
    [
      'two flags that contradict each other',
      ['get', 'k', '--version', '1', '--revision', '2'],
      '--version and --revision',
    ],
    ['what cannot be a header', ['put', 'k', 'v', '--content-type', 'ä'], 'printable ASCII'],
    ['a value that begins with a dash', ['put', 'k', '--value'], 'stands behind --'],
  ])('%s', async (_what, argv, words) => {
    const run = await kv(argv, { env: { KV_URL: stage.proxy } });
    expect([run.exitCode, run.out, run.notes]).toEqual([2, '', expect.stringContaining(words)]);
  });

  test('a variable that cannot be sent is named, and not shown: it may be a secret', async () => {
    const run = await kv(['get', 'k'], { env: { KV_URL: stage.proxy, KV_TOKEN: 's3cret\n' } });
    expect([run.exitCode, run.notes]).toEqual([2, expect.stringMatching(/^kv: KV_TOKEN holds what cannot be sent/)]);
    expect(run.notes).not.toContain('s3cret');
  });
});

describe('a store that is not there', () => {
  const VERBS: readonly (readonly string[])[] = [
    ['get', 'k'],
    ['put', 'k', 'v'],
    ['del', 'k'],
    ['del', '--prefix', 'k', '--yes'],
    ['ls'],
    ['ls', '--count'],
    ['history', 'k'],
    ['revert', 'k', '--version', '1'],
    ['incr', 'k'],
    ['ttl', 'k'],
    ['txn', '{"then":[]}'],
    ['batch'],
    ['watch', 'k'],
    ['lock', 'n'],
    ['lock', 'n', '--', 'true'],
    ['import'],
    ['export'],
    ['export', '--prefix', 'k'],
    ['status', '--once'],
    ['members'],
    ['map', 'k'],
    ['top', '--once'],
    ['latency'],
    ['bench'],
    ['doctor'],
    ['admin', 'recover', '--dry-run'],
  ];

  test('each command ends with 6 within seconds, and says what to look at', async () => {
    const beganAtMs = performance.now();
    const ends = await Promise.all(
      VERBS.map(async (argv) => {
        const line = argv[0] === 'import' ? '{"key":"k","value":"v"}' : '{"get":{"key":"k"}}';
        const run = await kv(argv, { env: { KV_URL: nowhere }, input: line });
        const advice = /--url/.test(run.notes + run.out);
        return [argv.join(' '), run.exitCode, advice];
      }),
    );
    expect(ends).toEqual(VERBS.map((argv) => [argv.join(' '), 6, true]));
    expect(performance.now() - beganAtMs).toBeLessThan(20_000);
  });

  test('something else than a store says so', async () => {
    const run = await kv(['get', 'k'], { env: { KV_URL: `${stage.proxy}/elsewhere` } });
    expect([run.exitCode, run.notes]).toEqual([1, expect.stringContaining('is not one of kvstore; is the url right?')]);
  });
});

describe('pipes that close', () => {
  test.each([
    ['ls', '$kv ls many/ --values | head -n 1 | cut -c 1-6', 'many/0\n'],
    ['export', '$kv export --prefix many/ 2>/dev/null | head -n 1 | cut -c 1-15', '{"key":"many/0"\n'],
    ['watch', '$kv watch --prefix many/ --snapshot | head -n 1 | cut -c 1-10', 'put\tmany/0\n'],
  ])('kv %s | head ends, and says nothing', async (_verb, line, out) => {
    expect(await bash(`set -o pipefail; ${line}`)).toEqual({ code: 0, out, notes: '' });
  });
});

describe('Ctrl-C', () => {
  const interrupted = (line: string, seen: string) =>
    bash(line, { name: 'SIGINT', when: (said) => said.includes(seen) });

  test('while a value is awaited from standard input: 130 at once, and nothing is written', async () => {
    // More than a pipe holds: once that is gone, kv reads.
    const line = 'exec $kv put awaited - < <(head -c 200000 /dev/zero; echo drained >&2; exec sleep 30 2>/dev/null)';
    const run = await interrupted(line, 'drained');
    expect([run.code, run.out, run.notes]).toEqual([130, '', 'drained\n']);
    expect(await kv(['get', 'awaited'], { env: { KV_URL: stage.proxy } })).toMatchObject({ exitCode: 3 });
  });

  test('in an import: 130, and where it was', async () => {
    const lines = `for n in $(seq 5000); do echo "{\\"key\\":\\"stop/$n\\",\\"value\\":\\"v\\"}"; done; exec sleep 30 2>/dev/null`;
    const watcher = `until [ "$($kv ls stop/ --count)" -gt 100 ]; do sleep 0.1; done; kill -INT $$`;
    const run = await bash(`(${watcher}) & exec $kv import - --resume-file stop.place < <(${lines})`);
    expect([run.code, run.notes]).toEqual([130, expect.stringMatching(/^kv: interrupted after line \d+; the same/)]);
    expect(statSync(join(folder, 'stop.place')).size).toBeGreaterThan(10);
  });

  test('in a watch: 130', async () => {
    expect(await interrupted('exec $kv watch many/1 --snapshot -o jsonl', 'synced')).toMatchObject({
      code: 130,
      notes: '',
    });
  });

  test('in a bench: 130, and its keys are gone', async () => {
    const watcher = `until [ "$($kv ls kv-bench/ --count)" -gt 0 ]; do sleep 0.1; done; kill -INT $$`;
    expect(await bash(`(${watcher}) & exec $kv bench --duration 1h --keys 10`)).toMatchObject({ code: 130, out: '' });
    expect((await bash('$kv ls kv-bench/ --count')).out).toBe('0\n');
  });

  test('while nobody reads what is listed: 130, and the reader need not end first', async () => {
    const listing = `$kv ls many/ --values & p=$!; sleep 3; kill -INT $p; wait $p; echo "$? after $SECONDS s" >&2`;
    const run = await bash(`(${listing}) | { sleep 8; cat > /dev/null; }`);
    expect(run.notes).toMatch(/^130 after [3-7] s\n$/);
  });
});

describe('files', () => {
  const contexts = (text: string, mode = 0o600): string => {
    const path = join(folder, 'contexts.json');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const one = (token: string): string =>
    JSON.stringify({ current: 'a', contexts: { a: { url: [stage.proxy], token } } });

  test('contexts that others may read are said to be so, and work', async () => {
    const path = contexts(one('s3cret'), 0o644);
    const run = await kv(['ls', 'many/1', '-n', '1'], { env: { KV_CONFIG: path } });
    expect([run.exitCode, run.out]).toEqual([0, 'many/1\n']);
    expect(run.notes).toBe(`kv: others may read the tokens in ${path}: chmod 600 ${path}\n`);
    await kv(['context', 'set', 'b', '--url', nowhere], { env: { KV_CONFIG: path } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await kv(['ls', 'many/1', '-n', '1'], { env: { KV_CONFIG: path } })).notes).toBe('');
  });

  test.each([
    ['no JSON', '{', 'contexts.json is no file of contexts'],
    ['no contexts', '{"contexts":null}', 'it has no "contexts"'],
    ['an address that is none', '{"contexts":{"a":{"url":["here"]}}}', 'in "a" "url" is no list'],
    ['a token that cannot be sent', '{"contexts":{"a":{"url":["http://h"],"token":"ä"}}}', '"token" cannot be sent'],
    ['too much', ' '.repeat(1024 * 1024 + 1), 'it has more than 1.0 MiB'],
  ])('contexts with %s: 1, and what is wrong with them', async (_what, text, words) => {
    const run = await kv(['ls'], { env: { KV_CONFIG: contexts(text) } });
    expect([run.exitCode, run.notes]).toEqual([1, expect.stringContaining(words)]);
  });

  test('a home that cannot be written: contexts say so, and how to do without', async () => {
    const run = await bash('HOME=/proc/version $kv context set a --url http://127.0.0.1:2');
    expect([run.code, run.notes]).toEqual([1, expect.stringContaining('KV_URL and KV_TOKEN do without one.')]);
    expect((await bash('HOME=/proc/version $kv ls many/1 -n 1')).out).toBe('many/1\n');
  });

  test('a file that cannot be written is known before anything is exported', async () => {
    expect(await bash('$kv export .')).toMatchObject({ code: 1, notes: expect.stringContaining('it is a folder') });
    expect(await bash('$kv export none/such')).toMatchObject({
      code: 1,
      notes: expect.stringContaining('there is no such file or folder'),
    });
  });
});

test('kv --version tells the release, kv alone what there is', async () => {
  expect(await kv(['--version'])).toMatchObject({ exitCode: 0, out: '1.2.3\n' });
  expect((await kv([])).out).toContain('Usage: kv COMMAND');
});
