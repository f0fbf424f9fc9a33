import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

jest.setTimeout(120_000);

/** The command as people call it, for function: nothing is asked of its figures. */

const MAIN = resolve(import.meta.dirname, '../../bench/main.ts');

/** Where the command makes its temporary folders, so that it is seen when one is left over. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-memory-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a leader and its followers are filled and looked at, and figures of so few keys are not written', async () => {
  const json = join(folder, 'report.json');
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'memory', '2000', '--json', json], {
    env: { ...process.env, TMPDIR: folder },
  });
  const { fills } = JSON.parse(readFileSync(json, 'utf8')) as {
    readonly fills: readonly { readonly keys: number; readonly processes: readonly Record<string, unknown>[] }[];
  };
  expect(fills.map(({ keys }) => keys)).toEqual([2000]);
  const ours = fills[0]?.processes.filter(({ contestant }) => contestant === 'kvstore') ?? [];
  expect(ours.map(({ role }) => role)).toEqual(['leader', 'follower', 'follower']);
  for (const { bytes, logBytes } of ours) {
    expect(bytes).toEqual(expect.any(Number));
    expect(logBytes).toBeGreaterThan(0);
  }
  expect(stdout).toContain('| 2,000 | kvstore, leader |');
  const again = promisify(execFile)(process.execPath, [MAIN, 'memory', '--from', json, '--write']);
  await expect(again).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('not written: ') as unknown });
  expect(readdirSync(folder)).toEqual(['report.json']);
});
