import type { Endpoint } from '../../ports/kubernetes.ts';
import { hostAndPort } from './host-and-port.ts';
import { objectAt, objectsAt, textAt, type JsonObject } from './json.ts';
import { PEER_PORT_NAME } from './pod-info.ts';

/**
 * The endpoints of all slices of a Service, one per pod, in the order of their names. A pod is in two slices while the
 * slices are being rebalanced, and always where the Service has two address families: then IPv4 is taken.
 */
export function readEndpoints(slices: readonly JsonObject[], defaultPeerPort: number): readonly Endpoint[] {
  const byPod = new Map<string, Endpoint>();
  for (const slice of [...slices].sort(byAddressTypeAndName)) {
    const port = peerPort(slice) ?? defaultPeerPort;
    for (const endpoint of objectsAt(slice, 'endpoints')) {
      const read = readEndpoint(endpoint, port);
      if (read === null) continue;
      const known = byPod.get(read.podName);
      byPod.set(read.podName, known === undefined ? read : merge(known, read));
    }
  }
  return [...byPod.values()].sort((a, b) => compare(a.podName, b.podName));
}

function readEndpoint(endpoint: JsonObject, port: number): Endpoint | null {
  const addresses = endpoint['addresses'];
  const host: unknown = Array.isArray(addresses) ? addresses[0] : null;
  if (typeof host !== 'string' || host === '') return null;
  const conditions = objectAt(endpoint, 'conditions');
  return {
    podName: textAt(objectAt(endpoint, 'targetRef'), 'name') ?? textAt(endpoint, 'hostname') ?? host,
    peerAddress: hostAndPort(host, port),
    // A headless Service that publishes addresses before pods are ready calls every endpoint ready; `serving` still
    // tells the truth. Absent conditions count as true, as Kubernetes says.
    ready: (conditions['serving'] ?? conditions['ready'] ?? true) === true,
    terminating: conditions['terminating'] === true,
  };
}

/** Of two views of one pod neither is known to be the newer: the more hopeful one, whoever connects finds out. */
const merge = (known: Endpoint, other: Endpoint): Endpoint => ({
  podName: known.podName,
  peerAddress: known.peerAddress,
  ready: known.ready || other.ready,
  terminating: known.terminating && other.terminating,
});

function peerPort(slice: JsonObject): number | null {
  const number = objectsAt(slice, 'ports').find((port) => port['name'] === PEER_PORT_NAME)?.['port'];
  return typeof number === 'number' ? number : null;
}

const sortKey = (slice: JsonObject): string =>
  `${textAt(slice, 'addressType') ?? ''} ${textAt(objectAt(slice, 'metadata'), 'name') ?? ''}`;
const byAddressTypeAndName = (a: JsonObject, b: JsonObject): number => compare(sortKey(a), sortKey(b));
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
