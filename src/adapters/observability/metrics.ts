import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { GroupId } from '../../core/base/numbers.ts';
import type { AlarmCode, GroupStatus, Report, Role } from '../../core/group/io.ts';
import { parseReplicaId } from '../../core/replication/replica-id.ts';
import type { Limit } from '../../ports/telemetry.ts';

/**
 * What an operator asks, for Prometheus: of this process, of each replica group that it hosts, and of the requests that
 * it answers. Groups are asked when somebody scrapes; what happens between scrapes is counted in plain numbers (a
 * labelled counter of prom-client hashes its labels at every step) and published then as well.
 */
export class Metrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #groups = new Map<GroupId, () => GroupStatus>();
  /** Each group is asked once per scrape, so that its numbers fit together. */
  readonly #statuses = new Map<GroupId, GroupStatus>();
  readonly #requests = new Map<string, Map<number, number>>();
  readonly #limitsHit = new Map<Limit, number>();
  readonly #alarms = new Map<AlarmCode, number>(ALARM_CODES.map((code) => [code, 0]));
  readonly #changes = { role: 0, set: 0 };
  readonly #commitSeconds: Histogram;

  constructor(options: { readonly process: 'kvstore' | 'proxy' }) {
    this.contentType = this.#registry.contentType;
    // Event-loop delay, garbage collection, memory, processor time, open files: under their customary names.
    collectDefaultMetrics({ register: this.#registry });
    this.#publish('kvstore_requests_total', 'Requests answered.', ['route', 'status'], (counter) => {
      for (const [route, byStatus] of this.#requests) {
        for (const [status, count] of byStatus) counter.inc({ route, status }, count);
      }
    });
    this.#publish(
      'kvstore_limits_hit_total',
      'Requests and connections refused by a limit of this process.',
      ['code'],
      (counter) => {
        for (const [code, count] of this.#limitsHit) counter.inc({ code }, count);
      },
    );
    this.#commitSeconds = new Histogram({
      name: 'kvstore_commit_seconds',
      help: 'From the arrival of a write at the leader to its commit.',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
      registers: options.process === 'kvstore' ? [this.#registry] : [],
    });
    if (options.process === 'kvstore') this.#registerGroupMetrics();
  }

  /** Publishes a group of this process from now on. */
  addGroup(group: GroupId, status: () => GroupStatus): void {
    this.#groups.set(group, status);
  }

  /** Publishes a number of the caller's, asked at every scrape. */
  addGauge(gauge: { readonly name: string; readonly help: string; readonly value: () => number }): void {
    new Gauge({
      name: gauge.name,
      help: gauge.help,
      registers: [this.#registry],
      collect() {
        this.set(gauge.value());
      },
    });
  }

  /** `route` is the pattern, never the path: each distinct value is kept for good. */
  requestAnswered(route: string, status: number): void {
    let byStatus = this.#requests.get(route);
    if (byStatus === undefined) this.#requests.set(route, (byStatus = new Map<number, number>()));
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }

  limitHit(limit: Limit): void {
    this.#limitsHit.set(limit, (this.#limitsHit.get(limit) ?? 0) + 1);
  }

  committed(latencyMs: number): void {
    this.#commitSeconds.observe(latencyMs / 1000);
  }

  reported(report: Report): void {
    if (report.kind === 'roleChanged') this.#changes.role += 1;
    else if (report.kind === 'setChanged') this.#changes.set += 1;
    else if (report.kind === 'alarm') this.#alarms.set(report.code, (this.#alarms.get(report.code) ?? 0) + 1);
  }

  /** The body of `/metrics`. */
  text(): Promise<string> {
    for (const [group, status] of this.#groups) this.#statuses.set(group, status());
    return this.#registry.metrics();
  }

  #registerGroupMetrics(): void {
    for (const [name, help, value] of GROUP_GAUGES) {
      this.#publishGauge(name, help, ['group'], (gauge) => {
        for (const [group, status] of this.#statuses) gauge.set({ group }, value(status));
      });
    }
    this.#publishGauge(
      'kvstore_role',
      '1 for the role that the replica has, 0 for others.',
      ['group', 'role'],
      (gauge) => {
        for (const [group, status] of this.#statuses) {
          for (const role of ROLES) gauge.set({ group, role }, status.role === role ? 1 : 0);
        }
      },
    );
    for (const [name, help, value] of FOLLOWER_GAUGES) {
      this.#publishGauge(name, help, ['group', 'pod'], (gauge) => {
        for (const [group, status] of this.#statuses) {
          for (const follower of status.followers) {
            gauge.set({ group, pod: parseReplicaId(follower.replica)?.podName ?? follower.replica }, value(follower));
          }
        }
      });
    }
    this.#publish('kvstore_lineage_changes_total', 'Histories of the data begun or adopted.', ['group'], (counter) => {
      for (const [group, status] of this.#statuses) counter.inc({ group }, status.lineageChanges);
    });
    this.#publish('kvstore_evicted_keys_total', 'Keys evicted, by the entries applied here.', ['group'], (counter) => {
      for (const [group, status] of this.#statuses) counter.inc({ group }, status.evictedKeys);
    });
    this.#publish('kvstore_role_changes_total', 'Changes of role.', [], (counter) => {
      counter.inc(this.#changes.role);
    });
    this.#publish('kvstore_set_changes_total', 'Changes of the in-sync set.', [], (counter) => {
      counter.inc(this.#changes.set);
    });
    this.#publish(
      'kvstore_alarms_total',
      'Acknowledged writes may be lost, or an operator is needed.',
      ['code'],
      (counter) => {
        for (const [code, count] of this.#alarms) counter.inc({ code }, count);
      },
    );
  }

  /** A counter that is written anew from our own numbers at every scrape. */
  #publish<L extends string>(name: string, help: string, labelNames: L[], fill: (counter: Counter<L>) => void): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        fill(this);
      },
    });
  }

  /** A gauge whose label values come and go: what is no longer there must not stay at its last value. */
  #publishGauge<L extends string>(name: string, help: string, labelNames: L[], fill: (gauge: Gauge<L>) => void): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        fill(this);
      },
    });
  }
}

