import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { beatSingly } from '../../bench/load/metronome.ts';

test('a beat calls back until it is ended', async () => {
  const third = Promise.withResolvers<undefined>();
  let beats = 0;
  const end = beatSingly(1000, () => {
    beats += 1;
    if (beats === 3) third.resolve(undefined);
  });
  await third.promise;
  end();
  // What its thread has said by then is still heard.
  await wait(100);
  const heard = beats;
  await wait(100);
  expect(beats).toBe(heard);
});
