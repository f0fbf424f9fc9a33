import { setTimeout as wait } from 'node:timers/promises';
import { Installation } from '../../measure/installation.ts';
import type { Address } from '../../measure/load/http-connection.ts';
import { summaryOf } from '../../measure/load/reader.ts';
import type { Tools } from '../command/command.ts';
import { number } from '../command/markdown.ts';
import { HOST } from '../contestants/contestant.ts';
import { dialects } from '../load/dialects.ts';
import type { Plan } from '../load/plan.ts';
import { runLoad } from '../load/run-load.ts';
import { MemoryWatch } from './memory-watch.ts';
import { Prober, type Probe } from './prober.ts';

export interface Lane {
  readonly place: string;
  readonly crowd: string;
  /** Before or after, whichever is more. */
  readonly peakPerS: number;
  readonly goodputPerS: number;
  readonly refusedPerS: number;
  /** How many, by code. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the generator for each request that was answered. */
  readonly generatorUs: number;
  /** Of somebody else, before the overload. */
  readonly undisturbedP99Ms: number;
  /** From when the crowd sends no more until somebody else is answered within twice that; null: not within 30 s. */
  readonly recoveryMs: number | null;
  readonly memory: readonly ProcessMemory[];
}

/** The most that was resident, in bytes. */
export interface ProcessMemory {
  readonly process: string;
  readonly before: number;
  readonly firstHalf: number;
  readonly secondHalf: number;
}

/** They get the peak, each with one request under way. */
const PEAK_CONNECTIONS = 64;

type Kind = 'get' | 'put';

interface Place {
  readonly kind: Kind;
  addressOf(installation: Installation): Promise<Address>;
}

/** Who is asked, and for what. */
const PLACES: Readonly<Record<string, Place>> = {
  'reads at a replica': {
    kind: 'get',
    addressOf: async (installation) => ({ host: HOST, port: (await installation.followers())[0]?.httpPort ?? 0 }),
  },
  'writes through the proxy': {
    kind: 'put',
    addressOf: (installation) => Promise.resolve(installation.proxyAddresses[0] ?? { host: HOST, port: 0 }),
  },
};

interface Crowd {
  readonly connections: number;
  readonly underWayEach: number;
}

/** By what is under way at once. */
const CROWDS: Readonly<Record<string, Crowd>> = {
  '10 × as much': { connections: 10 * PEAK_CONNECTIONS, underWayEach: 1 },
  // Twice what a proxy's queue takes.
  '512 × as much': { connections: 1024, underWayEach: 32 },
};

/** Older versions and the log fill it while the peak is measured: what grows later grows by the overload. */
const ENV = { KV_MEMORY_MAX: '256MiB' };
const KEYS = 10_000;
const VALUE_BYTES = 64;
/** So much of the time that the overload takes. A machine that is shared is faster in some ten seconds than in others: the peak is to have seen both. */
const PEAK_SHARE = 1 / 2;
/** And the time before, in which nobody is disturbed. */
const UNDISTURBED_SHARE = 1 / 6;
const WARM_UP_MS_MAX = 2000;
const RECOVERY_MS_MAX = 30_000;
/** So many answers in a row are as they were before. */
const CALM_PROBES = 10;
const CALM_FACTOR = 2;
const LOOK_MS = 50;

export async function measureOverload(seconds: number, tools: Tools): Promise<readonly Lane[]> {
  const { say, signal } = tools;
  const lanes: Lane[] = [];
  const installation = await Installation.start({ env: ENV });
  try {
    const leader = { host: HOST, port: (await installation.leader()).httpPort };
    await runLoad({ ...planOf('put', leader, seconds), pace: { kind: 'once' } }, { signal });
    for (const [name, place] of Object.entries(PLACES)) {
      const address = await place.addressOf(installation);
      const peak = async (): Promise<number> => {
        const { requests, seconds: forS } = await runLoad(planOf(place.kind, address, seconds * PEAK_SHARE), {
          signal,
        });
        await installation.untilQuiet();
        say(`${name}: ${number(requests / forS)}/s from ${PEAK_CONNECTIONS} connections`);
        return requests / forS;
      };
      let before = await peak();
      for (const [crowdName, crowd] of Object.entries(CROWDS)) {
        say(`${name}, ${crowdName}: ${seconds} s`);
        const seen = await overloaded({ installation, address, kind: place.kind, crowd, seconds, signal });
        say(`${name}, ${crowdName}: ${number(seen.goodputPerS)}/s answered, ${number(seen.refusedPerS)}/s refused`);
        await installation.untilInSync();
        const after = await peak();
        lanes.push({ place: name, crowd: crowdName, peakPerS: Math.max(before, after), ...seen });
        before = after;
      }
    }
  } finally {
    await installation.end();
  }
  return lanes;
}

