import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { bundleServers } from '../../../src/main/local/bundle.ts';
import type { LocalPod } from '../../../src/main/local/pod.ts';
import type { InstallationOptions } from '../../measure/installation.ts';
import { until } from '../../measure/until.ts';
import { ExtraPods } from './extra-pods.ts';
import { epochOf, GroupAtWork, lineageOf, setOf } from './group-at-work.ts';
import { otherReleases } from './other-release.ts';

/*
 * What `docs/guides/recovery.md` says of pods that are gone, out of reach, or somebody else's, each tried on an
 * installation of its own.
 */
jest.setTimeout(60_000);

let directory: string;
let group: GroupAtWork;
let extra: ExtraPods;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kvstore-recovery-'));
});

afterEach(async () => {
  await extra.end();
  await group.end();
  rmSync(directory, { recursive: true, force: true });
});

async function start(options: InstallationOptions = {}): Promise<void> {
  await bundleServers({ mode: 'ifStale' });
  group = await GroupAtWork.start({ ...options, env: { KV_WRITE_WAIT: '2s', ...options.env } });
  extra = new ExtraPods({ kubernetesUrl: group.installation.cluster.kubernetesUrl, directory });
  expect((await group.put('kept', 'from the beginning')).status).toBe(201);
}

/** SIGKILL, and nothing starts them again. */
async function killForGood(pods: readonly LocalPod[]): Promise<void> {
  for (const { server } of pods) {
    server.restart = 'never';
    server.kill('SIGKILL');
  }
  await until('they have ended', () => pods.every(({ server }) => server.pid === null));
}

/** `kubectl delete pod --force`: the API server forgets it, whatever its process does. */
async function deleteByForce(pods: readonly LocalPod[]): Promise<void> {
  for (const { name } of pods) await extra.client.delete('pods', name, 0);
}

/** One follower is out of the set, and has all data: it was frozen, and all others were once it came back. */
async function onlyAnOutsiderRuns(): Promise<{ outsider: LocalPod; members: readonly LocalPod[] }> {
  const { installation } = group;
  const [outsider] = await installation.followers();
  if (outsider === undefined) throw new Error('there is no follower');
  const members = installation.pods.filter((pod) => pod !== outsider);
  outsider.server.kill('SIGSTOP');
  await until('it is out of the set', async () => {
    const set = setOf(await group.lease());
    return set.length === 2 && set.every((member) => !member.startsWith(`${outsider.name}/`));
  });
  for (const { server } of members) server.kill('SIGSTOP');
  outsider.server.kill('SIGCONT');
  await until('it answers', async () => (await group.get('kept', { mode: 'eventual' })) === 'from the beginning');
  return { outsider, members };
}

test('all pods are deleted and replaced: a new lineage, with an alarm; with the namespace, a first one that is not mistaken for the old', async () => {
  await start();
  const before = await group.lease();
  const session = (await group.put('kept', 'again')).headers.get('x-kv-session') ?? '';
  const { pods } = group.installation;
  await killForGood(pods);
  await deleteByForce(pods);
  await extra.untilReady(await extra.start(['new-0', 'new-1', 'new-2'].map((name) => ({ name }))));
  await group.untilWritable();
  const after = await group.lease();
  expect([lineageOf(before).split('.')[0], lineageOf(after).split('.')[0]]).toEqual(['1', '2']);
  expect(epochOf(after)).toBeGreaterThan(epochOf(before));
  expect(await group.get('kept')).toBe('no-key');
  expect(await group.warnings()).toContain('DataLossPossible');

  const names = ['new-0', 'new-1', 'new-2'];
  extra.killForGood();
  for (const name of names) await extra.client.delete('pods', name, 0);
  for (const { name } of [...pods, ...names.map((name) => ({ name }))])
    await extra.client.delete('endpointslices', `kvstore-peers-${name}`, 0);
  await group.deleteLease();
  await extra.untilReady(await extra.start(['next-0', 'next-1', 'next-2'].map((name) => ({ name }))));
  await group.untilWritable();
  const first = await group.lease();
  expect(first?.metadata.uid).not.toBe(after?.metadata.uid);
  expect(lineageOf(first)).toMatch(/^1\./);
  expect(lineageOf(first)).not.toBe(lineageOf(before));
  expect(await group.get('kept')).toBe('no-key');
  expect(await group.get('kept', { mode: 'session', session })).toBe('replaced-lineage');
});

