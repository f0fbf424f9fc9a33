import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { expect } from '@jest/globals';
import fc from 'fast-check';

import { MODES, type Answer, type Command, type Side, type StepAnswer, type Wait } from './commands.ts';
import { SOON_MS } from './draws.ts';

/** So long nothing that is to end soon has ended: neither store's clock is so far ahead. */
const SURELY_MS = SOON_MS - 100;
/** After the end of a value's time our store shows it for a tick and a commit more (0028). */
const GONE_WITHIN_MS = 5000;

const WHOLE: Command = { kind: 'list', prefix: '', limit: 100, at: 0, mode: MODES[0] };

export interface Sides {
  readonly ours: Side;
  readonly theirs: Side;
}

/** Asks both, command after command, and lastly for all there is. `seen` gets what they have answered. */
export async function follow(commands: readonly (Command | Wait)[], sides: Sides, seen: Set<string>): Promise<void> {
  /** When the first value was put that is to end soon, and the last one; null: there is none that may not have ended. */
  let soon = null as { readonly first: number; readonly last: number } | null;
  for (const [index, command] of [...commands, WHOLE].entries()) {
    if (command.kind === 'wait') {
      if (soon === null) continue;
      const before = await sides.theirs.answer(WHOLE);
      await setTimeout(Math.max(0, soon.last + SOON_MS + 10 - performance.now()));
      soon = null;
      await untilGone(sides);
      if (!isDeepStrictEqual(await sides.theirs.answer(WHOLE), before)) seen.add('ended');
      continue;
    }
    const from = performance.now();
    const [answer, expected] = await Promise.all([sides.ours.answer(command), sides.theirs.answer(command)]);
    const now = performance.now();
    if (JSON.stringify(command).includes(`"lifetime":${SOON_MS}`)) soon = { first: soon?.first ?? from, last: now };
    // The machine was too slow: a value may have ended in one of them only. Another sequence is drawn.
    if (soon !== null) fc.pre(now < soon.first + SURELY_MS);
    for (const label of labelsOf(answer)) seen.add(label);
    expect({ index, command, answer }).toEqual({ index, command, answer: expected });
  }
}

/** Redis forgets on time; ours follows. */
async function untilGone({ ours, theirs }: Sides): Promise<void> {
  const expected = await theirs.answer(WHOLE);
  const from = performance.now();
  let answer = await ours.answer(WHOLE);
  while (!isDeepStrictEqual(answer, expected) && performance.now() - from < GONE_WITHIN_MS) {
    await setTimeout(5);
    answer = await ours.answer(WHOLE);
  }
  expect(answer).toEqual(expected);
}

/** What kind of answer it is. */
function labelsOf(answer: Answer | StepAnswer): string[] {
  if (typeof answer === 'string') return [answer];
  const names = Object.entries(answer).map(([name, value]) => (typeof value === 'boolean' ? `${name} ${value}` : name));
  return 'answers' in answer ? [...names, ...answer.answers.flatMap(labelsOf)] : names;
}
