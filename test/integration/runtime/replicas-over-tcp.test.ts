import { afterEach, expect, test } from '@jest/globals';
import type { Key } from '../../../src/core/base/key.ts';
import type { WriteCommand } from '../../../src/core/store/commands.ts';
import type { ReadMode } from '../../../src/core/store/reads.ts';
import {
  allInSync,
  end,
  endAll,
  leaderOf,
  raisedAlarms,
  start,
  threeInSync,
  type Running,
} from './in-process-replicas.ts';

afterEach(async () => {
  expect(await endAll()).toEqual([]);
});

const put = (key: string, value: string): WriteCommand => ({
  kind: 'put',
  key: key as Key,
  value: Buffer.from(value),
  contentType: null,
  condition: { kind: 'none' },
  lifetime: { kind: 'unlimited' },
  idle: { kind: 'unlimited' },
});

async function write(replica: Running, key: string, value: string): Promise<void> {
  const result = await replica.operations.write(put(key, value), { idempotencyKey: null });
  expect(result).toMatchObject({ kind: 'answered', outcome: { kind: 'committed', decided: { kind: 'written' } } });
}

async function valueOf(replica: Running, key: string, mode: ReadMode = 'in-sync'): Promise<string | null> {
  const result = await replica.operations.read({ kind: 'key', key: key as Key, mode, token: null });
  if (result.kind !== 'answered' || result.outcome.kind !== 'read') throw new Error(JSON.stringify(result));
  return result.outcome.found === null ? null : Buffer.from(result.outcome.found.value).toString();
}

test('three replicas elect a leader, and each takes writes and answers reads in every mode', async () => {
  const { replicas } = await threeInSync();
  for (const [position, replica] of replicas.entries()) await write(replica, `key-${position}`, `value-${position}`);
  for (const replica of replicas) {
    for (const mode of ['in-sync', 'linearizable', 'eventual'] as const) {
      expect(await valueOf(replica, 'key-1', mode)).toBe('value-1');
    }
    expect(await valueOf(replica, 'no-such-key')).toBeNull();
  }
});

test('many writes at once are all committed, in far fewer turns', async () => {
  const { replicas } = await threeInSync();
  const leader = leaderOf(replicas) ?? replicas[0];
  if (leader === undefined) throw new Error('no replica');
  await Promise.all(Array.from({ length: 2000 }, (_, position) => write(leader, `key-${position}`, String(position))));
  for (const replica of replicas) expect(await valueOf(replica, 'key-1999')).toBe('1999');
});

test('when the leader is gone another one leads, and no acknowledged write is lost', async () => {
  const { kubernetes, replicas } = await threeInSync();
  for (let number = 0; number < 50; number += 1)
    await write(replicas[number % 3] as Running, `key-${number}`, 'before');
  const first = leaderOf(replicas);
  if (first === undefined) throw new Error('nobody leads');
  await end(first);
  const others = replicas.filter((replica) => replica !== first);
  await write(others[0] as Running, 'after', 'the takeover');
  for (const replica of others) {
    expect(await valueOf(replica, 'key-49')).toBe('before');
    expect(await valueOf(replica, 'after', 'linearizable')).toBe('the takeover');
  }
  // The same pod, another process: empty, and in sync again after a snapshot or the log.
  const back = await start(kubernetes, first.podName);
  await allInSync([...others, back]);
  expect(await valueOf(back, 'key-49')).toBe('before');
  expect(raisedAlarms()).toEqual([]);
});

test('R9: a leader that is told to stop hands over, and a write meanwhile succeeds', async () => {
  const { kubernetes, replicas } = await threeInSync();
  const first = leaderOf(replicas);
  if (first === undefined) throw new Error('nobody leads');
  const others = replicas.filter((replica) => replica !== first);
  const stopping = first.host.stop(10_000);
  await Promise.all(
    Array.from({ length: 20 }, (_, number) => write(others[number % 2] as Running, `key-${number}`, 'x')),
  );
  expect(await stopping).toBe('released');
  await end(first);
  expect(leaderOf(others)).toBeDefined();
  expect(kubernetes.record?.content.inSync).toHaveLength(2);
});

test('R9: followers that are told to stop leave the set first', async () => {
  const { kubernetes, replicas } = await threeInSync();
  const follower = replicas.find((replica) => replica.driver.status.role === 'following');
  if (follower === undefined) throw new Error('nobody follows');
  expect(await follower.host.stop(10_000)).toBe('released');
  expect(kubernetes.record?.content.inSync).toHaveLength(2);
});