test('the members of the set are unreachable, but alive: nobody else begins; nor does anybody when they were deleted by force, with strict', async () => {
  await start({ env: { KV_UNCLEAN_RECOVERY: 'strict' } });
  const before = await group.lease();
  const { members } = await onlyAnOutsiderRuns();
  expect((await group.put('other', 'meanwhile')).status).toBe(503);
  // It looks every 200 ms whether they are gone; two seconds of writing have passed.
  expect(lineageOf(await group.lease())).toBe(lineageOf(before));
  const refused = await group.kv('admin', 'recover', '--yes');
  expect([refused.exitCode, refused.notes]).toEqual([4, expect.stringContaining('--despite not-frozen')]);
  for (const { server } of members) server.kill('SIGCONT');
  await group.untilWritable();
  expect((await group.installation.untilInSync()).lineage?.number).toBe(1);

  const forgotten = (await onlyAnOutsiderRuns()).members;
  await deleteByForce(forgotten);
  await group.untilAlarm('frozen', 'Frozen');
  expect(lineageOf(await group.lease())).toBe(lineageOf(before));
  for (const { server } of forgotten) server.kill('SIGCONT');
  await group.untilWritable();
  expect(await group.get('kept', { mode: 'linearizable' })).toBe('from the beginning');
  expect(lineageOf(await group.lease())).toBe(lineageOf(before));
});

test('the members are deleted by force, and their processes live on: with auto another begins anew, and they follow it when they are back', async () => {
  await start();
  const { outsider, members } = await onlyAnOutsiderRuns();
  await deleteByForce(members);
  await until('a new lineage has begun', async () => lineageOf(await group.lease()).startsWith('2.'));
  expect((await group.lease())?.spec.holderIdentity).toMatch(new RegExp(`^${outsider.name}/`));
  await group.untilAlarm('data-loss-possible', 'DataLossPossible');
  for (const { server } of members) server.kill('SIGCONT');
  await group.untilWritable();
  expect(await group.get('kept', { mode: 'linearizable' })).toBe('from the beginning');
  // Who led goes on to think so until it has tried to renew the Lease.
  await until('nobody else leads', async () => {
    const { replicas } = await group.view();
    return replicas.every(({ role, podName }) => (role === 'leading') === (podName === outsider.name));
  });
  expect((await group.view()).lineage?.number).toBe(2);
});

test('two installations share one Lease by mistake: neither takes the other’s members for gone', async () => {
  await start();
  const { installation } = group;
  const before = await group.lease();
  const others = await extra.start(
    ['other-0', 'other-1'].map((name) => ({
      name,
      labels: { 'app.kubernetes.io/name': 'other' },
      env: {
        KV_POD_SELECTOR: 'app.kubernetes.io/name=other',
        KV_PEER_SERVICE: 'other-peers',
        KV_WRITE_WAIT: '2s',
      },
    })),
  );
  await extra.untilReady(others);
  // By the record they are one group; the others do not list its first members among their pods.
  await until('all are members', async () => setOf(await group.lease()).length === 5);
  for (const { server } of others) server.kill('SIGSTOP');
  await until('the others are out of the set', async () => setOf(await group.lease()).length === 3);
  for (const { server } of installation.pods) server.kill('SIGSTOP');
  for (const { server } of others) server.kill('SIGCONT');
  const httpPort = others[0]?.httpPort ?? 0;
  const roleOf = async () => {
    const view = await fetch(`http://127.0.0.1:${httpPort}/v1/admin/recovery`);
    return ((await view.json()) as { role: string }).role;
  };
  await until('they hear no leader', async () => (await roleOf()) === 'seeking');
  // Longer than it takes to begin anew where members are gone; whoever waits for a change here would see it.
  const refused = await fetch(`http://127.0.0.1:${httpPort}/v1/keys/other`, { method: 'PUT', body: 'meanwhile' });
  expect(refused.status).toBe(503);
  expect(lineageOf(await group.lease())).toBe(lineageOf(before));
  for (const { server } of installation.pods) server.kill('SIGCONT');
  await group.untilWritable();
  expect(await group.get('kept', { mode: 'linearizable' })).toBe('from the beginning');
  expect(lineageOf(await group.lease())).toBe(lineageOf(before));
});

test('a release with which there is no common version does not get in, and disturbs nobody; one with a common version does', async () => {
  await start();
  const [newest = '', next = ''] = await otherReleases(
    [
      { first: 2, last: 2 },
      { first: 1, last: 2 },
    ],
    directory,
  );
  const [stranger] = await extra.start([{ name: 'newest', program: newest }]);
  const [neighbour] = await extra.start([{ name: 'next', program: next }]);
  if (stranger === undefined || neighbour === undefined) throw new Error('they were not started');
  await extra.untilReady([neighbour]);
  const said = () => `${readFileSync(extra.logFileOf('newest'), 'utf8')}${group.installation.logOf('kvstore-0')}`;
  await until('the versions are logged', () => /no common version: the other side speaks \d to \d/.test(said()));
  await group.untilWritable();
  const view = await group.view();
  expect(view.members.some((member) => member.startsWith('next/'))).toBe(true);
  expect(view.unreachable.map(({ podName }) => podName)).toEqual(['newest']);
  expect(stranger.ready).toBe(false);
  // The neighbour can lead the others, and they it.
  const former = await group.installation.leader();
  const rest = group.installation.pods.filter((pod) => pod !== former);
  former.server.kill('SIGSTOP');
  await group.untilWritable();
  former.server.kill('SIGCONT');
  expect(rest).toHaveLength(2);
  expect(await group.get('kept', { mode: 'linearizable' })).toBe('from the beginning');
});
