import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { logIndex } from '../../../src/core/base/numbers.ts';
import type { LookupOutcome } from '../../../src/core/routing/frames.ts';
import type { ReadOutcome } from '../../../src/core/store/reads.ts';
import { inSyncRead, key, lineage, nothing, settledWithin, World } from './world.ts';

const declined = (code: Extract<ReadOutcome, { kind: 'declined' }>['code']): ReadOutcome => ({
  kind: 'declined',
  code,
});

let world: World;
beforeEach(async () => {
  world = await World.ready();
});
afterEach(() => {
  world.proxy.stop();
  jest.useRealTimers();
});

const read = () => world.proxy.read(inSyncRead);

test('reads spread over the members in sync', async () => {
  const reads = Array.from({ length: 90 }, read);
  for (const result of await settledWithin(Promise.all(reads), 5)) {
    expect(result).toMatchObject({ kind: 'answered', outcome: nothing });
  }
  for (const replica of world.replicas) expect(replica.reads).toBeGreaterThan(20);
});

test('a replica that the record does not name is not asked for in-sync reads', async () => {
  const [first, second, left] = world.replicas;
  left.standing = 'standby';
  world.elect(first, 1, [first, second]);
  await settledWithin(Promise.all(Array.from({ length: 50 }, read)), 5);
  expect(left.reads).toBe(0);
  await settledWithin(
    Promise.all(
      Array.from({ length: 90 }, () => world.proxy.read({ kind: 'key', key, mode: 'eventual', token: null })),
    ),
    5,
  );
  expect(left.reads).toBe(0);
  // Once it has said that it is a standby, it serves those who need no more.
  await jest.advanceTimersByTimeAsync(260);
  await settledWithin(
    Promise.all(
      Array.from({ length: 90 }, () => world.proxy.read({ kind: 'key', key, mode: 'eventual', token: null })),
    ),
    5,
  );
  expect(left.reads).toBeGreaterThan(10);
});

test('a member that came back empty is another replica, and none of the set', async () => {
  const [, restarted] = world.replicas;
  restarted.die();
  restarted.dataId = 'd2';
  restarted.standing = 'learner';
  restarted.comeBack();
  await jest.advanceTimersByTimeAsync(10);
  // The record still names the one before it.
  await settledWithin(Promise.all(Array.from({ length: 50 }, read)), 5);
  expect(restarted.reads).toBe(0);
});

test('a declined read goes to another replica at once', async () => {
  const [first, second] = world.replicas;
  first.onRead = () => declined('not-in-sync');
  second.onRead = () => declined('empty');
  for (let i = 0; i < 10; i += 1) {
    expect(await settledWithin(read(), 3)).toMatchObject({ outcome: nothing, servedBy: 'kv-2' });
  }
  expect(first.reads + second.reads).toBeLessThan(10);
});

test('a read whose replica dies goes to another at once', async () => {
  const [first, second] = world.replicas;
  first.onRead = second.onRead = () => null;
  const reads = Array.from({ length: 20 }, read);
  await jest.advanceTimersByTimeAsync(2);
  first.die();
  second.die();
  for (const result of await settledWithin(Promise.all(reads), 3)) expect(result).toMatchObject({ servedBy: 'kv-2' });
});

test('a stopped replica holds up no read for long, and is passed over until it answers', async () => {
  const [, frozen] = world.replicas;
  frozen.frozen = true;
  await settledWithin(Promise.all(Array.from({ length: 300 }, read)), 80);
  const stuck = frozen.reads;
  const asked = Array.from({ length: 50 }, read);
  await settledWithin(Promise.all(asked), 3);
  expect(frozen.reads).toBe(stuck);
  frozen.thaw();
  await jest.advanceTimersByTimeAsync(300);
  await settledWithin(Promise.all(Array.from({ length: 50 }, read)), 3);
  expect(frozen.reads).toBeGreaterThan(stuck + 5);
});

test('slow answers of live replicas get few rivals: they cannot double the load', async () => {
  for (const replica of world.replicas) replica.onRead = ({ mode }) => (mode === 'linearizable' ? null : nothing);
  const slow = Array.from({ length: 1000 }, () =>
    world.proxy.read({ kind: 'key', key, mode: 'linearizable', token: null }),
  );
  await jest.advanceTimersByTimeAsync(2);
  const asked = () => world.replicas.reduce((sum, replica) => sum + replica.reads, 0);
  let quick = 0;
  for (let ms = 0; ms < 200; ms += 10, quick += 30) {
    // Others are answered, so that no replica seems silent.
    await settledWithin(Promise.all(Array.from({ length: 30 }, read)), 10);
  }
  expect(asked() - quick - 1000).toBeGreaterThan(0);
  expect(asked() - quick - 1000).toBeLessThan(200);
  world.proxy.stop();
  await Promise.all(slow);
});

test('a read that all decline is held for a moment, and answered when one can', async () => {
  for (const replica of world.replicas) replica.onRead = () => declined('no-leader');
  const held = read();
  await jest.advanceTimersByTimeAsync(300);
  world.replicas[2].onRead = () => nothing;
  expect(await settledWithin(held, 100)).toMatchObject({ outcome: nothing });
  const asked = world.replicas.reduce((sum, replica) => sum + replica.reads, 0);
  expect(asked).toBeLessThan(60);
});

test('news of a leader ends the hold', async () => {
  for (const replica of world.replicas) replica.onRead = () => declined('no-leader');
  const held = read();
  await jest.advanceTimersByTimeAsync(700);
  for (const replica of world.replicas) replica.onRead = () => nothing;
  world.elect(world.replicas[1], 2);
  expect(await settledWithin(held, 3)).toMatchObject({ outcome: nothing });
});

