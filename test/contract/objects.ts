import { randomUUID } from 'node:crypto';
import type { Body } from './api-client.ts';

export const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
export const PODS = '/api/v1/namespaces/default/pods';
export const EVENTS = '/api/v1/namespaces/default/events';

/** All tests share one server: each has names of its own. */
export const uniqueName = (): string => `t-${randomUUID().slice(0, 8)}`;

export const lease = (name: string | undefined, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, ...metadata },
  spec,
});

export const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'kvstore', image: 'kvstore' }], ...spec },
});

export const slice = (name: string, fields: object = {}, metadata: object = {}) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, labels: { 'kubernetes.io/service-name': name }, ...metadata },
  addressType: 'IPv4',
  endpoints: [
    {
      addresses: ['10.0.0.1'],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: { kind: 'Pod', namespace: 'default', name: 'kvstore-0', uid: 'u' },
    },
  ],
  ports: [{ name: 'peer', port: 7000, protocol: 'TCP' }],
  ...fields,
});

export const event = (name: string, fields: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name },
  involvedObject: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'default', name, uid: 'u' },
  reason: 'Leading',
  message: 'leads in epoch 4',
  type: 'Normal',
  source: { component: 'kvstore' },
  firstTimestamp: '2026-01-01T00:00:00Z',
  lastTimestamp: '2026-01-01T00:00:00Z',
  count: 1,
  ...fields,
});

/** The real server keeps books on who set which field; the embedded one does not, and nobody here reads them. */
export function withoutManagedFields(object: Pick<Body, 'metadata'>): object {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
