import { setTimeout as wait } from 'node:timers/promises';
import { underLoad, type RoundResult, type Run } from '../round.ts';

/** kill -9 of the Kubernetes API, which stays away for the length of the outage: nobody needs it as long as nobody dies. */
export function apiKill(run: Run): Promise<RoundResult> {
  const { installation, outageMs } = run;
  return underLoad(run, async () => {
    const before = await installation.untilInSync();
    await installation.takeApiAway();
    await wait(outageMs);
    await installation.bringApiBack();
    const after = await installation.untilInSync();
    const broken: string[] = [];
    const same = after.leader === before.leader && after.epoch === before.epoch;
    if (!same) broken.push(`${String(after.leader)} leads epoch ${after.epoch}; it was ${String(before.leader)}`);
    if (after.members.toSorted().join() !== before.members.toSorted().join()) broken.push('the in-sync set is another');
    return { note: `API away for ${outageMs / 1000} s`, broken };
  });
}
