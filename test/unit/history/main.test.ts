import { spawnSync } from 'node:child_process';
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

const run = (...argumentsOfMain: readonly string[]) =>
  spawnSync(process.execPath, [main, ...argumentsOfMain], { encoding: 'utf8' });

const file = (name: string): string => join(directory, name);
const written = [put('v1', { at: [0, 10], revision: 1 }), put('v2', { at: [20, 30], revision: 4 })];

test('the verdict is printed, and is the exit code', () => {
  writeHistory(file('good.jsonl'), written);
  writeHistory(file('bad.jsonl'), [...written, get('v1', { at: [40, 50], revision: 1 })]);
  const [good, bad, undecided] = [
    run(file('good.jsonl')),
    run(file('bad.jsonl')),
    run(file('good.jsonl'), '--steps', '1'),
  ];
  expect(good).toMatchObject({ status: 0, stdout: expect.stringContaining('ok: 0 violations; 2 operations') });
  expect(bad).toMatchObject({ status: 1, stdout: expect.stringContaining('linearizable, key k') });
  expect(undecided).toMatchObject({ status: 3, stdout: expect.stringContaining('undecided') });
});

test('the options are those of the check', () => {
  const stale = read('in-sync', 'v1', { at: [500_000, 500_010], revision: 1 });
  writeHistory(file('stale.jsonl'), [...written, stale]);
  const [byDefault, bound, settled] = [
    run(file('stale.jsonl')),
    run(file('stale.jsonl'), '--staleness-ms', '100'),
    run(file('stale.jsonl'), '--settled-at', '400000'),
  ];
  expect(byDefault.status).toBe(0);
  expect(bound).toMatchObject({ status: 1, stdout: expect.stringContaining('in-sync, key k') });
  expect(settled).toMatchObject({ status: 1, stdout: expect.stringContaining('nothing-lost, key k') });
});

test('what is no history, or no question, is said with its reason', () => {
  writeFileSync(file('broken.jsonl'), '{"client":1}\n');
  const [broken, missing, none, unknown] = [
    run(file('broken.jsonl')),
    run(file('missing.jsonl')),
    run(),
    run(file('broken.jsonl'), '--lineages', 'many'),
  ];
  expect(broken).toMatchObject({ status: 2, stderr: expect.stringContaining('line 1: op must be one of') });
  expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining('ENOENT') });
  expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining('npm run history') });
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('many is not one or several') });
});
