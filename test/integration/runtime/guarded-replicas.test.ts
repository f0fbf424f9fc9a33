import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Key } from '../../../src/core/base/key.ts';
import { ANNOTATIONS } from '../../../src/adapters/kubernetes/lease-record.ts';
import type { Body } from '../../contract/api-client.ts';
import { GuardedKubernetes } from './guarded-kubernetes.ts';
import {
  allInSync,
  end,
  endAll,
  leaderOf,
  raisedAlarms,
  start,
  threeInSyncOn,
  until,
  type Running,
} from './in-process-replicas.ts';

/*
 * The store works the same where the API server holds it to its own rules (`k8s/components/lease-guard`), and where its
 * service account may do what `k8s/base` grants and no more: in all that follows nothing is refused.
 */
jest.setTimeout(120_000);

const kubernetes = await GuardedKubernetes.start();
if ('skip' in kubernetes) test.skip(`replicas under the Lease guard: ${kubernetes.skip}`, () => undefined);
else describe('replicas under the Lease guard', () => guardedTests(kubernetes));

function guardedTests(cluster: GuardedKubernetes): void {
  afterEach(async () => {
    expect(await endAll()).toEqual([]);
    expect(cluster.refusals).toEqual([]);
    await cluster.clear();
  });
  afterAll(() => cluster.close());

  test('found a group, grow its set, and take over from a leader that dies; it comes back', async () => {
    const replicas = await threeInSyncOn(cluster);
    await write(replicas[0], 'key', 'before');
    const first = present(leaderOf(replicas));
    const epochBefore = epochOf(await cluster.lease());
    await end(first);
    const others = replicas.filter((replica) => replica !== first);
    await write(others[0], 'after', 'the takeover');
    expect(epochOf(await cluster.lease())).toBeGreaterThan(epochBefore);
    const back = await start(cluster, first.podName);
    await allInSync([...others, back], 25_000);
    expect(await read(back, 'key')).toBe('before');
    expect(raisedAlarms()).toEqual([]);
  });

  test('R9: hand over, leave the set, and mark the end', async () => {
    const replicas = await threeInSyncOn(cluster);
    const first = present(leaderOf(replicas));
    expect(await first.host.stop(10_000)).toBe('released');
    await end(first);
    await cluster.deletePod(first.podName);
    const others = replicas.filter((replica) => replica !== first);
    await until('another leads', () => leaderOf(others) !== undefined);
    expect(setOf(await cluster.lease())).toHaveLength(2);
    await write(others[0], 'key', 'kept');

    // The set is at its minimum and nobody stays: the epoch is marked as ended when the grace period ends.
    await Promise.all(others.map((replica) => cluster.deletePod(replica.podName)));
    await Promise.all(others.map((replica) => replica.host.stop(5000)));
    await Promise.all(others.map(end));
    const lease = await cluster.lease();
    expect(lease.metadata.annotations[ANNOTATIONS.endedEpoch]).toBe(String(epochOf(lease)));

    const next = await threeInSyncOn(cluster);
    expect(await read(next[0], 'key')).toBeNull();
    expect(await cluster.lease().then(lineageOf)).toMatch(/^2\./);
    expect(raisedAlarms()).toEqual([]);
  });

  test('R14: begin anew when every member is gone', async () => {
    const replicas = await threeInSyncOn(cluster);
    const before = await cluster.lease();
    await Promise.all(replicas.map(end));
    const next = await threeInSyncOn(cluster);
    await write(next[0], 'key', 'anew');
    const after = await cluster.lease();
    expect([lineageOf(before).split('.')[0], lineageOf(after).split('.')[0]]).toEqual(['1', '2']);
    expect(epochOf(after)).toBeGreaterThan(epochOf(before));
    expect(raisedAlarms()).toContain('data-loss-possible');
  });

  test('R13: write a Lease again that was deleted', async () => {
    const replicas = await threeInSyncOn(cluster);
    const before = await cluster.lease();
    await cluster.deleteLease();
    await untilWrittenAgain(before);
    await write(replicas[0], 'key', 'goes on');
    expect(await cluster.lease().then(setOf)).toEqual(setOf(before));
  });

  test('R13: write a record again that came back from a backup, with members that are none any more', async () => {
    const replicas = await threeInSyncOn(cluster);
    const founder = present(leaderOf(replicas));
    const backup = await cluster.installation.server.backUp('leases/default/kvstore');
    // The leader of the backup is gone, and nobody whom it names leads.
    const later = await Promise.all(['kv-3', 'kv-4'].map((podName) => start(cluster, podName)));
    await allInSync([...replicas, ...later], 25_000);
    for (const replica of replicas) {
      expect(await replica.host.stop(10_000)).toBe('released');
      await end(replica);
      await cluster.deletePod(replica.podName);
    }
    await until('a later replica leads', () => leaderOf(later) !== undefined);
    await write(later[0], 'key', 'kept');
    const before = await cluster.lease();
    await backup.restore();
    expect((await cluster.lease()).spec['holderIdentity']).toContain(founder.podName);
    await untilWrittenAgain(before);
    await write(later[1], 'other', 'goes on');
    expect(await read(later[1], 'key')).toBe('kept');
    const after = await cluster.lease();
    expect([setOf(after).toSorted(), lineageOf(after)]).toEqual([setOf(before).toSorted(), lineageOf(before)]);
    expect(raisedAlarms()).toContain('record-damaged');
  });

  test('R13: begin a lineage at an operator’s word, when Lease and leader are gone', async () => {
    const replicas = await threeInSyncOn(cluster);
    await write(replicas[0], 'key', 'kept');
    const before = await cluster.lease();
    const first = present(leaderOf(replicas));
    await end(first);
    await cluster.deleteLease();
    const [chosen] = replicas.filter((replica) => replica !== first);
    const { driver } = present(chosen);
    await until('it says that it is frozen', () => driver.recoveryView.frozen !== null);
    const { holding: shown } = driver.recoveryView;
    const outcome = await driver.recover({ shown, record: null, silentPods: [first.podName], despite: [] });
    expect(outcome).toMatchObject({ kind: 'begun', lineage: { number: 2 } });
    const back = await start(cluster, first.podName);
    await allInSync([...replicas.filter((replica) => replica !== first), back], 25_000);
    expect(await read(back, 'key')).toBe('kept');
    expect(epochOf(await cluster.lease())).toBeGreaterThan(epochOf(before));
  });

  /** In a later epoch, as the same history. */
  async function untilWrittenAgain(before: Body): Promise<void> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const { status, body } = await cluster.installation.admin.get(
        '/apis/coordination.k8s.io/v1/namespaces/default/leases/kvstore',
      );
      if (status === 200 && epochOf(body) > epochOf(before) && lineageOf(body) === lineageOf(before)) return;
      if (performance.now() > deadline) throw new Error(`not written again: ${JSON.stringify(body)}`);
    }
  }
}

