import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { LocalPod } from '../../../src/main/local/pod.ts';
import { Installation } from '../../measure/installation.ts';
import { fill } from '../../measure/load/fill.ts';
import { rssBytesOf } from '../../measure/linux.ts';
import { until } from '../../measure/until.ts';
import type { Tools } from '../command/command.ts';
import { number } from '../command/markdown.ts';
import { HOST } from '../contestants/contestant.ts';
import { keyOf, valueOf } from '../load/items.ts';
import type { Outcome } from '../load/plan.ts';
import { runLoad } from '../load/run-load.ts';
import type { Pauses } from './pauses.ts';

export interface PausesAsked {
  readonly keys: number;
  /** Writes of single keys. */
  readonly ratePerS: number;
  readonly seconds: number;
}

export interface PausesSeen {
  readonly load: Outcome;
  readonly replicas: readonly ReplicaPauses[];
}

export interface ReplicaPauses extends Pauses {
  readonly name: string;
  readonly role: 'leader' | 'follower';
  readonly rssBytes: number;
}

export const KEYS_PER_REQUEST = 10;
const VALUE_BYTES = 64;
/** The load writes so many of the keys, far from one another: all of its requests are made before it begins. */
const WRITTEN_KEYS_MAX = 200_000;
const CONNECTIONS = 64;
const WARM_UP_MS = 5000;
/** What was collected last is told a little later. */
const TOLD_MS = 500;
const QUIET_WITHIN_MS = 120_000;
const FIXTURE = join(import.meta.dirname, '../fixtures/record-pauses.ts');

export async function measurePauses(asked: PausesAsked, { say, signal }: Tools): Promise<PausesSeen> {
  const { keys, ratePerS, seconds } = asked;
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-pauses-'));
  const optionsBefore = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = `${optionsBefore ?? ''} --import ${pathToFileURL(FIXTURE).href}`.trim();
  let installation: Installation | null = null;
  try {
    installation = await Installation.start({ env: { KV_MEMORY_MAX: '16GiB', BENCH_PAUSES: folder } });
    const leader = await installation.leader();
    const address = { host: HOST, port: leader.httpPort };
    await fill({
      url: `http://${HOST}:${leader.httpPort}`,
      keys,
      keyOf,
      textOf: (item) => valueOf(item, VALUE_BYTES),
      say,
    });
    await installation.untilQuiet(QUIET_WITHIN_MS);
    signal.throwIfAborted();
    say(`${number(ratePerS)} writes/s for ${seconds} s`);
    const written = Math.min(keys, WRITTEN_KEYS_MAX);
    const plan = {
      dialect: 'batch-10',
      address,
      getShare: 0,
      connections: CONNECTIONS,
      keys: written,
      apart: Math.floor(keys / written),
      valueBytes: VALUE_BYTES,
      pace: { kind: 'open', ratePerS: ratePerS / KEYS_PER_REQUEST },
      warmUpMs: WARM_UP_MS,
      measureMs: 1000 * seconds,
    } as const;
    const { pods } = installation;
    const load = await runLoad(plan, { signal, onBegun: () => signalAll(pods), onStopping: () => signalAll(pods) });
    await wait(TOLD_MS, undefined, { signal });
    const replicas: ReplicaPauses[] = [];
    for (const pod of pods) {
      const role = pod === leader ? 'leader' : 'follower';
      replicas.push({ name: pod.name, role, rssBytes: rssBytesOf(pod.server.pid), ...(await pausesOf(pod, folder)) });
    }
    return { load, replicas };
  } finally {
    if (optionsBefore === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = optionsBefore;
    await installation?.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function signalAll(pods: readonly LocalPod[]): void {
  for (const { server } of pods) server.kill('SIGUSR2');
}

async function pausesOf({ name, server }: LocalPod, folder: string): Promise<Pauses> {
  let pauses: Pauses | null = null;
  await until(`${name} has told its pauses`, () => {
    try {
      pauses = JSON.parse(readFileSync(join(folder, `${server.pid}.json`), 'utf8')) as Pauses;
    } catch {
      // Not there, or not all of it.
    }
    return pauses !== null;
  });
  return pauses as unknown as Pauses;
}
