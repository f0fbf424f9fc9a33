import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';
import { kv, type KvOptions } from '../../unit/cli/kv.ts';

jest.setTimeout(60_000);

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

const environment = () => ({ ...(process.env as Record<string, string>), KV_URL: stage.proxy });
const at = (argv: readonly string[], options: KvOptions = {}) =>
  kv(argv, { ...options, env: { ...environment(), ...options.env } });
const put = (key: string, value: string) => fetch(`${stage.proxy}/v1/keys/${key}`, { method: 'PUT', body: value });
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

describe('kv txn, batch', () => {
  test('a transaction is carried out if its comparisons hold, else it ends with 4', async () => {
    const txn = JSON.stringify({ if: [{ key: 'x', exists: false }], then: [{ put: { key: 'x', value: '1' } }] });
    const first = await at(['txn', txn, '-o', 'json']);
    expect([first.exitCode, JSON.parse(first.out)]).toMatchObject([
      0,
      { succeeded: true, results: [{ put: { version: 1 } }] },
    ]);
    expect(await at(['txn', '-'], { input: txn })).toMatchObject({ exitCode: 4 });
    expect(await at(['txn', '{"if":'])).toMatchObject({ exitCode: 2, out: '' });
    expect(await at(['txn', '{"unless":[]}'])).toMatchObject({ exitCode: 2, out: '' });
  });

  test('a batch does each line for itself, and ends with 1 if one failed', async () => {
    const lines = [
      { put: { key: 'b/1', value: 'one' } },
      { incr: { key: 'b/1' } },
      { delete: { key: 'b/none' } },
      { get: { key: 'b/1' } },
    ];
    const run = await at(['batch', '-o', 'jsonl'], {
      input: lines.map((line) => `${JSON.stringify(line)}\n`).join('\n'),
    });
    expect([run.exitCode, run.notes]).toEqual([1, 'kv: 1 of 4 operations failed.\n']);
    expect(linesOf(run.out)).toMatchObject([
      { status: 201 },
      { status: 409 },
      { status: 404 },
      { get: { value: 'one' } },
    ]);
    const broken = await at(['batch'], { input: '{"put":{"key":"b/2","value":"v"}}\nnonsense\n' });
    expect([broken.exitCode, broken.notes]).toEqual([2, expect.stringContaining('kv: Line 2 is no JSON')]);
  });

  test('a file of more than a thousand lines takes several requests', async () => {
    const path = join(folder, 'many');
    writeFileSync(path, Array.from({ length: 1500 }, (_, n) => `{"put":{"key":"many/${n}","value":"v"}}`).join('\n'));
    const run = await at(['batch', path, '-o', 'jsonl']);
    expect([run.exitCode, linesOf(run.out).length]).toEqual([0, 1500]);
    expect((await at(['ls', 'many/', '--count'])).out).toBe('1500\n');
  });
});

