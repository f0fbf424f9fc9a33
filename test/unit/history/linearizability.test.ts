import { describe, expect, test } from '@jest/globals';
import { arrange } from '../../history/arrangement.ts';
import { checkLinearizability, DEFAULT_OPTIONS } from '../../history/linearizability.ts';
import { type HistoryOperation, reasonAgainst } from '../../history/operation.ts';
import { cas, create, get, incr, put, read, remove } from './kit.ts';

const UNKNOWN = { outcome: 'unknown' } as const;
const FAILED = { outcome: 'failed' } as const;
const REFUSED = { outcome: 'refused' } as const;

/** v1 was written at 1, v2 over it at 2. */
const TWO_WRITES = [put('v1', { at: [0, 10], revision: 1 }), put('v2', { at: [20, 30], revision: 2 })];

const good: Record<string, readonly HistoryOperation[]> = {
  'nothing at all': [],
  'reads before, while and after a value is written': [
    get(null, { at: [0, 5] }),
    put('v1', { at: [10, 40], revision: 3 }),
    get(null, { at: [12, 20] }),
    get('v1', { at: [15, 25], revision: 3 }),
    get('v1', { at: [50, 60], revision: 3 }),
  ],
  'two writes at once, in the order of their revisions, not of their starts': [
    put('v1', { at: [0, 30], revision: 2 }),
    put('v2', { at: [10, 40], revision: 1 }),
    get('v1', { at: [50, 60], revision: 2 }),
  ],
  'what touches in time overlaps': [put('v1', { at: [0, 10], revision: 1 }), get(null, { at: [10, 20] })],
  'an unknown write that appears late': [
    put('v1', { at: [0, 10], ...UNKNOWN }),
    put('v2', { at: [20, 30], revision: 4 }),
    get('v2', { at: [40, 50], revision: 4 }),
    get('v1', { at: [900, 910], revision: 5 }),
  ],
  'an unknown write that appeared, but only between two reads': [
    put('v1', { at: [0, 10], ...UNKNOWN }),
    get('v1', { at: [20, 30], revision: 1 }),
    put('v2', { at: [40, 50], revision: 2 }),
    get('v2', { at: [60, 70], revision: 2 }),
  ],
  'an unknown write that never appears': [
    put('v1', { at: [0, 10], revision: 1 }),
    put('v2', { at: [20, 30], ...UNKNOWN }),
    get('v1', { at: [40, 50], revision: 1 }),
    get('v1', { at: [900, 910], revision: 1 }),
  ],
  'an unknown delete, and a write of the same time that it may have come before': [
    put('v1', { at: [0, 10], revision: 1 }),
    remove({ at: [20, 30], ...UNKNOWN }),
    get(null, { at: [40, 50] }),
    create('v2', { at: [60, 70], revision: 5 }),
    get('v2', { at: [80, 90], revision: 5 }),
  ],
  'a failed write, unseen': [
    put('v1', { at: [0, 10], revision: 1 }),
    put('v2', { at: [20, 30], ...FAILED }),
    get('v1', { at: [40, 50], revision: 1 }),
  ],
  'a cas at the revision that it expects, and one refused since': [
    put('v1', { at: [0, 10], revision: 1 }),
    cas(1, 'v2', { at: [20, 40], revision: 2 }),
    cas(1, 'v3', { at: [21, 41], ...REFUSED, revision: 2 }),
    get('v2', { at: [50, 60], revision: 2 }),
  ],
  'a cas refused before anything is written': [
    cas(1, 'v2', { at: [0, 10], ...REFUSED }),
    put('v1', { at: [20, 30], revision: 1 }),
  ],
  'a cas refused because of an unknown write that nobody ever reads': [
    put('v1', { at: [0, 10], revision: 1 }),
    put('v2', { at: [12, 15], ...UNKNOWN }),
    cas(1, 'v3', { at: [20, 30], ...REFUSED }),
    put('v4', { at: [40, 50], revision: 9 }),
  ],
  'a create over a deleted key, and one refused over a value': [
    put('v1', { at: [0, 10], revision: 1 }),
    create('v2', { at: [20, 30], ...REFUSED, revision: 1 }),
    remove({ at: [40, 50], revision: 2 }),
    create('v3', { at: [60, 70], revision: 3 }),
  ],
  'a delete of nothing': [
    remove({ at: [0, 10] }),
    put('v1', { at: [20, 30], revision: 1 }),
    remove({ at: [40, 50], revision: 2 }),
    remove({ at: [60, 70] }),
  ],
  'a delete of the revision that it expects': [
    put('v1', { at: [0, 10], revision: 1 }),
    remove({ at: [20, 30], expect: 1, revision: 2 }),
    remove({ at: [40, 50], expect: 1, ...REFUSED }),
  ],
  'an order that is only found where fewer unknown writes were placed before': [
    put('v0', { at: [100, 100] }),
    put('v1', { at: [110, 110], revision: 3 }),
    put('v2', { at: [109, 120] }),
    remove({ at: [130, 134], expect: 4, revision: 5 }),
    put('v4', { at: [134], ...UNKNOWN }),
    cas(6, 'v5', { at: [150, 150] }),
  ],
  'a refusal that leaves too few revisions, if it is placed before an unknown write and not after it': [
    put('v1', { at: [0, 10], revision: 4 }),
    put('v2', { at: [20], ...UNKNOWN }),
    get('v2', { at: [30, 40] }),
    put('v3', { at: [50], ...UNKNOWN }),
    put('v3', { at: [50], ...UNKNOWN }),
    cas(5, 'v4', { at: [60, 70], ...REFUSED }),
    get('v3', { at: [80, 90] }),
    put('v5', { at: [100, 110], revision: 7 }),
  ],
  'counters: what others added, and perhaps an unknown one': [
    incr('1', { at: [0, 10], revision: 1 }),
    incr(null, { at: [20, 30], ...UNKNOWN }),
    incr('3', { at: [40, 60], revision: 6 }),
    incr('5', { at: [41, 61], revision: 7, by: 2 }),
    get('5', { at: [70, 80], revision: 7 }),
  ],
  'counters: of two unknown sums only the later': [
    incr(null, { at: [0], ...UNKNOWN, by: 1 }),
    incr(null, { at: [5], ...UNKNOWN, by: 2 }),
    get('2', { at: [10, 20], revision: 1 }),
    put('0', { at: [30, 40], revision: 2 }),
  ],
  'counters: of two unknown numbers only the later': [
    put('10', { at: [0], ...UNKNOWN }),
    put('20', { at: [5], ...UNKNOWN }),
    incr('21', { at: [10, 20], revision: 2 }),
  ],
  'counters: a number that is read is not yet that of its only writer': [
    put('4', { at: [0, 10], revision: 1 }),
    incr(null, { at: [12], ...UNKNOWN }),
    get('5', { at: [20, 30], revision: 2 }),
    put('5', { at: [25, 60] }),
    put('6', { at: [40, 45], revision: 3 }),
    get('6', { at: [46, 50], revision: 3 }),
    get('5', { at: [70, 80] }),
  ],
  'a counter over what is no number': [
    put('v1', { at: [0, 10], revision: 1 }),
    incr(null, { at: [20, 30], ...REFUSED, revision: 1 }),
  ],
  'reads in other modes, which linearizability says nothing of': [
    ...TWO_WRITES,
    read('eventual', 'v1', { at: [40, 50], revision: 1 }),
    read('in-sync', null, { at: [60, 70] }),
  ],
  'reads that were not answered': [
    ...TWO_WRITES,
    get(null, { at: [40, 50], ...FAILED }),
    get(null, { at: [40], ...UNKNOWN }),
  ],
  'answers that name no revision': [
    put('v1', { at: [0, 10] }),
    put('v2', { at: [5, 30] }),
    get('v1', { at: [40, 50] }),
    get('v1', { at: [60, 70] }),
  ],
};

