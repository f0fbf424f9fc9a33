import { describe, expect, test } from '@jest/globals';
import { reportsOf } from '../kit/builders.ts';
import { podOf } from '../kit/fake-api.ts';
import { followingGroup, leadingGroup } from '../kit/group-harness.ts';

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

describe('R13: the record is lost, and a member does not answer', () => {
  /** a leads with b and loses its record; b is silent, and its pod is not in the list. */
  const alone = () => {
    const group = leadingGroup({ inSync: ['a', 'b'] });
    group.silence('b');
    group.api.pods = [podOf('a')];
    group.api.deleteRecord();
    group.hint();
    return group;
  };

  test('no pod has its UID any more: it is gone, and may be left out', () => {
    const group = alone();
    group.run(5000);
    expect(group.status).toMatchObject({ role: 'leading', frozen: false, lineage: { number: 2 } });
  });

  test('its pod was taken out of the group’s selection: it lives, and the group is frozen', () => {
    const group = alone();
    group.api.strayedPods = [podOf('b')];
    group.run(5000);
    expect(group.status).toMatchObject({ role: 'leading', frozen: true, lineage: { number: 1 } });
  });
});
