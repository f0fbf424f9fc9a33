import { isReady } from '../../../src/main/local/kubelet.ts';
import type { Server } from '../../../src/main/local/server.ts';
import type { OpenLoop } from '../load/open-loop.ts';
import { lengthOf } from '../load/pauses.ts';
import { msText, steady, underLoad, type RoundResult, type Run } from '../round.ts';
import { until } from '../until.ts';

/** SIGTERM of the leader, of a follower and of a proxy, each once the one before is back; the client knows all proxies. */
export function terminate(run: Run): Promise<RoundResult> {
  const { installation } = run;
  return underLoad(run, async (load) => {
    const leader = await installation.leader();
    const leaderPause = await pauseOf(run, load, leader.server);
    const [follower] = await installation.followers();
    if (follower === undefined) throw new Error('there is no follower');
    const followerPause = await pauseOf(run, load, follower.server);
    // By turns: all connections are to the other one since the last time.
    const { proxies } = installation.cluster;
    const proxy = proxies.toSorted((a, b) => a.server.restarts - b.server.restarts)[0];
    if (proxy === undefined) throw new Error('there is no proxy');
    const proxyPause = await pauseOf(run, load, proxy.server, () => isReady(proxy.url));
    return { note: `leader ${leaderPause}, follower ${followerPause}, ${proxy.name} ${proxyPause}` };
  });
}

async function pauseOf(
  run: Run,
  load: OpenLoop,
  server: Server,
  isBack: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<string> {
  const startedMs = performance.now();
  const pid = server.kill('SIGTERM');
  await until(`${server.name} has ended and is started again`, () => server.pid !== null && server.pid !== pid);
  await until(`${server.name} is ready`, isBack);
  await run.installation.untilInSync();
  await steady(run, load);
  return msText(lengthOf(load.worstPause(startedMs)));
}
