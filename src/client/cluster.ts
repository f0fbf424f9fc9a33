/** What the process that answers knows of its group, and can learn within a second. */
export interface KvCluster {
  /** An id that begins with the pod's name; null: none is known. */
  readonly leader: string | null;
  readonly epoch: number;
  /** Another one means that acknowledged writes may be lost. */
  readonly lineage: { readonly number: number; readonly id: string } | null;
  /** Who is in the in-sync set. */
  readonly members: readonly string[];
  readonly standbys: readonly string[];
  /** Nothing goes on without an operator. */
  readonly frozen: boolean;
  readonly replicas: readonly KvReplica[];
  readonly unreachable: readonly { readonly podName: string; readonly peerAddress: string; readonly reason: string }[];
}

export interface KvReplica {
  readonly replica: string;
  readonly podName: string;
  readonly role: 'seeking' | 'following' | 'leading';
  readonly standing: 'leader' | 'member' | 'standby' | 'learner' | 'none';
  readonly ready: boolean;
  readonly stopping: boolean;
  readonly frozen: boolean;
  readonly epoch: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly keys: number;
  readonly storeBytes: number;
  /** Of the store, what older versions take: they yield to new data. */
  readonly historyBytes: number;
  readonly olderVersions: number;
  readonly httpAddress: string;
  /** Of the leader: how far behind it each follower is. */
  readonly followers: readonly {
    readonly replica: string;
    readonly standing: string;
    readonly lagEntries: number;
    readonly lagMs: number;
  }[];
}
