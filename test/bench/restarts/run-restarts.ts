import { setTimeout as wait } from 'node:timers/promises';
import { readLease } from '../../../src/adapters/kubernetes/lease-record.ts';
import type { LocalPod } from '../../../src/main/local/pod.ts';
import { Installation } from '../../measure/installation.ts';
import { fill } from '../../measure/load/fill.ts';
import { until } from '../../measure/until.ts';
import type { Tools } from '../command/command.ts';
import { HOST } from '../contestants/contestant.ts';
import { keyOf, valueOf } from '../load/items.ts';
import type { Outcome } from '../load/plan.ts';
import { runLoadDuring } from '../load/run-load.ts';
import type { Restart, RestartsAsked } from './restart-report.ts';

type RunRestartsOptions = RestartsAsked & Tools;

const VALUE_BYTES = 64;
const CONNECTIONS = 64;
/** All requests are made before the run: more of them would fill the memory of whoever makes them. */
const WRITTEN_KEYS_MAX = 100_000;
const WARM_UP_MS = 2000;
const UNDISTURBED_MS = 5000;
const IN_SYNC_WITHIN_MS = 120_000;
const LOOK_MS = 20;

/** Kills a follower and starts it again, so many times, by turns, while others write at the leader. */
export async function runRestarts(options: RunRestartsOptions): Promise<readonly Restart[]> {
  const { keys, rounds, readmitMs, say, signal } = options;
  const installation = await Installation.start({
    env: {
      KV_MEMORY_MAX: '4GiB',
      KV_READMIT_MIN: `${readmitMs}ms`,
      // A pod that is lost in each round is no more suspect than one that is lost once.
      KV_READMIT_MAX: `${readmitMs}ms`,
    },
  });
  try {
    const { httpPort } = await installation.leader();
    await fill({ url: `http://${HOST}:${httpPort}`, keys, keyOf, textOf: (item) => valueOf(item, VALUE_BYTES), say });
    await installation.untilQuiet();
    const restarts: Restart[] = [];
    while (restarts.length < rounds) {
      signal.throwIfAborted();
      const restart = await restartUnderLoad(installation, options);
      restarts.push(restart);
      const { inSyncMs, caughtUpMs, meanwhile, undisturbed } = restart;
      const times = `caught up after ${Math.round(caughtUpMs)} ms, in sync after ${Math.round(inSyncMs)} ms`;
      const p99s = `p99 ${meanwhile.p99Ms.toFixed(1)} ms, undisturbed ${undisturbed.p99Ms.toFixed(1)} ms`;
      say(`round ${restarts.length} of ${rounds}: ${times}; ${p99s}`);
    }
    return restarts;
  } finally {
    await installation.end();
  }
}

async function restartUnderLoad(installation: Installation, options: RunRestartsOptions): Promise<Restart> {
  await installation.untilInSync();
  const leader = await installation.leader();
  const [follower] = (await installation.followers()).toSorted((a, b) => a.server.restarts - b.server.restarts);
  if (follower === undefined) throw new Error('there is no follower');
  const undisturbed = await measureDuring(leader, options, () => wait(UNDISTURBED_MS));
  let times = { caughtUpMs: NaN, inSyncMs: NaN };
  const meanwhile = await measureDuring(leader, options, async () => {
    times = await restart(installation, follower);
  });
  await installation.untilQuiet();
  return { ...times, undisturbed, meanwhile };
}

function measureDuring(
  { httpPort }: LocalPod,
  { keys, ratePerS, signal }: RunRestartsOptions,
  work: () => Promise<void>,
): Promise<Outcome> {
  return runLoadDuring(
    {
      dialect: 'native',
      address: { host: HOST, port: httpPort },
      getShare: 0,
      connections: CONNECTIONS,
      keys: Math.min(keys, WRITTEN_KEYS_MAX),
      valueBytes: VALUE_BYTES,
      pace: { kind: 'open', ratePerS },
      warmUpMs: WARM_UP_MS,
    },
    work,
    { signal },
  );
}

/** How long after the start of its process it was caught up, and a member. */
async function restart(
  installation: Installation,
  { name, server, httpPort }: LocalPod,
): Promise<{ readonly caughtUpMs: number; readonly inSyncMs: number }> {
  const isOfPod = (id: string): boolean => id.startsWith(`${name}/`);
  const [former] = (await membersOf(installation)).filter(isOfPod);
  const pid = server.kill('SIGKILL');
  await until(`${name} has ended`, () => server.pid !== pid, { everyMs: 2 });
  server.start();
  const url = `http://${HOST}:${httpPort}/v1/keys/${keyOf(0)}?consistency=eventual`;
  let caughtUpAtMs = Infinity;
  await until(
    `${name} is in sync again`,
    async () => {
      if (caughtUpAtMs === Infinity && (await isAnswered(url))) caughtUpAtMs = Date.now();
      return (await membersOf(installation)).some((id) => isOfPod(id) && id !== former);
    },
    { withinMs: IN_SYNC_WITHIN_MS, everyMs: LOOK_MS },
  );
  const inSyncMs = Date.now() - server.startedAtMs;
  return { caughtUpMs: Math.min(inSyncMs, caughtUpAtMs - server.startedAtMs), inSyncMs };
}

/** As long as it counts as empty it answers no read (R11). */
async function isAnswered(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** By the record itself: to ask a replica would cost it. */
async function membersOf({ cluster }: Installation): Promise<readonly string[]> {
  const response = await fetch(
    `${cluster.kubernetesUrl}/apis/coordination.k8s.io/v1/namespaces/default/leases/kvstore`,
  );
  const reading = readLease(await response.json());
  if (reading.kind !== 'record') throw new Error('the record cannot be read');
  return reading.record.content.inSync;
}
