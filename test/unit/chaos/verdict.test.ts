import { expect, test } from '@jest/globals';
import type { Life } from '../../chaos/cluster.ts';
import type { RecordedOperation } from '../../chaos/load/requests.ts';
import { judge } from '../../chaos/judge.ts';
import { changesOf, violationsIn } from '../../chaos/record/changes.ts';
import type { LeaseState } from '../../chaos/record/lease-state.ts';
import { divergences, lineagesAgainstTheRules, unanswered, wordsNobodyShouldHear } from '../../chaos/verdict.ts';

const state = (change: Partial<LeaseState>): LeaseState => ({
  atUs: 100,
  uid: 'u',
  holder: 'a/u/1',
  epoch: 1,
  inSync: ['a/u/1', 'b/u/1'],
  lineage: { number: 1, id: 'one' },
  ...change,
});
const life = (pod: string, replica: string, endUs: number | null): Life => ({ pod, replica, startUs: 0, endUs });
const SECOND = { number: 2, id: 'two' };

test('elections, changes of the set and lineages are counted', () => {
  const trail = [
    state({}),
    state({ inSync: ['b/u/1', 'a/u/1'] }),
    state({ inSync: ['a/u/1'] }),
    state({ holder: 'b/u/1', epoch: 2, inSync: ['b/u/1'] }),
    state({ holder: 'c/u/1', epoch: 3, inSync: ['c/u/1'], lineage: SECOND }),
  ];
  expect(changesOf(trail)).toEqual({ elections: 2, setChanges: 3, lineages: 1 });
  expect(violationsIn(trail)).toEqual([]);
});

test.each([
  ['R3: epochs do not go back within a lineage', [state({ epoch: 4 }), state({ epoch: 3, holder: 'b/u/1' })]],
  ['R3: lineages do not go back', [state({ lineage: SECOND }), state({})]],
  [
    'one epoch belongs to one replica',
    [state({ epoch: 4 }), state({ epoch: 4, holder: null }), state({ epoch: 4, holder: 'b/u/1' })],
  ],
])('%s', (_rule, trail) => {
  expect(violationsIn(trail)).toHaveLength(1);
});

test('R14: a lineage that a stranger begins is in order if every member had died, and not if one lives', () => {
  const trail = [state({}), state({ atUs: 200, holder: 'c/u/1', epoch: 2, inSync: ['c/u/1'], lineage: SECOND })];
  const dead = [life('a', 'a/u/1', 150), life('b', 'b/u/1', 190), life('c', 'c/u/1', null)];
  expect(lineagesAgainstTheRules(trail, dead)).toEqual([]);
  for (const endUs of [null, 250]) {
    const lives = [life('a', 'a/u/1', 150), life('b', 'b/u/1', endUs), life('c', 'c/u/1', null)];
    expect(lineagesAgainstTheRules(trail, lives)).toEqual([expect.stringContaining('though b/u/1 lived')]);
  }
});

test('R13: a lineage that a member begins has all that there was', () => {
  const trail = [state({}), state({ atUs: 200, epoch: 2, inSync: ['a/u/1'], lineage: SECOND })];
  expect(lineagesAgainstTheRules(trail, [life('a', 'a/u/1', null), life('b', 'b/u/1', 150)])).toEqual([]);
});

const operation = (change: Partial<RecordedOperation>): RecordedOperation => ({
  client: 1,
  op: 'put',
  key: 'k',
  value: 'v',
  expect: null,
  mode: null,
  start: 0,
  end: 10,
  outcome: 'ok',
  revision: 5,
  lineage: { number: 1, id: 'one' },
  code: null,
  target: 'proxy-0',
  ...change,
});
const read = (change: Partial<RecordedOperation>): RecordedOperation =>
  operation({ op: 'get', mode: 'linearizable', start: 20, end: 30, ...change });

const CALM = { lineages: 'one', clocks: 'right', settledAtUs: null } as const;

test('an acknowledged write that is not there later is a violation, but in a lineage that began without it', () => {
  const absent = read({ value: null, revision: null, lineage: SECOND });
  const history = [operation({}), absent];
  expect(judge(history, CALM)).toMatch(/^violated/);
  expect(judge(history, { ...CALM, lineages: 'several' })).toBeNull();
  // Within the new lineage everything holds again.
  const later = [
    operation({ value: 'w', start: 40, end: 50, revision: 9, lineage: SECOND }),
    read({ start: 60, end: 70, value: null, revision: null, lineage: SECOND }),
  ];
  expect(judge([...history, ...later], { ...CALM, lineages: 'several' })).toMatch(/^violated/);
});

test('what every replica must show once all is settled is asked of reads in every mode', () => {
  const old = read({ mode: null, consistency: 'eventual', value: null, revision: null });
  expect(judge([operation({}), old], CALM)).toBeNull();
  expect(judge([operation({}), old], { ...CALM, settledAtUs: 15 })).toMatch(/nothing-lost/);
});

test('where clocks were bent a second may have been longer', () => {
  const second = 1_000_000;
  const stale = { mode: null, consistency: 'in-sync', value: null, revision: null } as const;
  const late = read({ ...stale, start: 10 + 1.2 * second, end: 10 + 1.3 * second });
  expect(judge([operation({}), late], CALM)).toMatch(/in-sync/);
  expect(judge([operation({}), late], { ...CALM, clocks: 'bent' })).toBeNull();
});

test('replicas that answer differently once all is settled, or not at all, are told', () => {
  expect(divergences([read({}), read({ target: 'kvstore-1' })])).toEqual([]);
  expect(divergences([read({}), read({ value: 'w', revision: 6 })])).toEqual(['k: replicas differ: v at 5; w at 6']);
  expect(divergences([read({}), read({ outcome: 'failed', value: null, revision: null })])).toEqual([]);
  expect(unanswered([read({}), read({ outcome: 'failed', code: 'no-leader' })])).toEqual([
    '1 reads failed once all was settled, the first k by proxy-0: no-leader',
  ]);
});

test('an error that no fault excuses is told', () => {
  const codes = [
    'internal',
    'bad-request',
    'idempotency-mismatch',
    'status 502',
    'no-leader',
    'gave up',
    'connection cut',
  ];
  const heard = wordsNobodyShouldHear(codes.map((code) => operation({ outcome: 'unknown', code })));
  expect(heard).toHaveLength(4);
});
