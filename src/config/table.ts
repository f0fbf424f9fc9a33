import { isIP } from 'node:net';
import type { LogLevel, ProcessName } from './config.ts';
import { bytes, choice, count, duration, text, toggle, type ValueType } from './value-type.ts';

/** One row: flag and variable name the same option; help, reference and checks are made from nothing else. */
export interface Option<T> {
  readonly type: ValueType<T>;
  readonly variable: `KV_${string}`;
  /** Names that other software or earlier services give the same thing; the variable wins. */
  readonly aliases?: readonly string[];
  readonly processes: readonly ProcessName[];
  readonly section: Section;
  /** Without one the option must be given. */
  readonly default?: T | DerivedDefault<T>;
  readonly help: string;
}

export interface DerivedDefault<T> {
  readonly derive: (from: DerivedFrom) => T;
  readonly help: string;
}

export interface DerivedFrom {
  readonly process: ProcessName;
  readonly machine: Machine;
  /** Bytes of {@link options.datasetFile}, which take as much memory; 0 without one. */
  readonly datasetBytes: number;
  /** {@link options.memoryBytesMax}, which is settled before the others. 0 while it is being settled. */
  readonly memoryBytesMax: number;
}

/** What can be found out about the machine, for defaults that depend on it. */
export interface Machine {
  /** The memory that this process may use by its cgroup; null: no limit. */
  readonly memoryLimitBytes: number | null;
  /** 0 where there is no such file: that is for whoever opens it to say. */
  readonly fileBytes: (path: string) => number;
}

export const sections = ['Kubernetes', 'Pod', 'Listening', 'Times', 'Safety', 'Limits', 'Process'] as const;
export type Section = (typeof sections)[number];

const Ki = 2 ** 10;
const Mi = 2 ** 20;
const Gi = 2 ** 30;
const SECOND = 1000;
const HOUR = 3_600_000;

const kvstore: readonly ProcessName[] = ['kvstore'];
const proxy: readonly ProcessName[] = ['proxy'];
const embedded: readonly ProcessName[] = ['embedded'];
const servers: readonly ProcessName[] = ['kvstore', 'proxy'];
const all: readonly ProcessName[] = ['kvstore', 'proxy', 'embedded'];

const dnsName = text({
  allowed: 'a Kubernetes name: lower-case letters, digits, dashes and dots, at most 253',
  accepts: (value) => value.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(value),
});
const idPart = text({
  allowed: '1 to 253 letters, digits, dots, dashes or underscores',
  accepts: (value) => /^[A-Za-z0-9._-]{1,253}$/.test(value),
});
const ipAddress = text({ allowed: 'an IPv4 or IPv6 address', accepts: (value) => isIP(value) !== 0 });
const httpUrl = text({
  allowed: 'an http:// or https:// address',
  accepts: (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
});
const hostAndPort = text({
  allowed: 'host:port, an IPv6 host in brackets',
  accepts: (value) => /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(value) && !/:0*$/.test(value),
});
const host = text({ allowed: 'an address or a host name', accepts: (value) => /^[A-Za-z0-9.:_-]+$/.test(value) });
const anyText = text({ allowed: 'any text', accepts: () => true });
const port = count({ min: 0, max: 65_535 });

const quarterOfMemory: DerivedDefault<number> = {
  derive: ({ memoryBytesMax }) => Math.min(64 * Mi, Math.floor(memoryBytesMax / 4)),
  help: '64Mi, or a quarter of KV_MEMORY_MAX where that is less',
};

const logShareOfMemory: DerivedDefault<number> = {
  derive: ({ memoryBytesMax }) => Math.min(32 * Mi, Math.floor(memoryBytesMax / 4)),
  help: '32Mi, or a quarter of KV_MEMORY_MAX where that is less',
};

/** What Node and our code take by themselves (75 MiB) and what garbage, young objects and buffers come to at the least, as measured. */
export const PROCESS_BYTES = 192 * Mi;

const levels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];

