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

/** Steps, not seconds: they are the same on every machine. */
test('a long history with many unknown writes takes few steps for each operation, right or wrong', () => {
  const history = storeHistory({ ...OPTIONS, operations: 5000, clients: 20, unknown: 0.1, seed: 7 });
  const right = checkHistory(history, CHECKS);
  expect(right.kind).toBe('ok');
  expect(right.counts.byOutcome.unknown).toBeGreaterThan(200);
  expect(right.counts.steps).toBeLessThan(30 * history.length);

  const place = history.findLastIndex(({ mode, revision }) => mode === 'linearizable' && revision !== null);
  const read = history[place];
  const first = history.find(({ op, key, outcome }) => op === 'put' && key === read?.key && outcome === 'ok');
  if (read === undefined || first === undefined) throw new Error('nothing was read');
  const wrong = history.with(place, { ...read, value: first.value, revision: first.revision });
  const verdict = checkHistory(wrong, { ...CHECKS, stepsMax: 300 * history.length });
  expect(verdict.violations.map(({ broken }) => broken)).toContain('linearizable');
  expect(verdict.undecided).toEqual([]);
});
