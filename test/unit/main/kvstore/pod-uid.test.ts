import { expect, test } from '@jest/globals';
import type { ApiAnswer } from '../../../../src/core/election/api.ts';
import { podUid } from '../../../../src/main/kvstore/pod-uid.ts';
import { FakeApi } from '../../runtime/fakes.ts';

test('a pod that was not told its uid asks until the API knows it', async () => {
  const pod = { peerAddress: null, state: 'neverStarted', deleting: false } as const;
  const answers: ApiAnswer[] = [
    { kind: 'inDoubt', reason: 'a reset' },
    { kind: 'pods', pods: [{ ...pod, name: 'kv-0', uid: 'uid-0' }] },
    { kind: 'pods', pods: [{ ...pod, name: 'kv-1', uid: 'uid-1' }] },
  ];
  const api = new FakeApi();
  api.call = () => Promise.resolve(answers.shift() ?? { kind: 'absent' });
  expect(await podUid(api, 'kv-1')).toBe('uid-1');
  expect(answers).toEqual([]);
});
