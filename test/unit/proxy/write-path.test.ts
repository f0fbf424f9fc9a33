import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { committed, put, settledWithin, World } from './world.ts';

const unkeyed = { idempotencyKey: null };
const acknowledged = { kind: 'answered', outcome: committed };

let world: World;
beforeEach(async () => {
  world = await World.ready();
});
afterEach(() => {
  world.proxy.stop();
  jest.useRealTimers();
});

test('a write goes to the leader, and the answer names its pod', async () => {
  const result = await settledWithin(world.proxy.write(put(), unkeyed), 5);
  expect(result).toEqual({ ...acknowledged, servedBy: 'kv-0' });
  expect(world.replicas.map((replica) => replica.writes.length)).toEqual([1, 0, 0]);
});

test('a write waits while the leader changes, and leaves in the turn that names the new one', async () => {
  const [old, next] = world.replicas;
  await settledWithin(world.proxy.write(put(), unkeyed), 5);
  old.die();
  const held = world.proxy.write(put(), unkeyed);
  await jest.advanceTimersByTimeAsync(200);
  expect(next.writes).toHaveLength(0);
  world.elect(next, 2);
  // One millisecond there and back, and nothing of the proxy's own.
  expect(await settledWithin(held, 1)).toEqual({ ...acknowledged, servedBy: 'kv-1' });
});

test('R15: a write in flight when its leader died is repeated under its id at the next', async () => {
  const [old, next] = world.replicas;
  old.onWrite = () => null;
  const write = world.proxy.write(put(), unkeyed);
  await jest.advanceTimersByTimeAsync(5);
  old.die();
  world.elect(next, 2);
  expect(await settledWithin(write, 2)).toMatchObject(acknowledged);
  expect(next.writes).toEqual([old.writes[0]]);
});

test('R15: a write that a stopped leader does not answer is repeated when the record names another', async () => {
  const [old, next] = world.replicas;
  await settledWithin(world.proxy.write(put(), unkeyed), 5);
  old.frozen = true;
  const write = world.proxy.write(put(), unkeyed);
  await jest.advanceTimersByTimeAsync(800);
  world.elect(next, 2);
  expect(await settledWithin(write, 2)).toMatchObject({ ...acknowledged, servedBy: 'kv-1' });
  expect(next.writes).toMatchObject([{ id: { session: 'session-of-kv-0', number: 2 } }]);
  // Continued, it answers late, and nobody minds.
  world.enthrone(next, 2);
  old.thaw();
  await jest.advanceTimersByTimeAsync(100);
});

test('a leader that the record names before it knows itself is asked again within milliseconds', async () => {
  const [old, next] = world.replicas;
  await settledWithin(world.proxy.write(put(), unkeyed), 5);
  old.die();
  world.publishRecord(world.recordOf(next, 2));
  const write = world.proxy.write(put(), unkeyed);
  await jest.advanceTimersByTimeAsync(20);
  world.enthrone(next, 2);
  expect(await settledWithin(write, 40)).toMatchObject(acknowledged);
});

test('a replica that says it leads is believed before the watch has said so', async () => {
  const [old, next] = world.replicas;
  await settledWithin(world.proxy.write(put(), unkeyed), 5);
  old.leads = false;
  next.leads = true;
  next.epoch = 2 as never;
  const result = await settledWithin(world.proxy.write(put(), unkeyed), 10);
  expect(result).toEqual({ ...acknowledged, servedBy: 'kv-1' });
});

test('the Lease is read when the leader is not to be had: the watch may have missed something', async () => {
  const [old, next] = world.replicas;
  old.die();
  world.enthrone(next, 2);
  next.leads = false;
  await jest.advanceTimersByTimeAsync(250);
  world.api.answer = { kind: 'record', record: world.recordOf(next, 2) };
  next.leads = true;
  const write = world.proxy.write(put(), unkeyed);
  expect(await settledWithin(write, 600)).toMatchObject(acknowledged);
  expect(world.api.calls).toContainEqual({ kind: 'readLease' });
});

test('a leader that the proxy does not reach is written to through a replica, in one hop', async () => {
  const [leader, relay] = world.replicas;
  leader.die();
  const relayed = (hop: string) => hop === 'relay';
  relay.onOpenSession = (hop) => (relayed(hop) ? { kind: 'opened', session: 's' as never } : null);
  relay.onWrite = (_, hop) => (relayed(hop) ? committed : null);
  const result = await settledWithin(world.proxy.write(put(), unkeyed), 600);
  expect(result).toEqual({ ...acknowledged, servedBy: relay.podName });
  expect(new Set(relay.hops)).toEqual(new Set(['relay']));
});

