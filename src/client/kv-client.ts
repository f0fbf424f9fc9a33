import { KvCache, type CacheOptions } from './cache.ts';
import type { KvCluster } from './cluster.ts';
import { READ, type Answer, type Effect, type Request } from './exchange.ts';
import { entryOf, type Envelope, type KvEntry, type KvKeyInfo } from './kv-entry.ts';
import { isKvError } from './kv-error.ts';
import type { KvLock } from './lock.ts';
import { holderOf, Locking, workUnder, type KvLockHolder, type LockOptions } from './locking.ts';
import { pageOf, pageQuery, type KvPage, type ListOptions, type PageBody, type PageOptions } from './lists.ts';
import {
  operationBody,
  resultOf,
  txnBody,
  type BatchOperation,
  type BatchResults,
  type KvCounted,
  type KvWritten,
  type Txn,
  type TxnOperation,
  type TxnResult,
} from './operations.ts';
import {
  settingsOf,
  type CallOptions,
  type Condition,
  type Consistency,
  type CreateOptions,
  type DeletePrefixOptions,
  type KvClientOptions,
  type KvStay,
  type PutOptions,
  type ReadOptions,
  type Settings,
  type Ttl,
  type WriteOptions,
} from './options.ts';
import {
  historyOf,
  historyQuery,
  pastQuery,
  type GetOptions,
  type HistoryBody,
  type HistoryOptions,
  type KvHistory,
} from './past.ts';
import { keysOf, keysOfOperations, OwnWrites, type Written } from './own-writes.ts';
import { conditionHeaders, effectOf, ENVELOPE, fenceHeaders, JSON_BODY, jsonOf, writtenOf } from './requests.ts';
import { Session } from './session.ts';
import { encodedName, keyTarget, target } from './targets.ts';
import { Transport, type CallLimits } from './transport.ts';
import { watch, type KeyWatchOptions, type WatchOptions } from './watch.ts';
import type { KvWatchEvent } from './watch-events.ts';
import { encodedValue, type KvValue } from './values.ts';

type Unsent = Omit<Request, 'effect'>;

interface Exchanged {
  /** null: the key has no value. */
  readonly answer: Answer | null;
  readonly effect: Effect;
}

interface ResultsBody {
  readonly results: readonly object[];
}

/**
 * A store, as programs see it. Safe to share: one for a process is enough. It holds no connection of its own, so that there is
 * nothing to close, but for its caches.
 *
 * Every call rejects with a {@link KvError} where it does not succeed. It repeats what may be repeated: reads, and writes under
 * their `Idempotency-Key`; none is applied twice. Its reads are never older than what it has read or written before.
 *
 * @example
 * const kv = new KvClient({ url: 'http://127.0.0.1:8001' });
 * await kv.put('greeting', 'hello', { ttl: '30m' });
 * console.log((await kv.get('greeting'))?.text());
 */
export class KvClient {
  readonly #session: Session;
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #consistency: Consistency | undefined;
  readonly #ownWrites = new OwnWrites();

  constructor(options: KvClientOptions) {
    this.#session = new Session(options.session ?? null);
    this.#settings = settingsOf(options, this.#session);
    this.#transport = new Transport(this.#settings);
    this.#consistency = options.consistency;
  }

  /** What this client has seen so far: another one that begins with it reads nothing older. null: nothing yet. */
  get session(): string | null {
    return this.#session.token;
  }

