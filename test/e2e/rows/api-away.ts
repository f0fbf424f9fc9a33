import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../eventually.ts';
import type { Powers } from '../powers/powers.ts';
import type { MightyStage } from '../stage.ts';
import { underLoad, type Round } from '../under-load.ts';

/** R7: nobody needs the API server as long as nobody dies. */
export const apiStopped = (stage: MightyStage): Promise<Round> =>
  apiAway(
    stage,
    (powers) => powers.stopApi(),
    (powers) => powers.startApi(),
  );

/** Worse than one that refuses: calls hang, and watches are silent. */
export const apiPaused = (stage: MightyStage): Promise<Round> =>
  apiAway(
    stage,
    (powers) => powers.pauseApi(),
    (powers) => powers.resumeApi(),
  );

function apiAway(
  stage: MightyStage,
  take: (powers: Powers) => Promise<void>,
  bringBack: (powers: Powers) => Promise<void>,
): Promise<Round> {
  const { installation, powers, api, outageMs } = stage;
  return underLoad(stage, {}, async () => {
    const before = await installation.untilWhole();
    await take(powers);
    try {
      await wait(outageMs);
    } finally {
      await bringBack(powers);
    }
    await eventually('the API server answers', () => api.isReady(), { withinMs: 60_000 });
    const after = await installation.untilWhole();
    const broken: string[] = [];
    if (after.leader !== before.leader || after.epoch !== before.epoch) {
      broken.push(`${String(after.leader)} leads epoch ${after.epoch}; it was ${String(before.leader)}`);
    }
    return { note: `API server away for ${outageMs / 1000} s`, broken };
  });
}