const epochOf = (lease: Body): number => Number(lease.spec['leaseTransitions'] ?? 0);
const lineageOf = (lease: Body): string => lease.metadata.annotations[ANNOTATIONS.lineage] ?? '';
const setOf = (lease: Body): string[] => (lease.metadata.annotations[ANNOTATIONS.inSync] ?? '').split(',');

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('there is none');
  return value;
}

async function write(replica: Running | undefined, key: string, value: string): Promise<void> {
  const command = {
    kind: 'put',
    key: key as Key,
    value: Buffer.from(value),
    contentType: null,
    condition: { kind: 'none' },
    lifetime: { kind: 'unlimited' },
    idle: { kind: 'unlimited' },
  } as const;
  const result = await present(replica).operations.write(command, { idempotencyKey: null });
  expect(result).toMatchObject({ kind: 'answered', outcome: { kind: 'committed', decided: { kind: 'written' } } });
}

async function read(replica: Running | undefined, key: string): Promise<string | null> {
  const result = await present(replica).operations.read({
    kind: 'key',
    key: key as Key,
    mode: 'linearizable',
    token: null,
  });
  if (result.kind !== 'answered' || result.outcome.kind !== 'read') throw new Error(JSON.stringify(result));
  return result.outcome.found === null ? null : Buffer.from(result.outcome.found.value).toString();
}
