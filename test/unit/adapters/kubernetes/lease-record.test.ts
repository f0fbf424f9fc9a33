import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ANNOTATIONS, emptyLease, leaseWith, readLease } from '../../../../src/adapters/kubernetes/lease-record.ts';
import type { JsonObject } from '../../../../src/adapters/kubernetes/json.ts';
import { epoch, wallMs } from '../../../../src/core/base/numbers.ts';
import { isUnfilled, type RecordContent } from '../../../../src/core/election/record.ts';
import { replicaId, type ReplicaId } from '../../../../src/core/replication/replica-id.ts';

const a = replicaId({ podName: 'kvstore-0', podUid: 'uid-a', dataId: 'd1' });
const b = replicaId({ podName: 'kvstore-1', podUid: 'uid-b', dataId: 'd2' });

const filled: RecordContent = {
  holder: a,
  epoch: epoch(7),
  inSync: [a, b],
  addresses: { peer: '10.0.0.1:7000', http: '[fd00::1]:8000' },
  lineage: { number: 2, id: 'd1.5' },
  nonce: 'n1',
  endedEpoch: null,
};

const stored: JsonObject = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'kvstore', namespace: 'default', uid: 'u1', resourceVersion: '41' },
  spec: {},
};

const times = { nowMs: wallMs(Date.UTC(2026, 0, 2, 3, 4, 5, 67)), leaseDurationMs: 1000 };

/** The Lease with these annotations and this spec in place of what we wrote. */
function edited(changes: { readonly annotations?: JsonObject; readonly spec?: JsonObject }): JsonObject {
  const lease = leaseWith(stored, filled, times);
  const metadata = lease['metadata'] as JsonObject;
  const annotations = { ...(metadata['annotations'] as JsonObject), ...changes.annotations };
  return {
    ...lease,
    metadata: { ...metadata, annotations },
    spec: { ...(lease['spec'] as JsonObject), ...changes.spec },
  };
}

describe('a Lease says what was written to it', () => {
  test('any content, whatever the Lease held before', () => {
    fc.assert(
      fc.property(contents, fc.jsonValue(), fc.jsonValue(), (content, annotations, spec) => {
        const base = { ...stored, metadata: { ...(stored['metadata'] as JsonObject), annotations }, spec };
        const lease = JSON.parse(JSON.stringify(leaseWith(base, content, times))) as unknown;
        expect(readLease(lease)).toEqual({
          kind: 'record',
          record: { version: { uid: 'u1', resourceVersion: '41' }, content },
        });
      }),
    );
  });

  test('in fields and annotations that a policy or a person can read', () => {
    expect(leaseWith(stored, filled, times)).toEqual({
      ...stored,
      metadata: {
        ...(stored['metadata'] as JsonObject),
        annotations: {
          'kvstore.dev/in-sync': 'kvstore-0/uid-a/d1,kvstore-1/uid-b/d2',
          'kvstore.dev/peer-address': '10.0.0.1:7000',
          'kvstore.dev/http-address': '[fd00::1]:8000',
          'kvstore.dev/lineage': '2.d1.5',
          'kvstore.dev/nonce': 'n1',
          // As it is, for good: releases check each other's.
          'kvstore.dev/seal': '1.e95fc0b852e9f065a1470cb6a3d7b032',
        },
      },
      spec: {
        holderIdentity: 'kvstore-0/uid-a/d1',
        leaseTransitions: 7,
        leaseDurationSeconds: 1,
        acquireTime: '2026-01-02T03:04:05.067000Z',
        renewTime: '2026-01-02T03:04:05.067000Z',
      },
    });
  });
});

