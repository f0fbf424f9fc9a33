import { afterEach, expect, jest, test } from '@jest/globals';
import type { Key } from '../../../src/core/base/key.ts';
import { idOf, settledWithin, World } from './world.ts';

let world: World;
afterEach(() => {
  world.proxy.stop();
  jest.useRealTimers();
});

test('a proxy is ready once it knows a record and a replica answers', async () => {
  world = new World();
  world.proxy.start();
  expect(world.proxy.ready).toBe(false);
  world.publishEndpoints();
  await jest.advanceTimersByTimeAsync(10);
  expect(world.proxy.ready).toBe(false);
  world.elect(world.replicas[0], 1);
  await jest.advanceTimersByTimeAsync(10);
  expect(world.proxy.ready).toBe(true);
  for (const replica of world.replicas) replica.die();
  expect(world.proxy.ready).toBe(false);
});

test('the cluster view is every replica’s own word, and names those that gave none within a second', async () => {
  world = await World.ready();
  const [, frozen, dead] = world.replicas;
  frozen.frozen = true;
  dead.die();
  const view = await settledWithin(world.proxy.cluster(), 1000);
  expect(view).toMatchObject({
    leader: idOf('kv-0'),
    epoch: 1,
    lineage: { number: 1, id: 'one' },
    members: [idOf('kv-0'), idOf('kv-1'), idOf('kv-2')],
    standbys: [],
    replicas: [{ podName: 'kv-0', peerAddress: 'kv-0:7000', role: 'leading' }],
    unreachable: [
      { podName: 'kv-1', peerAddress: 'kv-1:7000', reason: 'no answer in time' },
      { podName: 'kv-2', peerAddress: 'kv-2:7000', reason: 'no connection' },
    ],
  });
});

test('a pod that the EndpointSlices no longer name is let go, unless the record counts on it', async () => {
  world = await World.ready();
  const [first, second, third] = world.replicas;
  world.publishEndpoints([first, second]);
  expect(third.client?.state).toBe('open');
  world.elect(first, 1, [first, second]);
  expect(third.client?.state).toBe('closed');
});

test('a leader that changes is one line in the log', async () => {
  world = await World.ready();
  world.elect(world.replicas[1], 2);
  world.elect(world.replicas[1], 2);
  expect(world.logged.filter((event) => event === 'leader changed')).toHaveLength(2);
});

test('what each replica has answered is counted and timed, and one that is gone has no last word', async () => {
  world = await World.ready();
  const read = { kind: 'key', key: 'k' as Key, mode: 'in-sync', token: null } as const;
  for (let number = 0; number < 100; number += 1) await settledWithin(world.proxy.read(read), 1000);
  const known = world.proxy.knownReplicas();
  expect(known.map(({ podName, standing, summary }) => [podName, standing, summary?.httpAddress])).toEqual([
    ['kv-0', 'leader', 'kv-0:8000'],
    ['kv-1', 'member', 'kv-1:8000'],
    ['kv-2', 'member', 'kv-2:8000'],
  ]);
  expect(known.map(({ answers }) => answers)).toEqual(world.replicas.map(({ reads }) => reads));
  for (const { answers, answerMsMean } of known) {
    expect(answers).toBeGreaterThan(0);
    expect(answerMsMean).toBeGreaterThanOrEqual(0);
  }
  world.replicas[2].die();
  await jest.advanceTimersByTimeAsync(1000);
  expect(world.proxy.knownReplicas().map(({ summary }) => summary?.podName ?? null)).toEqual(['kv-0', 'kv-1', null]);
});