test('a replica that cannot pass a write on is left for another, and the leader is taken again when it is back', async () => {
  const [leader, cutOff, relay] = world.replicas;
  leader.die();
  relay.onOpenSession = () => ({ kind: 'opened', session: 's' as never });
  relay.onWrite = () => committed;
  const result = await settledWithin(world.proxy.write(put(), unkeyed), 700);
  expect(result).toEqual({ ...acknowledged, servedBy: relay.podName });
  expect(cutOff.hops).toContain('relay');
  leader.comeBack();
  await jest.advanceTimersByTimeAsync(10);
  expect(await settledWithin(world.proxy.write(put(), unkeyed), 10)).toMatchObject({ servedBy: leader.podName });
});

test('after the wait a write that nobody took is unavailable, with no effect', async () => {
  for (const replica of world.replicas) replica.die();
  const result = await settledWithin(world.proxy.write(put(), unkeyed), 10_010);
  expect(result).toMatchObject({ kind: 'unavailable', code: 'no-leader', outcome: 'none' });
});

test('after the wait a write that was sent is unavailable, with its outcome unknown', async () => {
  const [leader] = world.replicas;
  leader.onWrite = () => null;
  const result = await settledWithin(world.proxy.write(put(), unkeyed), 10_010);
  expect(result).toMatchObject({ kind: 'unavailable', code: 'not-enough-in-sync', outcome: 'unknown' });
});

test('a record that is older than what was seen is passed over; one with another uid is another record', async () => {
  const [first, second] = world.replicas;
  const old = world.recordOf(first, 1);
  world.elect(second, 2);
  world.publishRecord(old);
  expect(await settledWithin(world.proxy.write(put(), unkeyed), 10)).toMatchObject({ servedBy: 'kv-1' });
  world.enthrone(first, 1);
  world.publishRecord({ ...old, version: { uid: 'lease-2', resourceVersion: '1' } });
  expect(await settledWithin(world.proxy.write(put(), unkeyed), 10)).toMatchObject({ servedBy: 'kv-0' });
});

test('a Lease that was deleted, and one that is still empty, leave the leader as it was', async () => {
  world.publishRecord(null);
  const empty = world.recordOf(null, 0, []);
  world.publishRecord({ version: { uid: 'x', resourceVersion: '1' }, content: { ...empty.content, lineage: null } });
  expect(await settledWithin(world.proxy.write(put(), unkeyed), 10)).toMatchObject(acknowledged);
});

test('a leader is found by the record alone, before an EndpointSlice names its pod', async () => {
  world.publishEndpoints([world.replicas[1]]);
  world.elect(world.replicas[0], 2, [world.replicas[0]]);
  expect(await settledWithin(world.proxy.write(put(), unkeyed), 20)).toMatchObject({ servedBy: 'kv-0' });
});

test('requests beyond the limits of count and bytes are refused at once, and the rest goes on', async () => {
  world.proxy.stop();
  world = await World.ready({ requestsMax: 2, bytesMax: 5000 });
  const [leader] = world.replicas;
  leader.onWrite = () => null;
  const held = [world.proxy.write(put(), unkeyed), world.proxy.write(put(), unkeyed)];
  const refused = await settledWithin(world.proxy.write(put(), unkeyed), 0);
  expect(refused).toMatchObject({ kind: 'unavailable', code: 'overloaded', outcome: 'none' });
  leader.onWrite = () => committed;
  for (const write of held) expect(await settledWithin(write, 1010)).toMatchObject(acknowledged);

  leader.onWrite = () => null;
  void world.proxy.write(put(4500), unkeyed);
  expect(await settledWithin(world.proxy.write(put(4500), unkeyed), 0)).toMatchObject({ code: 'overloaded' });
});

test('a proxy that stops tells every write what is known of it', async () => {
  world.replicas[0].onWrite = () => null;
  const write = world.proxy.write(put(), unkeyed);
  await jest.advanceTimersByTimeAsync(5);
  world.proxy.stop();
  expect(await settledWithin(write, 0)).toMatchObject({ code: 'stopping', outcome: 'unknown' });
  expect(await settledWithin(world.proxy.write(put(), unkeyed), 0)).toMatchObject({
    code: 'stopping',
    outcome: 'none',
  });
});
