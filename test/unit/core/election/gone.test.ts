import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import { isGone } from '../../../../src/core/election/gone.ts';
import type { PodTestimony, Testimony } from '../../../../src/core/election/survey.ts';
import type { PodInfo } from '../../../../src/core/election/api.ts';
import type { ReplicaId } from '../../../../src/core/replication/replica-id.ts';
import { idOf } from '../kit/builders.ts';
import { podOf } from '../kit/fake-api.ts';

const says = (from: ReplicaId): Testimony => ({
  kind: 'answered',
  answer: {
    kind: 'answer',
    number: 1,
    from,
    epoch: epoch(0),
    obeys: null,
    lineage: null,
    lastIndex: logIndex(0),
    lastEpoch: epoch(0),
    leads: false,
    stopping: false,
    heardWorkingMs: null,
  },
});

const listed = (testimony: Testimony, changed: Partial<PodInfo> = {}): PodTestimony => ({
  pod: podOf('a', changed),
  testimony,
});

describe('whether the memory of a member is proven gone', () => {
  test.each<[string, PodTestimony[], boolean, boolean]>([
    ['it answers', [listed(says(idOf('a')))], false, false],
    ['another process of its pod answers', [listed(says(idOf('a', 2)))], true, true],
    [
      'its pod has ended, by the word of the API server',
      [listed({ kind: 'silent' }, { state: 'terminated' })],
      true,
      true,
    ],
    ['no pod with its UID is listed', [], true, false],
    ['a pod of its name, made anew, is listed', [listed(says(idOf('x')), { uid: 'another' })], true, false],
    ['it is silent', [listed({ kind: 'silent' })], false, false],
    ['nobody listens there', [listed({ kind: 'refused' })], false, false],
    ['its pod is being deleted', [listed({ kind: 'silent' }, { deleting: true })], false, false],
    ['its pod has never run', [listed({ kind: 'silent' }, { state: 'neverStarted' })], false, false],
    ['somebody else answers at the address of its pod', [listed(says(idOf('x')))], false, false],
    [
      'it still answers, at the address of a pod with another UID',
      [listed(says(idOf('a')), { uid: 'another' })],
      false,
      false,
    ],
  ])('%s', (_name, testimonies, auto, strict) => {
    expect([isGone(idOf('a'), testimonies, 'auto'), isGone(idOf('a'), testimonies, 'strict')]).toEqual([auto, strict]);
  });
});
