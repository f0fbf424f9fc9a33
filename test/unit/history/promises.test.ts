import { describe, expect, test } from '@jest/globals';
import { checkHistory, type CheckOptions } from '../../history/check-history.ts';
import { type HistoryOperation, reasonAgainst } from '../../history/operation.ts';
import type { Broken } from '../../history/violation.ts';
import { cas, create, get, incr, put, read, remove } from './kit.ts';

const SECOND = 1_000_000;
const OLD = { number: 1, id: 'a' };
const NEW = { number: 2, id: 'b' };

const brokenIn = (operations: readonly HistoryOperation[], options: Partial<CheckOptions> = {}): Broken[] => {
  expect(operations.map(reasonAgainst).filter((reason) => reason !== null)).toEqual([]);
  const { violations, undecided } = checkHistory(operations, options);
  expect(undecided).toEqual([]);
  return [...new Set(violations.map(({ broken }) => broken))];
};

/** v1 at 1, over by 10; v2 at 4, over by 30. */
const WRITES = [put('v1', { at: [0, 10], revision: 1 }), put('v2', { at: [20, 30], revision: 4 })];

describe('eventual: only what some write wrote', () => {
  test('however old, and of unknown writes too', () => {
    const unknown = put('v3', { at: [40], outcome: 'unknown' });
    const reads = [null, 'v1', 'v2', 'v3', 'v1', null].map((value, place) =>
      read('eventual', value, { at: [50 + place, 60], revision: value === 'v1' ? 1 : value === 'v2' ? 4 : null }),
    );
    expect(brokenIn([...WRITES, unknown, ...reads])).toEqual([]);
  });

  test.each<[string, HistoryOperation[]]>([
    ['nobody wrote', []],
    ['failed', [put('v3', { at: [40, 50], outcome: 'failed' })]],
    ['was refused', [cas(1, 'v3', { at: [40, 50], outcome: 'refused' })]],
    ['was written only later', [put('v3', { at: [90, 99], revision: 7 })]],
  ])('not what %s', (_, writers) => {
    expect(brokenIn([...WRITES, ...writers, read('eventual', 'v3', { at: [60, 70] })])).toEqual(['only-committed']);
  });
});

describe('a write is applied once', () => {
  test.each<[string, HistoryOperation[]]>([
    ['read at another revision than its writer was told', [read('eventual', 'v1', { at: [60, 70], revision: 5 })]],
    [
      'an unknown one, read at two',
      [
        put('v3', { at: [40], outcome: 'unknown' }),
        read('eventual', 'v3', { at: [50, 60], revision: 5 }),
        read('eventual', 'v3', { at: [70, 80], revision: 6 }),
      ],
    ],
    ['a revision of two keys', [put('v3', { at: [40, 50], key: 'other', revision: 4 })]],
    ['a revision of two writes of one value', [put('v2', { at: [25, 35], revision: 4 })]],
    [
      'a revision of one key, read of another',
      [
        put('v3', { at: [40], key: 'other', outcome: 'unknown' }),
        read('eventual', 'v3', { at: [60, 70], key: 'other', revision: 4 }),
      ],
    ],
  ])('%s', (_, operations) => {
    expect(brokenIn([...WRITES, ...operations])).toContain('applied-once');
  });

  test('a version that grew by more than there were writes, though nobody read what they wrote', () => {
    const versions = (second: number) => [
      put('v1', { at: [0, 10], revision: 1, version: 1 }),
      put('v2', { at: [20, 30], revision: 4, version: second }),
    ];
    expect(brokenIn(versions(2))).toEqual([]);
    expect(brokenIn(versions(3))).toEqual(['applied-once']);
    expect(brokenIn(versions(1))).toEqual(['applied-once']);
    // It may have been this one, but it was only one.
    const unknown = remove({ at: [12], outcome: 'unknown' });
    expect(brokenIn([...versions(3), unknown])).toEqual([]);
    expect(brokenIn([...versions(4), unknown])).toEqual(['applied-once']);
    expect(brokenIn([put('v1', { at: [0, 10], revision: 1, version: 2 })])).toEqual(['applied-once']);
  });

  test('values that were written twice, and sums, may have two revisions', () => {
    const again = put('v1', { at: [40, 50], revision: 6 });
    const reads = [1, 6].map((revision) => read('eventual', 'v1', { at: [60, 70], revision }));
    expect(brokenIn([...WRITES, again, ...reads])).toEqual([]);
    const sums = [1, 3].map((revision) => [
      incr('1', { at: [20 * revision, 20 * revision + 10], revision }),
      read('eventual', '1', { at: [100, 110], revision }),
    ]);
    const removed = remove({ at: [40, 50], revision: 2 });
    expect(brokenIn([...sums.flat(), removed])).toEqual([]);
    const untold = [0, 60].map((start) => incr(null, { at: [start], outcome: 'unknown' }));
    const seen = [1, 3].map((revision) => read('eventual', '1', { at: [100, 110], revision }));
    expect(brokenIn([...untold, removed, ...seen])).toEqual([]);
  });

  test('versions: a revision has one, failed writes make none, and what was read is no longer unknown', () => {
    const first = put('v1', { at: [0, 10], revision: 1, version: 1 });
    const unknown = put('v2', { at: [20], outcome: 'unknown' });
    const twice = read('eventual', 'v1', { at: [30, 40], revision: 1, version: 2 });
    expect(brokenIn([first, unknown, twice])).toEqual(['applied-once']);
    const third = put('v3', { at: [60, 70], revision: 6, version: 3 });
    expect(brokenIn([first, unknown, third])).toEqual([]);
    expect(brokenIn([first, remove({ at: [20, 30], outcome: 'failed' }), third])).toEqual(['applied-once']);
    const seen = read('eventual', 'v2', { at: [30, 40], revision: 4, version: 2 });
    expect(brokenIn([first, unknown, seen, third])).toEqual([]);
    expect(brokenIn([first, unknown, seen, { ...third, version: 4 }])).toEqual(['applied-once']);
  });

  test('versions: a new lineage goes on from what an old one had come to', () => {
    const told = WRITES.map((write) => ({ ...write, lineage: OLD }));
    const next = put('v3', { at: [60, 70], revision: 9, version: 8, lineage: NEW });
    expect(brokenIn([...told, next], { lineages: 'several' })).toEqual([]);
  });

  test('a key is written in another lineage than the one that wrote the value before', () => {
    const again = read('eventual', 'v1', { at: [60, 70], revision: 9, lineage: NEW });
    const told = WRITES.map((write) => ({ ...write, lineage: OLD }));
    expect(brokenIn([...told, again], { lineages: 'several' })).toEqual([]);
  });
});

