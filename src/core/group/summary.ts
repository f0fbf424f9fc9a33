/** What a replica tells of itself to whoever asks: proxies, /v1/cluster. */
export interface ReplicaSummary {
  readonly replica: string;
  readonly podName: string;
  readonly role: 'seeking' | 'following' | 'leading';
  readonly standing: 'leader' | 'member' | 'standby' | 'learner' | 'none';
  readonly ready: boolean;
  readonly stopping: boolean;
  readonly frozen: boolean;
  readonly epoch: number;
  readonly lineage: { readonly number: number; readonly id: string } | null;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly keys: number;
  readonly storeBytes: number;
  /** R20: of the store, what older versions take: they yield to new data. */
  readonly historyBytes: number;
  readonly olderVersions: number;
  /** What counts against `memoryBytesMax`: the store, kept outcomes, the log. */
  readonly memoryBytes: number;
  readonly memoryBytesMax: number;
  /** Of its process: of one core, and of the memory that it may have. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly httpAddress: string;
  /** Of the leader: each follower's lag, by replica id. */
  readonly followers: readonly {
    readonly replica: string;
    readonly standing: string;
    readonly lagEntries: number;
    readonly lagMs: number;
  }[];
}
