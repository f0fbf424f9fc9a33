import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeStore, json, problem, reset, type Reply } from '../client/fake-store.ts';
import { kv } from './kv.ts';

let folder: string;
let store: FakeStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kv-lock-'));
  store = await FakeStore.start();
});

afterEach(async () => {
  await store.end();
  rmSync(folder, { recursive: true, force: true });
});

const held = json({ name: 'l', lockId: 'id', fencingToken: '100000000000007', expiresAt: '2026-01-01T00:00:00Z' });

/** Deaf to SIGTERM, and with a child of its own: both write the time as long as they live. */
const stubborn = (mark: string): string =>
  `trap 'echo heard > ${mark}.heard' TERM; (while :; do date +%s%N > ${mark}.child; sleep 0.05; done) & while :; do date +%s%N > ${mark}; sleep 0.05; done`;

async function lockFor(ttl: string, ...replies: Reply[]) {
  store.replies = replies;
  const mark = join(folder, 'mark');
  const env = { ...(process.env as Record<string, string>), KV_URL: store.url };
  const run = await kv(['lock', 'l', '--ttl', ttl, '--', 'sh', '-c', stubborn(mark)], { env });
  return { run, mark };
}

async function isStill(path: string): Promise<boolean> {
  const before = readFileSync(path, 'utf8');
  await wait(300);
  return readFileSync(path, 'utf8') === before;
}

test('a lock that has passed on: the command, and what it started, are stopped, and it ends with 7', async () => {
  const { run, mark } = await lockFor('1s', held, problem(404, { code: 'no-lock' }));
  expect([run.exitCode, run.notes]).toEqual([
    7,
    'kv: The lock l is lost: stop what it guards. The store says that it has passed on. The command was stopped.\n',
  ]);
  expect([await isStill(mark), await isStill(`${mark}.child`)]).toEqual([true, true]);
});

test('a lock that cannot be renewed: the command is told in time to stop, and stopped before another may have it', async () => {
  let grantedAtMs = 0;
  const granted: Reply = (response, request) => {
    grantedAtMs = Date.now();
    held(response, request);
  };
  const { run, mark } = await lockFor('2s', granted, reset);
  // By the last sign of life; a second more than its time, for who is told late on a machine that does much else.
  expect(Number(readFileSync(mark, 'utf8').slice(0, -7)) - grantedAtMs).toBeLessThan(3000);
  // Its time is over as the client finds it lost: either may be told first.
  expect([run.exitCode, run.notes]).toEqual([
    7,
    expect.stringMatching(/No renewal was confirmed within 2000ms\.|could not be renewed in time/),
  ]);
  expect(existsSync(`${mark}.heard`)).toBe(true);
  expect([await isStill(mark), await isStill(`${mark}.child`)]).toEqual([true, true]);
});

test('a renewal that succeeds too late: what was told to stop is stopped, and the lock given back', async () => {
  await store.end();
  let grantedAtMs = Infinity;
  store = await FakeStore.start((response, request) => {
    if (request.method === 'POST') grantedAtMs = performance.now();
    const isLate = performance.now() > grantedAtMs + 1700;
    (request.method === 'PUT' && !isLate ? reset : held)(response, request);
  });
  const { run, mark } = await lockFor('2s', ...store.replies);
  expect([run.exitCode, run.notes]).toEqual([
    7,
    'kv: The lock l could not be renewed in time, and another may have it soon. The command was stopped.\n',
  ]);
  expect([await isStill(mark), store.last.method]).toEqual([true, 'DELETE']);
});

test('a renewal that fails once is no loss', async () => {
  store.replies = [held, reset, held];
  const env = { ...(process.env as Record<string, string>), KV_URL: store.url };
  expect(await kv(['lock', 'l', '--ttl', '1s', '--', 'sleep', '1.5'], { env })).toMatchObject({
    exitCode: 0,
    notes: '',
  });
  expect(store.received.map(({ method }) => method).slice(0, 3)).toEqual(['POST', 'PUT', 'PUT']);
  expect(store.last.method).toBe('DELETE');
});
