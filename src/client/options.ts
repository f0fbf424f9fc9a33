import type { Session } from './session.ts';

/** How recent what is read has to be: `in-sync` unless said otherwise. Explained in the reference of the HTTP interface. */
export type Consistency = 'in-sync' | 'linearizable' | 'session' | 'eventual';

export interface KvClientOptions {
  /** Of a proxy, or of several: where one fails the next is asked. `http://127.0.0.1:8001`. */
  readonly url: string | readonly string[];
  /** Sent as `Authorization: Bearer`, for a gateway that asks for one: the store itself does not. */
  readonly token?: string;
  /** Of reads. @default 'in-sync' */
  readonly consistency?: Consistency;
  /** For a call as a whole, its repetitions included. @default 30000 */
  readonly timeoutMs?: number;
  /**
   * For one attempt, after which the next address is asked. Longer than the store holds a write while the leader changes
   * (`KV_WRITE_WAIT`, 10 s). @default 12000
   */
  readonly attemptTimeoutMs?: number;
  /** How often a request is sent again at most; 0: never. @default 10 */
  readonly retries?: number;
  /** Cancels all calls, those to come included. */
  readonly signal?: AbortSignal;
  /** What another client has seen ({@link KvClient.session}): no read of this one is older. */
  readonly session?: string;
  /** In place of Node's own. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  /** Cancels this call: it rejects with the code `aborted`. A write that was sent already may be applied all the same. */
  readonly signal?: AbortSignal;
  /** In place of the client's. */
  readonly timeoutMs?: number;
}

export interface ReadOptions extends CallOptions {
  /** In place of the client's. */
  readonly consistency?: Consistency;
}

export interface WriteOptions extends CallOptions {
  /**
   * Under which the write is sent, and repeated. By default a new one for each call, unless the store has no room for its outcome:
   * then, and with `false`, there is none, and the write is repeated only where it is certain that nothing was written. One
   * that is given here is always sent; without room the call fails with `idempotency-full`.
   */
  readonly idempotencyKey?: string | false;
  /** A lock: the write is done only while it is held under just its token, else it fails with `fence-stale`. */
  readonly fence?: KvFence;
}

/** What a {@link WriteOptions.fence} needs to know of a lock, by which other processes, too, can write under it. */
export interface KvFence {
  readonly name: string;
  /** A whole number: larger than those of all who have held the lock before. */
  readonly fencingToken: string;
}

/** At most one of the two. An `etag` is what an earlier answer had. */
export type Condition =
  | {
      /** Only over the value with this etag; `*`: over any. */
      readonly ifMatch?: string;
      readonly ifNoneMatch?: undefined;
    }
  | {
      readonly ifMatch?: undefined;
      /** `*`: only if there is no value. An etag: not over that value. */
      readonly ifNoneMatch?: string;
    };

/** With its unit: `1500ms`, `60s`, `5m`, `12h`, `30d`. */
export type Ttl = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

export interface CreateOptions extends WriteOptions {
  /** By default of a text `text/plain; charset=utf-8`, of JSON `application/json`, of bytes none. */
  readonly contentType?: string;
  /** Without one it stays for ever. */
  readonly ttl?: Ttl;
  /** It goes when it has not been read or written for so long; at least `1s`. Without one it stays. */
  readonly idle?: Ttl;
}

export type PutOptions = Condition &
  Omit<CreateOptions, 'ttl' | 'idle'> & {
    /** `keep`: as long as what stood there before. Without one it stays for ever. */
    readonly ttl?: Ttl | 'keep';
    /** `keep`: as what stood there before. */
    readonly idle?: Ttl | 'keep';
  };

/** What is left out stays as it is; null: for ever. */
export type KvStay =
  { readonly ttl: Ttl | null; readonly idle?: Ttl | null } | { readonly ttl?: Ttl | null; readonly idle: Ttl | null };

export interface DeletePrefixOptions extends WriteOptions {
  /** How many there are: as `countPrefix` says, once somebody has looked at it. */
  readonly expect: number;
  /** Needed with an empty prefix, which is that of every key there is. */
  readonly all?: true;
}

/** Options of the client, checked and complete. */
export interface Settings {
  readonly urls: readonly string[];
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly retries: number;
  readonly signal: AbortSignal | null;
  readonly session: Session;
  readonly fetch: typeof fetch;
}

/** @throws TypeError or RangeError for what cannot be meant. */
export function settingsOf(options: KvClientOptions, session: Session): Settings {
  const urls = typeof options.url === 'string' ? [options.url] : options.url;
  if (urls.length === 0) throw new TypeError('url names no address');
  const { retries = 10 } = options;
  if (!Number.isInteger(retries) || retries < 0) throw new RangeError(`retries is ${retries}, and must be 0 or more`);
  return {
    urls: urls.map(baseOf),
    token: options.token ?? null,
    timeoutMs: checkedMs('timeoutMs', options.timeoutMs ?? 30_000),
    attemptTimeoutMs: checkedMs('attemptTimeoutMs', options.attemptTimeoutMs ?? 12_000),
    retries,
    signal: options.signal ?? null,
    session,
    fetch: options.fetch ?? fetch,
  };
}

/** Timers take no more: a longer one would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export function checkedMs(name: string, ms: number): number {
  if (ms > 0 && ms <= TIMER_MS_MAX) return ms;
  throw new RangeError(`${name} is ${ms}, and must be more than 0 and at most ${TIMER_MS_MAX}`);
}

/** Without a slash at its end. A path stays, for a gateway that serves the store below one. */
function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new TypeError(`the url ${JSON.stringify(url)} is not of the form http://host:port`);
  if (parsed.username !== '' || parsed.search !== '' || parsed.hash !== '')
    throw new TypeError(`the url of ${parsed.host} has credentials, a query or a fragment, which cannot be sent`);
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
}
