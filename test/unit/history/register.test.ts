import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { covers, type KeyState, NEVER_WRITTEN, step, textOfState } from '../../history/register.ts';
import { scribble } from './executions.ts';
import { cas, get, put, remove } from './kit.ts';

const presentStates: fc.Arbitrary<KeyState> = fc
  .record({
    value: fc.constantFrom('1', '2', 'a'),
    revision: fc.integer({ min: 1, max: 4 }),
    isExact: fc.boolean(),
    above: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
  })
  .map(({ value, revision, isExact, above }) => ({
    value,
    revision,
    isExact,
    excluded: isExact ? [] : above.map((distance) => revision + distance).sort((a, b) => a - b),
  }));
const absentStates: fc.Arbitrary<KeyState> = fc
  .nat(4)
  .map((revision) => ({ value: null, revision, isExact: false, excluded: [] }));
const states = fc.oneof({ weight: 3, arbitrary: presentStates }, absentStates);

const operations = scribble(['ok', 'refused', 'unknown']);
/** The second has the value of the first, or they would seldom have to do with each other. */
const pairs = fc
  .tuple(states, states)
  .map(([state, other]) => [state, state.value === null ? state : { ...other, value: state.value }] as const)
  .filter(([state, other]) => covers(state, other));

test('what can follow a state can follow one that covers it, and leaves it covered', () => {
  fc.assert(
    fc.property(pairs, operations, ([state, other], operation) => {
      const after = step(state, operation);
      const afterOther = step(other, operation);
      if (afterOther === null) return;
      expect(after).not.toBeNull();
      if (after !== null) expect(covers(after, afterOther)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('states with the same text are the same', () => {
  fc.assert(
    fc.property(states, states, (state, other) => {
      expect(textOfState(state) === textOfState(other)).toBe(JSON.stringify(state) === JSON.stringify(other));
    }),
    { numRuns: 2000 },
  );
});

test('a revision that nobody told is known by its bounds, and what it is not', () => {
  const states: (KeyState | null)[] = [NEVER_WRITTEN];
  for (const operation of [
    put('v1', { at: [0, 10], revision: 4 }),
    put('v2', { at: [20], outcome: 'unknown' }),
    cas(6, 'v3', { at: [30, 40], outcome: 'refused' }),
    cas(5, 'v4', { at: [50, 60], outcome: 'refused' }),
    get('v2', { at: [70, 80], revision: 9 }),
    remove({ at: [90], outcome: 'unknown' }),
  ]) {
    const last = states.at(-1);
    states.push(last === undefined || last === null ? null : step(last, operation));
  }
  expect(states.map((state) => (state === null ? null : textOfState(state)))).toEqual([
    '>0:-',
    '=4:v1+',
    '>5:v2+',
    '>5!6:v2+',
    '>7:v2+',
    '=9:v2+',
    '>10:-',
  ]);
});