describe('kv watch', () => {
  test('tells what is there, and what comes', async () => {
    await put('w/a', '1');
    const watch = at(['watch', '--prefix', 'w/', '--snapshot', '-n', '3', '-o', 'jsonl']);
    await wait(500);
    await put('w/b', '2');
    await fetch(`${stage.proxy}/v1/keys/w/a`, { method: 'DELETE' });
    const run = await watch;
    expect([run.exitCode, run.notes]).toEqual([0, '']);
    expect(linesOf(run.out)).toMatchObject([
      { event: 'put', key: 'w/a', value: '1' },
      { event: 'synced' },
      { event: 'put', key: 'w/b', value: '2' },
      { event: 'delete', key: 'w/a' },
    ]);
  });

  test('--resume-file goes on where the last one ended, and belongs to one watch', async () => {
    const place = join(folder, 'place');
    await put('r/k', '1');
    expect((await at(['watch', 'r/k', '--snapshot', '-n', '1', '--resume-file', place])).out).toBe('put\tr/k\t1\n');
    await put('r/k', '2');
    await put('r/k', '3');
    const run = await at(['watch', 'r/k', '--snapshot', '-n', '2', '--resume-file', place]);
    expect(run.out).toBe('put\tr/k\t2\nput\tr/k\t3\n');
    const other = await at(['watch', 'r/other', '-n', '1', '--resume-file', place]);
    expect([other.exitCode, other.notes]).toEqual([1, expect.stringContaining('belongs to other work')]);
  });

  test('--exec runs a command for each change, in order, with the value on its standard input', async () => {
    const log = join(folder, 'log');
    const place = join(folder, 'exec-place');
    for (const value of ['1', '2']) await put('x/k', value);
    const command = `echo "$KV_EVENT $KV_KEY $KV_VERSION $(cat)" >> ${log}`;
    const watch = at(['watch', 'x/k', '--snapshot', '-n', '2', '--exec', command, '--resume-file', place]);
    await wait(500);
    await put('x/k', '3');
    expect(await watch).toMatchObject({ exitCode: 0, notes: '' });
    expect(readFileSync(log, 'utf8')).toBe('put x/k 2 2\nput x/k 3 3\n');
    await put('x/k', '4');
    const failed = await at(['watch', 'x/k', '-n', '1', '--exec', 'exit 9', '--resume-file', place]);
    expect([failed.exitCode, failed.notes]).toEqual([1, expect.stringContaining('has ended with 9.')]);
    // It has not been dealt with: it comes again.
    expect((await at(['watch', 'x/k', '-n', '1', '--exec', command, '--resume-file', place])).exitCode).toBe(0);
    expect(readFileSync(log, 'utf8')).toContain('put x/k 4 4\n');
  });

  test('--exec names a key that no environment can hold by its bytes', async () => {
    const log = join(folder, 'bytes-log');
    const operations = [Buffer.from('y/a\0b'), Buffer.of(0x79, 0x2f, 0xff)].map((key) => ({
      put: { keyB64: key.toString('base64'), value: 'v' },
    }));
    const body = JSON.stringify({ operations });
    await fetch(`${stage.proxy}/v1/batch`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const command = `echo "<$KV_KEY> $KV_KEY_B64" >> ${log}`;
    expect(await at(['watch', '--prefix', 'y/', '--snapshot', '-n', '2', '--exec', command])).toMatchObject({
      exitCode: 0,
      notes: '',
    });
    expect(readFileSync(log, 'utf8')).toBe('<> eS9hAGI=\n<> eS//\n');
  });

  test('Ctrl-C ends it with 130', async () => {
    const controller = new AbortController();
    const watch = at(['watch', 'nothing'], { signal: controller.signal });
    await wait(300);
    controller.abort(130);
    expect(await watch).toMatchObject({ exitCode: 130, notes: '' });
  });
});

describe('kv lock', () => {
  const lockOf = async (name: string) => {
    const response = await fetch(`${stage.proxy}/v1/locks/${name}`);
    return response.status === 404 ? null : ((await response.json()) as { fencingToken: string; owner: string });
  };

  test('a command runs under the lock, with its fence, and the lock is given back', async () => {
    const out = join(folder, 'fence');
    const holder = `${process.execPath} -e 'fetch(process.env.KV_URL + "/v1/locks/a%2Fjob").then((r) => r.json()).then((j) => console.log(j.owner))'`;
    const run = await at([
      'lock',
      'a/job',
      '--owner',
      'me',
      '--',
      'sh',
      '-c',
      `echo "$KV_FENCE" > ${out}; ${holder} >> ${out}`,
    ]);
    expect([run.exitCode, run.notes]).toEqual([0, '']);
    expect(readFileSync(out, 'utf8')).toMatch(/^a\/job:1\d{14}\nme\n$/);
    expect(await lockOf('a%2Fjob')).toBeNull();
    expect(await at(['lock', 'a/job'])).toMatchObject({ exitCode: 3 });
  });

  test("it ends as the command does, and with a shell's codes where there is none", async () => {
    expect(await at(['lock', 'l', '--', 'sh', '-c', 'exit 42'])).toMatchObject({ exitCode: 42, notes: '' });
    expect(await at(['lock', 'l', '--', 'sh', '-c', 'kill -9 $$'])).toMatchObject({ exitCode: 137 });
    expect(await at(['lock', 'l', '--', '/no/such/command'])).toMatchObject({ exitCode: 127 });
    expect(await lockOf('l')).toBeNull();
  });

  test('a lock that another holds ends with 4 at once, or is waited for', async () => {
    const first = at(['lock', 'busy', '--owner', 'first', '--', 'sleep', '1.5']);
    await wait(500);
    expect(await at(['lock', 'busy'])).toMatchObject({ exitCode: 0, out: 'first\n' });
    const beganAtMs = performance.now();
    expect(await at(['lock', 'busy', '--', 'true'])).toMatchObject({ exitCode: 4 });
    expect(performance.now() - beganAtMs).toBeLessThan(800);
    expect(await at(['lock', 'busy', '--wait', '10s', '--', 'true'])).toMatchObject({ exitCode: 0 });
    expect(await first).toMatchObject({ exitCode: 0 });
  });

  test('it is renewed for as long as the command runs', async () => {
    const run = at(['lock', 'long', '--ttl', '1s', '--', 'sleep', '2.5']);
    await wait(2000);
    expect(await lockOf('long')).not.toBeNull();
    expect(await run).toMatchObject({ exitCode: 0 });
  });

  test('Ctrl-C stops the command, and gives the lock back', async () => {
    const controller = new AbortController();
    const run = at(['lock', 'stopped', '--', 'sleep', '30'], { signal: controller.signal });
    await wait(500);
    controller.abort(130);
    expect(await run).toMatchObject({ exitCode: 130 });
    expect(await lockOf('stopped')).toBeNull();
  });
});