describe('in-sync: all that was acknowledged a staleness bound before', () => {
  const stale = (start: number, drift = 0) =>
    brokenIn([...WRITES, read('in-sync', 'v1', { at: [start, start + 10], revision: 1 })], { clockDrift: drift });

  test('an older value within the bound, and not beyond it', () => {
    expect(stale(SECOND + 30)).toEqual([]);
    expect(stale(SECOND + 31)).toEqual(['in-sync']);
    expect(stale(SECOND + 31, 0.01)).toEqual([]);
    expect(stale(1.02 * SECOND, 0.01)).toEqual(['in-sync']);
  });

  test('absence only where something can have deleted it', () => {
    const late = read('in-sync', null, { at: [2 * SECOND, 2 * SECOND + 10] });
    const unknown = (expected: number | null) => remove({ at: [40], expect: expected, outcome: 'unknown' });
    expect(brokenIn([...WRITES, late])).toEqual(['in-sync']);
    expect(brokenIn([...WRITES, late, unknown(null)])).toEqual([]);
    expect(brokenIn([...WRITES, late, unknown(4)])).toEqual([]);
    expect(brokenIn([...WRITES, late, unknown(1)])).toEqual(['in-sync']);
    expect(brokenIn([...WRITES, late, remove({ at: [40, 50], revision: 7 })])).toEqual([]);
    expect(brokenIn([...WRITES, late, remove({ at: [40, 50], outcome: 'failed' })])).toEqual(['in-sync']);
    expect(brokenIn([...WRITES, late, remove({ at: [3 * SECOND], outcome: 'unknown' })])).toEqual(['in-sync']);
    // It was deleted before it was written.
    const early = remove({ at: [12, 15], revision: 2 });
    expect(brokenIn([...WRITES, early, late])).toEqual(['in-sync']);
  });

  test('a state as of a revision before, whatever is said of the key', () => {
    const late = { at: [2 * SECOND, 2 * SECOND + 10], revision: 4 } as const;
    expect(brokenIn([...WRITES, read('in-sync', 'v2', { ...late, seen: { lineage: OLD, revision: 3 } })])).toEqual([
      'in-sync',
    ]);
    expect(brokenIn([...WRITES, read('in-sync', 'v2', { ...late, seen: { lineage: OLD, revision: 4 } })])).toEqual([]);
  });

  test('a value without a told revision is as old as its writer says', () => {
    expect(brokenIn([...WRITES, read('in-sync', 'v1', { at: [2 * SECOND, 2 * SECOND + 10] })])).toEqual(['in-sync']);
  });
});

