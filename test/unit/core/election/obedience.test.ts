import { describe, expect, test } from '@jest/globals';
import { epoch } from '../../../../src/core/base/numbers.ts';
import { Obedience } from '../../../../src/core/election/obedience.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import { LINEAGE, NEXT_LINEAGE } from '../kit/builders.ts';
import { contentOf, EMPTY_CONTENT } from '../kit/fake-api.ts';

const record = (inEpoch: number, lineage: Lineage | null = LINEAGE) =>
  contentOf({ holder: 'a', epoch: inEpoch, inSync: ['a'], changed: { lineage } });

function obeying(inEpoch: number, lineage = LINEAGE): Obedience {
  const obedience = new Obedience();
  obedience.adopt({ lineage, epoch: epoch(inEpoch) });
  return obedience;
}

describe('R3: which record is obeyed', () => {
  test.each([
    ['its own lineage in the highest epoch seen', record(4), true],
    ['its own lineage in a higher epoch', record(5), true],
    ['its own lineage in a lower epoch', record(3), false],
    ['a lineage with a higher number, in whatever epoch', record(1, NEXT_LINEAGE), true],
    ['a lineage with the same number and another id', record(9, { number: 1, id: 'other' }), false],
    ['a Lease that nobody has filled', EMPTY_CONTENT, false],
  ])('%s', (_name, content, accepted) => {
    expect(obeying(4).accepts(content)).toBe(accepted);
  });

  test('whoever obeys none yet obeys any', () => {
    expect(new Obedience().accepts(record(1))).toBe(true);
  });
});

describe('R3: the highest epoch seen, in the record or in a message', () => {
  test('a higher one in a message is remembered', () => {
    const obedience = obeying(4);
    expect([obedience.seeEpoch(LINEAGE, epoch(6)), obedience.epoch]).toEqual([true, 6]);
  });

  test('a lower one, or one of another lineage or of none, is nothing', () => {
    const obedience = obeying(4);
    expect(obedience.seeEpoch(LINEAGE, epoch(4))).toBe(false);
    expect(obedience.seeEpoch(NEXT_LINEAGE, epoch(9))).toBe(false);
    expect(obedience.seeEpoch(null, epoch(9))).toBe(false);
    expect([obedience.epoch, obedience.lineage]).toEqual([4, LINEAGE]);
  });
});
