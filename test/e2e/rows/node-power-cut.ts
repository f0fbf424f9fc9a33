import { setTimeout as wait } from 'node:timers/promises';
import type { MightyStage } from '../stage.ts';
import { underLoad, untilSteady, type Round } from '../under-load.ts';

/** Long before Kubernetes gives a silent node up (40 s), somebody else leads and writes go on. */
export async function nodePowerCut(stage: MightyStage): Promise<Round> {
  const { installation, powers, outageMs } = stage;
  const leader = await installation.leader();
  return underLoad(stage, { notOn: [leader.node] }, async (load) => {
    const now = await installation.leader();
    if (now.node !== leader.node) return { broken: [`${now.name} leads on ${now.node} before anything was done`] };
    await powers.killNode(leader.node);
    try {
      await installation.untilLedByAnother(leader);
      await untilSteady(load);
      await wait(outageMs);
    } finally {
      await powers.startNode(leader.node);
    }
    return { note: `${leader.node} without power for ${outageMs / 1000} s` };
  });
}
