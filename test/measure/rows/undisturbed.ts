import { setTimeout as wait } from 'node:timers/promises';
import { underLoad, type RoundResult, type Run } from '../round.ts';

const LOAD_MS = 10_000;

/** No fault: how long the machine itself makes writes wait, with which all other pauses are to be compared. */
export function undisturbed(run: Run): Promise<RoundResult> {
  return underLoad(run, async () => {
    await wait(LOAD_MS);
    return { note: `load for ${LOAD_MS / 1000} s` };
  });
}
