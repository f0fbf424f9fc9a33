import { expect, test } from '@jest/globals';
import { checkHistory } from '../../history/check-history.ts';
import { timeDiagram } from '../../history/diagram.ts';
import type { HistoryOperation } from '../../history/operation.ts';
import { describeVerdict } from '../../history/report.ts';
import { cas, create, get, incr, put, remove } from './kit.ts';

test('a contradiction is told with its end, the longest order, what cannot follow, and a diagram of them', () => {
  const history = [
    put('v1', { at: [0, 10], revision: 1 }),
    put('v2', { at: [20, 30], revision: 4, client: 2 }),
    put('v3', { at: [40], outcome: 'unknown', client: 2 }),
    get('v1', { at: [50, 60], revision: 1, client: 3 }),
    get('v3', { at: [70, 80], revision: 5, client: 3 }),
  ];
  expect(describeVerdict(checkHistory(history)).split('\n')).toEqual([
    'violated: 1 violations; 5 operations of 3 clients on 1 keys, 0 lineages, 7 steps',
    '  outcomes: ok 4, refused 0, failed 0, unknown 1',
    '  reads answered: linearizable 2',
    '',
    'linearizable, key k',
    '  the first 4 of its operations have no order; without the last to end they have one:',
    '      client 3: get k linearizable -> "v1" at 1 (50..60)',
    '      "v1" is of',
    '          client 1: put k "v1" -> ok at 1 (0..10)',
    '  the longest order has 2, and ends with',
    '      client 1: put k "v1" -> ok at 1 (0..10)',
    '      client 2: put k "v2" -> ok at 4 (20..30)',
    '  then the key has "v2" at 4, and none of these can follow:',
    '      client 3: get k linearizable -> "v1" at 1 (50..60)',
    '          it shows "v1"',
    '      client 1  |=======|                                         put k "v1" -> ok at 1',
    '      client 2                  |=======|                         put k "v2" -> ok at 4',
    '      client 3                                          |======|  get k linearizable -> "v1" at 1',
  ]);
});

const base = [put('v1', { at: [0, 10], revision: 1 }), put('v2', { at: [20, 30], revision: 4 })];

test.each<[string, readonly HistoryOperation[]]>([
  ['it shows no value', [...base, get(null, { at: [40, 50] })]],
  ['it shows another revision', [...base, get('v2', { at: [40, 50], revision: 3 })]],
  ['nobody wrote "v9"', [...base, get('v9', { at: [40, 50], revision: 3 })]],
  ['there is a value', [...base, create('v3', { at: [40, 50], revision: 5 })]],
  ['there is a value', [...base, remove({ at: [40, 50] })]],
  ['there is nothing to delete', [remove({ at: [40, 50], revision: 5 })]],
  ['it expects revision 1', [...base, cas(1, 'v3', { at: [40, 50], revision: 5 })]],
  ['its revision, 4, has passed', [...base, put('v3', { at: [20, 50], revision: 4 })]],
  ['it began when this was over: client 1: put k "v2"', [...base, put('v3', { at: [40, 50], revision: 3 })]],
  ['nothing refuses it', [...base, cas(4, 'v3', { at: [40, 50], outcome: 'refused' })]],
  ['nothing refuses it with revision 7', [...base, cas(1, 'v3', { at: [40, 50], outcome: 'refused', revision: 7 })]],
  ['the sum is another', [incr('2', { at: [0, 10], revision: 1 })]],
  ['none of them can come first:', [get('v9', { at: [40, 50] })]],
  [
    '"v3" at 5 or later, but not 6',
    [
      ...base,
      put('v3', { at: [35], outcome: 'unknown' }),
      cas(4, 'v4', { at: [40, 45], outcome: 'refused' }),
      cas(6, 'v5', { at: [50, 55], outcome: 'refused' }),
      get('v9', { at: [70, 80] }),
    ],
  ],
])('in words: %s', (words, history) => {
  expect(describeVerdict(checkHistory(history))).toContain(words);
});

test('a write that a lower revision has to come before says so', () => {
  const history = [put('v1', { at: [0, 30], revision: 3 }), cas(9, 'v2', { at: [0, 40], revision: 2 })];
  expect(describeVerdict(checkHistory(history))).toContain(
    'it comes after revision 2, of client 1: cas k "v2" if at 9',
  );
});

test('a history that is right is told in three lines', () => {
  expect(describeVerdict(checkHistory(base)).split('\n')).toHaveLength(3);
});

test('many violations are counted, and the first told', () => {
  const wrong = Array.from({ length: 9 }, (_, place) => get('v9', { at: [40, 50], key: `k${place}` }));
  const words = describeVerdict(checkHistory(wrong));
  expect(words).toContain('violated: 18 violations');
  expect(words).toContain('in all: only-committed 9, linearizable 9');
});

test('who gave up says so', () => {
  const verdict = checkHistory(base, { stepsMax: 1 });
  expect(verdict.kind).toBe('undecided');
  expect(describeVerdict(verdict)).toContain('undecided, for the search took more steps than allowed: k');
});

test('an unknown operation has no end in the diagram, and one at a single moment is a stroke', () => {
  expect(
    timeDiagram([
      put('v1', { at: [0, 100], revision: 1, client: 12 }),
      remove({ at: [50], outcome: 'unknown' }),
      get('v1', { at: [25, 25], revision: 1 }),
    ]),
  ).toEqual([
    'client 12  |==============================================|  put k "v1" -> ok at 1',
    'client  1                          |......................>  delete k -> unknown',
    'client  1              |                                     get k linearizable -> "v1" at 1',
  ]);
});
