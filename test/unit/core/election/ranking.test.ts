import { describe, expect, test } from '@jest/globals';
import { epoch, logIndex } from '../../../../src/core/base/numbers.ts';
import { compareStanding, lineageCloseness } from '../../../../src/core/election/ranking.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';

const OF_RECORD: Lineage = { number: 3, id: 'three' };
const BEFORE: Lineage = { number: 2, id: 'two' };
const FOREIGN: Lineage = { number: 3, id: 'foreign' };

const standing = (lineage: Lineage | null, lastEpoch: number, lastIndex: number) => ({
  lineage,
  lastEpoch: epoch(lastEpoch),
  lastIndex: logIndex(lastIndex),
});

describe('R14: who has more of the data that the record is about', () => {
  const inOrder = [
    ['the record’s lineage, the highest epoch', standing(OF_RECORD, 9, 10)],
    ['the highest index in a lower epoch', standing(OF_RECORD, 8, 99)],
    ['a lower index', standing(OF_RECORD, 8, 98)],
    ['the lineage before it', standing(BEFORE, 99, 999)],
    ['another lineage, or nothing', standing(FOREIGN, 99, 999)],
  ] as const;

  test.each(
    inOrder.slice(1).map(([name, less], at) => [inOrder[at]?.[0] ?? '', name, inOrder[at]?.[1], less] as const),
  )('%s, before %s', (_more, _less, more, less) => {
    if (more === undefined) throw new Error('nothing to compare with');
    expect(compareStanding(more, less, OF_RECORD)).toBeGreaterThan(0);
    expect(compareStanding(less, more, OF_RECORD)).toBeLessThan(0);
  });

  test('of two that hold nothing of it, none has more', () => {
    expect(compareStanding(standing(FOREIGN, 9, 9), standing(null, 0, 0), OF_RECORD)).toBe(0);
  });

  test('a lineage after the record’s is not one of its own', () => {
    expect(lineageCloseness({ number: 4, id: 'four' }, OF_RECORD)).toBe(0);
  });
});
