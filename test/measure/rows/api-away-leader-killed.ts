import { setTimeout as wait } from 'node:timers/promises';
import { untilAcknowledging, msText, underLoad, type RoundResult, type Run } from '../round.ts';

/** Shorter than a write is held, so that each of them finds the next leader. */
const LEADERLESS_MS = 5000;
const READ_EVERY_MS = 100;
const NEW_LEADER_WITHIN_MS = 2000;

/** With the API away a dead leader has no successor: writes wait, and some reads go on; once it is back, all does. */
export function apiAwayLeaderKilled(run: Run): Promise<RoundResult> {
  const { installation } = run;
  return underLoad(run, async (load) => {
    const url = `${installation.cluster.proxies[0]?.url ?? ''}/v1/keys/load/0`;
    const first = await fetch(url);
    const token = first.headers.get('x-kv-session') ?? '';
    await first.arrayBuffer();

    await installation.takeApiAway();
    const leader = await installation.leader();
    leader.server.kill('SIGKILL');
    const broken: string[] = [];
    let reads = 0;
    for (const endMs = performance.now() + LEADERLESS_MS; performance.now() < endMs; await wait(READ_EVERY_MS)) {
      for (const mode of ['eventual', 'session']) {
        const response = await fetch(`${url}?consistency=${mode}`, { headers: { 'x-kv-session': token } });
        reads += 1;
        if (response.status !== 200) broken.push(`a read, ${mode}: ${response.status} ${await response.text()}`);
        else await response.arrayBuffer();
      }
    }
    const linearizable = await fetch(`${url}?consistency=linearizable`);
    const { code = null } = (await linearizable.json().catch(() => ({}))) as { readonly code?: string };
    if (linearizable.status !== 503) broken.push(`a linearizable read without a leader: ${linearizable.status}`);

    await installation.bringApiBack();
    const backMs = performance.now();
    await untilAcknowledging(load);
    const tookMs = load.lastAckMs - backMs;
    if (tookMs > NEW_LEADER_WITHIN_MS) broken.push(`a leader only ${msText(tookMs)} after the API was back`);
    return {
      // How long writes wait is how long the API is away.
      pauseMs: null,
      note: `${reads} reads went on without a leader (linearizable: ${String(code)}); writes ${msText(tookMs)} after the API was back`,
      broken,
    };
  });
}
