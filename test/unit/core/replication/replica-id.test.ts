import { expect, test } from '@jest/globals';
import { parseReplicaId, replicaId } from '../../../../src/core/replication/replica-id.ts';

test('a replica id is pod name, pod UID and data id, and comes apart again', () => {
  const identity = { podName: 'kvstore-0', podUid: '4d6f-11', dataId: 'x7_q.2' };
  expect(replicaId(identity)).toBe('kvstore-0/4d6f-11/x7_q.2');
  expect(parseReplicaId('kvstore-0/4d6f-11/x7_q.2')).toEqual(identity);
});

test.each(['', 'a', 'a/b', 'a/b/c/d', 'a//c', 'a/b/c d', 'a/b/c,d', `a/b/${'x'.repeat(254)}`])(
  '%p is no replica id',
  (text) => {
    expect(parseReplicaId(text)).toBeNull();
  },
);

test('a part that would not come apart again is refused', () => {
  expect(() => replicaId({ podName: 'a/b', podUid: 'u', dataId: 'd' })).toThrow(RangeError);
  expect(() => replicaId({ podName: 'a', podUid: '', dataId: 'd' })).toThrow(RangeError);
  // The set is written with commas between the ids.
  expect(() => replicaId({ podName: 'a', podUid: 'u', dataId: 'd,e' })).toThrow(RangeError);
});
