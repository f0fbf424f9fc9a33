import type { Key } from '../core/base/key.ts';
import type { LookupOutcome } from '../core/routing/frames.ts';
import type { IdempotencyKey, WriteCommand, WriteOutcome } from '../core/store/commands.ts';
import type { ReplicaSummary } from '../core/group/summary.ts';
import type { ReadOutcome, ReadRequest } from '../core/store/reads.ts';
import type { WatchEnding, WatchNews, WatchRequest } from '../core/store/watching.ts';

/** The one interface of data operations that both a replica and the proxy offer to api/. No method rejects. */
export interface DataOperations {
  /** Holds the write while the leader changes and repeats it under its id; at most the configured wait. */
  write(command: WriteCommand, options: { readonly idempotencyKey: IdempotencyKey | null }): Promise<WriteResult>;
  /** No promise where the answer is known at once, as it nearly always is to a replica: what a promise keeps alive costs more than it does. */
  read(request: ReadRequest): ReadResult | Promise<ReadResult>;
  /** In the data file of whichever replica answers, not in the store. */
  lookUp(key: Key): Promise<LookupResult>;
  /** Tells `watcher` what happens to the keys of a range, until it cancels or is told that it ends. */
  watch(request: WatchRequest, watcher: Watcher): Watch;
  /** For /v1/cluster: what this process knows, and what it can ask of the replicas within a second. */
  cluster(): Promise<ClusterView>;
}

/** Whoever watches. */
export interface Watcher {
  /** Never before the asking call has returned, and not after `cancel`. The very same news may be that of many. */
  onNews(news: WatchNews): void;
  /** Once, and nothing after it. */
  onEnded(ending: WatchEnding | Unavailable): void;
}

export interface Watch {
  /** The watcher takes so many bytes more, as `watchEventBytes` counts them. */
  grant(bytes: number): void;
  cancel(): void;
}

/** `servedBy`: the name of the pod that answered; null if none did. */
export type WriteResult =
  { readonly kind: 'answered'; readonly outcome: WriteOutcome; readonly servedBy: string | null } | Unavailable;

export type ReadResult =
  { readonly kind: 'answered'; readonly outcome: ReadOutcome; readonly servedBy: string | null } | Unavailable;

export type LookupResult =
  | {
      readonly kind: 'answered';
      readonly outcome: Exclude<LookupOutcome, { kind: 'declined' }>;
      readonly servedBy: string | null;
    }
  | Unavailable;

/**
 * Nobody could answer in time. `outcome` is `unknown` if a write was sent somewhere and may be applied; for reads it is
 * always `none`.
 */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly code:
    | 'no-leader'
    | 'not-enough-in-sync'
    | 'no-replica'
    | 'data-file-loading'
    | 'replica-behind'
    | 'overloaded'
    | 'stopping';
  readonly outcome: 'none' | 'unknown';
  /** What happened, as a clause: `no leader took the write within 10000 ms`. */
  readonly detail: string;
}

export interface ClusterView {
  readonly leader: string | null;
  readonly epoch: number;
  readonly lineage: { readonly number: number; readonly id: string } | null;
  readonly members: readonly string[];
  readonly standbys: readonly string[];
  readonly frozen: boolean;
  readonly replicas: readonly (ReplicaSummary & { readonly peerAddress: string })[];
  /** Those that did not answer. */
  readonly unreachable: readonly { readonly podName: string; readonly peerAddress: string; readonly reason: string }[];
}
