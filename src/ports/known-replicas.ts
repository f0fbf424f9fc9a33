import type { ReplicaSummary } from '../core/group/summary.ts';

/** What a process can say of replicas at once, asking nobody: a kvstore of itself, the proxy of all that it knows. */
export type KnownReplicas =
  { readonly kind: 'self'; summary(): ReplicaSummary } | { readonly kind: 'all'; replicas(): readonly KnownReplica[] };

export interface KnownReplica {
  readonly podName: string;
  readonly standing: 'leader' | 'member' | 'standby' | 'learner' | 'unknown';
  /** Its last word, a fraction of a second old; null: it does not answer. */
  readonly summary: ReplicaSummary | null;
  /** Reads and writes that it has answered since this process has known it, and how long each took on the average. */
  readonly answers: number;
  readonly answerMsMean: number;
}
