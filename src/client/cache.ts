import { Cancellation } from './cancellation.ts';
import { CacheState } from './cache-state.ts';
import type { KvEntry } from './kv-entry.ts';
import { isKvError, type KvError } from './kv-error.ts';
import type { CallOptions, Settings } from './options.ts';
import type { OwnWrites } from './own-writes.ts';
import { pauseMs } from './retries.ts';
import type { Transport } from './transport.ts';
import { watch } from './watch.ts';

export interface CacheOptions {
  /** The keys that it serves; an empty one: all. */
  readonly prefix: string;
  /** Those that were used longest ago give way. @default 10000 */
  readonly entriesMax?: number;
  /** Of keys and values, roughly. @default 64 MiB */
  readonly bytesMax?: number;
  /**
   * For how long what is kept may be shown when the store is not heard; it says something every 15 s. At least 16000.
   * @default 20000
   */
  readonly stalenessMs?: number;
  /** Closes it. */
  readonly signal?: AbortSignal;
}

export interface KvCacheStats {
  /** Reads that were answered from memory. */
  readonly hits: number;
  /** Reads that were answered by the store, and kept if they could be. */
  readonly misses: number;
  /** Reads that were answered by the store because the watch was not heard: at the beginning, and while it is broken. */
  readonly bypasses: number;
  readonly entries: number;
  readonly bytes: number;
  /** Whether reads are answered from memory now. */
  readonly isFresh: boolean;
  /** Why the watch had to begin anew the last time; null: it has not. */
  readonly failure: KvError | null;
}

/** The store, as a cache sees it. */
export interface CacheSource {
  readonly transport: Transport;
  readonly settings: Settings;
  readonly ownWrites: OwnWrites;
  /** What the store has, and the session token of its answer. */
  read(key: string, options: CallOptions): Promise<{ readonly entry: KvEntry | null; readonly token: string | null }>;
}

const STALENESS_MS_MIN = 16_000;

/**
 * Reads from memory, which a watch keeps fresh. It holds a connection, until it is closed.
 *
 * What it shows is never older than what this client has written itself. What others have written it shows as soon as the watch
 * tells it, within moments; if the watch is not heard for `stalenessMs`, it asks the store for everything. It may show something
 * older than what `kv.get` has told meanwhile.
 */
export class KvCache {
  readonly #source: CacheSource;
  readonly #prefix: string;
  readonly #state: CacheState;
  readonly #closed = new AbortController();
  #failure: KvError | null = null;

  /** @internal Caches come from `kv.cached`. */
  constructor(source: CacheSource, options: CacheOptions) {
    const { prefix, stalenessMs = 20_000 } = options;
    if (!(stalenessMs >= STALENESS_MS_MIN))
      throw new RangeError(`stalenessMs is ${stalenessMs}, and must be ${STALENESS_MS_MIN} or more`);
    const entriesMax = checkedCount('entriesMax', options.entriesMax ?? 10_000);
    const bytesMax = checkedCount('bytesMax', options.bytesMax ?? 64 * 2 ** 20);
    this.#source = source;
    this.#prefix = prefix;
    this.#state = new CacheState({ entriesMax, bytesMax, stalenessMs }, source.ownWrites);
    const { signal } = options;
    const close = (): void => this.close();
    signal?.addEventListener('abort', close);
    const leaveWrites = source.ownWrites.onBegin((written) => this.#state.onOwnWrite(written));
    if (signal?.aborted === true) close();
    void this.#follow().finally(() => {
      this.#state.forget();
      leaveWrites();
      signal?.removeEventListener('abort', close);
    });
  }

  /**
   * null: the key has no value. The entry is the cache's own, and what others are given, too: do not change its bytes.
   * @throws RangeError for a key that does not begin with the prefix
   */
  async get(key: string, options: CallOptions = {}): Promise<KvEntry | null> {
    if (!key.startsWith(this.#prefix))
      throw new RangeError(`the key ${JSON.stringify(key)} does not begin with ${JSON.stringify(this.#prefix)}`);
    const found = this.#state.find(key, performance.now());
    if (found.kind === 'hit') return found.entry;
    if (found.kind === 'bypass') return (await this.#source.read(key, options)).entry;
    try {
      const { entry, token } = await this.#source.read(key, options);
      this.#state.keep(found.reading, entry, token);
      return entry;
    } finally {
      this.#state.leave(found.reading);
    }
  }

  get stats(): KvCacheStats {
    const { hits, misses, bypasses, entries, bytes } = this.#state;
    const isFresh = this.#state.isFresh(performance.now());
    return { hits, misses, bypasses, entries, bytes, isFresh, failure: this.#failure };
  }

  /** Ends its watch and frees its memory. Reads go on, to the store. */
  close(): void {
    this.#closed.abort();
    // At once, and not when the watch has noticed: what it does not follow is shown no more.
    this.#state.forget();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Until it is closed. What ended the watch, so that it cannot go on where it was, ends what it was good for. */
  async #follow(): Promise<void> {
    const { transport, settings } = this.#source;
    const state = this.#state;
    const listener = { onOpen: () => state.onStreamOpen(), onSign: () => state.onSign(performance.now()) };
    const options = { prefix: this.#prefix, signal: this.#closed.signal };
    const cancel = new Cancellation([settings.signal, options.signal]);
    let attempts = 0;
    while (!cancel.isAborted()) {
      try {
        for await (const event of watch(transport, settings, options, listener)) {
          attempts = 0;
          state.onEvent(event, performance.now());
        }
      } catch (error) {
        state.forget();
        attempts += 1;
        if (isKvError(error) && error.code !== 'aborted') this.#failure = error;
        await cancel.sleep(pauseMs({ retryAfterMs: null }, { attempts, random: Math.random }));
      }
    }
    cancel.release();
  }
}

function checkedCount(name: string, count: number): number {
  if (count >= 1) return count;
  throw new RangeError(`${name} is ${count}, and must be 1 or more`);
}
