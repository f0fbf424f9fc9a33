import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readEndpoints } from '../../../../src/adapters/kubernetes/endpoints.ts';
import type { JsonObject } from '../../../../src/adapters/kubernetes/json.ts';

const endpoint = (podName: string, address: string, conditions?: JsonObject): JsonObject => ({
  addresses: [address],
  targetRef: { kind: 'Pod', name: podName },
  ...(conditions && { conditions }),
});
const slice = (name: string, endpoints: readonly JsonObject[], changes: JsonObject = {}): JsonObject => ({
  metadata: { name },
  addressType: 'IPv4',
  ports: [
    { name: 'http', port: 8000 },
    { name: 'peer', port: 7100 },
  ],
  endpoints,
  ...changes,
});

test('all slices of the Service count, in the order of the pods', () => {
  const slices = [slice('s2', [endpoint('p2', '10.0.0.2')]), slice('s1', [endpoint('p1', '10.0.0.1')])];
  expect(readEndpoints(slices, 7000)).toEqual([
    { podName: 'p1', peerAddress: '10.0.0.1:7100', ready: true, terminating: false },
    { podName: 'p2', peerAddress: '10.0.0.2:7100', ready: true, terminating: false },
  ]);
});

test('a pod in two slices is one endpoint, ready if either says so', () => {
  const slices = [
    slice('s1', [endpoint('p1', '10.0.0.1', { ready: false, terminating: true })]),
    slice('s2', [endpoint('p1', '10.0.0.1', { ready: true, terminating: false })]),
  ];
  expect(readEndpoints(slices, 7000)).toEqual([
    { podName: 'p1', peerAddress: '10.0.0.1:7100', ready: true, terminating: false },
  ]);
});

test('of two address families IPv4 is taken, whatever the order of the slices', () => {
  const v6 = slice('a', [endpoint('p1', 'fd00::1')], { addressType: 'IPv6' });
  const v4 = slice('b', [endpoint('p1', '10.0.0.1')]);
  for (const slices of [
    [v4, v6],
    [v6, v4],
  ]) {
    expect(readEndpoints(slices, 7000).map(({ peerAddress }) => peerAddress)).toEqual(['10.0.0.1:7100']);
  }
  expect(readEndpoints([v6], 7000).map(({ peerAddress }) => peerAddress)).toEqual(['[fd00::1]:7100']);
});

test('a Service that publishes addresses early calls every pod ready; whether it serves is the truth', () => {
  const early = endpoint('p1', '10.0.0.1', { ready: true, serving: false });
  expect(readEndpoints([slice('s', [early])], 7000)[0]?.ready).toBe(false);
});

test('a slice without a port named peer has the default port', () => {
  expect(readEndpoints([slice('s', [endpoint('p1', '10.0.0.1')], { ports: [] })], 7000)[0]?.peerAddress).toBe(
    '10.0.0.1:7000',
  );
});

test('garbage is read without a throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (endpoints, ports) => {
      readEndpoints([{ endpoints, ports }], 7000);
      readEndpoints([slice('s', [], { endpoints: [endpoints], ports: [ports] })], 7000);
    }),
  );
});
