import { lengthOf } from '../load/pauses.ts';
import { msText, steady, underLoad, type RoundResult, type Run } from '../round.ts';

/** SIGSTOP of the leader until the set is without it, then SIGCONT: another leads, and goes on leading. */
export function leaderPause(run: Run): Promise<RoundResult> {
  const { installation } = run;
  return underLoad(run, async (load) => {
    const leader = await installation.leader();
    leader.server.kill('SIGSTOP');
    const successor = await installation.untilLedByAnother(leader);
    await installation.until('the frozen one is out of the set', ({ members }) =>
      members.every((member) => !member.startsWith(`${leader.name}/`)),
    );
    await steady(run, load);

    const { leader: leads, epoch } = await installation.settledView();
    const continuedMs = performance.now();
    leader.server.kill('SIGCONT');
    const after = await installation.untilInSync();
    await steady(run, load);
    const broken: string[] = [];
    if (after.leader !== leads || after.epoch !== epoch) {
      broken.push(`the frozen one, continued, made ${String(after.leader)} lead epoch ${after.epoch}`);
    }
    const pause = msText(lengthOf(load.worstPause(continuedMs)));
    return { note: `${leader.name} frozen, ${successor} leads; pause once it went on ${pause}`, broken };
  });
}
