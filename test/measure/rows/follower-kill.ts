import { msText, underLoad, type RoundResult, type Run } from '../round.ts';

/** kill -9 of a follower; its pod comes back empty and gets in sync while the load goes on. */
export function followerKill(run: Run): Promise<RoundResult> {
  const { installation } = run;
  return underLoad(run, async () => {
    const before = await installation.untilInSync();
    const [follower] = await installation.followers();
    if (follower === undefined) throw new Error('there is no follower');
    const killedMs = performance.now();
    follower.server.kill('SIGKILL');
    const former = before.replicas.find(({ podName }) => podName === follower.name)?.replica;
    await installation.until('another replica of the pod is in sync', (view) =>
      view.members.some((member) => member.startsWith(`${follower.name}/`) && member !== former),
    );
    return { note: `${follower.name} killed, in sync again under load after ${msText(performance.now() - killedMs)}` };
  });
}
