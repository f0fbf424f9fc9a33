import { expect, test } from '@jest/globals';
import { findingsOf, type Observation } from '../../../src/cli/diagnosis.ts';
import { KvError, type KvCluster, type KvReplica } from '../../../src/client/index.ts';

const replica = (podName: string, changes: Partial<KvReplica> = {}): KvReplica => ({
  replica: `${podName}/uid/d`,
  podName,
  role: 'following',
  standing: 'member',
  ready: true,
  stopping: false,
  frozen: false,
  epoch: 4,
  lastIndex: 9,
  commitIndex: 9,
  appliedIndex: 9,
  keys: 2,
  storeBytes: 100,
  historyBytes: 0,
  olderVersions: 0,
  httpAddress: `${podName}:8000`,
  followers: [],
  ...changes,
});

const leading = (changes: Partial<KvReplica> = {}) =>
  replica('kv-0', { role: 'leading', standing: 'leader', ...changes });

const cluster: KvCluster = {
  leader: 'kv-0/uid/d',
  epoch: 4,
  lineage: { number: 1, id: 'first' },
  members: ['kv-0/uid/d', 'kv-1/uid/d'],
  standbys: [],
  frozen: false,
  replicas: [leading(), replica('kv-1')],
  unreachable: [],
};

const whatIsWrong = (changes: Partial<KvCluster>, others: Partial<Observation> = {}): string[] =>
  findingsOf({ cluster: { ...cluster, ...changes }, clockOffMs: 0, roundTrip: { kind: 'done', ms: 3 }, ...others })
    .filter(({ level }) => level !== 'ok')
    .map(({ level, what, todo }) => `${level}: ${what} > ${todo ?? ''}`);

test('a healthy cluster has nothing wrong', () => {
  expect(whatIsWrong({})).toEqual([]);
});

test.each<[string, Partial<KvCluster>, RegExp]>([
  [
    'nobody leads',
    { leader: null, replicas: [replica('kv-0'), replica('kv-1')] },
    /^failure: Nobody leads: writes wait\. > Look again/,
  ],
  ['the group is frozen', { frozen: true }, /^failure: The group is frozen.* > .*kv admin recover --dry-run/],
  ['nobody answers the proxy', { leader: null, members: [], replicas: [] }, /failure: No replica answers/],
  ['one copy', { members: ['kv-0/uid/d'] }, /^warning: Only 1 of 2 replicas is in sync/],
  [
    'a pod is silent',
    { unreachable: [{ podName: 'kv-2', peerAddress: '10.0.0.3:7000', reason: 'refused' }] },
    /^warning: kv-2 does not answer at 10\.0\.0\.3:7000: refused\. > .*kubectl describe pod kv-2/,
  ],
  [
    'a replica is not ready',
    { replicas: [leading(), replica('kv-1', { ready: false })] },
    /^warning: kv-1 is not ready\. > .*\/readyz/,
  ],
  [
    'a replica stops',
    { replicas: [leading(), replica('kv-1', { ready: false, stopping: true })] },
    /^warning: kv-1 is stopping\. > Nothing/,
  ],
  [
    'a replica is late',
    {
      replicas: [
        leading({ followers: [{ replica: 'kv-1/uid/d', standing: 'member', lagEntries: 5000, lagMs: 20 }] }),
        replica('kv-1'),
      ],
    },
    /^warning: kv-1 is 5000 entries, 20ms, behind\. > .*kv top/,
  ],
  ['data was lost before', { lineage: { number: 3, id: 'third' } }, /^warning: This is lineage 3: .* 2 times before/],
])('%s', (_what, changes, words) => {
  expect(whatIsWrong(changes)).toEqual(expect.arrayContaining([expect.stringMatching(words)]));
});

test('the gravest comes first', () => {
  const unreachable = [{ podName: 'kv-2', peerAddress: '10.0.0.3:7000', reason: 'refused' }];
  const levels = findingsOf({ cluster: { ...cluster, frozen: true, unreachable }, clockOffMs: 0, roundTrip: null }).map(
    ({ level }) => level,
  );
  expect(levels).toEqual(['failure', 'warning', 'ok', 'ok', 'ok']);
});

test('a full store: what can be deleted, and what can be raised', () => {
  const error = new KvError({ code: 'memory-full', detail: 'The store is full.', status: 507 });
  const [wrong] = whatIsWrong({}, { roundTrip: { kind: 'failed', error } });
  expect(wrong).toMatch(/^failure: A write and its read failed: The store is full\. > .*KV_MEMORY_MAX/);
});

test('a slow write, and a clock that is off', () => {
  expect(whatIsWrong({}, { roundTrip: { kind: 'done', ms: 700 }, clockOffMs: -61_000 })).toEqual([
    expect.stringMatching(/^warning: A write and its read took 700ms\./),
    expect.stringMatching(/^warning: Its clock and the one here are 1m 1s apart\./),
  ]);
});
