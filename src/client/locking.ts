import { Cancellation } from './cancellation.ts';
import type { Effect } from './exchange.ts';
import { isKvError, KvError } from './kv-error.ts';
import { KvLock, renewalDueMs, renewed, ttlMsOf, type Granted, type Tenure } from './lock.ts';
import type { CallOptions, Settings, Ttl } from './options.ts';
import { effectOf, JSON_BODY, jsonOf } from './requests.ts';
import { encodedName } from './targets.ts';
import type { Transport } from './transport.ts';

export interface LockOptions extends CallOptions {
  /** How long the store holds it for a holder of whom it hears nothing: `1s` to `24h`. It is renewed at a third of that. */
  readonly ttl: Ttl;
  /** How long to wait while others hold it, after which the call fails with `lock-held`. @default not at all */
  readonly wait?: Ttl;
  /** For others to read: at most 256 bytes. */
  readonly owner?: string;
}

/** Who holds a lock, as everybody may know. */
export interface KvLockHolder {
  /** What the holder has said; null: nothing. */
  readonly owner: string | null;
  readonly fencingToken: string;
  /** By the store's clock, if it is not renewed. */
  readonly expiresAt: Date;
  /** Until then, by which no two clocks have to agree. */
  readonly remainingMs: number;
}

/** What the store waits for in one request. */
const WAIT_MS_MAX = 10_000;
/** Before the next request, where one was refused before its wait was over: the process that waited is about to stop. */
const PAUSE_MS_MAX = 500;

/** Gets a lock. */
export class Locking {
  readonly #transport: Transport;
  readonly #settings: Settings;
  readonly #options: LockOptions;
  readonly #tenure: Tenure;
  readonly #untilMs: number;

  constructor(transport: Transport, settings: Settings, { name, options }: { name: string; options: LockOptions }) {
    this.#transport = transport;
    this.#settings = settings;
    this.#options = options;
    const ttlMs = durationOf('ttl', options.ttl);
    const attemptTimeoutMs = Math.min(settings.attemptTimeoutMs, ttlMs / 4);
    this.#tenure = { name, ttl: options.ttl, ttlMs, attemptTimeoutMs };
    this.#untilMs = performance.now() + (options.wait === undefined ? 0 : durationOf('wait', options.wait));
  }

  async run(): Promise<KvLock> {
    for (;;) {
      const sentMs = performance.now();
      // One for all requests, so that one that is repeated gets what an earlier one has got already.
      const granted = await this.#granted(effectOf({}));
      const lock = { ...granted, sentMs };
      if (performance.now() < sentMs + renewalDueMs(this.#tenure.ttlMs)) return this.#lockOf(lock);
      // It has waited: when it was granted is not known, and whether it is held still.
      const confirmed = await this.#confirmed(granted.lockId);
      if (confirmed !== null) return this.#lockOf(confirmed);
    }
  }

  #lockOf(granted: Granted & { readonly sentMs: number }): KvLock {
    return new KvLock(this.#transport, this.#tenure, granted);
  }

  async #granted(effect: Effect): Promise<Granted> {
    const { ttl, owner } = this.#options;
    const target = `/v1/locks/${encodedName(this.#tenure.name)}`;
    for (;;) {
      const sentMs = performance.now();
      const waitMs = Math.ceil(Math.min(WAIT_MS_MAX, Math.max(0, this.#untilMs - sentMs)));
      const body = JSON.stringify({ ttl, wait: `${waitMs}ms`, owner });
      const { timeoutMs = this.#settings.timeoutMs, signal } = this.#options;
      const limits = {
        ...(signal === undefined ? {} : { signal }),
        timeoutMs: waitMs + timeoutMs,
        attemptTimeoutMs: waitMs + this.#settings.attemptTimeoutMs,
      };
      try {
        const request = { method: 'POST', target, headers: JSON_BODY, body, effect } as const;
        return jsonOf(await this.#transport.call(request, limits), effect, 'lockId') as Granted;
      } catch (error) {
        if (!isKvError(error, 'lock-held') || performance.now() >= this.#untilMs) throw error;
        if (performance.now() - sentMs < waitMs) await this.#pause();
      }
    }
  }

  /** null: it has passed on meanwhile. */
  async #confirmed(lockId: string): Promise<(Granted & { readonly sentMs: number }) | null> {
    const sentMs = performance.now();
    try {
      return { ...(await renewed(this.#transport, this.#tenure, { lockId, limits: this.#options })), sentMs };
    } catch (error) {
      if (isKvError(error, 'no-lock')) return null;
      throw error;
    }
  }

  async #pause(): Promise<void> {
    const cancel = new Cancellation([this.#settings.signal, this.#options.signal ?? null]);
    try {
      await cancel.sleep(Math.random() * PAUSE_MS_MAX);
    } finally {
      cancel.release();
    }
  }
}

function durationOf(name: string, ttl: Ttl): number {
  const ms = ttlMsOf(ttl);
  if (Number.isFinite(ms)) return ms;
  throw new RangeError(`${name} is ${JSON.stringify(ttl)}, and must be a whole number with ms, s, m, h or d`);
}

type HolderBody = Omit<KvLockHolder, 'expiresAt'> & { readonly expiresAt: string };

export function holderOf(body: object): KvLockHolder {
  const { owner, fencingToken, expiresAt, remainingMs } = body as HolderBody;
  return { owner, fencingToken, expiresAt: new Date(expiresAt), remainingMs };
}

/** @throws KvError `lock-lost` */
export async function workUnder<Result>(
  lock: KvLock,
  work: (lock: KvLock) => Result | Promise<Result>,
): Promise<Result> {
  try {
    const result = await work(lock);
    lock.signal.throwIfAborted();
    return result;
  } catch (error) {
    const reason: unknown = lock.signal.reason;
    if (!isKvError(reason) || error === reason) throw error;
    // What came of the work is most likely that it was stopped.
    throw new KvError({ code: 'lock-lost', detail: reason.detail, cause: error });
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}
