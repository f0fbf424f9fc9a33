import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';

/** What only a process can show: pipes, signals, exit codes. */
jest.setTimeout(60_000);

const program = resolve(import.meta.dirname, '../../../src/main/cli.ts');
const kv = `${process.execPath} --disable-warning=ExperimentalWarning ${program}`;
let stage: Stage;
let folder: string;

beforeAll(async () => {
  stage = await Stage.open();
  folder = mkdtempSync(join(tmpdir(), 'kv-process-'));
  const operations = Array.from({ length: 1000 }, (_, n) => ({ put: { key: `many/${n}`, value: 'v'.repeat(1000) } }));
  await fetch(`${stage.proxy}/v1/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ operations }),
  });
});

afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly notes: string;
}

/** A line of bash, in which $kv is the command line. */
function bash(
  line: string,
  { signalAfter }: { readonly signalAfter?: readonly [NodeJS.Signals, number] } = {},
): Promise<End> {
  const env = { ...process.env, kv, KV_URL: stage.proxy, HOME: folder };
  const child = spawn('bash', ['-c', line], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, notes] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (notes += chunk.toString()));
  if (signalAfter !== undefined) void wait(signalAfter[1]).then(() => child.kill(signalAfter[0]));
  return new Promise((done) => child.on('close', (code) => done({ code, out, notes })));
}

describe('pipes', () => {
  test('a reader that has enough ends it quietly', async () => {
    expect(await bash('set -o pipefail; $kv ls many/ --values | head -n 1 | cut -c 1-8')).toEqual({
      code: 0,
      out: 'many/0\tv\n',
      notes: '',
    });
  });

  test('standard error that nobody reads is no failure', async () => {
    expect(
      (await bash('{ $kv get nobody; echo $? > code; } 2>&1 >/dev/null | true; sleep 1; cat code; rm code')).out,
    ).toBe('3\n');
  });

  test('a large value goes in by one pipe and out by another, unchanged', async () => {
    const line =
      'head -c 1900 /dev/urandom > a; $kv put big - < a && cat a | $kv put big - && $kv get big | cmp - a && echo same; rm a';
    expect(await bash(line)).toEqual({ code: 0, out: 'same\n', notes: '' });
  });

  test('a command under a lock has the standard input of kv', async () => {
    expect(await bash('seq 3 | $kv lock pipe -- cat')).toEqual({ code: 0, out: '1\n2\n3\n', notes: '' });
  });
});

describe('signals', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends a watch with %d', async (signal, code) => {
    expect(await bash('exec $kv watch nothing', { signalAfter: [signal, 1500] })).toEqual({ code, out: '', notes: '' });
  });

  test('what runs under a lock gets the signal too, and has the time to end', async () => {
    const command = `trap 'sleep 0.3; echo cleaned; exit 3' TERM; while :; do sleep 0.1; done`;
    const run = await bash(`exec $kv lock job -- bash -c "${command}"`, { signalAfter: ['SIGTERM', 1500] });
    expect([run.code, run.out]).toEqual([3, 'cleaned\n']);
    expect((await fetch(`${stage.proxy}/v1/locks/job`)).status).toBe(404);
  });
});

describe('where there is little', () => {
  test('no home, or one that cannot be written, keeps nothing from working but contexts', async () => {
    expect((await bash('env -u HOME -u XDG_CONFIG_HOME $kv ls many/ -n 1')).out).toBe('many/0\n');
    const run = await bash('HOME=/proc/version $kv context set a --url http://127.0.0.1:1');
    expect([run.code, run.notes]).toEqual([1, expect.stringContaining('cannot be written')]);
  });

  test('nobody answers: 6 within seconds, by whichever command', async () => {
    const beganAtMs = performance.now();
    expect(await bash('KV_URL=http://127.0.0.1:1 $kv get k')).toMatchObject({ code: 6, out: '' });
    expect(performance.now() - beganAtMs).toBeLessThan(10_000);
  });
});