describe('R1: a body is built from the record that was read', () => {
  const base: JsonObject = {
    ...stored,
    metadata: {
      ...(stored['metadata'] as JsonObject),
      labels: { team: 'x' },
      annotations: { 'other.dev/note': 'keep', [ANNOTATIONS.endedEpoch]: '6', 'kvstore.dev/younger': 'keep' },
      ownerReferences: [{ name: 'owner', uid: 'o' }],
      managedFields: [{ manager: 'kubectl' }],
    },
    spec: { holderIdentity: a, leaseTransitions: 7, acquireTime: '2025-01-01T00:00:00.000000Z', fieldOfTheFuture: [1] },
  };

  test('what others wrote stays, and so do uid and version', () => {
    const { metadata, spec } = leaseWith(base, filled, times) as { metadata: JsonObject; spec: JsonObject };
    expect(metadata).toMatchObject({
      uid: 'u1',
      resourceVersion: '41',
      labels: { team: 'x' },
      annotations: { 'other.dev/note': 'keep', 'kvstore.dev/younger': 'keep' },
      ownerReferences: [{ name: 'owner', uid: 'o' }],
      managedFields: [{ manager: 'kubectl' }],
    });
    expect(spec).toMatchObject({ fieldOfTheFuture: [1] });
  });

  test('R13: one that replaces a lost record names its version, and the next one does not', () => {
    const annotationsOf = (lease: JsonObject): unknown => (lease['metadata'] as JsonObject)['annotations'];
    const again = leaseWith(base, filled, { ...times, baseIs: 'lost' });
    expect(annotationsOf(again)).toMatchObject({ [ANNOTATIONS.replacesLost]: '41' });
    expect(readLease(again)).toMatchObject({ kind: 'record', record: { content: filled } });
    expect(annotationsOf(leaseWith(again, filled, times))).not.toHaveProperty([ANNOTATIONS.replacesLost]);
  });

  test('what the content does not say is taken away', () => {
    const { metadata } = leaseWith(base, filled, times) as { metadata: { annotations: JsonObject } };
    expect(metadata.annotations).not.toHaveProperty([ANNOTATIONS.endedEpoch]);
  });

  test.each([
    ['a renewal keeps it', filled, '2025-01-01T00:00:00.000000Z'],
    ['another epoch moves it', { ...filled, epoch: epoch(8) }, '2026-01-02T03:04:05.067000Z'],
    ['another holder moves it', { ...filled, holder: b }, '2026-01-02T03:04:05.067000Z'],
    ['giving the record up moves it', { ...filled, holder: null }, '2026-01-02T03:04:05.067000Z'],
  ])('acquireTime is when this leadership began: %s', (_name, content, acquireTime) => {
    expect(leaseWith(base, content, times)['spec']).toMatchObject({ acquireTime });
  });

  test('the duration is whole seconds, rounded up', () => {
    const lease = leaseWith(base, filled, { ...times, leaseDurationMs: 1200 });
    expect(lease['spec']).toMatchObject({ leaseDurationSeconds: 2 });
  });
});

describe('R3: whatever a person edits, keeping the nonce, is not what a replica wrote', () => {
  const notOurs = {
    kind: 'damaged',
    version: { uid: 'u1', resourceVersion: '41' },
    reason: 'kvstore.dev/seal does not fit: somebody else has changed what a replica wrote',
  };

  test.each<[string, Parameters<typeof edited>[0]]>([
    ['another holder', { spec: { holderIdentity: b } }],
    ['no holder', { spec: { holderIdentity: '' } }],
    ['a lower epoch', { spec: { leaseTransitions: 6 } }],
    ['a higher epoch', { spec: { leaseTransitions: 8 } }],
    ['one member less', { annotations: { [ANNOTATIONS.inSync]: a } }],
    ['one member more', { annotations: { [ANNOTATIONS.inSync]: `${a},${b},c/uid-c/d3` } }],
    ['other addresses', { annotations: { [ANNOTATIONS.peerAddress]: '10.0.0.2:7000' } }],
    ['another lineage', { annotations: { [ANNOTATIONS.lineage]: '3.d1.5' } }],
    ['a mark of the end', { annotations: { [ANNOTATIONS.endedEpoch]: '7' } }],
    ['another nonce', { annotations: { [ANNOTATIONS.nonce]: 'n2' } }],
    ['no seal', { annotations: { [ANNOTATIONS.seal]: '' } }],
    ['a seal of a later kind', { annotations: { [ANNOTATIONS.seal]: '2.00' } }],
  ])('%s', (_name, changes) => {
    expect(readLease(edited(changes))).toEqual(notOurs);
  });

  test('what is no part of the record may be edited', () => {
    const lease = edited({
      annotations: { 'other.dev/note': 'hello', 'kvstore.dev/of-a-later-release': 'x' },
      spec: { renewTime: '2026-01-02T03:04:06.000000Z', leaseDurationSeconds: 7 },
    });
    expect(readLease(lease)).toMatchObject({ kind: 'record', record: { content: filled } });
  });
});

describe('a Lease that nobody has filled is the unfilled record', () => {
  test.each([
    ['created by us', { ...emptyLease('kvstore', 'default'), metadata: stored['metadata'] }],
    ['without a spec', { metadata: stored['metadata'] }],
    ['made by hand', { ...stored, spec: { leaseDurationSeconds: 15, holderIdentity: '' } }],
    [
      'with foreign annotations',
      { ...stored, metadata: { ...(stored['metadata'] as object), annotations: { x: 'y' } } },
    ],
  ])('%s', (_name, lease) => {
    const reading = readLease(lease);
    expect(reading.kind === 'record' && isUnfilled(reading.record.content)).toBe(true);
  });
});