const ROLES: readonly Role[] = ['seeking', 'following', 'leading'];
const ALARM_CODES: readonly AlarmCode[] = ['data-loss-possible', 'frozen', 'record-damaged'];

type Row<T> = readonly [name: string, help: string, value: (of: T) => number];

const GROUP_GAUGES: readonly Row<GroupStatus>[] = [
  ['kvstore_epoch', 'The epoch of the record that this replica obeys.', (status) => status.epoch],
  ['kvstore_lineage', 'The number of the lineage of the data.', (status) => status.lineage?.number ?? 0],
  ['kvstore_in_sync_members', 'Members of the in-sync set.', (status) => status.inSync.length],
  ['kvstore_ready', '1 if the replica is ready.', (status) => Number(status.ready)],
  ['kvstore_frozen', '1 if the record is lost and an operator is needed.', (status) => Number(status.frozen)],
  ['kvstore_last_index', 'The last entry of the log.', (status) => status.lastIndex],
  ['kvstore_commit_index', 'The last committed entry.', (status) => status.commitIndex],
  ['kvstore_applied_index', 'The last applied entry.', (status) => status.appliedIndex],
  ['kvstore_lag_entries', 'Entries that this follower knows of and has not applied.', (status) => status.lagEntries],
  [
    'kvstore_leader_heard_seconds',
    'Since the leader was last heard; -1 without one.',
    (status) => (status.sinceLeaderHeardMs === null ? -1 : status.sinceLeaderHeardMs / 1000),
  ],
  ['kvstore_keys', 'Keys in the store.', (status) => status.keys],
  ['kvstore_store_bytes', 'Bytes that the store accounts for.', (status) => status.storeBytes],
  [
    'kvstore_history_bytes',
    'Of the store, bytes of older versions, which yield to new data.',
    (status) => status.historyBytes,
  ],
  ['kvstore_older_versions', 'Older versions kept, of all keys.', (status) => status.olderVersions],
  ['kvstore_log_entries', 'Entries kept in the log.', (status) => status.logEntries],
  ['kvstore_log_bytes', 'Bytes kept in the log.', (status) => status.logBytes],
  ['kvstore_watchers', 'Watches here, those of proxies included.', (status) => status.watchers],
  ['kvstore_sessions', 'Open sessions.', (status) => status.sessions],
  ['kvstore_idempotency_keys', 'Outcomes kept for idempotency keys.', (status) => status.idempotencyKeys],
];

const FOLLOWER_GAUGES: readonly Row<GroupStatus['followers'][number]>[] = [
  [
    'kvstore_follower_lag_entries',
    'Entries that the follower has not acknowledged, by the leader.',
    (follower) => follower.lagEntries,
  ],
  [
    'kvstore_follower_lag_seconds',
    'Wait of its oldest unacknowledged entry, by the leader.',
    (follower) => follower.lagMs / 1000,
  ],
];