describe('session: nothing older than the session has seen', () => {
  const token = (revision: number) => ({ lineage: OLD, revision });
  const inOld = (operations: readonly HistoryOperation[]) =>
    operations.map((operation) => ({ ...operation, lineage: OLD }));

  test.each(['session', 'eventual'] as const)('by the token that was sent along, in mode %s', (mode) => {
    const reading = (revision: number | null) =>
      brokenIn(
        inOld([
          ...WRITES,
          read(mode, 'v1', { at: [40, 50], revision: 1, token: revision === null ? null : token(revision) }),
        ]),
      );
    expect(reading(null)).toEqual([]);
    expect(reading(3)).toEqual([]);
    expect(reading(4)).toEqual(['session']);
  });

  test('absence is a state too', () => {
    const absent = read('session', null, { at: [40, 50], token: token(1) });
    expect(brokenIn(inOld([...WRITES, absent]))).toEqual(['session']);
    expect(brokenIn(inOld([...WRITES, { ...absent, token: token(0) }]))).toEqual([]);
  });

  test('the state that came back is not before the one that was sent', () => {
    const reading = (seen: number) =>
      read('session', null, { at: [40, 50], key: 'other', token: token(8), seen: token(seen) });
    expect(brokenIn([reading(8)])).toEqual([]);
    expect(brokenIn([reading(7)])).toEqual(['session']);
  });

  test('what somebody read counts like what somebody wrote', () => {
    const history = [
      WRITES[0] as HistoryOperation,
      put('v2', { at: [20], outcome: 'unknown' }),
      read('eventual', 'v2', { at: [30, 35], revision: 4 }),
      read('session', 'v1', { at: [40, 50], revision: 1, token: token(6) }),
    ];
    expect(brokenIn(inOld(history))).toEqual(['session']);
  });

  test('what stood in the way of somebody counts as well', () => {
    const refused = cas(1, 'v3', { at: [30, 35], outcome: 'refused', revision: 4 });
    const first = WRITES[0] as HistoryOperation;
    const unknown = put('v2', { at: [20], outcome: 'unknown' });
    const reading = read('session', 'v1', { at: [40, 50], revision: 1 });
    expect(brokenIn(inOld([first, unknown, refused, { ...reading, token: token(6) }]))).toEqual(['session']);
    expect(brokenIn([first, unknown, refused, reading])).toEqual(['session']);
  });

  test('where no tokens were kept: a client reads what it wrote, and does not go back', () => {
    const reading = (client: number, value: string, revision: number, at: readonly [number, number]) =>
      read('session', value, { client, at, revision });
    expect(brokenIn([...WRITES, reading(1, 'v1', 1, [40, 50])])).toEqual(['session']);
    // Another client has its own session,
    expect(brokenIn([...WRITES, reading(2, 'v1', 1, [40, 50])])).toEqual([]);
    // in which it has seen what it read,
    expect(brokenIn([...WRITES, reading(2, 'v2', 4, [40, 50]), reading(2, 'v1', 1, [60, 70])])).toEqual(['session']);
    // but not what it was still reading.
    expect(brokenIn([...WRITES, reading(2, 'v2', 4, [40, 65]), reading(2, 'v1', 1, [60, 70])])).toEqual([]);
  });

  test('a token of a replaced lineage is refused, not served', () => {
    const reading = (mode: 'session' | 'eventual', lineage: typeof OLD, sent: typeof OLD) =>
      brokenIn(
        [
          read(mode, null, { at: [40, 50], lineage, token: { lineage: sent, revision: 1 } }),
          put('v', { at: [60, 70], revision: 9, lineage: NEW, key: 'other' }),
          create('v', { at: [0, 1], revision: 1, lineage: OLD, key: 'third' }),
        ],
        {
          lineages: 'several',
        },
      );
    expect(reading('session', NEW, OLD)).toEqual(['session']);
    expect(reading('eventual', NEW, OLD)).toEqual([]);
    expect(reading('eventual', OLD, NEW)).toEqual(['session']);
  });
});

test('once all is settled, every mode shows all that was acknowledged', () => {
  const final = (value: string | null, revision: number | null) =>
    brokenIn([...WRITES, read('eventual', value, { at: [100, 110], revision })], { settledAtUs: 100 });
  expect(final('v2', 4)).toEqual([]);
  expect(final('v1', 1)).toEqual(['nothing-lost']);
  expect(final(null, null)).toEqual(['nothing-lost']);
  const before = read('eventual', 'v1', { at: [99, 110], revision: 1 });
  expect(brokenIn([...WRITES, before], { settledAtUs: 100 })).toEqual([]);
});

