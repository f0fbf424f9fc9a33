import type { KvCluster } from './cluster.ts';
import { READ, type Answer, type Effect, type Request } from './exchange.ts';
import { entryOf, type Envelope, type KvEntry, type KvKeyInfo } from './kv-entry.ts';
import { pageOf, type KvPage, type ListOptions, type PageBody, type PageOptions } from './lists.ts';
import {
  comparisonBody,
  operationBody,
  resultOf,
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
  type KvClientOptions,
  type ReadOptions,
  type Settings,
  type Ttl,
  type WriteOptions,
} from './options.ts';
import { badAnswer } from './problems.ts';
import { Session } from './session.ts';
import { keyTarget, target } from './targets.ts';
import { Transport } from './transport.ts';
import { watch, type KeyWatchOptions, type WatchOptions } from './watch.ts';
import type { KvWatchEvent } from './watch-events.ts';
import { encodedValue, type KvValue } from './values.ts';

export interface CreateOptions extends WriteOptions {
  /** By default of a text `text/plain; charset=utf-8`, of JSON `application/json`, of bytes none. */
  readonly contentType?: string;
  /** Without one it stays for ever. */
  readonly ttl?: Ttl;
}

export type PutOptions = Condition &
  Omit<CreateOptions, 'ttl'> & {
    /** `keep`: as long as what stood there before. Without one it stays for ever. */
    readonly ttl?: Ttl | 'keep';
  };

interface ResultsBody {
  readonly results: readonly object[];
}

export interface DeletePrefixOptions extends WriteOptions {
  /** How many there are: as {@link KvClient.countPrefix} says, once somebody has looked at it. */
  readonly expect: number;
  /** Needed with an empty prefix, which is that of every key there is. */
  readonly all?: true;
}

const ENVELOPE = { Accept: 'application/vnd.kv+json' };
const JSON_BODY = { 'Content-Type': 'application/json' };

