import { copyFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { until } from '../../measure/until.ts';
import { epochOf, GroupAtWork, lineageOf, setOf, type LeaseObject } from './group-at-work.ts';

/*
 * What `docs/guides/recovery.md` says of a Lease that is lost, tried on one running installation, one thing after the
 * other. Its last test costs it its history.
 */
jest.setTimeout(60_000);

let group: GroupAtWork;

beforeAll(async () => {
  group = await GroupAtWork.start({ env: { KV_WRITE_WAIT: '2s' } });
  expect((await group.put('kept', 'from the beginning')).status).toBe(201);
});

afterAll(async () => {
  await group.end();
});

/**
 * The leader has written it again: the same history and set, in the next epoch, whatever stood there meanwhile, and
 * nothing is missing.
 */
async function isWrittenAgain(before: LeaseObject | null): Promise<void> {
  await until('the record is written again', async () => {
    const lease = await group.lease();
    const epochs = epochOf(lease) - epochOf(before);
    return epochs > 0 && epochs < 10 && lineageOf(lease) === lineageOf(before) && setOf(lease).length === 3;
  });
  await group.untilWritable();
  expect(await group.get('kept', { mode: 'linearizable' })).toBe('from the beginning');
  const after = await group.lease();
  expect(setOf(after).toSorted()).toEqual(setOf(before).toSorted());
  expect(after?.spec.holderIdentity).toBe(before?.spec.holderIdentity);
}

describe('with a leader that lives', () => {
  test('the Lease is deleted', async () => {
    const before = await group.lease();
    await group.deleteLease();
    await isWrittenAgain(before);
    expect((await group.lease())?.metadata.uid).not.toBe(before?.metadata.uid);
    await group.untilAlarm('record-damaged', 'RecordDamaged');
  });

  test('the Lease is damaged', async () => {
    const before = await group.lease();
    await group.editLease(withAnnotation('kvstore.dev/lineage', '?'));
    await isWrittenAgain(before);
  });

  test.each<[string, (lease: LeaseObject) => LeaseObject]>([
    ['the holder', (lease) => withSpec('holderIdentity', otherMemberOf(lease))(lease)],
    ['the epoch, lower', (lease) => withSpec('leaseTransitions', 0)(lease)],
    ['the epoch, higher', (lease) => withSpec('leaseTransitions', epochOf(lease) + 1000)(lease)],
    ['the set', (lease) => withAnnotation('kvstore.dev/in-sync', lease.spec.holderIdentity ?? '')(lease)],
  ])('the Lease is edited by hand: %s', async (_what, change) => {
    const before = await group.lease();
    const alarms = await group.alarms('record-damaged');
    await group.editLease(change);
    await isWrittenAgain(before);
    expect(await group.alarms('record-damaged')).toBeGreaterThan(alarms);
  });

  test('an old backup of etcd is restored: the record goes back in time, and epochs do not', async () => {
    const { installation } = group;
    const { api } = installation.cluster;
    api.restart = 'never';
    const file = dataFileOf(group);
    const backup = join(dirname(file), 'backup');
    const old = await group.lease();
    copyFileSync(file, backup);
    // Another leader, so that the backup names one who leads no more.
    const former = await installation.leader();
    former.server.kill('SIGSTOP');
    await installation.untilLedByAnother(former);
    former.server.kill('SIGCONT');
    const before = await untilComplete();
    expect(epochOf(before)).toBeGreaterThan(epochOf(old));
    await installation.takeApiAway();
    copyFileSync(backup, file);
    await installation.bringApiBack();
    await isWrittenAgain(before);
  });
});

test('the Lease is deleted and its leader dies: the group freezes, and an operator recovers it', async () => {
  const { installation } = group;
  const before = await untilComplete();
  const session = (await group.put('last', 'word')).headers.get('x-kv-session') ?? '';
  await installation.untilQuiet();
  const leader = await installation.leader();
  leader.server.kill('SIGKILL');
  await group.deleteLease();
  await group.untilAlarm('frozen', 'Frozen');
  // What clients see meanwhile.
  expect(await group.get('last', { mode: 'eventual' })).toBe('word');
  const refused = await group.put('last', 'never');
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'no-leader']);

  const shown = await group.kv('admin', 'recover', '--dry-run', '-o', 'json');
  expect(shown.exitCode).toBe(0);
  const { replicas } = JSON.parse(shown.out) as { replicas: { podName: string; keys: number; frozen: string }[] };
  expect(replicas.filter(({ keys }) => keys > 0)).toHaveLength(2);
  expect(replicas.find(({ keys }) => keys > 0)?.frozen).toContain('no leader is here to write it again');

  const unasked = await group.kv('admin', 'recover');
  expect([unasked.exitCode, await group.lease().then(lineageOf)]).toEqual([2, '']);

  const run = await group.kv('admin', 'recover', '--yes');
  expect(run).toMatchObject({ exitCode: 0, notes: '' });
  expect(run.out).toContain('Writes are taken again.');
  await group.untilWritable();
  expect(await group.get('last', { mode: 'linearizable' })).toBe('word');
  expect(await group.get('last', { mode: 'session', session })).toBe('replaced-lineage');
  const after = await installation.untilInSync();
  expect(after.lineage?.number).toBe(2);
  expect(after.epoch).toBeGreaterThan(epochOf(before));
  await group.untilAlarm('data-loss-possible', 'DataLossPossible');

  const again = await group.kv('admin', 'recover', '--yes');
  expect([again.exitCode, again.notes]).toEqual([4, expect.stringContaining('Nothing is to be recovered')]);
});

/** Every pod is a member, by the record. */
async function untilComplete(): Promise<LeaseObject | null> {
  await group.installation.untilInSync();
  await until('the record names all', async () => setOf(await group.lease()).length === 3);
  return await group.lease();
}

const withAnnotation =
  (name: string, value: string) =>
  (lease: LeaseObject): LeaseObject => ({
    ...lease,
    metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, [name]: value } },
  });

const withSpec =
  (field: string, value: unknown) =>
  (lease: LeaseObject): LeaseObject => ({ ...lease, spec: { ...lease.spec, [field]: value } });

const otherMemberOf = (lease: LeaseObject): string =>
  setOf(lease).find((member) => member !== lease.spec.holderIdentity) ?? '';

/** Where the embedded API keeps what etcd would. */
function dataFileOf({ installation }: GroupAtWork): string {
  const directory = installation.kubernetesDirectory;
  const [file] = readdirSync(directory)
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith('.part'));
  if (file === undefined) throw new Error(`no data file in ${directory}`);
  return file;
}
