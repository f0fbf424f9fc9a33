import type { AdminOperations } from '../../ports/admin-operations.ts';
import type { DataOperations } from '../../ports/data-operations.ts';
import type { KnownReplicas } from '../../ports/known-replicas.ts';
import type { Limit, Log } from '../../ports/telemetry.ts';
import type { MachineUsage } from '../../ports/usage.ts';
import type { WatchStreams } from './watch-streams.ts';
import type { LockQueues } from './lock-queues.ts';

export interface ApiOptions {
  readonly operations: DataOperations;
  /** null: there are no routes for those who run it. */
  readonly admin: AdminOperations | null;
  readonly knownReplicas: KnownReplicas;
  readonly machine: () => Promise<MachineUsage>;
  readonly process: 'kvstore' | 'proxy';
  /** Of this process, for answers that must name one where no replica did: the pod's name. */
  readonly serverName: string;
  readonly release: string;
  readonly limits: ApiLimits;
  readonly probes: Probes;
  readonly metrics: ApiMetrics;
  readonly log: Log;
}

export interface ApiLimits {
  /** @default 1048576 */
  readonly valueBytesMax: number;
  /**
   * Bytes of request bodies that may be in memory at once, those still arriving and those that wait for their answer.
   * Beyond it: 503 `overloaded`.
   */
  readonly bodyBytesMax: number;
}

export interface Probes {
  /** Whether the process should get requests; `reason` in words, either way. */
  readiness(): { readonly ready: boolean; readonly reason: string };
}

/** As `adapters/observability` implements it. */
export interface ApiMetrics {
  readonly contentType: string;
  /** `route` is a method and a pattern, never a path. */
  requestAnswered(route: string, status: number): void;
  limitHit(limit: Limit): void;
  text(): Promise<string>;
}

/** The options, and what all requests share. */
export interface ApiContext extends ApiOptions {
  readonly bodyBudget: { used: number };
  readonly streams: WatchStreams;
  readonly lockQueues: LockQueues;
}
