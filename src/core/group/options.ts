import type { Addresses } from '../election/record.ts';
import type { ReplicaIdentity } from '../replication/replica-id.ts';
import type { Eviction } from '../store/uses.ts';

/** Times in milliseconds; `replication.md`, "Times". The host checks ranges and relations (`config/`). */
export interface GroupTimes {
  /** Heartbeats, rounds and the group's own tick. @default 100 */
  readonly heartbeatMs: number;
  /** @default 300 */
  readonly renewMs: number;
  /** Between attempts at the API that failed. @default 100 */
  readonly retryMs: number;
  /** @default 1000 */
  readonly leaseMs: number;
  /** @default 800 */
  readonly electionMs: number;
  /** @default 500 */
  readonly removalMs: number;
  /** R12. @default 1000 */
  readonly readStalenessMs: number;
  /** How long a write may wait for its commit before its outcome is told to be unknown. @default 10000 */
  readonly writeWaitMs: number;
  /** How long a read may wait for a round, a key or a revision before it is declined. @default 1000 */
  readonly readWaitMs: number;
  /** A session without a write ends. @default 600000 */
  readonly sessionIdleMs: number;
  /** Outcomes of idempotency keys are kept. @default 600000 */
  readonly idempotencyKeptMs: number;
  /** R5: how long a replica that was removed must be caught up before it is added again; doubles up to the maximum. */
  readonly readmitMinMs: number;
  readonly readmitMaxMs: number;
}

export interface GroupLimits {
  /** @default 2, or 1 for a single replica */
  readonly minInSync: number;
  /** @default 5 */
  readonly inSyncMax: number;
  /** Store, log and table of outcomes together, bytes; beyond it puts are refused. */
  readonly memoryBytesMax: number;
  /** Entries that wait to be committed. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Applied entries kept for followers that come back. */
  readonly logBytesMax: number;
  readonly logEntriesMax: number;
  /** In flight to one follower, bytes. */
  readonly inflightBytesMax: number;
  readonly snapshotChunkBytes: number;
  readonly sessionsMax: number;
  /** Unsettled outcomes of one session. */
  readonly outcomesPerSessionMax: number;
  readonly idempotencyKeysMax: number;
  /** Versions of deleted keys that are remembered one by one. */
  readonly tombstonesMax: number;
  /** R20: of each key, the standing one included; 1: no older ones. What the leader says holds for all. */
  readonly historyLimit: number;
  /** R22: where memory is full. What a leader evicts it says in the log: replicas may differ. */
  readonly eviction: Eviction;
  /** Reads that wait. */
  readonly waitingReadsMax: number;
  /** Those that watch keys here. */
  readonly watchersMax: number;
}

/** R14. `strict`: a pod that the API server no longer lists is not taken for gone. `never`: wait for an operator. */
export type UncleanRecovery = 'auto' | 'strict' | 'never';

export interface GroupOptions {
  readonly identity: ReplicaIdentity;
  readonly addresses: Addresses;
  readonly times: GroupTimes;
  readonly limits: GroupLimits;
  readonly uncleanRecovery: UncleanRecovery;
  /** For spreading attempts in time; drawn by the host. */
  readonly randomSeed: number;
}

export const defaultTimes: GroupTimes = {
  heartbeatMs: 100,
  renewMs: 300,
  retryMs: 100,
  leaseMs: 1000,
  electionMs: 800,
  removalMs: 500,
  readStalenessMs: 1000,
  writeWaitMs: 10_000,
  readWaitMs: 1000,
  sessionIdleMs: 600_000,
  idempotencyKeptMs: 600_000,
  readmitMinMs: 2000,
  readmitMaxMs: 60_000,
};

export const defaultLimits: GroupLimits = {
  minInSync: 2,
  inSyncMax: 5,
  memoryBytesMax: 512 * 2 ** 20,
  uncommittedEntriesMax: 65_536,
  uncommittedBytesMax: 64 * 2 ** 20,
  logBytesMax: 64 * 2 ** 20,
  logEntriesMax: 100_000,
  inflightBytesMax: 8 * 2 ** 20,
  snapshotChunkBytes: 64 * 2 ** 10,
  sessionsMax: 10_000,
  outcomesPerSessionMax: 65_536,
  idempotencyKeysMax: 100_000,
  tombstonesMax: 1_000_000,
  historyLimit: 8,
  eviction: 'none',
  waitingReadsMax: 65_536,
  watchersMax: 20_000,
};
