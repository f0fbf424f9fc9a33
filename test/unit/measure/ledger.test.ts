import { expect, test } from '@jest/globals';
import { Ledger, type Held } from '../../measure/load/ledger.ts';

/** One key; the writes in their order: acknowledged with this version, or of unknown outcome. */
function ledgerOf(writes: readonly (number | 'unknown' | 'refused')[]): Ledger {
  const ledger = new Ledger(1);
  for (const what of writes) {
    const write = ledger.begin(0);
    const settled = { status: 200, version: 0, atMs: 0 };
    if (typeof what === 'number') ledger.settle(write, { ...settled, outcome: 'acknowledged', version: what });
    else ledger.settle(write, { ...settled, outcome: what });
  }
  return ledger;
}

const judge = (ledger: Ledger, ...held: readonly Held[]) =>
  ledger.judge(new Map(held.map((what, index) => [`replica-${index}`, [what]])));

test('what was acknowledged, once and in the order of versions, is as it should be', () => {
  const ledger = ledgerOf([1, 3, 2]);
  expect(judge(ledger, { version: 3, value: 'value-1' })).toEqual({ lost: 0, doubled: 0, diverged: 0, examples: [] });
});

test('an acknowledged write beyond the version that is there is lost', () => {
  expect(judge(ledgerOf([1, 2, 3]), { version: 1, value: 'value-0' })).toMatchObject({ lost: 2, doubled: 0 });
  expect(judge(ledgerOf([1]), { version: 0, value: '' })).toMatchObject({ lost: 1 });
});

test('of two acknowledged writes with the same version one is lost', () => {
  expect(judge(ledgerOf([1, 1]), { version: 1, value: 'value-1' })).toMatchObject({ lost: 1 });
});

test('a version whose value is not that of the write that made it is lost', () => {
  expect(judge(ledgerOf([1, 2]), { version: 2, value: 'value-0' })).toMatchObject({ lost: 1 });
});

test('a version that no write accounts for is doubled', () => {
  expect(judge(ledgerOf([1, 2]), { version: 3, value: 'value-1' })).toMatchObject({ doubled: 2 });
});

test('a write of unknown outcome may be there or not, a refused one may not', () => {
  expect(judge(ledgerOf([1, 'unknown']), { version: 1, value: 'value-0' })).toMatchObject({ lost: 0, doubled: 0 });
  expect(judge(ledgerOf([1, 'unknown']), { version: 2, value: 'value-1' })).toMatchObject({ lost: 0, doubled: 0 });
  expect(judge(ledgerOf([1, 'refused']), { version: 2, value: 'value-1' })).toMatchObject({ doubled: 2 });
});

test('replicas that hold different things have diverged', () => {
  const ledger = ledgerOf([1, 'unknown']);
  const findings = judge(ledger, { version: 1, value: 'value-0' }, { version: 2, value: 'value-1' });
  expect(findings).toMatchObject({ lost: 0, doubled: 0, diverged: 1 });
});
