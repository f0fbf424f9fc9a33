import { msText, underLoad, type RoundResult, type Run } from '../round.ts';

/** The longest that R5 makes a pod wait, and time to start and to catch up. */
const IN_SYNC_WITHIN_MS = 90_000;

/** kill -9 of a follower; its pod comes back empty and gets in sync while the load goes on. */
export function followerKill(run: Run): Promise<RoundResult> {
  const { installation } = run;
  return underLoad(run, async () => {
    const before = await installation.untilInSync();
    // By turns: a pod that is lost again and again waits longer each time before it is a member again (R5).
    const followers = await installation.followers();
    const [follower] = followers.toSorted((a, b) => a.server.restarts - b.server.restarts);
    if (follower === undefined) throw new Error('there is no follower');
    const killedMs = performance.now();
    follower.server.kill('SIGKILL');
    const former = before.replicas.find(({ podName }) => podName === follower.name)?.replica;
    await installation.until(
      'another replica of the pod is in sync',
      ({ members }) => members.some((member) => member.startsWith(`${follower.name}/`) && member !== former),
      IN_SYNC_WITHIN_MS,
    );
    return { note: `${follower.name} killed, in sync again under load after ${msText(performance.now() - killedMs)}` };
  });
}