describe('lineages', () => {
  const written = [
    put('v1', { at: [0, 10], revision: 1, lineage: OLD }),
    put('v2', { at: [20, 30], revision: 4, lineage: OLD }),
  ];
  const several = { lineages: 'several' } as const;

  test('a new one in the midst is a violation, unless data could be lost', () => {
    const next = put('v3', { at: [40, 50], revision: 5, lineage: NEW });
    expect(brokenIn([...written, next])).toEqual(['lineage']);
    expect(brokenIn([...written, next], several)).toEqual([]);
  });

  test('a new one begins with any state of an old one, and goes on from there', () => {
    const reading = (value: string | null, revision: number | null, at: readonly [number, number]) =>
      get(value, { at, revision, lineage: NEW });
    expect(brokenIn([...written, reading('v2', 4, [40, 50])], several)).toEqual([]);
    expect(brokenIn([...written, reading('v1', 1, [40, 50])], several)).toEqual([]);
    expect(brokenIn([...written, reading(null, null, [40, 50])], several)).toEqual([]);
    expect(brokenIn([...written, create('v3', { at: [40, 50], outcome: 'refused', lineage: NEW })], several)).toEqual(
      [],
    );
    const next = put('v3', { at: [60, 70], revision: 5, lineage: NEW });
    expect(brokenIn([...written, reading('v2', 4, [40, 50]), next, reading('v3', 5, [80, 90])], several)).toEqual([]);
    expect(brokenIn([...written, next, reading('v2', 4, [80, 90])], several)).toEqual(['linearizable']);
    expect(brokenIn([...written, reading('v2', 4, [40, 50]), reading('v1', 1, [80, 90])], several)).toEqual([
      'linearizable',
    ]);
  });

  test('the replaced one answers no more', () => {
    const next = put('v3', { at: [40, 50], revision: 5, lineage: NEW });
    const late = (at: readonly [number, number]) =>
      brokenIn([...written, next, put('v4', { at, revision: 6, lineage: OLD })], several);
    expect(late([45, 60])).toEqual([]);
    expect(late([60, 70])).toEqual(['lineage']);
    const eventual = read('eventual', 'v2', { at: [60, 70], revision: 4, lineage: OLD });
    expect(brokenIn([...written, next, eventual], several)).toEqual([]);
  });

  test('an in-sync read of a replaced one is too old', () => {
    const next = put('v3', { at: [40, 50], revision: 5, lineage: NEW });
    const late = (start: number) => read('in-sync', 'v2', { at: [start, start + 10], revision: 4, lineage: OLD });
    expect(brokenIn([...written, next, late(60)], several)).toEqual([]);
    expect(brokenIn([...written, next, late(2 * SECOND)], several)).toEqual(['in-sync']);
  });

  test('what a later one shows is not too old, whatever its revisions', () => {
    const fresh = [
      put('v3', { at: [40, 50], revision: 2, lineage: NEW }),
      read('in-sync', 'v3', { at: [2 * SECOND, 3 * SECOND], revision: 2, lineage: NEW }),
    ];
    expect(brokenIn([...written, ...fresh], several)).toEqual([]);
    const stale = read('in-sync', 'v2', { at: [2 * SECOND, 3 * SECOND], revision: 4, lineage: OLD });
    expect(brokenIn([...written, ...fresh, stale], several)).toEqual(['in-sync']);
  });

  test('of what an old one had, anything can be there unread', () => {
    const next = [
      create('v4', { at: [40, 50], outcome: 'refused', lineage: NEW }),
      put('v5', { at: [60, 70], revision: 2, lineage: NEW }),
    ];
    expect(brokenIn([...written.toReversed(), ...next], several)).toEqual([]);
  });

  test('their numbers are their order; names are in the order in which they were heard', () => {
    const early = put('v', { at: [0, 10], revision: 5, key: 'one' });
    const late = put('v', { at: [20, 30], revision: 5, key: 'two' });
    expect(
      brokenIn(
        [
          { ...early, lineage: NEW },
          { ...late, lineage: OLD },
        ],
        several,
      ),
    ).toEqual(['lineage']);
    expect(
      brokenIn(
        [
          { ...late, lineage: 'first' },
          { ...early, lineage: 'then' },
        ],
        several,
      ),
    ).toEqual([]);
  });

  test('a number is given once', () => {
    const twin = put('v3', { at: [40, 50], revision: 5, lineage: { number: 1, id: 'c' } });
    expect(brokenIn([...written, twin], several)).toEqual(['lineage']);
  });

  test('a condition on a revision of another lineage holds of nothing', () => {
    const conditional = (outcome: 'ok' | 'refused', expectLineage: typeof OLD) =>
      brokenIn(
        [
          ...written,
          get('v2', { at: [40, 50], revision: 4, lineage: NEW }),
          cas(4, 'v3', { at: [60, 70], outcome, revision: outcome === 'ok' ? 5 : 4, lineage: NEW, expectLineage }),
        ],
        several,
      );
    expect(conditional('refused', OLD)).toEqual([]);
    expect(conditional('ok', OLD)).toEqual(['linearizable']);
    expect(conditional('ok', NEW)).toEqual([]);
    expect(conditional('refused', NEW)).toEqual(['linearizable']);
  });
});