async function overloaded(options: {
  readonly installation: Installation;
  readonly address: Address;
  readonly kind: Kind;
  readonly crowd: Crowd;
  readonly seconds: number;
  readonly signal: AbortSignal;
}): Promise<Omit<Lane, 'place' | 'crowd' | 'peakPerS'>> {
  const { installation, address, kind, crowd, seconds, signal } = options;
  const { connections, underWayEach } = crowd;
  const processes = [...installation.pods, ...installation.cluster.proxies].map(({ name, server }) => ({
    name,
    pid: server.pid,
  }));
  const prober = new Prober({ address, request: requestOf(kind) });
  const memory = new MemoryWatch(processes);
  try {
    const beginMs = performance.now();
    await wait(1000 * seconds * UNDISTURBED_SHARE, undefined, { signal });
    const undisturbed = summaryOf(prober.since(beginMs).map(({ tookMs }) => tookMs));
    const fromMs = performance.now();
    let endMs = Infinity;
    const plan: Plan = { ...planOf(kind, address, seconds), connections, pace: { kind: 'crowd', underWayEach } };
    const outcome = await runLoad(plan, { signal, onStopping: () => (endMs = performance.now()) });
    const limitMs = CALM_FACTOR * undisturbed.p99;
    let recoveryMs: number | null = null;
    while (recoveryMs === null && performance.now() < endMs + RECOVERY_MS_MAX) {
      await wait(LOOK_MS, undefined, { signal });
      recoveryMs = calmSince(prober.since(endMs), limitMs, endMs);
    }
    const middleMs = (fromMs + endMs) / 2;
    const [before, firstHalf, secondHalf] = [
      memory.mostBetween(beginMs, fromMs),
      memory.mostBetween(fromMs, middleMs),
      memory.mostBetween(middleMs, endMs),
    ];
    const refused = Object.values(outcome.refusals).reduce((sum, count) => sum + count, 0);
    return {
      goodputPerS: outcome.requests / outcome.seconds,
      refusedPerS: refused / outcome.seconds,
      refusals: outcome.refusals,
      p50Ms: outcome.p50Ms,
      p99Ms: outcome.p99Ms,
      generatorUs: outcome.generatorUs,
      undisturbedP99Ms: undisturbed.p99,
      recoveryMs,
      memory: processes.map(({ name }, at) => ({
        process: name,
        before: before[at] ?? NaN,
        firstHalf: firstHalf[at] ?? NaN,
        secondHalf: secondHalf[at] ?? NaN,
      })),
    };
  } finally {
    prober.stop();
    memory.stop();
  }
}

/** How long after the end the first of several in a row was due that were answered in time; null: there are none. */
function calmSince(probes: readonly Probe[], limitMs: number, endMs: number): number | null {
  let calm = 0;
  for (const [at, { tookMs, isAnswered }] of probes.entries()) {
    calm = isAnswered && tookMs <= limitMs ? calm + 1 : 0;
    if (calm === CALM_PROBES) return (probes[at + 1 - CALM_PROBES]?.dueMs ?? NaN) - endMs;
  }
  return null;
}

function planOf(kind: Kind, address: Address, seconds: number): Plan {
  return {
    dialect: 'native',
    address,
    getShare: kind === 'get' ? 1 : 0,
    connections: PEAK_CONNECTIONS,
    keys: KEYS,
    valueBytes: VALUE_BYTES,
    pace: { kind: 'crowd', underWayEach: 1 },
    warmUpMs: Math.min(WARM_UP_MS_MAX, 500 * seconds),
    measureMs: 1000 * seconds,
  };
}

/** What somebody else asks for, of a key like the crowd's. */
const requestOf = (kind: Kind): string =>
  dialects.native[kind](0, { keys: KEYS, valueBytes: VALUE_BYTES }).bytes.toString('latin1');
