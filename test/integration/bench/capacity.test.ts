import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { DataFileSeen } from '../../bench/data-file/measure.ts';
import type { SnapshotCost } from '../../bench/restarts/snapshot-cost.ts';
import type { GapsSeen } from '../../bench/gaps/gap-report.ts';
import type { Lane } from '../../bench/overload/measure.ts';
import type { PausesSeen } from '../../bench/pauses/measure.ts';
import type { RestartsSeen } from '../../bench/restarts/restart-report.ts';
import type { Starts } from '../../bench/start/measure.ts';

jest.setTimeout(120_000);

/** The commands as people call them, with little of everything, for function: nothing is asked of their figures. */

const MAIN = resolve(import.meta.dirname, '../../bench/main.ts');

/** Where they make their temporary folders, so that it is seen when one is left over. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvstore-capacity-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function bench(words: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(process.execPath, [MAIN, ...words], { env: { ...process.env, TMPDIR: folder } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

/** What it has seen, and that it can be shown again; and nothing else is left. */
async function seenBy<Seen>(words: readonly string[]): Promise<Seen> {
  const json = join(folder, 'report.json');
  const { code, said } = await bench([...words, '--json', json]);
  expect([code, code === 0 ? '' : said]).toEqual([0, '']);
  const again = await bench([words[0] ?? '', '--from', json]);
  expect([again.code, said.includes(again.said)]).toEqual([0, true]);
  expect(readdirSync(folder)).toEqual(['report.json']);
  return JSON.parse(readFileSync(json, 'utf8')) as Seen;
}

test('overload: what was answered, who recovered, and whose memory was watched', async () => {
  const { lanes } = await seenBy<{ readonly lanes: readonly Lane[] }>(['overload', '--seconds', '0.6']);
  expect(lanes).toHaveLength(4);
  for (const { peakPerS, goodputPerS, recoveryMs, memory } of lanes) {
    expect([peakPerS > 0, goodputPerS > 0, recoveryMs === null]).toEqual([true, true, false]);
    expect(memory.map(({ process }) => process)).toEqual(['kvstore-0', 'kvstore-1', 'kvstore-2', 'proxy-0']);
    expect(memory.every(({ firstHalf, secondHalf }) => firstHalf > 0 && secondHalf > 0)).toBe(true);
  }
});

test('start: every process has listened before it was ready', async () => {
  const { starts, nodeMs } = await seenBy<Starts>(['start', '--rounds', '1']);
  expect([starts.length, nodeMs.length]).toEqual([4, 1]);
  for (const { listensMs, readyMs } of starts) expect(readyMs[0]).toBeGreaterThanOrEqual(listensMs[0] ?? Infinity);
});

test('pauses: every replica has told of its collections', async () => {
  const words = ['pauses', '--keys', '20000', '--rate', '5000', '--seconds', '2'];
  const { load, replicas } = await seenBy<PausesSeen>(words);
  expect(load.operations / load.requests).toBe(10);
  expect(replicas.map(({ role }) => role).toSorted()).toEqual(['follower', 'follower', 'leader']);
  for (const { collections, delayMaxMs, heapBytes, rssBytes } of replicas) {
    expect(collections.filter(({ kind }) => kind === 'young space').length).toBeGreaterThan(0);
    expect(Math.min(delayMaxMs, heapBytes, rssBytes)).toBeGreaterThan(0);
  }
});

test('data-file: every lookup found its value, at the replica and through the proxy', async () => {
  const words = ['data-file', '--lines', '20000', '--rate', '500', '--seconds', '1'];
  const { fileBytes, memoryBytes, residentBytes, lookups } = await seenBy<DataFileSeen>(words);
  expect(fileBytes).toBe(20_000 * 80);
  expect(Math.min(memoryBytes, residentBytes)).toBeGreaterThan(0);
  expect(Object.keys(lookups)).toEqual(['at the replica', 'through the proxy']);
});

test('write-gap: a leader that is stopped, and an API that is away, leave a gap of some length, and lose no write', async () => {
  const words = ['write-gap', 'leader-stopped', 'api-away', '--only', 'kvstore', '--rounds', '1', '--rate', '100'];
  const { gaps } = await seenBy<GapsSeen>(words);
  expect(gaps.map(({ disturbance }) => disturbance)).toEqual(['leader-stopped', 'api-away']);
  for (const { rounds } of gaps) {
    expect(rounds).toEqual([expect.objectContaining({ failed: 0, lost: 0 })]);
    expect(rounds[0]?.gapMs).toBeGreaterThan(0);
  }
  const json = join(folder, 'report.json');
  const twice = await bench(['write-gap', '--from', json, '--from', json]);
  expect([twice.code, twice.said]).toEqual([0, expect.stringMatching(/\| leader-stopped \| kvstore.* \| 2 \|/u)]);
});

test('restart: a follower that is started again gets in sync under load', async () => {
  const words = ['restart', '--rounds', '1', '--keys', '2000', '--rate', '100', '--readmit', '0'];
  const { restarts } = await seenBy<RestartsSeen>(words);
  const [restart] = restarts;
  expect(restarts).toHaveLength(1);
  expect(restart?.inSyncMs).toBeGreaterThanOrEqual(restart?.caughtUpMs ?? Infinity);
  for (const outcome of [restart?.undisturbed, restart?.meanwhile]) expect(outcome?.requests).toBeGreaterThan(0);
});

test('snapshot: each part of the work has taken some time', async () => {
  const { cost } = await seenBy<{ readonly cost: SnapshotCost }>(['snapshot', '--keys', '20000']);
  for (const { findUs, encodeUs, decodeUs, addUs } of [cost.standing, cost.older])
    expect(Math.min(findUs, encodeUs, decodeUs, addUs)).toBeGreaterThan(0);
});

test('runs that cannot be put together are refused', async () => {
  const json = join(folder, 'report.json');
  const { code, said } = await bench(['snapshot', '--from', json, '--from', json]);
  expect([code, said]).toEqual([2, expect.stringContaining('--from is given once')]);
});

test.each([
  [['write-gap', 'leader-bribed'], 'there is no disturbance leader-bribed'],
  [['write-gap', '--only', 'redis'], 'there is no contestant redis'],
  [['restart', '--keys', '0'], '--keys is a whole number from 1 on'],
  [['restart', '--readmit=-1'], '--readmit is a whole number from 0 on'],
  [['start', '--rounds', '0'], '--rounds is a whole number from 1 on'],
  [['overload', '--second', '1'], 'Unknown option'],
])('%j is refused', async (words, complaint) => {
  const { code, said } = await bench(words);
  expect([code, said]).toEqual([2, expect.stringContaining(complaint)]);
});
