import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Stage } from '../../compat/stage.ts';
import { bash as inBash, type BashOptions } from './bash.ts';

/** What only a process can show: pipes, signals, exit codes. */
jest.setTimeout(60_000);

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

const bash = (line: string, signal?: BashOptions['signal']) =>
  inBash(line, { url: stage.proxy, folder, ...(signal === undefined ? {} : { signal }) });

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
  ] as const)('%s ends a watch with %d', async (name, code) => {
    const run = await bash('exec $kv watch many/1 --snapshot', { name, when: (said) => said.includes('put') });
    expect([run.code, run.out, run.notes]).toEqual([code, expect.stringMatching(/^put\tmany\/1\tv+\n$/), '']);
  });

  test('what runs under a lock gets the signal too, and has the time to end', async () => {
    const command = `trap 'sleep 0.3; echo cleaned; exit 3' TERM; echo runs; while :; do sleep 0.1; done`;
    const run = await bash(`exec $kv lock job -- bash -c "${command}"`, {
      name: 'SIGTERM',
      when: (said) => said.includes('runs'),
    });
    expect([run.code, run.out]).toEqual([3, 'runs\ncleaned\n']);
    expect((await fetch(`${stage.proxy}/v1/locks/job`)).status).toBe(404);
  });
});

describe('where there is little', () => {
  test('no home keeps nothing from working', async () => {
    expect((await bash('env -u HOME -u XDG_CONFIG_HOME $kv ls many/ -n 1')).out).toBe('many/0\n');
  });
});
