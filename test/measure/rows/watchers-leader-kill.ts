import { setTimeout as wait } from 'node:timers/promises';
import type { Address } from '../load/http-connection.ts';
import { Watchers } from '../load/watchers.ts';
import type { RoundResult, Run } from '../round.ts';
import { until } from '../until.ts';

const WATCHERS = 10_000;
const KEY = 'watched';
const WRITES_PER_S = 2;
const BEFORE = 10;
const AFTER = 20;
const SHOWN_MAX = 5;

/** All watchers are at the leader when it is killed; each is told every event once, in order, whoever tells it. */
export async function watchersLeaderKill(run: Run): Promise<RoundResult> {
  const { installation, say } = run;
  const [proxy] = installation.cluster.proxies;
  const [proxyAddress] = installation.proxyAddresses;
  if (proxy === undefined || proxyAddress === undefined) throw new Error('there is no proxy');
  const leader = await installation.leader();
  const followers = await installation.followers();
  const addressOf = (port: number): Address => ({ host: proxyAddress.host, port });
  const addresses = [leader, ...followers].map(({ httpPort }) => addressOf(httpPort));

  const watchers = new Watchers({ key: KEY, addresses });
  try {
    await watchers.gather(WATCHERS);
    await until('all watch', () => watchers.synced === WATCHERS, { withinMs: 120_000 });
    say(`${WATCHERS} watch at ${leader.name}`);
    let number = 0;
    const writeSome = async (count: number): Promise<void> => {
      for (const end = number + count; number < end; await wait(1000 / WRITES_PER_S))
        await write(proxy.url, (number += 1));
    };
    await writeSome(BEFORE);
    leader.server.kill('SIGKILL');
    const killedMs = performance.now();
    await writeSome(AFTER);
    await until('all are told of the last', () => watchers.toldOf(number) === WATCHERS, { withinMs: 60_000 });
    const caughtUpMs = performance.now() - killedMs - (AFTER * 1000) / WRITES_PER_S;
    await installation.untilInSync();
    const { faults, resumed } = watchers;
    return {
      pauseMs: null,
      pauseAt: '',
      stallMs: 0,
      failures: [],
      note: `${number} events, each told to ${WATCHERS}, ${resumed} times gone on with elsewhere; the last ${Math.max(0, caughtUpMs).toFixed(0)} ms after it was written`,
      broken: faults.slice(0, SHOWN_MAX),
    };
  } finally {
    watchers.leave();
  }
}

async function write(url: string, number: number): Promise<void> {
  const response = await fetch(`${url}/v1/keys/${KEY}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'text/plain' },
    body: String(number),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`a write was answered with ${response.status}`);
}
