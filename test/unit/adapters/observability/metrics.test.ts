import { expect, test } from '@jest/globals';
import { Metrics } from '../../../../src/adapters/observability/metrics.ts';
import { groupId } from '../../../../src/core/base/numbers.ts';
import type { GroupStatus } from '../../../../src/core/group/io.ts';

const status: GroupStatus = {
  replica: 'a/1/x',
  role: 'leading',
  epoch: 4,
  lineage: { number: 2, id: 'z' },
  leader: 'a/1/x',
  leaderAddresses: null,
  inSync: ['a/1/x', 'b/2/y'],
  standing: 'leader',
  ready: true,
  stopping: false,
  frozen: false,
  lastIndex: 12,
  commitIndex: 11,
  appliedIndex: 10,
  keys: 3,
  storeBytes: 400,
  historyBytes: 400,
  olderVersions: 2,
  evictedKeys: 0,
  logEntries: 12,
  logBytes: 900,
  sessions: 1,
  idempotencyKeys: 5,
  followers: [{ replica: 'b/2/y', standing: 'member', stopping: false, matchIndex: 11, lagEntries: 1, lagMs: 20 }],
  lagEntries: 0,
  watchers: 0,
  lineageChanges: 1,
  sinceLeaderHeardMs: null,
};

async function linesOf(metrics: Metrics): Promise<readonly string[]> {
  return (await metrics.text()).split('\n').filter((line) => !line.startsWith('#'));
}

test('a scrape shows the group as it stands then', async () => {
  const metrics = new Metrics({ process: 'kvstore' });
  let now = status;
  metrics.addGroup(groupId(0), () => now);
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'kvstore_role{group="0",role="leading"} 1',
      'kvstore_role{group="0",role="following"} 0',
      'kvstore_epoch{group="0"} 4',
      'kvstore_in_sync_members{group="0"} 2',
      'kvstore_follower_lag_entries{group="0",pod="b"} 1',
      'kvstore_follower_lag_seconds{group="0",pod="b"} 0.02',
      'kvstore_keys{group="0"} 3',
      'kvstore_sessions{group="0"} 1',
      'kvstore_idempotency_keys{group="0"} 5',
      'kvstore_lineage_changes_total{group="0"} 1',
      'kvstore_leader_heard_seconds{group="0"} -1',
    ]),
  );
  now = { ...status, role: 'following', followers: [] };
  const later = await linesOf(metrics);
  expect(later).toContain('kvstore_role{group="0",role="following"} 1');
  expect(later.filter((line) => line.startsWith('kvstore_follower_lag'))).toEqual([]);
});

test('requests, refusals by a limit, reports and commits are counted once each, whatever the number of scrapes', async () => {
  const metrics = new Metrics({ process: 'kvstore' });
  metrics.requestAnswered('/v1/keys/{key}', 200);
  metrics.requestAnswered('/v1/keys/{key}', 200);
  metrics.requestAnswered('/v1/keys/{key}', 507);
  metrics.limitHit('memory-full');
  metrics.reported({ kind: 'alarm', code: 'frozen', message: '' });
  metrics.reported({ kind: 'roleChanged', role: 'leading', epoch: 1, reason: '' });
  metrics.committed(3);
  await metrics.text();
  expect(await linesOf(metrics)).toEqual(
    expect.arrayContaining([
      'kvstore_requests_total{route="/v1/keys/{key}",status="200"} 2',
      'kvstore_requests_total{route="/v1/keys/{key}",status="507"} 1',
      'kvstore_limits_hit_total{code="memory-full"} 1',
      'kvstore_alarms_total{code="frozen"} 1',
      'kvstore_role_changes_total 1',
      'kvstore_commit_seconds_bucket{le="0.002"} 0',
      'kvstore_commit_seconds_bucket{le="0.005"} 1',
      'kvstore_commit_seconds_count 1',
    ]),
  );
});

test('a proxy shows its own gauges and nothing of a group; two processes share no registry', async () => {
  const [one, other] = [new Metrics({ process: 'proxy' }), new Metrics({ process: 'proxy' })];
  one.addGauge({ name: 'kvstore_proxy_queue_requests', help: 'Requests held.', value: () => 7 });
  expect(await linesOf(one)).toContain('kvstore_proxy_queue_requests 7');
  expect(await one.text()).not.toContain('kvstore_epoch');
  expect(await other.text()).not.toContain('kvstore_proxy_queue_requests');
  expect(await other.text()).toContain('nodejs_eventloop_lag_p99_seconds');
});
