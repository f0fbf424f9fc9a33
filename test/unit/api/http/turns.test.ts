import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Turns } from '../../../../src/api/http/turns.ts';

const RESPONSE = {} as ServerResponse;
const request = (url: string): IncomingMessage => ({ url }) as IncomingMessage;

function turnsUnderTest(turnMs = 10) {
  const begun: (string | undefined)[] = [];
  const turns = new Turns(({ url }) => {
    begun.push(url);
    // Whatever it does takes a millisecond.
    for (const untilMs = performance.now() + 1; performance.now() < untilMs;);
  }, turnMs);
  return { begun, take: (url: string) => turns.take(request(url), RESPONSE) };
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

test('who comes later does not pass those who wait, but a probe does', async () => {
  const { begun, take } = turnsUnderTest();
  for (const url of CROWD) take(url);
  await nextTurn();
  take('/v1/keys/late');
  take('/readyz');
  expect(begun.at(-1)).toBe('/readyz');
  while (begun.length < CROWD.length + 2) await nextTurn();
  expect(begun.filter((url) => url !== '/readyz')).toEqual([...CROWD, '/v1/keys/late']);
});

test('while there is time, a request is begun when it comes', () => {
  const { begun, take } = turnsUnderTest(Infinity);
  take('/v1/keys/a');
  take('/v1/keys/b');
  expect(begun).toEqual(['/v1/keys/a', '/v1/keys/b']);
});
