import { setTimeout as wait } from 'node:timers/promises';
import type { Address } from '../../measure/load/http-connection.ts';
import type { Prng } from '../../simulation/prng.ts';
import { nowUs } from './clock.ts';
import { Exchange } from './exchange.ts';
import { generationAt, keyName, KEYS_PER_GENERATION } from './keys.ts';
import {
  operationOf,
  requestOf,
  settle,
  settleAgain,
  type Intent,
  type ReadMode,
  type RecordedOperation,
  type Settlement,
  type Tag,
} from './requests.ts';

export interface Target extends Address {
  readonly name: string;
}

export interface ClientOptions {
  readonly id: number;
  readonly random: Prng;
  readonly prefix: string;
  /** When the run began: by it all clients agree on the keys of the hour. */
  readonly startUs: number;
  /** Its own comes first; the others are asked now and then. */
  readonly targets: readonly Target[];
  readonly record: (operation: RecordedOperation) => void;
  readonly habits: Habits;
}

type Shares<Name extends string, Value> = readonly ({ readonly share: number } & Readonly<Record<Name, Value>>)[];

/** How clients behave, on the average of all of them. */
export interface Habits {
  /** Between an answer and the next request, on the average. */
  readonly thinkMs: number;
  readonly operations: Shares<'op', Intent['op']>;
  readonly modes: Shares<'mode', ReadMode>;
  /** When a client gives up; drawn for each attempt. */
  readonly patienceMs: readonly number[];
  /** Whether a write in doubt is made again, under the same Idempotency-Key. */
  readonly repeats: 'never' | 'by-every-third-client';
}

/** Impatient, and at everything that there is. */
export const RESTLESS: Habits = {
  thinkMs: 6,
  operations: [
    { share: 0.45, op: 'get' },
    { share: 0.3, op: 'put' },
    { share: 0.14, op: 'cas' },
    { share: 0.05, op: 'create' },
    { share: 0.06, op: 'delete' },
  ],
  modes: [
    { share: 0.4, mode: 'linearizable' },
    { share: 0.25, mode: 'in-sync' },
    { share: 0.2, mode: 'session' },
    { share: 0.15, mode: 'eventual' },
  ],
  // Most give up before the service does (10 s), some after.
  patienceMs: [1000, 1000, 2000, 2000, 4000, 12_000],
  repeats: 'by-every-third-client',
};

const HOME_SHARE = 0.7;
/** After a connection that was refused or lost: for so long the target is left alone. */
const REST_MS = 250;
/** Repeated under the same Idempotency-Key, at most. */
const ATTEMPTS_MAX = 3;
const PADDING_BYTES_MAX = 4096;

/** Does one thing after the other, as its seed says, and tells what became of each. */
export class Client {
  readonly #options: ClientOptions;
  readonly #exchange = new Exchange();
  readonly #tags = new Map<string, Tag>();
  readonly #restUntilMs = new Map<Target, number>();
  /** Every second client hands its token on with whatever it asks; the others only where the mode needs one. */
  readonly #keepsSession: boolean;
  readonly #repeats: boolean;
  #session: string | null = null;
  #written = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#keepsSession = options.id % 2 === 0;
    this.#repeats = options.habits.repeats !== 'never' && options.id % 3 === 0;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { random, habits } = this.#options;
    while (!signal.aborted) {
      await this.#operate();
      await wait(random.exponential(habits.thinkMs));
    }
    this.#exchange.close();
  }

  async #operate(): Promise<void> {
    const { random, id, record } = this.#options;
    const intent = this.#nextIntent();
    const sendsSession = this.#keepsSession || (intent.op === 'get' && intent.mode === 'session');
    const session = sendsSession ? this.#session : null;
    const isRepeatable = this.#repeats && intent.op !== 'get';
    const request = requestOf(intent, {
      session,
      idempotencyKey: isRepeatable ? `${this.#options.prefix}-${id}-${this.#written}` : null,
      paddingBytes: random.chance(0.2) ? random.below(PADDING_BYTES_MAX) : 0,
    });
    const startUs = nowUs();
    let target = this.#chooseTarget();
    let settlement = await this.#attempt(intent, request, target);
    for (let attempt = 2; isRepeatable && settlement.outcome === 'unknown' && attempt <= ATTEMPTS_MAX; attempt += 1) {
      target = this.#chooseTarget();
      settlement = settleAgain(settlement, await this.#attempt(intent, request, target));
    }
    record(operationOf(intent, settlement, { client: id, target: target.name, startUs, endUs: nowUs(), session }));

    if (settlement.tag !== null) this.#tags.set(intent.key, settlement.tag);
    if (settlement.session !== null) this.#session = settlement.session;
    if (settlement.code === 'replaced-lineage') this.#session = null;
  }

  async #attempt(intent: Intent, request: string, target: Target): Promise<Settlement> {
    const { random, habits } = this.#options;
    const reply = await this.#exchange.ask(target, request, random.pick(habits.patienceMs));
    if (reply.kind !== 'answer') this.#restUntilMs.set(target, performance.now() + REST_MS);
    return settle(intent.op, reply);
  }

  #nextIntent(): Intent {
    const { random, prefix, startUs, id, habits } = this.#options;
    const generation = generationAt(nowUs(), startUs);
    const key = keyName(prefix, generation, random.below(KEYS_PER_GENERATION));
    const op = choose(habits.operations, random).op;
    if (op === 'get') return { op, key, mode: choose(habits.modes, random).mode };
    this.#written += 1;
    if (op === 'delete') return { op, key };
    const value = `c${id}-${this.#written}`;
    if (op !== 'cas') return { op, key, value };
    const tag = this.#tags.get(key);
    return tag === undefined ? { op: 'create', key, value } : { op, key, value, tag };
  }

  #chooseTarget(): Target {
    const { random, targets } = this.#options;
    const nowMs = performance.now();
    const awake = targets.filter((target) => (this.#restUntilMs.get(target) ?? 0) <= nowMs);
    const [home] = targets;
    if (home !== undefined && awake.includes(home) && random.chance(HOME_SHARE)) return home;
    return random.pick(awake.length > 0 ? awake : targets);
  }
}

function choose<T extends { readonly share: number }>(items: readonly T[], random: Prng): T {
  let left = random.next();
  for (const item of items) {
    left -= item.share;
    if (left < 0) return item;
  }
  return items[0] as T;
}
