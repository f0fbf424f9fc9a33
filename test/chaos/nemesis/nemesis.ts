import { setTimeout as wait } from 'node:timers/promises';
import { damageLease, deleteLease, killApi, pauseApi, spoilApi } from './api-faults.ts';
import { deafenClient, fillMemory } from './client-faults.ts';
import type { ActiveFault, Fault } from './fault.ts';
import { cutBothWays, cutOneWay, isolate, reset, slowLink } from './network-faults.ts';
import {
  bendClock,
  jumpClock,
  killFollower,
  killLeader,
  killProxy,
  pause,
  starveProcessor,
  terminate,
} from './process-faults.ts';
import type { Prng } from '../../simulation/prng.ts';
import type { Stage } from './stage.ts';

export const faults = {
  'kill-leader': killLeader,
  'kill-follower': killFollower,
  'kill-proxy': killProxy,
  terminate,
  pause,
  'cut-one-way': cutOneWay,
  'cut-both-ways': cutBothWays,
  isolate,
  'slow-link': slowLink,
  reset,
  'api-killed': killApi,
  'api-paused': pauseApi,
  'api-errors': spoilApi,
  'lease-deleted': deleteLease,
  'lease-damaged': damageLease,
  'clock-jump': jumpClock,
  'clock-rate': bendClock,
  'cpu-starved': starveProcessor,
  'memory-full': fillMemory,
  'deaf-client': deafenClient,
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultKind = keyof typeof faults;
export const FAULT_KINDS = Object.keys(faults) as readonly FaultKind[];

export interface Swarm {
  readonly kinds: readonly FaultKind[];
  readonly meanGapMs: number;
  readonly activeMax: number;
}

const CHANCE_OF_A_KIND = 0.35;

/** Which faults a seed draws, and how many: runs with few kinds go deeper into what those few can do together. */
export function drawSwarm(random: Prng, asked: readonly FaultKind[] | null): Swarm {
  let kinds = asked ?? FAULT_KINDS.filter(() => random.chance(CHANCE_OF_A_KIND));
  if (kinds.length === 0) kinds = [random.pick(FAULT_KINDS)];
  return { kinds, meanGapMs: random.pick([200, 500, 1000]), activeMax: random.between(1, 4) };
}

export interface FaultNews {
  readonly kind: FaultKind;
  readonly phase: 'begun' | 'ended';
  readonly what: string;
}

/** Does what its swarm says, until told to stop; then undoes all of it. */
export class Nemesis {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  readonly #stage: Stage;
  readonly #swarm: Swarm;
  readonly #onNews: (news: FaultNews) => void;
  readonly #active = new Set<Promise<void>>();
  /** Whoever waits for its end hears that there is no time left. */
  readonly #heal = new AbortController();

  constructor(options: { readonly stage: Stage; readonly swarm: Swarm; readonly onNews: (news: FaultNews) => void }) {
    this.#stage = options.stage;
    this.#swarm = options.swarm;
    this.#onNews = options.onNews;
  }

  async run(forMs: number): Promise<void> {
    try {
      await this.#strikeUntil(performance.now() + forMs);
    } finally {
      await this.#undo();
    }
  }

  async #strikeUntil(endMs: number): Promise<void> {
    const { random } = this.#stage;
    while (performance.now() < endMs) {
      await wait(Math.min(random.exponential(this.#swarm.meanGapMs), Math.max(0, endMs - performance.now())));
      if (this.#active.size >= this.#swarm.activeMax || performance.now() >= endMs) continue;
      const kind = random.pick(this.#swarm.kinds);
      const active = await faults[kind].begin(this.#stage);
      if (active === null) continue;
      this.counts[kind] = (this.counts[kind] ?? 0) + 1;
      const lasting = this.#last(kind, active);
      this.#active.add(lasting);
      // Whether it could be undone is asked in the end; until then it is nobody's unhandled rejection.
      lasting.then(() => this.#active.delete(lasting)).catch(() => undefined);
    }
  }

  async #last(kind: FaultKind, active: ActiveFault): Promise<void> {
    this.#onNews({ kind, phase: 'begun', what: active.what });
    if (active.lastsMs > 0) await wait(active.lastsMs, null, { signal: this.#heal.signal }).catch(() => undefined);
    const result = await active.end();
    if (active.lastsMs > 0 || result !== null) {
      this.#onNews({ kind, phase: 'ended', what: result === null ? active.what : `${active.what}: ${result}` });
    }
  }

  async #undo(): Promise<void> {
    const { cluster, paused } = this.#stage;
    this.#heal.abort();
    await cluster.network.healAll();
    for (const server of paused) server.kill('SIGCONT');
    await Promise.all(this.#active);
  }
}
