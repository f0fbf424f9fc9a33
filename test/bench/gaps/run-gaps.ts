import { lengthOf } from '../../measure/load/pauses.ts';
import type { Tools } from '../command/command.ts';
import { disturbances, untilSteady, type Disturbance, type DisturbanceName } from './disturbances.ts';
import type { GapReport, Round } from './gap-report.ts';
import type { GapContestant, Group } from './group.ts';

export interface RunGapsOptions extends Tools {
  readonly contestants: Readonly<Record<string, GapContestant>>;
  readonly disturbances: readonly DisturbanceName[];
  readonly rounds: number;
  readonly ratePerS: number;
}

/**
 * Disturbs one contestant after the other, each alone on the machine, so many rounds for each disturbance. They come by turns:
 * what the machine does meanwhile meets all of them alike.
 */
export async function runGaps(options: RunGapsOptions): Promise<readonly GapReport[]> {
  const reports: GapReport[] = [];
  for (const [name, contestant] of Object.entries(options.contestants)) {
    const absence = contestant.missing();
    if (absence === null) reports.push(...(await runContestant(name, contestant, options)));
    else options.say(`${name} is skipped: ${absence}`);
  }
  return reports;
}

async function runContestant(
  name: string,
  contestant: GapContestant,
  { disturbances: asked, rounds, ratePerS, signal, say }: RunGapsOptions,
): Promise<readonly GapReport[]> {
  const group = await contestant.start();
  try {
    const seen = new Map<DisturbanceName, Round[]>();
    for (let number = 1; number <= rounds; number += 1) {
      for (const what of asked) {
        const disturbance: Disturbance = disturbances[what];
        if (disturbance.needs === 'kubernetes' && group.kubernetes === null) continue;
        signal.throwIfAborted();
        const round = await runRound(group, disturbance, ratePerS).catch((cause: unknown) => {
          throw new Error(`${name}, ${what}: ${(cause as Error).message}`, { cause });
        });
        seen.set(what, [...(seen.get(what) ?? []), round]);
        say(`${name}, round ${number} of ${rounds}, ${what}: ${textOf(round)}`);
      }
    }
    const title = `${contestant.title}; ${group.version}`;
    return [...seen].map(([disturbance, all]) => ({ contestant: name, title, disturbance, rounds: all }));
  } finally {
    await group.end();
  }
}

async function runRound(group: Group, disturbance: Disturbance, ratePerS: number): Promise<Round> {
  const writing = await group.write(ratePerS);
  try {
    await untilSteady(writing);
    const fromMs = performance.now();
    await disturbance.begin(group, writing);
    await untilSteady(writing);
    const gap = writing.worstPause(fromMs);
    const lastedMs = performance.now() - fromMs;
    await writing.stop();
    const lost = await writing.lost();
    const { acknowledged, failed, longestStallMs } = writing;
    const [gapMs, gapFromMs] = [lengthOf(gap), gap.fromMs - fromMs];
    return { gapMs, gapFromMs, lastedMs, stallMs: longestStallMs, acknowledged, failed, lost };
  } finally {
    writing.close();
  }
}

function textOf({ gapMs, gapFromMs, stallMs, lastedMs, acknowledged, failed, lost }: Round): string {
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const client = `the client itself was away for ${ms(stallMs)} at most`;
  const writes = `${acknowledged} acknowledged, ${failed} attempts failed, ${lost} lost`;
  return `gap ${ms(gapMs)}, ${ms(gapFromMs)} after it began, of ${ms(lastedMs)} (${client}); ${writes}`;
}