const bad: Record<string, readonly HistoryOperation[]> = {
  'a stale read': [...TWO_WRITES, get('v1', { at: [40, 50], revision: 1 })],
  'a stale read of absence': [...TWO_WRITES, get(null, { at: [40, 50] })],
  'a read that goes back': [
    put('v1', { at: [0, 10], revision: 1 }),
    put('v2', { at: [20, 100], revision: 2 }),
    get('v2', { at: [30, 40], revision: 2 }),
    get('v1', { at: [50, 60], revision: 1 }),
  ],
  'overlapping reads that disagree in order': [
    put('v1', { at: [0, 100], ...UNKNOWN }),
    put('v2', { at: [0, 100], ...UNKNOWN }),
    get('v1', { at: [10, 20], client: 2 }),
    get('v2', { at: [30, 40], client: 2 }),
    get('v2', { at: [10, 20], client: 3 }),
    get('v1', { at: [30, 40], client: 3 }),
  ],
  'a lost update': [
    put('v1', { at: [0, 10], revision: 1 }),
    cas(1, 'v2', { at: [20, 40], revision: 2 }),
    cas(1, 'v3', { at: [21, 41], revision: 3 }),
  ],
  'a cas that succeeded on a wrong revision': [...TWO_WRITES, cas(1, 'v3', { at: [40, 50], revision: 3 })],
  'a cas that was refused though its condition held': [...TWO_WRITES, cas(2, 'v3', { at: [40, 50], ...REFUSED })],
  'a cas that was refused by a revision that did not stand there': [
    ...TWO_WRITES,
    cas(1, 'v3', { at: [40, 50], ...REFUSED, revision: 3 }),
  ],
  'a write that was applied twice': [
    ...TWO_WRITES,
    get('v2', { at: [40, 50], revision: 2 }),
    put('v3', { at: [60, 70], revision: 3 }),
    get('v2', { at: [80, 90], revision: 4 }),
  ],
  'an unknown write that was applied twice': [
    put('v1', { at: [0, 10], ...UNKNOWN }),
    get('v1', { at: [20, 30], revision: 1 }),
    put('v2', { at: [40, 50], revision: 2 }),
    get('v2', { at: [60, 70], revision: 2 }),
    get('v1', { at: [80, 90], revision: 3 }),
  ],
  'a refused write that was applied': [
    put('v1', { at: [0, 10], revision: 1 }),
    create('v2', { at: [20, 30], ...REFUSED }),
    get('v2', { at: [40, 50], revision: 2 }),
  ],
  'a failed write that is read': [put('v1', { at: [0, 10], ...FAILED }), get('v1', { at: [20, 30], revision: 1 })],
  'a value that nobody wrote': [put('v1', { at: [0, 10], revision: 1 }), get('v2', { at: [20, 30], revision: 1 })],
  'a value that was read before it was written': [
    get('v1', { at: [0, 10], revision: 1 }),
    put('v1', { at: [20, 30], revision: 1 }),
  ],
  'an unknown write that was read before it began': [
    get('v1', { at: [0, 10], revision: 1 }),
    put('v1', { at: [20, 30], ...UNKNOWN }),
  ],
  'a deleted value that comes back': [
    put('v1', { at: [0, 10], revision: 1 }),
    remove({ at: [20, 30], revision: 2 }),
    get(null, { at: [40, 50] }),
    get('v1', { at: [60, 70], revision: 1 }),
  ],
  'a delete that found nothing where there was something': [...TWO_WRITES, remove({ at: [40, 50] })],
  'a delete of nothing that made a revision': [remove({ at: [0, 10], revision: 1 })],
  'a create over a value': [...TWO_WRITES, create('v3', { at: [40, 50], revision: 3 })],
  'a create that was refused by nothing': [create('v1', { at: [0, 10], ...REFUSED })],
  'an acknowledged write that is gone': [put('v1', { at: [0, 10], revision: 1 }), get(null, { at: [20, 30] })],
  'revisions that fall': [put('v1', { at: [0, 10], revision: 2 }), put('v2', { at: [20, 30], revision: 1 })],
  'a revision that was given twice': [
    put('v1', { at: [0, 20], revision: 1 }),
    put('v2', { at: [10, 30], revision: 1 }),
  ],
  'a value with the revision of another': [...TWO_WRITES, get('v2', { at: [40, 50], revision: 1 })],
  'more unknown writes than there are revisions for them': [
    put('v1', { at: [0, 10], revision: 1 }),
    put('v2', { at: [20, 30], ...UNKNOWN }),
    get('v2', { at: [40, 50] }),
    put('v3', { at: [60, 70], revision: 2 }),
  ],
  'a revision that a value cannot have, for a condition on it was refused': [
    put('v1', { at: [0, 10], revision: 4 }),
    put('v2', { at: [20, 30], ...UNKNOWN }),
    get('v2', { at: [40, 50] }),
    cas(9, 'v3', { at: [60, 70], ...REFUSED }),
    get('v2', { at: [80, 90], revision: 9 }),
  ],
  'no revision left for a value, for conditions on all of them were refused': [
    put('v1', { at: [0, 10], revision: 4 }),
    put('v2', { at: [20, 30], ...UNKNOWN }),
    get('v2', { at: [40, 50] }),
    cas(6, 'v3', { at: [60, 70], ...REFUSED }),
    cas(5, 'v4', { at: [80, 90], ...REFUSED }),
    put('v5', { at: [100, 110], revision: 7 }),
  ],
  'a counter that lost a sum': [incr('1', { at: [0, 10], revision: 1 }), incr('1', { at: [20, 30], revision: 2 })],
  'a counter that counts what failed': [
    incr('1', { at: [0, 10], revision: 1 }),
    incr(null, { at: [20, 30], ...FAILED }),
    incr('3', { at: [40, 50], revision: 3 }),
  ],
};

