import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readPod } from '../../../../src/adapters/kubernetes/pod-info.ts';
import type { JsonObject } from '../../../../src/adapters/kubernetes/json.ts';

const pod = (
  status: JsonObject,
  changes: { readonly metadata?: JsonObject; readonly spec?: JsonObject } = {},
): JsonObject => ({
  metadata: { name: 'kvstore-0', uid: 'u0', ...changes.metadata },
  spec: { containers: [{ name: 'kvstore' }], ...changes.spec },
  status,
});
const stateOf = (status: JsonObject, spec?: JsonObject) => readPod(pod(status, spec && { spec }), 7000)?.state;
const terminated = { state: { terminated: { exitCode: 137 } } };
const running = { state: { running: {} } };
const waiting = { state: { waiting: { reason: 'ContainerCreating' } }, restartCount: 0, lastState: {} };

describe('neverStarted: no container of the pod has ever run', () => {
  test.each<[string, JsonObject]>([
    ['not scheduled', { phase: 'Pending' }],
    ['its image is being pulled', { phase: 'Pending', containerStatuses: [waiting] }],
  ])('%s', (_name, status) => expect(stateOf(status)).toBe('neverStarted'));
});

describe('terminated: the phase is terminal and every container has ended', () => {
  test.each(['Failed', 'Succeeded'])('%s', (phase) =>
    expect(stateOf({ phase, containerStatuses: [terminated] })).toBe('terminated'),
  );
});

describe('running: it runs, will run again, or nobody knows', () => {
  test.each<[string, JsonObject]>([
    ['it runs', { phase: 'Running', containerStatuses: [running] }],
    ['it runs, though the phase is behind', { phase: 'Pending', containerStatuses: [running] }],
    ['it has ended once while the phase is behind', { phase: 'Pending', containerStatuses: [terminated] }],
    ['it waits to be restarted', { phase: 'Pending', containerStatuses: [{ ...waiting, restartCount: 1 }] }],
    ['it has run before', { phase: 'Pending', containerStatuses: [{ ...waiting, lastState: { terminated: {} } }] }],
    ['it crashed and the pod goes on', { phase: 'Running', containerStatuses: [terminated] }],
    ['its node does not answer', { phase: 'Unknown' }],
    ['the phase is terminal, the container is not', { phase: 'Failed', containerStatuses: [running] }],
    ['the phase is terminal, nothing is said of the container', { phase: 'Failed' }],
    ['there is no status', {}],
  ])('%s', (_name, status) => expect(stateOf(status)).toBe('running'));

  test('one of two containers has not reported', () => {
    const spec = { containers: [{ name: 'kvstore' }, { name: 'sidecar' }] };
    expect(stateOf({ phase: 'Failed', containerStatuses: [terminated] }, spec)).toBe('running');
  });
});

describe('the peer address', () => {
  const spec = {
    containers: [
      { name: 'side' },
      {
        name: 'kvstore',
        ports: [
          { name: 'http', containerPort: 8000 },
          { name: 'peer', containerPort: 7100 },
        ],
      },
    ],
  };

  test('has the port that the pod names peer', () => {
    expect(readPod(pod({ podIP: '10.0.0.1' }, { spec }), 7000)?.peerAddress).toBe('10.0.0.1:7100');
  });
  test('else the default port', () => {
    expect(readPod(pod({ podIP: '10.0.0.1' }), 7000)?.peerAddress).toBe('10.0.0.1:7000');
  });
  test('has brackets around an IPv6 host', () => {
    expect(readPod(pod({ podIP: 'fd00::1' }), 7000)?.peerAddress).toBe('[fd00::1]:7000');
  });
  test('is null until there is one', () => {
    expect(readPod(pod({}), 7000)?.peerAddress).toBeNull();
  });
});

test('a deletion timestamp means deleting', () => {
  expect(readPod(pod({}), 7000)?.deleting).toBe(false);
  expect(readPod(pod({}, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), 7000)?.deleting).toBe(true);
});

test('garbage is read without a throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (spec, status) => {
      readPod({ metadata: { name: 'p', uid: 'u' }, spec, status }, 7000);
    }),
  );
  expect(readPod({}, 7000)).toBeNull();
});
