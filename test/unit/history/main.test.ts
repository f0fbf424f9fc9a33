import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeHistory } from '../../history/history-file.ts';
import { get, put, read } from './kit.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kvstore-history-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const main = join(import.meta.dirname, '../../history/main.ts');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = (...argumentsOfMain: readonly string[]): Promise<Ended> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...argumentsOfMain], (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else reject(error);
    });
  });

const file = (name: string): string => join(directory, name);
const written = [put('v1', { at: [0, 10], revision: 1 }), put('v2', { at: [20, 30], revision: 4 })];

test('the verdict is printed, and is the exit code', async () => {
  writeHistory(file('good.jsonl'), written);
  writeHistory(file('bad.jsonl'), [...written, get('v1', { at: [40, 50], revision: 1 })]);
  const [good, bad, undecided] = await Promise.all([
    run(file('good.jsonl')),
    run(file('bad.jsonl')),
    run(file('good.jsonl'), '--steps', '1'),
  ]);
  expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('ok: 0 violations; 2 operations') });
  expect(bad).toMatchObject({ code: 1, stdout: expect.stringContaining('linearizable, key k') });
  expect(undecided).toMatchObject({ code: 3, stdout: expect.stringContaining('undecided') });
});

test('the options are those of the check', async () => {
  const stale = read('in-sync', 'v1', { at: [500_000, 500_010], revision: 1 });
  writeHistory(file('stale.jsonl'), [...written, stale]);
  const [byDefault, bound, settled] = await Promise.all([
    run(file('stale.jsonl')),
    run(file('stale.jsonl'), '--staleness-ms', '100'),
    run(file('stale.jsonl'), '--settled-at', '400000'),
  ]);
  expect(byDefault.code).toBe(0);
  expect(bound).toMatchObject({ code: 1, stdout: expect.stringContaining('in-sync, key k') });
  expect(settled).toMatchObject({ code: 1, stdout: expect.stringContaining('nothing-lost, key k') });
});

test('what is no history, or no question, is said with its reason', async () => {
  writeFileSync(file('broken.jsonl'), '{"client":1}\n');
  const [broken, missing, none, unknown] = await Promise.all([
    run(file('broken.jsonl')),
    run(file('missing.jsonl')),
    run(),
    run(file('broken.jsonl'), '--lineages', 'many'),
  ]);
  expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('line 1: op must be one of') });
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') });
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('npm run history') });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('many is not one or several') });
});