const kindsOf = (operations: readonly HistoryOperation[]): string[] => {
  expect(operations.map(reasonAgainst).filter((reason) => reason !== null)).toEqual([]);
  const plain = checkLinearizability(operations, { ...DEFAULT_OPTIONS, pruning: 'none' }).map(({ kind }) => kind);
  const pruned = checkLinearizability(operations).map(({ kind }) => kind);
  expect(pruned).toEqual(plain);
  return pruned;
};

describe('linearizable', () => {
  test.each(Object.entries(good))('%s', (_, operations) => {
    expect(kindsOf(operations)).toEqual(operations.length === 0 ? [] : ['linearizable']);
  });
});

describe('not linearizable', () => {
  test.each(Object.entries(bad))('%s', (_, operations) => {
    expect(kindsOf(operations)).toEqual(['contradiction']);
  });
});

test('every key is judged by itself, and its revisions with those of no other', () => {
  const ofAnother = TWO_WRITES.map((operation) => ({ ...operation, key: 'other' }));
  const results = checkLinearizability([...TWO_WRITES, get('v1', { at: [40, 50], revision: 1 }), ...ofAnother]);
  expect(results.map(({ key, kind }) => [key, kind])).toEqual([
    ['k', 'contradiction'],
    ['other', 'linearizable'],
  ]);
});

