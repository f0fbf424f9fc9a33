import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkHistory } from '../../history/check-history.ts';
import { formatHistory, parseHistory } from '../../history/history-file.ts';
import { describeVerdict } from '../../history/report.ts';
import type { Broken } from '../../history/violation.ts';
import { STALENESS_US, storeHistory, type StoreFault, type StoreOptions } from './store-history.ts';

const OPTIONS = { operations: 400, keys: 5, clients: 6, unknown: 0.05, fault: null } as const;
const CHECKS = { readStalenessMs: STALENESS_US / 1000, clockDrift: 0 };

const brokenIn = (options: StoreOptions): Set<Broken> =>
  new Set(checkHistory(storeHistory(options), CHECKS).violations.map(({ broken }) => broken));

test('a store that keeps its promises is never accused', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.constantFrom(1, 3, 8), fc.constantFrom(0, 0.05, 0.3), (seed, keys, unknown) => {
      const history = storeHistory({ ...OPTIONS, seed, keys, unknown });
      const verdict = checkHistory(parseHistory(formatHistory(history)), CHECKS);
      expect(verdict.kind === 'ok' ? '' : describeVerdict(verdict)).toBe('');
    }),
    { numRuns: 40 },
  );
});

/** Who has to find it; others may as well. */
const FINDERS: Record<StoreFault, Broken> = {
  'linearizable read of an old state': 'linearizable',
  'in-sync read beyond the bound': 'in-sync',
  'session that goes back': 'session',
  'read of a failed write': 'only-committed',
  'acknowledged write lost': 'linearizable',
  'write applied twice': 'applied-once',
  'refused write applied': 'only-committed',
};

test.each(Object.entries(FINDERS) as [StoreFault, Broken][])('found out: %s, as %s', (fault, finder) => {
  // One history may happen not to read what is wrong.
  const broken = [1, 2, 3].flatMap((seed) => [...brokenIn({ ...OPTIONS, operations: 1000, seed, fault })]);
  expect(broken).toContain(finder);
});

test.each<StoreFault>(['in-sync read beyond the bound', 'session that goes back'])(
  'linearizable operations are not blamed for: %s',
  (fault) => {
    expect([...brokenIn({ ...OPTIONS, operations: 1000, seed: 4, fault })]).not.toContain('linearizable');
  },
);
