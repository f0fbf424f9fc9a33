/**
 * What each process is configured with: compiled once from flags and `KV_*` variables by {@link loadConfig}, frozen.
 * Durations are milliseconds, sizes bytes. The shapes of `groupTimes` and `groupLimits` are those of
 * `core/group/options.ts`, which `config` may not import; the mains, which pass one as the other, hold them together.
 */
export type Config = KvstoreConfig | ProxyConfig | EmbeddedConfig;

export type ProcessName = Config['process'];

export interface KvstoreConfig {
  readonly process: 'kvstore';
  readonly log: LogConfig;
  readonly kubernetes: KubernetesConfig;
  /** An empty uid: ask the Kubernetes API. */
  readonly pod: { readonly name: string; readonly uid: string };
  /** Where others reach this replica: `host:port`, an IPv6 host in brackets. */
  readonly addresses: { readonly peer: string; readonly http: string };
  readonly http: HttpConfig;
  readonly peer: ListenConfig & { readonly connectionsMax: number; readonly queueBytesMax: number };
  readonly groupTimes: GroupTimesConfig;
  readonly groupLimits: GroupLimitsConfig;
  /** null: there is no data file. */
  readonly dataset: DatasetConfig | null;
  readonly uncleanRecovery: 'auto' | 'strict' | 'never';
  readonly valueBytesMax: number;
  /** How long SIGTERM may take before the process ends as it is. */
  readonly gracePeriodMs: number;
  readonly endWithParent: boolean;
}

export interface DatasetConfig {
  readonly file: string;
  /** Lines that are skipped; one more ends the process. */
  readonly malformedLinesMax: number;
}

export interface ProxyConfig {
  readonly process: 'proxy';
  readonly log: LogConfig;
  readonly kubernetes: KubernetesConfig;
  readonly http: HttpConfig;
  /** A write is held and repeated this long while the leader changes. */
  readonly writeWaitMs: number;
  /** A read that every replica declines is held this long. */
  readonly readWaitMs: number;
  /** A write that the leader left unanswered is repeated after this long. */
  readonly repeatMs: number;
  /** A read unanswered for this long goes to a second replica as well. */
  readonly hedgeMs: number;
  /** Requests that may be under way or held at once, and the bytes of their bodies; beyond it: 503. */
  readonly queueRequestsMax: number;
  readonly queueBytesMax: number;
  readonly valueBytesMax: number;
  readonly gracePeriodMs: number;
  readonly endWithParent: boolean;
}

export interface EmbeddedConfig {
  readonly process: 'embedded';
  readonly log: LogConfig;
  readonly http: ListenConfig;
  /** It may listen beyond the loopback. */
  readonly allowRemote: boolean;
  /** null: in memory. */
  readonly dataDirectory: string | null;
  /** Events of the past that a watch may still start from. */
  readonly watchHistoryMax: number;
  readonly endWithParent: boolean;
}

export interface LogConfig {
  readonly level: LogLevel;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface KubernetesConfig {
  /** The embedded API's address; null: the pod's service account, else the kubeconfig. */
  readonly url: string | null;
  /** null: the service account's, else the kubeconfig's, else `default`. */
  readonly namespace: string | null;
  readonly leaseName: string;
  /** Label selector of the group's pods. */
  readonly podSelector: string;
  /** The headless Service whose EndpointSlices name the group's pods. */
  readonly peerService: string;
  readonly callTimeoutMs: number;
  /** A watch that has said nothing for this long, not even a bookmark, is begun anew. */
  readonly watchSilenceMs: number;
}

export interface ListenConfig {
  /** Empty: every address, IPv6 and IPv4. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export interface HttpConfig extends ListenConfig {
  readonly connectionsMax: number;
  /** Requests of one connection that may be under way or wait behind each other. */
  readonly pipelineMax: number;
  /** A request's headers and body must have arrived within this time. */
  readonly requestTimeoutMs: number;
  /** A connection without a request is closed after this time. */
  readonly idleTimeoutMs: number;
}

export interface GroupTimesConfig {
  readonly heartbeatMs: number;
  readonly renewMs: number;
  readonly retryMs: number;
  readonly leaseMs: number;
  readonly electionMs: number;
  readonly removalMs: number;
  readonly readStalenessMs: number;
  readonly writeWaitMs: number;
  readonly readWaitMs: number;
  readonly sessionIdleMs: number;
  readonly idempotencyKeptMs: number;
  readonly readmitMinMs: number;
  readonly readmitMaxMs: number;
}

export interface GroupLimitsConfig {
  readonly minInSync: number;
  readonly inSyncMax: number;
  readonly memoryBytesMax: number;
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  readonly logBytesMax: number;
  readonly logEntriesMax: number;
  readonly inflightBytesMax: number;
  readonly snapshotChunkBytes: number;
  readonly sessionsMax: number;
  readonly outcomesPerSessionMax: number;
  readonly idempotencyKeysMax: number;
  readonly tombstonesMax: number;
  readonly historyLimit: number;
  readonly eviction: 'none' | 'lru';
  readonly waitingReadsMax: number;
  readonly watchersMax: number;
}
