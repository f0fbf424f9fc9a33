import { durationMsOf } from '../protocol/http/lifetime.ts';
import { KvError, isKvError } from './kv-error.ts';
import type { CallOptions, KvFence, Ttl } from './options.ts';
import { JSON_BODY, jsonOf } from './requests.ts';
import { encodedName } from './targets.ts';
import type { Transport } from './transport.ts';

/** What the store says of a lock to its holder. */
export interface Granted {
  readonly lockId: string;
  readonly fencingToken: string;
}

/** How a lock is held on to. */
export interface Tenure {
  readonly name: string;
  readonly ttl: Ttl;
  readonly ttlMs: number;
  /** For one attempt at a renewal: else one dead connection would cost the lock. */
  readonly attemptTimeoutMs: number;
}

/** By then it is renewed for the first time. */
export const renewalDueMs = (ttlMs: number): number => ttlMs / 3;
/** After a renewal that failed, before the next. */
const pauseMsOf = (ttlMs: number): number => Math.min(1000, ttlMs / 20);

export const ttlMsOf = (ttl: Ttl): number => durationMsOf(ttl);

/**
 * A lock that is held, and renewed by itself until it is released. What is certain about it ends with its time to live by the
 * clock of this process, counted from when the last renewal that succeeded was *sent*: the store cannot have counted from
 * earlier. A process that is paused may find that out late. Therefore send `fence` with what is written under it.
 *
 * It keeps no process alive.
 */
export class KvLock implements KvFence {
  readonly name: string;
  readonly #tenure: Tenure;
  readonly #transport: Transport;
  readonly #lockId: string;
  readonly #lost = new AbortController();
  /** Of renewals under way. */
  readonly #ended = new AbortController();
  #state: 'held' | 'released' | 'lost' = 'held';
  #fencingToken: string;
  #heldUntilMs = -Infinity;
  #renewal: NodeJS.Timeout | undefined;
  #loss: NodeJS.Timeout | undefined;

  /** @internal Locks come from `kv.lock`. */
  constructor(transport: Transport, tenure: Tenure, granted: Granted & { readonly sentMs: number }) {
    this.name = tenure.name;
    this.#tenure = tenure;
    this.#transport = transport;
    this.#lockId = granted.lockId;
    this.#fencingToken = granted.fencingToken;
    this.#heldFrom(granted.sentMs);
  }

  /** The newest: it changes if the store's history is replaced while the lock is held. */
  get fencingToken(): string {
    return this.#fencingToken;
  }

  /** For how long it is certain to be held, if no renewal succeeds any more: what needs time to stop is told so before the end. */
  get certainForMs(): number {
    return this.#state === 'held' ? this.#leftMs() : 0;
  }

  /** Fires when the lock is lost, with a {@link KvError} of the code `lock-lost` as its reason. A release is no loss. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Gives the lock back, so that the next one has it at once. One that was lost is none to give back, and no error.
   * @throws KvError where the store cannot be told: then it passes on after its time to live
   */
  async release(): Promise<void> {
    if (this.#state === 'held') this.#end('released');
    try {
      const effect = { kind: 'repeatable' } as const;
      await this.#transport.call({ method: 'DELETE', target: heldTarget(this.name, this.#lockId), effect });
    } catch (error) {
      if (!isKvError(error, 'no-lock')) throw error;
    }
  }

  /** As {@link release}; where the store cannot be told, the lock passes on after its time to live. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => undefined);
  }

  #heldFrom(sentMs: number): void {
    this.#heldUntilMs = sentMs + this.#tenure.ttlMs;
    clearTimeout(this.#loss);
    this.#loss = setTimeout(() => this.#onTimeOver(), this.#leftMs());
    this.#loss.unref();
    // Earlier by up to a tenth, so that those who got their locks together do not renew together.
    const dueMs = sentMs + renewalDueMs(this.#tenure.ttlMs) * (1 - Math.random() / 10);
    this.#renewIn(dueMs - performance.now());
  }

  #leftMs(): number {
    return Math.max(0, this.#heldUntilMs - performance.now());
  }

  #renewIn(ms: number): void {
    this.#renewal = setTimeout(() => void this.#renew(), Math.max(0, ms));
    this.#renewal.unref();
  }

  async #renew(): Promise<void> {
    const sentMs = performance.now();
    try {
      const limits = { signal: this.#ended.signal, timeoutMs: Math.max(1, this.#leftMs()) };
      const granted = await renewed(this.#transport, this.#tenure, { lockId: this.#lockId, limits });
      if (this.#state !== 'held') return;
      this.#fencingToken = granted.fencingToken;
      this.#heldFrom(sentMs);
    } catch (error) {
      if (this.#state !== 'held') return;
      if (isKvError(error, 'no-lock')) this.#lose('The store says that it has passed on.', error);
      // By the signal of the client: it makes no calls any more.
      else if (isKvError(error, 'aborted')) this.#lose('The client was cancelled, and renews it no more.', error);
      else this.#renewIn(pauseMsOf(this.#tenure.ttlMs));
    }
  }

  #onTimeOver(): void {
    // Timers count in whole milliseconds, and may be early by a part of one.
    if (this.#leftMs() > 0) this.#loss = setTimeout(() => this.#onTimeOver(), this.#leftMs()).unref();
    else this.#lose(`No renewal was confirmed within ${this.#tenure.ttl}.`);
  }

  #lose(why: string, cause?: unknown): void {
    this.#end('lost');
    const detail = `The lock ${this.name} is lost: stop what it guards. ${why}`;
    this.#lost.abort(new KvError({ code: 'lock-lost', detail, cause }));
  }

  #end(state: 'released' | 'lost'): void {
    this.#state = state;
    clearTimeout(this.#renewal);
    clearTimeout(this.#loss);
    this.#ended.abort();
  }
}

const heldTarget = (name: string, lockId: string): string => `/v1/locks/${encodedName(name)}/${lockId}`;

/** @throws KvError `no-lock`: it has passed on */
export async function renewed(
  transport: Transport,
  { name, ttl, attemptTimeoutMs }: Tenure,
  { lockId, limits }: { readonly lockId: string; readonly limits: CallOptions },
): Promise<Granted> {
  const target = heldTarget(name, lockId);
  const effect = { kind: 'repeatable' } as const;
  const request = { method: 'PUT', target, headers: JSON_BODY, body: JSON.stringify({ ttl }), effect } as const;
  const answer = await transport.call(request, { ...limits, attemptTimeoutMs });
  return jsonOf(answer, effect, 'fencingToken') as Granted;
}
