import type { KubeObject } from './kube-client.ts';
import type { RestartPolicy, Server } from './server.ts';

/** One kvstore of a local cluster: the process, and what Kubernetes would know of it. */
export interface LocalPod {
  readonly name: string;
  /** The API server's; the same for every process of the pod. */
  readonly uid: string;
  readonly server: Server;
  readonly ip: string;
  readonly peerPort: number;
  readonly httpPort: number;
  /** By the last probe of /readyz. */
  ready: boolean;
  /** Its end has been asked for. */
  deleting: boolean;
}

export interface PodSpec {
  readonly name: string;
  readonly peerPort: number;
  readonly httpPort: number;
  readonly restart: RestartPolicy;
}

export const POD_IP = '127.0.0.1';
export const PEER_SERVICE = 'kvstore-peers';
const LABELS = { 'app.kubernetes.io/name': 'kvstore' };
const CONTAINER = 'kvstore';

/** As it is created: no container has ever run. */
export function newPod(spec: PodSpec): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: spec.name, labels: LABELS },
    spec: {
      restartPolicy: spec.restart === 'always' ? 'Always' : 'Never',
      containers: [
        {
          name: CONTAINER,
          image: 'kvstore:local',
          ports: [
            { name: 'peer', containerPort: spec.peerPort, protocol: 'TCP' },
            { name: 'http', containerPort: spec.httpPort, protocol: 'TCP' },
          ],
        },
      ],
    },
  };
}

/** What the kubelet would report of a pod whose container has run. */
export function podStatus(pod: LocalPod): object {
  const { server } = pod;
  const running = server.pid !== null;
  const condition = (type: string, holds: boolean) => ({ type, status: holds ? 'True' : 'False' });
  const phase = running || server.isToRestart ? 'Running' : server.lastEnd?.exitCode === 0 ? 'Succeeded' : 'Failed';
  return {
    phase,
    podIP: pod.ip,
    podIPs: [{ ip: pod.ip }],
    hostIP: pod.ip,
    conditions: [
      condition('Initialized', true),
      condition('PodScheduled', true),
      condition('ContainersReady', pod.ready),
      condition('Ready', pod.ready),
    ],
    containerStatuses: [
      {
        name: CONTAINER,
        image: 'kvstore:local',
        imageID: '',
        ready: pod.ready,
        started: running,
        restartCount: server.restarts,
        state: stateOf(server),
        lastState: running || server.isToRestart ? terminated(server) : {},
      },
    ],
  };
}

/** The slice of the peer Service that holds this pod, ready or not. One for each pod, so that no two writers meet. */
export function endpointSlice(pod: LocalPod): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${PEER_SERVICE}-${pod.name}`, labels: { 'kubernetes.io/service-name': PEER_SERVICE } },
    addressType: 'IPv4',
    ports: [
      { name: 'peer', port: pod.peerPort, protocol: 'TCP' },
      { name: 'http', port: pod.httpPort, protocol: 'TCP' },
    ],
    endpoints: [
      {
        addresses: [pod.ip],
        conditions: { ready: pod.ready && !pod.deleting, serving: pod.ready, terminating: pod.deleting },
        targetRef: { kind: 'Pod', name: pod.name, uid: pod.uid },
      },
    ],
  };
}

function stateOf(server: Server): object {
  if (server.pid !== null) return { running: { startedAt: timestamp(server.startedAtMs) } };
  return server.isToRestart ? { waiting: { reason: 'CrashLoopBackOff' } } : terminated(server);
}

function terminated(server: Server): object {
  const end = server.lastEnd;
  if (end === null) return {};
  // As a container runtime tells it: 128 and the signal's number.
  const exitCode = end.exitCode ?? (end.signal === 'SIGKILL' ? 137 : 143);
  const reason = exitCode === 0 ? 'Completed' : 'Error';
  return {
    terminated: { exitCode, reason, startedAt: timestamp(server.startedAtMs), finishedAt: timestamp(end.atMs) },
  };
}

/** Kubernetes' times are whole seconds. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