  /**
   * null: the key has no value.
   * @throws KvError with `version` or `revision`: `no-version`, there was none; `compacted`, it is not kept any more
   */
  async get(key: string, options: GetOptions = {}): Promise<KvEntry | null> {
    return (await this.#get(key, options)).entry;
  }

  /** The versions of a key that are kept, the newest first; none: the key has no value. */
  async history(key: string, options: HistoryOptions = {}): Promise<KvHistory> {
    const query = { ...historyQuery(options), ...this.#consistencyOf(options) };
    const { answer } = await this.#read({ method: 'GET', target: keyTarget(key, query) }, options);
    return answer === null ? [] : historyOf(key, jsonOf(answer, READ, 'versions') as HistoryBody);
  }

  /**
   * Writes a value, over another one too.
   * @throws KvError `revision-mismatch`: the condition does not hold; `current` says what is there
   */
  async put(key: string, value: KvValue, options: PutOptions = {}): Promise<KvWritten> {
    return this.#store('PUT', key, value, options);
  }

  /**
   * Writes a value where there is none.
   * @throws KvError `exists`: there is one; `current` says which
   */
  async create(key: string, value: KvValue, options: CreateOptions = {}): Promise<KvWritten> {
    return this.#store('POST', key, value, options);
  }

  /**
   * Deletes a value. `false`: there was none.
   * @throws KvError `revision-mismatch`
   */
  async delete(key: string, options: Condition & WriteOptions = {}): Promise<boolean> {
    const request = { method: 'DELETE', target: keyTarget(key), headers: conditionHeaders(options) } as const;
    return (await this.#write(request, options, keysOf(key))).answer !== null;
  }

  /**
   * Sets how long a value stays from now on, null: for ever; or how long unused, `{ idle: '30m' }`. `false`: there is none.
   * @throws KvError `revision-mismatch`
   */
  async touch(key: string, stay: Ttl | null | KvStay, options: Condition & WriteOptions = {}): Promise<boolean> {
    const headers = { ...JSON_BODY, ...conditionHeaders(options) };
    const body = JSON.stringify(typeof stay === 'string' || stay === null ? { ttl: stay } : stay);
    const request = { method: 'PATCH', target: keyTarget(key), headers, body } as const;
    return (await this.#write(request, options, keysOf(key))).answer !== null;
  }

  /**
   * Adds to a counter of 64 bits, which is a value in decimal; where there is none, it was 0.
   * @throws KvError `not-a-number`, `out-of-range`
   */
  async incr(key: string, by: number | bigint = 1, options: WriteOptions = {}): Promise<KvCounted> {
    const target = keyTarget(key, { incr: String(by) });
    const { answer, effect } = await this.#write({ method: 'POST', target }, options, keysOf(key));
    return { ...writtenOf(answer, effect), value: BigInt(answer?.text ?? '') };
  }

  /**
   * Up to 1000 operations in one request, each for itself: one that fails keeps none of the others from taking effect. Gets
   * alone are a read; among writes they see what those before them have done.
   */
  async batch<const Operations extends readonly BatchOperation[]>(
    operations: Operations,
    options: ReadOptions & WriteOptions = {},
  ): Promise<BatchResults<Operations>> {
    const isRead = operations.every((operation) => 'get' in operation);
    const body = JSON.stringify({ operations: operations.map(operationBody) });
    const place = target('/v1/batch', this.#consistencyOf(options));
    const request = { method: 'POST', target: place, headers: JSON_BODY, body } as const;
    const { answer, effect } = await (isRead
      ? this.#read(request, options)
      : this.#write(request, options, keysOfOperations(operations)));
    const { results } = jsonOf(answer, effect, 'results') as ResultsBody;
    return results.map(resultOf) as unknown as BatchResults<Operations>;
  }

  /**
   * All or nothing: if all comparisons hold `then` is carried out, else `else`; up to 128 comparisons and operations.
   * @throws KvError `not-a-number`, `out-of-range`: nothing was done
   */
  async txn<
    const Then extends readonly TxnOperation[] = readonly [],
    const Else extends readonly TxnOperation[] = readonly [],
  >(txn: Txn<Then, Else>, options: WriteOptions = {}): Promise<TxnResult<Then, Else>> {
    const body = JSON.stringify(txnBody(txn));
    const request = { method: 'POST', target: '/v1/txn', headers: JSON_BODY, body } as const;
    const written = keysOfOperations([...(txn.then ?? []), ...(txn.else ?? [])]);
    const { answer, effect } = await this.#write(request, options, written);
    const result = jsonOf(answer, effect, 'results') as ResultsBody;
    return { ...result, results: result.results.map(resultOf) } as unknown as TxnResult<Then, Else>;
  }

  /** The keys under a prefix, in the order of their bytes, page after page as they are asked for. */
  list(options: ListOptions & { readonly values: true }): AsyncIterable<KvEntry>;
  list(options?: ListOptions): AsyncIterable<KvKeyInfo>;
  async *list(options: ListOptions = {}): AsyncIterable<KvKeyInfo> {
    for await (const page of this.pages(options)) yield* page.keys;
  }

  /** The same, a page at a time: with folders, and with cursors that can be kept. */
  pages(options: PageOptions & { readonly values: true }): AsyncIterable<KvPage<KvEntry>>;
  pages(options?: PageOptions): AsyncIterable<KvPage>;
  async *pages(options: PageOptions = {}): AsyncIterable<KvPage> {
    let cursor = options.cursor ?? null;
    do {
      const query = { ...pageQuery(options, cursor), ...this.#consistencyOf(options) };
      const { answer } = await this.#read({ method: 'GET', target: target('/v1/keys', query) }, options);
      const page = pageOf(jsonOf(answer, READ, 'keys') as PageBody, options);
      yield page;
      cursor = page.cursor;
    } while (cursor !== null);
  }

  /** How many keys are under a prefix. */
  async countPrefix(prefix: string, options: CallOptions = {}): Promise<number> {
    const under = prefix === '' ? { all: 'true' } : { prefix };
    const request = { method: 'DELETE', target: target('/v1/keys', { ...under, dryRun: 'true' }) } as const;
    const { answer } = await this.#read(request, options);
    return (jsonOf(answer, READ, 'count') as { readonly count: number }).count;
  }

  /**
   * Deletes all keys under a prefix, at most 10,000, at one revision; how many there were.
   * @throws KvError `count-mismatch`: they are not as many as expected; `too-many-keys`. None was deleted
   */
  async deletePrefix(prefix: string, options: DeletePrefixOptions): Promise<number> {
    const { all, expect } = options;
    const query = { prefix: prefix === '' ? undefined : prefix, all: all?.toString(), expect: String(expect) };
    const request = { method: 'DELETE', target: target('/v1/keys', query) } as const;
    const { answer, effect } = await this.#write(request, options, { kind: 'prefix', prefix });
    return (jsonOf(answer, effect, 'deleted') as { readonly deleted: number }).deleted;
  }

  /**
   * What committed writes do to a key, or to all under a prefix, from now on, in the order of revisions and each once; across
   * lost connections and changes of the leader.
   * @throws KvError in the loop: `compacted`, where what came next is not kept any more; `replaced-lineage`; `aborted`; and what there was
   * no stream for, for as long as `timeoutMs`
   */
  watch(options: WatchOptions | KeyWatchOptions): AsyncIterable<KvWatchEvent> {
    return watch(this.#transport, this.#settings, options);
  }

  /**
   * Reads of the keys under a prefix that are answered from memory, kept fresh by a watch.
   * @example
   * const settings = kv.cached({ prefix: 'settings/' });
   * console.log((await settings.get('settings/theme'))?.text(), settings.stats.hits);
   * settings.close();
   */
  cached(options: CacheOptions): KvCache {
    const [transport, settings, ownWrites] = [this.#transport, this.#settings, this.#ownWrites];
    return new KvCache({ transport, settings, ownWrites, read: (key, limits) => this.#get(key, limits) }, options);
  }

  /**
   * Gets a lock, which is renewed until it is released. Its `signal` fires when it is lost, and `fence: lock` holds writes back then.
   * @throws KvError `lock-held`: somebody else has held it for as long as `wait`
   * @example
   * await using lock = await kv.lock('nightly', { ttl: '30s', wait: '1m', owner: 'job-7' });
   * await kv.put('report', 'done', { fence: lock });
   */
  async lock(name: string, options: LockOptions): Promise<KvLock> {
    return new Locking(this.#transport, this.#settings, { name, options }).run();
  }

  /**
   * Does something under a lock, which is given back afterwards; the result of `work`.
   * @throws KvError `lock-held`; `lock-lost`: it was lost before `work` was done, whatever came of that
   */
  async withLock<Result>(
    name: string,
    options: LockOptions,
    work: (lock: KvLock) => Result | Promise<Result>,
  ): Promise<Result> {
    return workUnder(await this.lock(name, options), work);
  }

  /** Who holds a lock; null: nobody. */
  async lockHolder(name: string, options: ReadOptions = {}): Promise<KvLockHolder | null> {
    const place = target(`/v1/locks/${encodedName(name)}`, this.#consistencyOf(options));
    try {
      const { answer } = await this.#read({ method: 'GET', target: place }, options);
      return holderOf(jsonOf(answer, READ, 'fencingToken') as object);
    } catch (error) {
      if (isKvError(error, 'no-lock')) return null;
      throw error;
    }
  }

  /** Who leads, who is in sync, and how far each replica is. */
  async cluster(options: CallOptions = {}): Promise<KvCluster> {
    const { answer } = await this.#read({ method: 'GET', target: '/v1/cluster' }, options);
    return jsonOf(answer, READ, 'members') as KvCluster;
  }

  async #store(method: 'PUT' | 'POST', key: string, value: KvValue, options: PutOptions): Promise<KvWritten> {
    const { body, contentType } = encodedValue(value, options.contentType);
    const headers = {
      ...conditionHeaders(options),
      ...(contentType === null ? {} : { 'Content-Type': contentType }),
      ...(options.ttl === undefined ? {} : { 'X-KV-TTL': options.ttl }),
      ...(options.idle === undefined ? {} : { 'X-KV-Idle': options.idle }),
    };
    const { answer, effect } = await this.#write(
      { method, target: keyTarget(key), headers, body },
      options,
      keysOf(key),
    );
    return writtenOf(answer, effect);
  }

  async #write(request: Unsent, options: WriteOptions, written: Written): Promise<Exchanged> {
    const effect = effectOf(options);
    const headers = { ...request.headers, ...fenceHeaders(options) };
    this.#ownWrites.begin(written);
    try {
      return { answer: await this.#transport.call({ ...request, headers, effect }, options), effect };
    } finally {
      this.#ownWrites.end(written);
    }
  }

  /** With the session token of the answer. */
  async #get(
    key: string,
    options: GetOptions & CallLimits,
  ): Promise<{ readonly entry: KvEntry | null; readonly token: string | null }> {
    const query = { ...pastQuery(options), ...this.#consistencyOf(options) };
    const request = { method: 'GET', target: keyTarget(key, query), headers: ENVELOPE } as const;
    let token: string | null = null;
    const { answer } = await this.#read(request, { ...options, onToken: (seen) => (token = seen) });
    return { entry: answer === null ? null : entryOf(jsonOf(answer, READ, 'etag') as Envelope), token };
  }

  async #read(request: Unsent, options: CallLimits): Promise<Exchanged> {
    return { answer: await this.#transport.call({ ...request, effect: READ }, options), effect: READ };
  }

  #consistencyOf({ consistency = this.#consistency }: ReadOptions): { readonly consistency: string | undefined } {
    return { consistency };
  }
}
