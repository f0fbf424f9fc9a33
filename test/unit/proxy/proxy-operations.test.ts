import { afterEach, expect, jest, test } from '@jest/globals';
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
