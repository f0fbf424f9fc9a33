import type { ReplicaId } from '../replication/replica-id.ts';
import { parseReplicaId } from '../replication/replica-id.ts';
import type { PodInfo } from './api.ts';
import { call, type Errand } from './errand.ts';

/** The group's pods, and those of the replicas in question that are not among them. */
export interface PodList {
  /** By the group's labels: the pods that decide for the group. */
  readonly listed: readonly PodInfo[];
  /**
   * Of the replicas in question, whatever their labels. A pod that was taken out of the group's selection (to be looked at
   * in peace, or because it was another's from the beginning) is absent from the list, and its process lives: only that no
   * pod has its UID proves it gone.
   */
  readonly strayed: readonly PodInfo[];
}

/** null: the API server did not say. The record that names `members` must have been read before. */
export function* listPods(members: Iterable<ReplicaId>): Errand<PodList | null> {
  const answer = yield* call({ kind: 'listPods' });
  if (answer.kind !== 'pods') return null;
  const strayed: PodInfo[] = [];
  for (const member of members) {
    const identity = parseReplicaId(member);
    if (identity === null) continue;
    const { podName: name, podUid } = identity;
    if ([...answer.pods, ...strayed].some(({ uid }) => uid === podUid)) continue;
    const named = yield* call({ kind: 'readPod', name });
    if (named.kind !== 'pods') return null;
    strayed.push(...named.pods.filter(({ uid }) => uid === podUid));
  }
  return { listed: answer.pods, strayed };
}
