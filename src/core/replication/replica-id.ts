import type { Brand } from '../base/numbers.ts';

/**
 * `pod name/pod UID/data id`. The data id is random and drawn together with an empty store at process start: a pod's
 * UID survives container restarts, so it would not do alone. Same pod, other data id: another replica.
 */
export type ReplicaId = Brand<string, 'ReplicaId'>;

export interface ReplicaIdentity {
  readonly podName: string;
  readonly podUid: string;
  readonly dataId: string;
}

const PART = /^[A-Za-z0-9._-]{1,253}$/;

/** @throws RangeError if a part is not 1 to 253 letters, digits, dots, dashes or underscores. */
export function replicaId(identity: ReplicaIdentity): ReplicaId {
  for (const part of [identity.podName, identity.podUid, identity.dataId]) {
    if (!PART.test(part)) throw new RangeError(`not a part of a replica id: ${JSON.stringify(part)}`);
  }
  return `${identity.podName}/${identity.podUid}/${identity.dataId}` as ReplicaId;
}

/** The parts of a replica id; null if it is not one. */
export function parseReplicaId(text: string): ReplicaIdentity | null {
  const [podName, podUid, dataId, ...rest] = text.split('/');
  if (podName === undefined || podUid === undefined || dataId === undefined || rest.length > 0) return null;
  return [podName, podUid, dataId].every((part) => PART.test(part)) ? { podName, podUid, dataId } : null;
}