test.each([
  ['no-leader', 'no-leader'],
  ['replica-behind', 'replica-behind'],
  ['not-in-sync', 'no-replica'],
  ['empty', 'no-replica'],
] as const)('a read that all decline with %s ends as %s', async (code, told) => {
  for (const replica of world.replicas) replica.onRead = () => declined(code);
  expect(await settledWithin(read(), 3100)).toMatchObject({ kind: 'unavailable', code: told, outcome: 'none' });
});

test('a token of a replaced lineage is told at once: no replica would say otherwise', async () => {
  const outcome: ReadOutcome = { kind: 'replaced-lineage', lineage };
  for (const replica of world.replicas) replica.onRead = () => outcome;
  const token = { lineage: { number: 0, id: 'zero' }, revision: logIndex(3) };
  const result = await settledWithin(world.proxy.read({ kind: 'key', key, mode: 'session', token }), 3);
  expect(result).toMatchObject({ kind: 'answered', outcome });
});

test('with no replica to be had a read is held, then told', async () => {
  for (const replica of world.replicas) replica.die();
  expect(await settledWithin(read(), 3100)).toMatchObject({ kind: 'unavailable', code: 'no-replica' });
});

test('those that declined are asked again while a stopped replica still has the read', async () => {
  const [leader, ...others] = world.replicas;
  leader.frozen = true;
  for (const replica of others) replica.onRead = () => declined('not-in-sync');
  const held = Array.from({ length: 20 }, read);
  await jest.advanceTimersByTimeAsync(1000);
  for (const replica of others) replica.onRead = () => nothing;
  await settledWithin(Promise.all(held), 100);
});

test('a read is told that nobody answered even while a stopped replica still has it', async () => {
  for (const replica of world.replicas) replica.frozen = true;
  expect(await settledWithin(read(), 3300)).toMatchObject({ kind: 'unavailable', code: 'no-replica' });
});

test('reads whose answers would take too much memory are refused at once', async () => {
  world.proxy.stop();
  world = await World.ready({ bytesMax: 3 * 2 ** 20 });
  const large: ReadOutcome = {
    ...nothing,
    found: {
      value: new Uint8Array(2 ** 20),
      contentType: null,
      revision: logIndex(1),
      version: 1 as never,
      createRevision: logIndex(1),
      modifiedMs: 0 as never,
      expiresAtMs: null,
      idleMs: null,
    },
  } as ReadOutcome;
  for (const replica of world.replicas) replica.onRead = () => large;
  for (let i = 0; i < 500; i += 1) await settledWithin(read(), 1);
  const results = await settledWithin(Promise.all(Array.from({ length: 10 }, read)), 5);
  const refused = results.filter((result) => result.kind === 'unavailable' && result.code === 'overloaded');
  expect(refused.length).toBeGreaterThan(4);
  expect(refused.length).toBeLessThan(9);
});

describe('a lookup in the data files', () => {
  const lookUp = () => world.proxy.lookUp(key);
  const found: LookupOutcome = { kind: 'found', value: Buffer.from('one') };
  const loading: LookupOutcome = { kind: 'declined', code: 'loading' };

  test('is spread over the members, and answered by whoever has it', async () => {
    for (const replica of world.replicas) replica.onLookup = (asked) => (asked === key ? found : null);
    for (const result of await settledWithin(Promise.all(Array.from({ length: 90 }, lookUp)), 5)) {
      expect(result).toMatchObject({ kind: 'answered', outcome: found });
    }
    for (const replica of world.replicas) expect(replica.reads).toBeGreaterThan(20);
  });

  test('needs no leader, and nobody in sync', async () => {
    const [, standby] = world.replicas;
    world.publishRecord(world.recordOf(null, 2, []));
    for (const replica of world.replicas) if (replica !== standby) replica.die();
    standby.standing = 'standby';
    standby.onLookup = () => found;
    await jest.advanceTimersByTimeAsync(260);
    expect(await settledWithin(lookUp(), 20)).toEqual({ kind: 'answered', outcome: found, servedBy: 'kv-1' });
  });

  test('goes to another replica where one is still loading its file', async () => {
    const [first, second, third] = world.replicas;
    first.onLookup = second.onLookup = () => loading;
    third.onLookup = () => found;
    for (let i = 0; i < 10; i += 1) {
      expect(await settledWithin(lookUp(), 3)).toEqual({ kind: 'answered', outcome: found, servedBy: 'kv-2' });
    }
  });

  test('is held while all of them are, and told in the end', async () => {
    for (const replica of world.replicas) replica.onLookup = () => loading;
    const held = lookUp();
    await jest.advanceTimersByTimeAsync(500);
    world.replicas[1].onLookup = () => found;
    expect(await settledWithin(held, 100)).toMatchObject({ outcome: found, servedBy: 'kv-1' });
    world.replicas[1].onLookup = () => loading;
    expect(await settledWithin(lookUp(), 3500)).toMatchObject({
      kind: 'unavailable',
      code: 'data-file-loading',
      detail: expect.stringContaining('no replica that answered had loaded its data file'),
    });
  });

  test('goes to another replica where one is stopped, or dies with it', async () => {
    const [stopped, dying, alive] = world.replicas;
    stopped.frozen = true;
    dying.onLookup = () => null;
    alive.onLookup = () => found;
    const lookups = Promise.all(Array.from({ length: 20 }, lookUp));
    await jest.advanceTimersByTimeAsync(5);
    dying.die();
    for (const result of await settledWithin(lookups, 200)) {
      expect(result).toMatchObject({ kind: 'answered', outcome: found, servedBy: 'kv-2' });
    }
  });

  test('is refused once the proxy stops', async () => {
    world.proxy.stop();
    expect(await settledWithin(lookUp(), 1)).toMatchObject({ kind: 'unavailable', code: 'stopping' });
  });
});
