import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { GapsReport } from '../../bench/gaps/gap-report.ts';
import type { RestartReport } from '../../bench/restarts/restart-report.ts';
import type { Report } from '../../bench/suites/report.ts';
import { suites } from '../../bench/suites/suites.ts';
import { until } from '../../measure/until.ts';

jest.setTimeout(120_000);

/** The command as people call it, for function: nothing is asked of its figures. */

const MAIN = resolve(import.meta.dirname, '../../bench/main.ts');

/** Where the command makes its temporary folders, so that it is seen when one is left over. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-goals-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bench(args: readonly string[]): { readonly child: ChildProcess; readonly said: () => string } {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, TMPDIR: folder } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return { child, said: () => said };
}

test('every suite that is asked for has its figures, from everybody who can take part', async () => {
  const json = join(folder, 'report.json');
  const words = [
    'generator',
    'get-proxy',
    '--only',
    'kvstore,node-http,null-http',
    '--rounds',
    '2',
    '--seconds',
    '0.5',
  ];
  const { child, said } = bench(['goals', ...words, '--json', json]);
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, code === 0 ? '' : said()]).toEqual([0, '']);

  const report = JSON.parse(readFileSync(json, 'utf8')) as Report;
  expect(report.suites.map(({ name }) => name)).toEqual(['generator', 'get-proxy']);
  for (const { name, lanes } of report.suites) {
    expect(lanes.map((lane) => lane.name)).toEqual(Object.keys(suites[name as 'generator'].lanes));
    for (const { contestant, outcomes, figure } of lanes) {
      if (contestant === 'null-resp is not asked for') expect([outcomes, figure]).toEqual([[], null]);
      else {
        expect(outcomes.map(({ requests, operations }) => requests > 0 && operations === requests)).toEqual([
          true,
          true,
        ]);
        expect(figure?.median).toBeGreaterThan(0);
      }
    }
  }
  expect(report.suites[1]?.goals[0]?.ratio).toBeGreaterThan(0);
  expect(said()).toContain('get-proxy, round 2 of 2, node:http: ');
  expect(said()).toContain('skipped: null-resp is not asked for');
  expect(readdirSync(folder)).toEqual(['report.json']);
});

test('Ctrl-C ends it, and nothing is left of it', async () => {
  const { child, said } = bench(['get-replica', '--only', 'node-http', '--seconds', '0.2', '--rounds', '1000']);
  await until('it runs', () => said().includes('round 2 of 1000'));
  expect(readdirSync(folder).filter((name) => name.startsWith('kvstore-bench-'))).toHaveLength(1);
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, said()]).toEqual([130, expect.stringContaining('ended by SIGINT')]);
  expect(readdirSync(folder).filter((name) => name.startsWith('kvstore-bench-'))).toEqual([]);
});

test('a leader that is stopped, and an API that is away, leave a gap of some length, and lose no write', async () => {
  const json = join(folder, 'gaps.json');
  const words = ['leader-stopped', 'api-away', '--only', 'kvstore', '--rounds', '1', '--rate', '100', '--json', json];
  const { child, said } = bench(['write-gap', ...words]);
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, code === 0 ? '' : said()]).toEqual([0, '']);
  const { gaps } = JSON.parse(readFileSync(json, 'utf8')) as GapsReport;
  expect(gaps.map(({ disturbance }) => disturbance)).toEqual(['leader-stopped', 'api-away']);
  for (const { rounds } of gaps) {
    expect(rounds).toEqual([expect.objectContaining({ failed: 0, lost: 0 })]);
    expect(rounds[0]?.gapMs).toBeGreaterThan(0);
  }
  rmSync(json);
});

test('a follower that is started again gets in sync under load', async () => {
  const json = join(folder, 'restart.json');
  const words = ['--rounds', '1', '--keys', '2000', '--rate', '100', '--readmit', '0', '--json', json];
  const { child, said } = bench(['restart', ...words]);
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, code === 0 ? '' : said()]).toEqual([0, '']);
  const { restarts } = JSON.parse(readFileSync(json, 'utf8')) as RestartReport;
  const [restart] = restarts;
  expect(restarts).toHaveLength(1);
  expect(restart?.inSyncMs).toBeGreaterThanOrEqual(restart?.caughtUpMs ?? Infinity);
  for (const outcome of [restart?.undisturbed, restart?.meanwhile]) expect(outcome?.requests).toBeGreaterThan(0);
  rmSync(json);
});

test.each([
  [['write-gap', 'leader-bribed'], 'there is no disturbance leader-bribed'],
  [['write-gap', '--only', 'redis'], 'there is no contestant redis'],
  [['restart', '--keys', '0'], '--keys is a whole number from 1 on'],
  [['get-replica', '--only', 'nobody'], 'there is no contestant nobody'],
  [['put-nobody'], 'no benchmark put-nobody; there are '],
  [['--compare', 'no-such-commit'], 'git knows no commit no-such-commit'],
])('%j is refused', async (words, complaint) => {
  const { child, said } = bench(words);
  const [code] = (await once(child, 'close')) as [number | null];
  expect([code, said()]).toEqual([2, expect.stringContaining(complaint)]);
});
