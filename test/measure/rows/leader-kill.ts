import { underLoad, type RoundResult, type Run } from '../round.ts';

/** kill -9 of the leader; its pod comes back empty, and in sync, under the same load. */
export function leaderKill(run: Run): Promise<RoundResult> {
  return underLoad(run, async () => {
    const leader = await run.installation.leader();
    leader.server.kill('SIGKILL');
    const successor = await run.installation.untilLedByAnother(leader);
    return { note: `${leader.name} killed, ${successor} leads` };
  });
}