describe('a Lease that cannot be read as a record is damaged, and the reason names the field', () => {
  test.each<[string, Parameters<typeof edited>[0], string]>([
    ['a holder of another program', { spec: { holderIdentity: 'controller_1' } }, 'spec.holderIdentity'],
    ['an epoch below 0', { spec: { leaseTransitions: -1 } }, 'spec.leaseTransitions'],
    ['an epoch that is no number', { spec: { leaseTransitions: '7' } }, 'spec.leaseTransitions'],
    ['an epoch that is no whole number', { spec: { leaseTransitions: 1.5 } }, 'spec.leaseTransitions'],
    ['a member that is no replica id', { annotations: { [ANNOTATIONS.inSync]: `${a},x` } }, ANNOTATIONS.inSync],
    ['a comma too many', { annotations: { [ANNOTATIONS.inSync]: `${a},` } }, ANNOTATIONS.inSync],
    ['a member twice', { annotations: { [ANNOTATIONS.inSync]: `${a},${a}` } }, ANNOTATIONS.inSync],
    ['a holder outside the set', { annotations: { [ANNOTATIONS.inSync]: b } }, ANNOTATIONS.inSync],
    ['a holder without a set', { annotations: { [ANNOTATIONS.inSync]: '' } }, ANNOTATIONS.inSync],
    [
      'more members than any group has',
      { annotations: { [ANNOTATIONS.inSync]: Array.from({ length: 65 }, (_, i) => `p${i}/u/d`).join(',') } },
      ANNOTATIONS.inSync,
    ],
    ['a set without a lineage', { annotations: { [ANNOTATIONS.lineage]: '' } }, ANNOTATIONS.lineage],
    ['a lineage without an id', { annotations: { [ANNOTATIONS.lineage]: '1.' } }, ANNOTATIONS.lineage],
    ['a lineage without a number', { annotations: { [ANNOTATIONS.lineage]: 'abc' } }, ANNOTATIONS.lineage],
    ['a lineage with number 0', { annotations: { [ANNOTATIONS.lineage]: '0.x' } }, ANNOTATIONS.lineage],
    ['an address without a port', { annotations: { [ANNOTATIONS.peerAddress]: 'host' } }, ANNOTATIONS.peerAddress],
    [
      'an IPv6 address without brackets',
      { annotations: { [ANNOTATIONS.httpAddress]: '::1:80' } },
      ANNOTATIONS.httpAddress,
    ],
    ['one address of two', { annotations: { [ANNOTATIONS.httpAddress]: '' } }, ANNOTATIONS.httpAddress],
    ['an ended epoch that is none', { annotations: { [ANNOTATIONS.endedEpoch]: '07' } }, ANNOTATIONS.endedEpoch],
    ['a nonce beyond all measure', { annotations: { [ANNOTATIONS.nonce]: 'n'.repeat(2000) } }, ANNOTATIONS.nonce],
    ['an annotation that is no text', { annotations: { [ANNOTATIONS.nonce]: 1 } }, ANNOTATIONS.nonce],
  ])('%s', (_name, changes, field) => {
    expect(readLease(edited(changes))).toEqual({
      kind: 'damaged',
      version: { uid: 'u1', resourceVersion: '41' },
      reason: expect.stringContaining(field),
    });
  });

  test('every field at fault is named', () => {
    const lease = edited({ spec: { leaseTransitions: -1 }, annotations: { [ANNOTATIONS.lineage]: '?' } });
    const reading = readLease(lease);
    expect(reading.kind === 'damaged' && reading.reason).toMatch(/leaseTransitions.*; kvstore\.dev\/lineage/);
  });
});

test('garbage is read without a throw', () => {
  const garbage = fc.oneof(
    fc.jsonValue(),
    fc.record({
      metadata: fc.record({
        uid: fc.oneof(fc.jsonValue(), fc.constant('u')),
        resourceVersion: fc.oneof(fc.jsonValue(), fc.constant('1')),
        annotations: fc.dictionary(
          fc.constantFrom(...Object.values(ANNOTATIONS)),
          fc.oneof(fc.string(), fc.jsonValue()),
        ),
      }),
      spec: fc.dictionary(fc.constantFrom('holderIdentity', 'leaseTransitions', 'acquireTime'), fc.jsonValue()),
    }),
  );
  fc.assert(
    fc.property(garbage, (lease) => expect(['record', 'damaged', 'notALease']).toContain(readLease(lease).kind)),
  );
});

const part = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);
const ids = fc.uniqueArray(
  fc.tuple(part, part, part).map(([podName, podUid, dataId]) => replicaId({ podName, podUid, dataId })),
  { minLength: 1, maxLength: 15 },
);
const epochs = fc.nat(2 ** 31 - 1).map(epoch);
const addresses = fc.constantFrom('10.1.2.3:7000', '[fd00::1]:65535', 'kvstore-0.kvstore-peers.default.svc:1');
const unfilledContents: fc.Arbitrary<RecordContent> = epochs.map((number) => ({
  holder: null,
  epoch: number,
  inSync: [],
  addresses: null,
  lineage: null,
  nonce: '',
  endedEpoch: null,
}));
const filledContents: fc.Arbitrary<RecordContent> = fc
  .tuple(ids, fc.nat(), fc.boolean())
  .chain(([inSync, position, isLed]) =>
    fc.record({
      holder: fc.constant(isLed ? (inSync[position % inSync.length] as ReplicaId) : null),
      epoch: epochs,
      inSync: fc.constant(inSync),
      addresses: fc.option(fc.record({ peer: addresses, http: addresses })),
      lineage: fc.record({ number: fc.integer({ min: 1 }), id: fc.string({ minLength: 1, maxLength: 300 }) }),
      nonce: fc.string({ maxLength: 100 }),
      endedEpoch: fc.option(epochs),
    }),
  );
const contents = fc.oneof(unfilledContents, filledContents);
