import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Installation } from '../../measure/installation.ts';
import { until } from '../../measure/until.ts';
import { HOST } from '../contestants/contestant.ts';
import type { Plan } from '../load/plan.ts';
import { runLoad } from '../load/run-load.ts';
import { CONNECTIONS, keysOf, VALUE_BYTES, type Lane } from '../suites/suite.ts';

/** What a server's main thread did. */
export interface Recording {
  readonly profile: Profiler.Profile;
  /** How long it waited for something to happen, by libuv's own count. */
  readonly idleMs: number;
}

export interface Subject {
  readonly at: 'leader' | 'replica';
  /** 0: writes only; 1: reads only. */
  readonly getShare: 0 | 1;
}

const PRELOAD = pathToFileURL(join(import.meta.dirname, '../fixtures/profile-on-signal.ts')).href;
/** Until V8 has compiled what is hot. */
const WARM_UP_MS_MAX = 3000;
/** The load goes on for longer than the profile. */
const AFTERWARDS_MS = 500;

/**
 * Three replicas, of which one is under the load that the suites use, and is profiled for so many seconds.
 *
 * @throws if an answer was wrong, or when it is aborted
 */
export async function record({ at, getShare }: Subject, seconds: number, signal: AbortSignal): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-profiles-'));
  process.env['NODE_OPTIONS'] = `--import ${PRELOAD}`;
  let installation: Installation | null = null;
  try {
    installation = await Installation.start({ env: { BENCH_PROFILES: folder } });
    // The load's process is not to be profiled.
    delete process.env['NODE_OPTIONS'];
    const pod = at === 'leader' ? await installation.leader() : (await installation.followers())[0];
    if (pod === undefined) throw new Error(`there is no ${at}`);

    const lane: Lane = { contestant: 'kvstore', at, dialect: 'native', getShare };
    const warmUpMs = Math.min(WARM_UP_MS_MAX, 500 * seconds);
    const plan: Plan = {
      dialect: lane.dialect,
      address: { host: HOST, port: pod.httpPort },
      getShare,
      connections: CONNECTIONS,
      keys: keysOf(lane),
      valueBytes: VALUE_BYTES,
      pace: { kind: 'closed' },
      warmUpMs,
      measureMs: 1000 * seconds + AFTERWARDS_MS,
    };
    if (getShare > 0) {
      const { httpPort: port } = await installation.leader();
      await runLoad({ ...plan, address: { host: HOST, port }, getShare: 0, pace: { kind: 'once' } }, { signal });
      await installation.untilQuiet();
    }

    const loaded = runLoad(plan, { signal });
    // Unless the load fails meanwhile.
    const underLoad = (ms: number): Promise<unknown> => Promise.race([loaded, wait(ms, null, { ref: false })]);
    await underLoad(warmUpMs);
    const pid = pod.server.kill('SIGUSR2');
    await underLoad(1000 * seconds);
    pod.server.kill('SIGUSR2');
    const file = join(folder, `${String(pid)}.json`);
    await until('the profile is written', () => existsSync(file));
    await loaded;
    return JSON.parse(readFileSync(file, 'utf8')) as Recording;
  } finally {
    delete process.env['NODE_OPTIONS'];
    await installation?.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
