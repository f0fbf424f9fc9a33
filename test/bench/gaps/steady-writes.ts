import { setTimeout as wait } from 'node:timers/promises';
import { Pauses, type Pause } from '../../measure/load/pauses.ts';
import { until } from '../../measure/until.ts';
import type { Writing } from './group.ts';

/** One way to the group: a client that is connected to one of its members. */
export interface Way {
  /** Resolves when it is acknowledged. @throws if it was refused, or was not answered in `withinMs` */
  put(key: string, value: string, withinMs: number): Promise<void>;
  close(): void;
}

export interface SteadyWritesOptions {
  readonly ways: readonly Way[];
  readonly ratePerS: number;
  /** No two of a group have the same. */
  readonly name: string;
  /** What the group holds now, by key. */
  readonly held: (keys: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** As NATS' clients do by default; etcd's have no default. */
const ATTEMPT_MS = 5000;
const RETRY_MS = 100;
const SETTLED_WITHIN_MS = 60_000;

/**
 * Writes that begin at a constant rate, by turns on all ways to a group. One that fails is repeated on the next way, as clients
 * that know all members do; so a gap is one of the group, and not of a member. Every write has a key of its own.
 */
export class SteadyWrites implements Writing {
  readonly #options: SteadyWritesOptions;
  readonly #startedMs = performance.now();
  readonly #pauses = new Pauses(this.#startedMs);
  readonly #timer: NodeJS.Timeout;
  readonly #acknowledged: number[] = [];
  #begun = 0;
  #underWay = 0;
  #failed = 0;
  #longestStallMs = 0;
  #lastTurnMs = this.#startedMs;
  #isClosed = false;

  constructor(options: SteadyWritesOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#turn(), 1);
  }

  get ratePerS(): number {
    return this.#options.ratePerS;
  }

  get acknowledged(): number {
    return this.#pauses.acknowledged;
  }

  get longestStallMs(): number {
    return this.#longestStallMs;
  }

  get failed(): number {
    return this.#failed;
  }

  worstPause(fromMs: number): Pause {
    return this.#pauses.worst({ fromMs, toMs: performance.now() });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await until('every write is acknowledged', () => this.#underWay === 0, { withinMs: SETTLED_WITHIN_MS });
  }

  async lost(): Promise<number> {
    const keys = this.#acknowledged.map((write) => this.#keyOf(write));
    const held = await this.#options.held(keys);
    return keys.filter((key, at) => held.get(key) !== this.#valueOf(this.#acknowledged[at] ?? -1)).length;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const way of this.#options.ways) way.close();
  }

  #turn(): void {
    const nowMs = performance.now();
    this.#longestStallMs = Math.max(this.#longestStallMs, nowMs - this.#lastTurnMs);
    this.#lastTurnMs = nowMs;
    const due = Math.floor(((nowMs - this.#startedMs) * this.#options.ratePerS) / 1000);
    for (; this.#begun < due; this.#begun += 1) void this.#write(this.#begun);
  }

  async #write(write: number): Promise<void> {
    const { ways } = this.#options;
    this.#underWay += 1;
    for (let attempt = 0; !this.#isClosed; attempt += 1) {
      try {
        await ways[(write + attempt) % ways.length]?.put(this.#keyOf(write), this.#valueOf(write), ATTEMPT_MS);
        this.#pauses.acknowledge(performance.now());
        this.#acknowledged.push(write);
        break;
      } catch {
        this.#failed += 1;
        await wait(RETRY_MS);
      }
    }
    this.#underWay -= 1;
  }

  /** The same in each round: what a group holds does not grow. */
  #keyOf(write: number): string {
    return `gap-${write}`;
  }

  #valueOf(write: number): string {
    return `${this.#options.name}: ${write}`;
  }
}
