import { setTimeout as wait } from 'node:timers/promises';
import { isKvError } from '../client/index.ts';
import type { HeldLock, Locks } from './locks.ts';

/** For the last request of a command that is stopped. */
const RELEASE_MS = 3000;
const RETRY_MS_MAX = 1000;
/** For what was started to end by itself. */
const GRACE_MS_MAX = 5000;

export interface HoldingOptions {
  readonly ttlMs: number;
  /** By the clock of this machine, from before the lock was asked for: it is not held for longer than that. */
  readonly sinceMs: number;
  readonly nowMs: () => number;
}

/**
 * A lock that is renewed until it is given back, or lost: that is, another has it, or nobody could be asked for so long that
 * another may have it soon. What runs under it has until then to stop.
 */
export class Holding {
  /** Resolves with the reason. */
  readonly lost: Promise<string>;
  readonly #locks: Locks;
  readonly #options: HoldingOptions;
  readonly #stopped = new AbortController();
  #lock: HeldLock;
  #heldUntilMs: number;

  constructor(locks: Locks, lock: HeldLock, options: HoldingOptions) {
    this.#locks = locks;
    this.#lock = lock;
    this.#options = options;
    this.#heldUntilMs = options.sinceMs + options.ttlMs;
    this.lost = new Promise((resolve) => void this.#renewAll(resolve));
  }

  /** What is left of it before another may have it; none once another does. */
  graceMs(): number {
    const left = this.#heldUntilMs - this.#options.nowMs();
    return Math.max(0, Math.min(left, GRACE_MS_MAX));
  }

  /** Or why it could not be given back: then it ends by itself. */
  async release(): Promise<string | null> {
    this.#stopped.abort();
    try {
      await this.#locks.release(this.#lock, RELEASE_MS);
      return null;
    } catch (error) {
      if (isKvError(error, 'no-lock')) return null;
      return isKvError(error) ? error.detail : String(error);
    }
  }

  async #renewAll(lose: (reason: string) => void): Promise<void> {
    const { ttlMs, nowMs } = this.#options;
    const ttl = `${ttlMs}ms`;
    let pauseMs = ttlMs / 3;
    let failure = '';
    for (;;) {
      if (!(await this.#sleep(pauseMs))) return;
      // Asked in time, so that what runs can stop in time.
      const leftMs = this.#heldUntilMs - nowMs() - this.#marginMs();
      if (leftMs <= 0) return lose(`it could not be renewed: ${failure}`);
      const askedAtMs = nowMs();
      try {
        this.#lock = await this.#locks.renew(this.#lock, ttl, leftMs);
        this.#heldUntilMs = askedAtMs + ttlMs;
        pauseMs = ttlMs / 3;
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        if (isKvError(error, 'no-lock')) {
          this.#heldUntilMs = nowMs();
          return lose('it has passed on');
        }
        failure = isKvError(error) ? error.detail : String(error);
        pauseMs = Math.min(RETRY_MS_MAX, ttlMs / 10);
      }
    }
  }

  #marginMs(): number {
    return Math.min(this.#options.ttlMs / 3, GRACE_MS_MAX);
  }

  /** Whether it was slept through. */
  async #sleep(ms: number): Promise<boolean> {
    const { signal } = this.#stopped;
    await wait(ms, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}
