import type { PodInfo } from '../../core/election/api.ts';
import { hostAndPort } from './host-and-port.ts';
import { objectAt, objectsAt, textAt, type JsonObject } from './json.ts';

export const PEER_PORT_NAME = 'peer';

/** null if it has no name or no uid: not a pod as an API server stores it. */
export function readPod(pod: JsonObject, defaultPeerPort: number): PodInfo | null {
  const metadata = objectAt(pod, 'metadata');
  const name = textAt(metadata, 'name');
  const uid = textAt(metadata, 'uid');
  if (name === null || uid === null) return null;
  const podIp = textAt(objectAt(pod, 'status'), 'podIP');
  return {
    name,
    uid,
    peerAddress: podIp === null ? null : hostAndPort(podIp, peerPort(pod) ?? defaultPeerPort),
    state: readState(pod),
    deleting: textAt(metadata, 'deletionTimestamp') !== null,
  };
}

/**
 * R13 and R14 take `neverStarted` and `terminated` as proof that there is no memory, so each needs the kubelet's positive
 * word about every container. A pod that failed without any word about its containers (rejected by its node, or its status
 * lost) may have run, and counts as running.
 */
function readState(pod: JsonObject): PodInfo['state'] {
  const status = objectAt(pod, 'status');
  const phase = textAt(status, 'phase');
  const containers = objectsAt(objectAt(pod, 'spec'), 'containers');
  const statuses = objectsAt(status, 'containerStatuses');
  if (phase === 'Pending' && !statuses.some(hasEverRun)) return 'neverStarted';
  if (phase !== 'Succeeded' && phase !== 'Failed') return 'running';
  const allEnded = statuses.length > 0 && statuses.length >= containers.length && statuses.every(hasEnded);
  return allEnded ? 'terminated' : 'running';
}

function hasEverRun(status: JsonObject): boolean {
  const state = objectAt(status, 'state');
  const restarts = status['restartCount'];
  return (
    'running' in state ||
    'terminated' in state ||
    Object.keys(objectAt(status, 'lastState')).length > 0 ||
    (typeof restarts === 'number' && restarts > 0)
  );
}

const hasEnded = (status: JsonObject): boolean => 'terminated' in objectAt(status, 'state');

function peerPort(pod: JsonObject): number | null {
  for (const container of objectsAt(objectAt(pod, 'spec'), 'containers')) {
    for (const port of objectsAt(container, 'ports')) {
      const number = port['containerPort'];
      if (port['name'] === PEER_PORT_NAME && typeof number === 'number') return number;
    }
  }
  return null;
}