/**
 * A store, as programs see it. Safe to share: one for a process is enough. It holds no connection of its own, so that there is
 * nothing to close.
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

  /** null: the key has no value. */
  async get(key: string, options: ReadOptions = {}): Promise<KvEntry | null> {
    const request = this.#read(keyTarget(key, this.#consistencyOf(options)), ENVELOPE);
    const answer = await this.#transport.call(request, options);
    return answer === null ? null : entryOf(jsonOf(answer, READ, 'etag') as Envelope);
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
    return (await this.#write(request, options)) !== null;
  }

  /**
   * Sets how long a value stays from now on; null: for ever. `false`: there is none.
   * @throws KvError `revision-mismatch`
   */
  async touch(key: string, ttl: Ttl | null, options: Condition & WriteOptions = {}): Promise<boolean> {
    const headers = { ...JSON_BODY, ...conditionHeaders(options) };
    const request = { method: 'PATCH', target: keyTarget(key), headers, body: JSON.stringify({ ttl }) } as const;
    return (await this.#write(request, options)) !== null;
  }

  /**
   * Adds to a counter of 64 bits, which is a value in decimal; where there is none, it was 0.
   * @throws KvError `not-a-number`, `out-of-range`
   */
  async incr(key: string, by: number | bigint = 1, options: WriteOptions = {}): Promise<KvCounted> {
    const target = keyTarget(key, { incr: String(by) });
    const { written, answer } = await this.#written({ method: 'POST', target }, options);
    return { ...written, value: BigInt(answer.text) };
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
    const effect = isRead ? READ : effectOf(options);
    const body = JSON.stringify({ operations: operations.map(operationBody) });
    const query = this.#consistencyOf(options);
    const answer = await this.#transport.call(
      { method: 'POST', target: target('/v1/batch', query), headers: JSON_BODY, body, effect },
      options,
    );
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
    const effect = effectOf(options);
    const body = JSON.stringify({
      if: (txn.if ?? []).map(comparisonBody),
      then: (txn.then ?? []).map(operationBody),
      else: (txn.else ?? []).map(operationBody),
    });
    const request = { method: 'POST', target: '/v1/txn', headers: JSON_BODY, body, effect } as const;
    const answer = await this.#transport.call(request, options);
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
    const { prefix, delimiter, limit, values } = options;
    let cursor = options.cursor ?? null;
    do {
      const query = {
        prefix,
        delimiter,
        limit: limit?.toString(),
        values: values?.toString(),
        cursor: cursor ?? undefined,
        ...this.#consistencyOf(options),
      };
      const answer = await this.#transport.call(this.#read(target('/v1/keys', query)), options);
      const page = pageOf(jsonOf(answer, READ, 'keys') as PageBody, options);
      yield page;
      cursor = page.cursor;
    } while (cursor !== null);
  }

  /** How many keys are under a prefix. */
  async countPrefix(prefix: string, options: CallOptions = {}): Promise<number> {
    const under = prefix === '' ? { all: 'true' } : { prefix };
    const request = {
      method: 'DELETE',
      target: target('/v1/keys', { ...under, dryRun: 'true' }),
      effect: READ,
    } as const;
    const { count } = jsonOf(await this.#transport.call(request, options), READ, 'count') as { readonly count: number };
    return count;
  }

  /**
   * Deletes all keys under a prefix, at most 10,000, at one revision; how many there were.
   * @throws KvError `count-mismatch`: they are not as many as expected; `too-many-keys`. None was deleted
   */
  async deletePrefix(prefix: string, options: DeletePrefixOptions): Promise<number> {
    const { all, expect } = options;
    const query = { prefix: prefix === '' ? undefined : prefix, all: all?.toString(), expect: String(expect) };
    const effect = effectOf(options);
    const request = { method: 'DELETE', target: target('/v1/keys', query), effect } as const;
    const body = jsonOf(await this.#transport.call(request, options), effect, 'deleted');
    return (body as { readonly deleted: number }).deleted;
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

  /** Who leads, who is in sync, and how far each replica is. */
  async cluster(options: CallOptions = {}): Promise<KvCluster> {
    return jsonOf(await this.#transport.call(this.#read('/v1/cluster'), options), READ, 'members') as KvCluster;
  }

  async #store(method: 'PUT' | 'POST', key: string, value: KvValue, options: PutOptions): Promise<KvWritten> {
    const { body, contentType } = encodedValue(value, options.contentType);
    const headers = {
      ...conditionHeaders(options),
      ...(contentType === null ? {} : { 'Content-Type': contentType }),
      ...(options.ttl === undefined ? {} : { 'X-KV-TTL': options.ttl }),
    };
    const { written } = await this.#written({ method, target: keyTarget(key), headers, body }, options);
    return written;
  }

  async #written(
    request: Omit<Request, 'effect'>,
    options: WriteOptions,
  ): Promise<{ readonly written: KvWritten; readonly answer: Answer }> {
    const answer = await this.#write(request, options);
    const etag = answer?.headers.get('etag') ?? null;
    if (answer === null || etag === null) throw badAnswer(answer, effectOf(options));
    const { headers, status } = answer;
    const [revision, version] = [Number(headers.get('x-kv-revision')), Number(headers.get('x-kv-version'))];
    return { written: { etag, revision, version, created: status === 201 }, answer };
  }

  #write(request: Omit<Request, 'effect'>, options: WriteOptions): Promise<Answer | null> {
    return this.#transport.call({ ...request, effect: effectOf(options) }, options);
  }

  #read(target: string, headers: Readonly<Record<string, string>> = {}): Request {
    return { method: 'GET', target, headers, effect: READ };
  }

  #consistencyOf({ consistency = this.#consistency }: ReadOptions): { readonly consistency: string | undefined } {
    return { consistency };
  }
}

function effectOf({ idempotencyKey }: WriteOptions): Effect {
  if (idempotencyKey === undefined) return { kind: 'write', idempotencyKey: crypto.randomUUID(), isDrawn: true };
  return { kind: 'write', idempotencyKey: idempotencyKey === false ? null : idempotencyKey, isDrawn: false };
}

function conditionHeaders({ ifMatch, ifNoneMatch }: Condition): Readonly<Record<string, string>> {
  return {
    ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { 'If-None-Match': ifNoneMatch }),
  };
}

/**
 * An object with that field.
 * @throws KvError `bad-answer` for what is none
 */
function jsonOf(answer: Answer | null, effect: Effect, field: string): unknown {
  if (answer === null) throw badAnswer(answer, effect);
  try {
    const body = JSON.parse(answer.text) as unknown;
    if (Object.hasOwn(body as object, field)) return body;
  } catch (cause) {
    throw badAnswer(answer, effect, cause);
  }
  throw badAnswer(answer, effect);
}