/** Every option there is. The order is that of the help. */
export const options = {
  leaseName: option(dnsName, {
    variable: 'KV_LEASE_NAME',
    processes: servers,
    section: 'Kubernetes',
    default: 'kvstore',
    help: 'The Lease that anchors the group. Two installations in one namespace need two names.',
  }),
  namespace: option(dnsName, {
    variable: 'KV_NAMESPACE',
    aliases: ['POD_NAMESPACE'],
    processes: servers,
    section: 'Kubernetes',
    default: derived('', "the service account's, else the kubeconfig's, else default"),
    help: 'The namespace of the Lease and the pods.',
  }),
  kubernetesUrl: option(httpUrl, {
    variable: 'KV_KUBERNETES_URL',
    processes: servers,
    section: 'Kubernetes',
    default: derived('', 'the service account of the pod, else the kubeconfig'),
    help: 'Where an embedded Kubernetes API listens.',
  }),
  podSelector: option(anyText, {
    variable: 'KV_POD_SELECTOR',
    processes: servers,
    section: 'Kubernetes',
    default: 'app.kubernetes.io/name=kvstore',
    help: "Label selector of the group's pods.",
  }),
  peerService: option(dnsName, {
    variable: 'KV_PEER_SERVICE',
    processes: servers,
    section: 'Kubernetes',
    default: 'kvstore-peers',
    help: "The headless Service whose EndpointSlices name the group's pods.",
  }),
  apiTimeoutMs: option(duration({ min: 100, max: 60 * SECOND }), {
    variable: 'KV_API_TIMEOUT',
    processes: servers,
    section: 'Kubernetes',
    default: 1000,
    help: 'A call of the Kubernetes API without an answer after this time is in doubt.',
  }),
  apiWatchSilenceMs: option(duration({ min: 1000, max: HOUR }), {
    variable: 'KV_API_WATCH_SILENCE',
    processes: servers,
    section: 'Kubernetes',
    default: 90 * SECOND,
    help: 'A watch that has said nothing for this long, not even a bookmark, is begun anew. Kubernetes sends one about every minute.',
  }),

  podName: option(idPart, {
    variable: 'KV_POD_NAME',
    aliases: ['POD_NAME'],
    processes: kvstore,
    section: 'Pod',
    help: 'The name of this pod (downward API: metadata.name).',
  }),
  podUid: option(idPart, {
    variable: 'KV_POD_UID',
    aliases: ['POD_UID'],
    processes: kvstore,
    section: 'Pod',
    default: derived('', 'what the Kubernetes API says of the pod with this name'),
    help: 'The UID of this pod (downward API: metadata.uid).',
  }),
  podIp: option(ipAddress, {
    variable: 'KV_POD_IP',
    aliases: ['POD_IP'],
    processes: kvstore,
    section: 'Pod',
    default: derived('', 'none: then both advertised addresses must be given'),
    help: 'The address of this pod (downward API: status.podIP), IPv4 or IPv6.',
  }),
  advertisePeer: option(hostAndPort, {
    variable: 'KV_ADVERTISE_PEER',
    processes: kvstore,
    section: 'Pod',
    default: derived('', "the pod's address and the peer port"),
    help: 'Where followers and proxies reach the peer protocol of this replica.',
  }),
  advertiseHttp: option(hostAndPort, {
    variable: 'KV_ADVERTISE_HTTP',
    processes: kvstore,
    section: 'Pod',
    default: derived('', "the pod's address and the HTTP port"),
    help: 'Where others reach the HTTP port of this replica.',
  }),

  httpHost: option(host, {
    variable: 'KV_HTTP_HOST',
    processes: all,
    section: 'Listening',
    default: {
      derive: ({ process }) => (process === 'embedded' ? '127.0.0.1' : ''),
      help: 'every address, IPv6 and IPv4; embedded: 127.0.0.1',
    },
    help: 'The address to listen on for HTTP.',
  }),
  httpPort: option(port, {
    variable: 'KV_HTTP_PORT',
    processes: all,
    section: 'Listening',
    default: {
      derive: ({ process }) => ({ kvstore: 8000, proxy: 8001, embedded: 8002 })[process],
      help: 'kvstore 8000, proxy 8001, embedded 8002',
    },
    help: 'The port for HTTP; 0 takes a free one (not of a kvstore, which tells it to others).',
  }),
  peerHost: option(host, {
    variable: 'KV_PEER_HOST',
    processes: kvstore,
    section: 'Listening',
    default: derived('', 'every address, IPv6 and IPv4'),
    help: 'The address to listen on for the peer protocol.',
  }),
  peerPort: option(port, {
    variable: 'KV_PEER_PORT',
    processes: kvstore,
    section: 'Listening',
    default: 7000,
    help: 'The port for the peer protocol.',
  }),
  allowRemote: option(toggle(), {
    variable: 'KV_ALLOW_REMOTE',
    processes: embedded,
    section: 'Listening',
    default: false,
    help: 'Lets the embedded API listen on an address that is not of the loopback. It asks nobody for a password.',
  }),

  heartbeatMs: option(duration({ min: 10, max: 10 * SECOND }), {
    variable: 'KV_HEARTBEAT',
    processes: kvstore,
    section: 'Times',
    default: 100,
    help: "Between a leader's heartbeats, and between rounds.",
  }),
  renewMs: option(duration({ min: 50, max: 60 * SECOND }), {
    variable: 'KV_LEASE_RENEWAL',
    processes: kvstore,
    section: 'Times',
    default: 300,
    help: 'Between renewals of the Lease.',
  }),
  retryMs: option(duration({ min: 10, max: 60 * SECOND }), {
    variable: 'KV_LEASE_RETRY',
    processes: kvstore,
    section: 'Times',
    default: 100,
    help: 'Between attempts at the Kubernetes API that failed.',
  }),
  leaseMs: option(duration({ min: SECOND, max: 60 * SECOND }), {
    variable: 'KV_LEASE_DURATION',
    processes: kvstore,
    section: 'Times',
    default: 1000,
    help: 'A Lease that was not renewed for this long has expired. Whole seconds. Decides when somebody asks, never whether a takeover is safe.',
  }),
  electionMs: option(duration({ min: 50, max: 60 * SECOND }), {
    variable: 'KV_ELECTION_TIMEOUT',
    processes: kvstore,
    section: 'Times',
    default: 800,
    help: 'A leader whose rounds were not full for this long is taken for lost, if nobody else heard one.',
  }),
  removalMs: option(duration({ min: 50, max: 60 * SECOND }), {
    variable: 'KV_REMOVAL_TIMEOUT',
    processes: kvstore,
    section: 'Times',
    default: 500,
    help: 'A member that left an entry unacknowledged for this long is removed from the in-sync set.',
  }),
  readStalenessMs: option(duration({ min: 100, max: 60 * SECOND }), {
    variable: 'KV_READ_STALENESS_MAX',
    processes: kvstore,
    section: 'Times',
    default: 1000,
    help: 'A member answers in-sync reads for this long after its leader last showed that its authority stood.',
  }),
  writeWaitMs: option(duration({ min: 100, max: 120 * SECOND }), {
    variable: 'KV_WRITE_WAIT',
    processes: servers,
    section: 'Times',
    default: 10 * SECOND,
    help: 'A write waits this long for its commit, also while the leader changes; then the answer says whether its outcome is unknown.',
  }),
  readWaitMs: option(duration({ min: 10, max: 60 * SECOND }), {
    variable: 'KV_READ_WAIT',
    processes: servers,
    section: 'Times',
    default: {
      // A change of leader under SIGSTOP takes longer than a second: the proxy holds reads over it.
      derive: ({ process }) => (process === 'proxy' ? 3 * SECOND : SECOND),
      help: '1s; proxy: 3s',
    },
    help: 'A read waits this long for a round, a key under change or a revision; in the proxy, while every replica declines it.',
  }),
  repeatMs: option(duration({ min: 50, max: 60 * SECOND }), {
    variable: 'KV_REPEAT_AFTER',
    processes: proxy,
    section: 'Times',
    default: 1000,
    help: 'A write that the leader left unanswered for this long is repeated under its id.',
  }),
  hedgeMs: option(duration({ min: 5, max: 60 * SECOND }), {
    variable: 'KV_HEDGE_AFTER',
    processes: proxy,
    section: 'Times',
    default: 50,
    help: 'A read that a replica left unanswered for this long goes to a second one as well.',
  }),
  sessionIdleMs: option(duration({ min: 10 * SECOND, max: 24 * HOUR }), {
    variable: 'KV_SESSION_IDLE',
    processes: kvstore,
    section: 'Times',
    default: 600 * SECOND,
    help: 'A session without a write for this long ends.',
  }),
  idempotencyKeptMs: option(duration({ min: 10 * SECOND, max: 24 * HOUR }), {
    variable: 'KV_IDEMPOTENCY_KEPT',
    processes: kvstore,
    section: 'Times',
    default: 600 * SECOND,
    help: 'The outcome of a write with an Idempotency-Key is kept for this long.',
  }),
  readmitMinMs: option(duration({ min: 0, max: HOUR }), {
    variable: 'KV_READMIT_MIN',
    processes: kvstore,
    section: 'Times',
    default: 500,
    help: 'A replica that was removed is caught up for this long before it is added again; doubles when it flaps.',
  }),
  readmitMaxMs: option(duration({ min: 0, max: HOUR }), {
    variable: 'KV_READMIT_MAX',
    processes: kvstore,
    section: 'Times',
    default: 60 * SECOND,
    help: 'The longest of these waits.',
  }),
  requestTimeoutMs: option(duration({ min: 100, max: HOUR }), {
    variable: 'KV_REQUEST_TIMEOUT',
    processes: servers,
    section: 'Times',
    default: 15 * SECOND,
    help: 'The headers and the body of a request have arrived within this time, or the connection is closed.',
  }),
  idleTimeoutMs: option(duration({ min: SECOND, max: 24 * HOUR }), {
    variable: 'KV_IDLE_TIMEOUT',
    processes: servers,
    section: 'Times',
    default: 75 * SECOND,
    help: 'A connection without a request is closed after this time.',
  }),
  gracePeriodMs: option(duration({ min: 0, max: HOUR }), {
    variable: 'KV_GRACE_PERIOD',
    processes: servers,
    section: 'Times',
    default: 20 * SECOND,
    help: "After SIGTERM, how long hand-over and what is under way may take. Below the pod's terminationGracePeriodSeconds.",
  }),

  minInSync: option(count({ min: 1, max: 15 }), {
    variable: 'KV_MIN_IN_SYNC',
    aliases: ['WRITE_QUORUM'],
    processes: kvstore,
    section: 'Safety',
    default: 2,
    help: 'Writes wait while the in-sync set has fewer members. 1 for a single replica.',
  }),
  inSyncMax: option(count({ min: 1, max: 15 }), {
    variable: 'KV_IN_SYNC_MAX',
    aliases: ['REPLICAS'],
    processes: kvstore,
    section: 'Safety',
    default: 5,
    help: 'Replicas beyond this number are standbys: they follow and answer reads of two modes, and slow no write.',
  }),
  uncleanRecovery: option(choice(['auto', 'strict', 'never']), {
    variable: 'KV_UNCLEAN_RECOVERY',
    processes: kvstore,
    section: 'Safety',
    default: 'auto',
    help: 'When every member and its memory are gone: begin a new lineage; strict: a pod that the API server no longer lists does not count as gone; never: wait for an operator.',
  }),

  memoryBytesMax: option(bytes({ min: 16 * Mi, max: 48 * Gi }), {
    variable: 'KV_MEMORY_MAX',
    processes: kvstore,
    section: 'Limits',
    default: {
      derive: ({ machine: { memoryLimitBytes }, datasetBytes }) => {
        const limitBytes = memoryLimitBytes === null ? Gi : memoryLimitBytes - datasetBytes;
        return Math.max(16 * Mi, Math.min(Math.floor(limitBytes / 2), limitBytes - PROCESS_BYTES));
      },
      help: "half of what the cgroup's memory limit leaves beside the data file, or less where that would leave under 192Mi; 512Mi without a limit",
    },
    help: 'Store, log and outcomes together, without the data file. Beyond it writes get 507 memory-full; deletes still work.',
  }),
  datasetMalformedMax: option(count({ min: 0, max: 1_000_000 }), {
    variable: 'KV_DATASET_MALFORMED_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 100,
    help: 'Malformed lines of the data file that are logged with their numbers and skipped; with one more the process ends.',
  }),
  valueBytesMax: option(bytes({ min: Ki, max: 16 * Mi }), {
    variable: 'KV_VALUE_BYTES_MAX',
    processes: servers,
    section: 'Limits',
    default: Mi,
    help: 'The largest value; a larger one gets 413 too-large.',
  }),
  connectionsMax: option(count({ min: 1, max: 1_000_000 }), {
    variable: 'KV_CONNECTIONS_MAX',
    processes: servers,
    section: 'Limits',
    default: 20_000,
    help: 'HTTP connections at once; further ones are closed at once.',
  }),
  pipelineMax: option(count({ min: 1, max: 65_536 }), {
    variable: 'KV_PIPELINE_MAX',
    processes: servers,
    section: 'Limits',
    default: 256,
    help: 'Requests of one HTTP connection that may wait for their answers; further ones get 429 too-many-requests.',
  }),
  peerConnectionsMax: option(count({ min: 1, max: 65_536 }), {
    variable: 'KV_PEER_CONNECTIONS_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 1024,
    help: 'Connections of the peer protocol (replicas and proxies) at once.',
  }),
  peerQueueBytesMax: option(bytes({ min: Mi, max: 4 * Gi }), {
    variable: 'KV_PEER_QUEUE_BYTES_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 64 * Mi,
    help: 'Answers that wait for one peer connection to take them; a connection beyond it is closed.',
  }),
  queueRequestsMax: option(count({ min: 1, max: 1_000_000 }), {
    variable: 'KV_QUEUE_REQUESTS_MAX',
    processes: proxy,
    section: 'Limits',
    default: 16_384,
    help: 'Requests under way or held at once; further ones get 503 overloaded.',
  }),
  queueBytesMax: option(bytes({ min: Mi, max: 64 * Gi }), {
    variable: 'KV_QUEUE_BYTES_MAX',
    processes: proxy,
    section: 'Limits',
    default: {
      // What is under way lies in buffers, partly twice, and beside it the process itself has to fit.
      derive: ({ machine }) => Math.max(Mi, Math.min(128 * Mi, Math.floor((machine.memoryLimitBytes ?? Infinity) / 4))),
      help: "128Mi, or a quarter of the cgroup's memory limit where that is less",
    },
    help: 'Bytes of their bodies at once; further ones get 503 overloaded.',
  }),
  uncommittedEntriesMax: option(count({ min: 64, max: 10_000_000 }), {
    variable: 'KV_UNCOMMITTED_ENTRIES_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 65_536,
    help: 'Entries that wait for their commit; further writes are refused.',
  }),
  uncommittedBytesMax: option(bytes({ min: Mi, max: 4 * Gi }), {
    variable: 'KV_UNCOMMITTED_BYTES_MAX',
    processes: kvstore,
    section: 'Limits',
    default: quarterOfMemory,
    help: 'Their bytes.',
  }),
  logBytesMax: option(bytes({ min: Mi, max: 64 * Gi }), {
    variable: 'KV_LOG_BYTES_MAX',
    processes: kvstore,
    section: 'Limits',
    default: logShareOfMemory,
    help: 'Applied entries kept for followers that come back; a follower that needs older ones gets a snapshot.',
  }),
  logEntriesMax: option(count({ min: 64, max: 100_000_000 }), {
    variable: 'KV_LOG_ENTRIES_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 100_000,
    help: 'Their number.',
  }),
  inflightBytesMax: option(bytes({ min: 64 * Ki, max: Gi }), {
    variable: 'KV_INFLIGHT_BYTES_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 8 * Mi,
    help: 'Bytes under way to one follower.',
  }),
  snapshotChunkBytes: option(bytes({ min: 4 * Ki, max: 16 * Mi }), {
    variable: 'KV_SNAPSHOT_CHUNK_BYTES',
    processes: kvstore,
    section: 'Limits',
    default: 64 * Ki,
    help: 'The size of one piece of a snapshot.',
  }),
  sessionsMax: option(count({ min: 16, max: 1_000_000 }), {
    variable: 'KV_SESSIONS_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 10_000,
    help: 'Open sessions (one for each proxy and each replica that takes writes itself); further ones are refused.',
  }),
  outcomesPerSessionMax: option(count({ min: 64, max: 10_000_000 }), {
    variable: 'KV_OUTCOMES_PER_SESSION_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 65_536,
    help: 'Unsettled outcomes of one session; further writes of it are refused.',
  }),
  idempotencyKeysMax: option(count({ min: 0, max: 100_000_000 }), {
    variable: 'KV_IDEMPOTENCY_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 100_000,
    help: 'Outcomes kept for Idempotency-Keys. When full, a new key gets 503 idempotency-full, and nothing is forgotten early.',
  }),
  tombstonesMax: option(count({ min: 0, max: 1_000_000_000 }), {
    variable: 'KV_TOMBSTONES_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 1_000_000,
    help: 'Version numbers of deleted keys that are remembered one by one.',
  }),
  historyLimit: option(count({ min: 1, max: 1000 }), {
    variable: 'KV_HISTORY_LIMIT',
    aliases: ['HISTORY_LIMIT'],
    processes: kvstore,
    section: 'Limits',
    default: 8,
    help: "Versions kept of each key, the current one included; 1: no older ones. The leader's value holds for all replicas. The oldest versions of all yield to new data before a write gets 507 memory-full.",
  }),
  eviction: option(choice(['none', 'lru']), {
    variable: 'KV_EVICTION',
    processes: kvstore,
    section: 'Limits',
    default: 'none',
    help: 'Where a write does not fit into KV_MEMORY_MAX: none: it gets 507 memory-full; lru: keys that nobody has used for long go, so that it fits. The leader decides.',
  }),
  waitingReadsMax: option(count({ min: 64, max: 10_000_000 }), {
    variable: 'KV_WAITING_READS_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 65_536,
    help: 'Reads that wait at once; further ones are declined.',
  }),
  watchersMax: option(count({ min: 0, max: 1_000_000 }), {
    variable: 'KV_WATCHERS_MAX',
    processes: kvstore,
    section: 'Limits',
    default: 20_000,
    help: 'Watches of one replica at once, those of proxies included; further ones get 503 overloaded.',
  }),
  watchHistoryEntries: option(count({ min: 0, max: 100_000_000 }), {
    variable: 'KV_WATCH_HISTORY',
    processes: kvstore,
    section: 'Limits',
    default: 0,
    help: 'Applied entries kept for watches that resume, where that is more than KV_LOG_ENTRIES_MAX; an older start gets 410 compacted.',
  }),
  watchHistoryBytes: option(bytes({ min: 0, max: 64 * Gi }), {
    variable: 'KV_WATCH_HISTORY_BYTES',
    processes: kvstore,
    section: 'Limits',
    default: 0,
    help: 'Their bytes, where that is more than KV_LOG_BYTES_MAX. They count towards KV_MEMORY_MAX, as the log does.',
  }),
  watchHistoryMax: option(count({ min: 16, max: 1_000_000 }), {
    variable: 'KV_EMBEDDED_WATCH_HISTORY',
    processes: embedded,
    section: 'Limits',
    default: 4096,
    help: 'Changes that a watch may still start from; an older start gets 410.',
  }),

  datasetFile: option(anyText, {
    variable: 'KV_DATASET',
    processes: kvstore,
    section: 'Process',
    default: derived('', 'none'),
    help: 'The data file: lines of a UUID (version 4), a space and a value, which GET /get_value/{uuid} answers from before it looks into the store. Read at the start; never replicated.',
  }),
  dataDirectory: option(anyText, {
    variable: 'KV_DATA_DIR',
    processes: embedded,
    section: 'Process',
    default: derived('', 'none: in memory'),
    help: 'Where the embedded API keeps its objects across restarts.',
  }),
  logLevel: option(choice(levels), {
    variable: 'KV_LOG_LEVEL',
    processes: all,
    section: 'Process',
    default: 'info',
    help: 'What is less severe is not logged. info: each change of role, epoch, set and lineage, nothing per request.',
  }),
  endWithParent: option(toggle(), {
    variable: 'KV_PARENT_PIPE',
    processes: all,
    section: 'Process',
    default: false,
    help: 'End when standard input closes: run.sh sets it, so that nothing outlives it.',
  }),
} as const;

/** The compiled values of every option, those of other processes with their defaults. */
export type OptionValues = {
  readonly [Name in keyof typeof options]: (typeof options)[Name] extends Option<infer T> ? T : never;
};

export type OptionName = keyof typeof options;

export const optionNames = Object.keys(options) as readonly OptionName[];

/** `KV_LEASE_NAME` and `--lease-name` are the same option. */
export function flagOf(option: Pick<Option<unknown>, 'variable'>): string {
  return `--${option.variable.slice('KV_'.length).toLowerCase().replaceAll('_', '-')}`;
}

/** The default as people read it; null if the option must be given. */
export function defaultTextOf<T>(option: Option<T>): string | null {
  if (option.default === undefined) return null;
  return isDerived(option.default) ? option.default.help : option.type.print(option.default);
}

export function isDerived<T>(value: T | DerivedDefault<T>): value is DerivedDefault<T> {
  return typeof value === 'object' && value !== null && 'derive' in value;
}

function option<T>(type: ValueType<T>, row: Omit<Option<NoInfer<T>>, 'type'>): Option<T> {
  return Object.freeze({ type, ...row });
}

function derived<T>(value: T, help: string): DerivedDefault<T> {
  return { derive: () => value, help };
}
