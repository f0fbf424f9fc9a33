import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { RELEASE } from '../../src/main/release.ts';
import { Installation } from '../measure/installation.ts';
import { Churn } from './churn.ts';
import type { Expectations } from './expectations.ts';
import { MixedLoad } from './mixed-load.ts';
import { rounded } from './process-values.ts';
import type { Fault, Recording, Sample } from './recording.ts';
import { Sampler } from './sampler.ts';

export interface RunOptions {
  readonly durationS: number;
  readonly sampleEveryS: number;
  readonly faultEveryS: number;
  readonly ratePerS: number;
  readonly seed: number;
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  readonly sample: Sample;
  readonly faults: readonly Fault[];
  readonly answered: number;
  readonly failed: number;
  readonly wrong: number;
}

const REPLICAS = 4;
const SLOTS = 2000;
const WARM_UP_S_MAX = 300;
const WARM_UP_SHARE = 0.25;

/**
 * What the store keeps is bounded everywhere, but some bounds are far away: a log of 100,000 entries, sessions that may be
 * idle for ten minutes. Here they are near, so that all of them are reached while it warms up.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  KV_LOG_ENTRIES_MAX: '10000',
  KV_TOMBSTONES_MAX: '2000',
  KV_SESSION_IDLE: '30s',
  KV_IDEMPOTENCY_KEPT: '30s',
};

/** Load, churn and samples, side by side; in the end every replica is asked for every key. */
export async function runEndurance(options: RunOptions): Promise<Recording> {
  const startedAt = new Date().toISOString();
  const installation = await Installation.start({ replicas: REPLICAS, proxies: 2, env: SETTINGS });
  const load = new MixedLoad({
    addresses: installation.proxyAddresses,
    ratePerS: options.ratePerS,
    slots: SLOTS,
    seed: options.seed,
  });
  const sampler = await Sampler.start(installation, () => load.answered);
  const faults: Fault[] = [];
  const samples: Sample[] = [];
  try {
    let hasFailed = false;
    const isOver = () => hasFailed || sampler.elapsedS >= options.durationS;
    const churning = (async () => {
      const churn = new Churn(installation);
      for (let turn = 1; !isOver(); turn += 1) {
        await wait(Math.max(0, 1000 * (turn * options.faultEveryS - sampler.elapsedS)));
        if (isOver()) return;
        const atS = rounded(sampler.elapsedS);
        faults.push({ atS, what: await churn.next() });
      }
    })();
    const sampling = (async () => {
      for (let turn = 1; !isOver(); turn += 1) {
        await wait(Math.max(0, 1000 * (turn * options.sampleEveryS - sampler.elapsedS)));
        const sample = await sampler.sample();
        samples.push(sample);
        const { answered, failed } = load;
        options.onProgress({ sample, faults, answered, failed, wrong: load.expectations.wrong.length });
      }
    })();
    try {
      await Promise.all([churning, sampling]);
    } catch (error) {
      // The other one ends, too.
      hasFailed = true;
      await Promise.allSettled([churning, sampling]);
      throw error;
    }
    await load.stop();
    await installation.untilInSync();
    await installation.untilQuiet();
    await lookAtReplicas(installation, load.expectations);
  } finally {
    sampler.stop();
    load.close();
    await installation.end();
  }
  const durationS = options.durationS;
  return {
    startedAt,
    release: RELEASE,
    node: process.version,
    processors: availableParallelism(),
    durationS,
    warmUpS: Math.min(WARM_UP_S_MAX, WARM_UP_SHARE * durationS),
    settings: SETTINGS,
    kept: ['kvstore-0', 'proxy-0', 'kubernetes'],
    faults,
    samples,
    load: load.summary,
  };
}

const LOOKS_AT_ONCE = 8;

/** Each replica, in its own memory, has of each key what its writer last knew. */
async function lookAtReplicas(installation: Installation, expectations: Expectations): Promise<void> {
  for (const { name, httpPort } of installation.pods) {
    const keys = [...expectations.keys];
    const look = async () => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        const answer = await fetch(`http://127.0.0.1:${httpPort}/v1/keys/${key}?consistency=eventual`);
        const text = await answer.text();
        if (answer.status !== 200 && answer.status !== 404) throw new Error(`${name}: ${answer.status} ${text}`);
        expectations.saw(name, key, answer.status === 404 ? null : text);
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look));
  }
}
