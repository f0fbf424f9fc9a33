import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Turns } from '../../../../src/api/http/turns.ts';

function turnsUnderTest(turnMs = 10) {
  const begun: string[] = [];
  const turns = new Turns(turnMs);
  const begin = (url: string): void => {
    begun.push(url);
    // Whatever it does takes a millisecond.
    for (const untilMs = performance.now() + 1; performance.now() < untilMs;);
  };
  const take = (url: string): void => {
    if (turns.mayBegin()) begin(url);
    else {
      turns.wait(() => {
        begin(url);
      });
    }
  };
  return { begun, turns, take };
}

const CROWD = Array.from({ length: 100 }, (_, number) => `/v1/keys/${number}`);

test('many that arrive at once are begun in several turns, in their order, and others run in between', async () => {
  const { begun, take } = turnsUnderTest();
  for (const url of CROWD) take(url);
  expect(begun.length).toBeGreaterThan(0);
  let turns = 0;
  for (; begun.length < CROWD.length; turns += 1) {
    expect(begun).toEqual(CROWD.slice(0, begun.length));
    await nextTurn();
  }
  expect(turns).toBeGreaterThan(1);
  expect(begun).toEqual(CROWD);
});

test('who comes later does not pass those who wait', async () => {
  const { begun, take } = turnsUnderTest();
  for (const url of CROWD) take(url);
  await nextTurn();
  take('/v1/keys/late');
  while (begun.length < CROWD.length + 1) await nextTurn();
  expect(begun).toEqual([...CROWD, '/v1/keys/late']);
});

test('whose turn has come may begin more, while there is time', async () => {
  const { begun, turns, take } = turnsUnderTest();
  for (const url of CROWD) take(url);
  const began: boolean[] = [];
  turns.wait(() => {
    while (turns.mayBegin()) {
      began.push(true);
      begun.push('of one');
      for (const untilMs = performance.now() + 1; performance.now() < untilMs;);
    }
  });
  while (begun.length <= CROWD.length) await nextTurn();
  expect(begun.slice(0, CROWD.length)).toEqual(CROWD);
  expect(began.length).toBeLessThan(20);
});

test('while there is time, a request is begun when it comes', () => {
  const { begun, take } = turnsUnderTest(Infinity);
  take('/v1/keys/a');
  take('/v1/keys/b');
  expect(begun).toEqual(['/v1/keys/a', '/v1/keys/b']);
});