test('a search that is given up is undecided, right or wrong', () => {
  const options = { ...DEFAULT_OPTIONS, stepsMax: 2 };
  for (const operations of [[...TWO_WRITES, get('v2', { at: [40, 50], revision: 2 })], bad['a stale read'] ?? []]) {
    expect(checkLinearizability(operations, options).map(({ kind }) => kind)).toEqual(['undecided']);
  }
});

test('the prefix ends with the first end at which there is no order any more', () => {
  const stale = get('v1', { at: [40, 50], revision: 1 });
  const later = [
    put('v3', { at: [45, 80], revision: 3 }),
    get('v2', { at: [46, 90], revision: 2 }),
    put('v4', { at: [60, 70], revision: 4 }),
  ];
  const [result] = checkLinearizability([...later, stale, ...TWO_WRITES]);
  if (result?.kind !== 'contradiction') throw new Error(`it is ${String(result?.kind)}`);
  const { prefix, last, longest } = result.contradiction;
  expect(last).toBe(stale);
  // Of v3 nobody knew the outcome then; that v2 was being read means nothing; v4 had not begun.
  expect(prefix).toEqual([{ ...later[0], outcome: 'unknown', end: null, revision: null }, stale, ...TWO_WRITES]);
  expect(longest.order).toEqual(TWO_WRITES);
});

test('a value that was read before its write began settles nothing', () => {
  const early = get('v1', { at: [0, 10], revision: 1 });
  const write = put('v1', { at: [20, 30], outcome: 'unknown' });
  expect(arrange([early, write], 'all')).toEqual({ certain: [early], free: [[write]] });
});
