import { describe, expect, test } from '@jest/globals';
import { reportsOf } from '../kit/builders.ts';
import { podOf } from '../kit/fake-api.ts';
import { followingGroup } from '../kit/group-harness.ts';

describe('R13: the record is lost together with the leader', () => {
  /** Pods that are gone, or cut off, do not answer; a process that died refuses. */
  test.each([{ silent: [] }, { silent: ['c'] }, { silent: ['c', 'd'] }])(
    'the group counts as frozen also while dials are refused and $silent are silent',
    ({ silent }: { silent: readonly string[] }) => {
      const group = followingGroup({ inSync: ['a', 'b'], pods: ['a', 'b', ...silent] });
      group.api.deleteRecord();
      group.api.pods = ['b', ...silent].map((name) => podOf(name));
      group.breakLeaderLink('refuses');
      group.hint();
      group.run(4000);
      expect(group.status.frozen).toBe(true);
      expect(reportsOf('alarm', group.effects).map(({ code }) => code)).toEqual(['frozen']);
    },
  );
});
