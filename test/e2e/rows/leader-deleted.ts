import type { Stage } from '../stage.ts';
import { underLoad, type Round } from '../under-load.ts';

/** Without grace: nothing is handed over. */
export function leaderDeleted(stage: Stage): Promise<Round> {
  const { installation, kubectl } = stage;
  return underLoad(stage, {}, async () => {
    const leader = await installation.leader();
    await kubectl.run(['delete', 'pod', leader.name, '--grace-period=0', '--force', '--wait=false']);
    await installation.untilLedByAnother(leader);
    return {};
  });
}
