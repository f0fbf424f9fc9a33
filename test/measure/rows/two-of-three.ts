import { msText, underLoad, untilAcknowledging, type RoundResult, type Run } from '../round.ts';
import { until } from '../until.ts';

/** A write is held for 10 s; then it is refused. */
const REFUSED_WITHIN_MS = 20_000;
const CLEAR = ['not-enough-in-sync', 'no-leader', 'deposed', 'overloaded'];

/**
 * The leader and a follower are killed at once and stay dead: at the minimum of the set nothing can be committed, and the
 * one that is left must not pretend. Then they come back, empty.
 */
export function twoOfThree(run: Run): Promise<RoundResult> {
  const { installation } = run;
  return underLoad(run, async (load) => {
    const leader = await installation.leader();
    const [follower] = await installation.followers();
    if (follower === undefined) throw new Error('there is no follower');
    const dead = [leader, follower];
    for (const { server } of dead) server.restart = 'never';
    for (const { server } of dead) server.kill('SIGKILL');
    await until('both are dead', () => dead.every(({ server }) => server.pid === null));
    const killedMs = performance.now();
    await until('writes are refused', () => load.failures.length > 0, { withinMs: REFUSED_WITHIN_MS });
    const broken: string[] = [];
    const refusedMs = performance.now() - killedMs;
    if (load.lastAckMs > killedMs + 100) broken.push('a write was acknowledged by one replica of three');

    for (const { server } of dead) {
      server.restart = 'always';
      server.start();
    }
    const startedMs = performance.now();
    await untilAcknowledging(load);
    const backMs = load.lastAckMs - startedMs;
    await installation.untilInSync();
    const unclear = load.failures.filter(({ isProblem, code }) => !isProblem || !CLEAR.includes(code));
    if (unclear.length > 0)
      broken.push(`${unclear.length} writes without a clear error: ${JSON.stringify(unclear[0])}`);
    return {
      // How long writes wait is how long the replicas are dead.
      pauseMs: null,
      note: `${dead.map(({ name }) => name).join(' and ')} killed; refused after ${msText(refusedMs)}; writes ${msText(backMs)} after they were started again`,
      broken,
    };
  });
}
