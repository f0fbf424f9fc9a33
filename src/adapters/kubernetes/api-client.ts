import { request, type Dispatcher } from 'undici';
import type { ApiConnection } from './connection.ts';
import { COMPONENT, type BuildList, type BuildRequest } from './group-requests.ts';
import { isObject, objectAt, objectsAt, textAt, type JsonObject } from './json.ts';

export interface ApiResponse {
  readonly status: number;
  /** null if the body is no JSON object. */
  readonly body: JsonObject | null;
  /** For people. */
  readonly reason: string;
}

export interface ApiList {
  readonly items: readonly JsonObject[];
  readonly resourceVersion: string;
}

export type WatchEvent =
  { readonly kind: 'changed' | 'deleted'; readonly object: JsonObject } | { readonly kind: 'bookmark' };

const PAGE_SIZE = 500;
/** The API server's own limit for an object is far lower. */
const WATCH_LINE_MAX = 16 * 2 ** 20;

/** Each call once, within its time, over the connection's one dispatcher. */
export class ApiClient {
  readonly #connection: ApiConnection;
  readonly #callTimeoutMs: number;
  readonly #running = new Set<Deadline>();
  #isClosed = false;

  constructor(connection: ApiConnection, callTimeoutMs: number) {
    this.#connection = connection;
    this.#callTimeoutMs = callTimeoutMs;
  }

  /** Rejects unless a whole answer, whatever its status, arrived in time. The request may land all the same. */
  async call(build: BuildRequest): Promise<ApiResponse> {
    const deadline = this.#begin();
    try {
      const response = await this.#send(build, deadline);
      return readResponse(response.statusCode, await response.body.text());
    } finally {
      this.#end(deadline);
    }
  }

  /** All pages, as the API server's store has them now, not its cache. Rejects if one is missing. */
  async list(build: BuildList): Promise<ApiList> {
    const items: JsonObject[] = [];
    for (let next: string | null = ''; ;) {
      const query: Record<string, string> = { limit: String(PAGE_SIZE) };
      if (next !== '') query['continue'] = next;
      const { status, body, reason } = await this.call(() => build(query));
      if (status !== 200 || body === null) throw new ApiStatusError(status, reason);
      const page = body['items'];
      // What is missing from a list counts as gone, so a list that is not one must not pass for an empty one.
      if (page != null && !(Array.isArray(page) && page.every(isObject))) {
        throw new Error('the answer to a list is no list');
      }
      items.push(...objectsAt(body, 'items'));
      const metadata = objectAt(body, 'metadata');
      next = textAt(metadata, 'continue');
      if (next === null) return { items, resourceVersion: textAt(metadata, 'resourceVersion') ?? '' };
    }
  }

  /**
   * Changes after `resourceVersion`, each as soon as it is here. Returns when the API server ends the watch in good order
   * or `signal` aborts; throws when it breaks, reports an error, or says nothing for `silenceMs`.
   */
  async *watch(
    build: BuildList,
    options: {
      readonly resourceVersion: string;
      readonly lifetimeMs: number;
      readonly silenceMs: number;
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<WatchEvent> {
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: String(Math.ceil(options.lifetimeMs / 1000)),
    };
    const deadline = this.#begin();
    const stop = (): void => deadline.abort('stopped');
    options.signal.addEventListener('abort', stop, { once: true });
    try {
      if (options.signal.aborted) return;
      const response = await this.#send(() => build(query), deadline);
      if (response.statusCode !== 200) {
        const { status, reason } = readResponse(response.statusCode, await response.body.text());
        throw new ApiStatusError(status, reason);
      }
      deadline.extendBy(options.silenceMs);
      let rest = '';
      for await (const chunk of response.body.setEncoding('utf8') as AsyncIterable<string>) {
        deadline.extendBy(options.silenceMs);
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > WATCH_LINE_MAX) throw new Error('a watch event is too large');
        for (const line of lines) if (line !== '') yield readWatchEvent(line);
      }
    } catch (error) {
      if (!options.signal.aborted) throw error;
    } finally {
      options.signal.removeEventListener('abort', stop);
      this.#end(deadline);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const deadline of this.#running) deadline.abort('closed');
    await this.#connection.close();
  }

  async #send(build: BuildRequest, deadline: Deadline): Promise<Dispatcher.ResponseData> {
    // Building fetches credentials, by a program even, which the deadline must bound too.
    const context = await deadline.race(build());
    return request(context.getUrl(), {
      dispatcher: this.#connection.dispatcher(),
      method: context.getHttpMethod(),
      headers: { ...context.getHeaders(), 'User-Agent': COMPONENT },
      body: (context.getBody() as string | undefined) ?? null,
      signal: deadline.signal,
      // The deadline bounds both, to the millisecond; undici's timers are coarser.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  #begin(): Deadline {
    if (this.#isClosed) throw new Error('closed');
    const deadline = new Deadline(this.#callTimeoutMs);
    this.#running.add(deadline);
    return deadline;
  }

  #end(deadline: Deadline): void {
    deadline.clear();
    this.#running.delete(deadline);
  }
}

export class ApiStatusError extends Error {
  override readonly name = 'ApiStatusError';
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

class Deadline {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = this.#arm(ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  extendBy(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#arm(ms);
  }

  abort(reason: string): void {
    this.#controller.abort(new Error(reason));
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  async race<T>(promise: Promise<T>): Promise<T> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(this.signal.reason as Error);
    this.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  #arm(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.abort(`nothing heard for ${ms} ms`), ms);
  }
}

function readResponse(status: number, text: string): ApiResponse {
  const body = parseObject(text);
  const said = body === null ? text.trim() : (textAt(body, 'message') ?? textAt(body, 'reason') ?? '');
  return { status, body, reason: said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said.slice(0, 500)}` };
}

function readWatchEvent(line: string): WatchEvent {
  const event = parseObject(line);
  if (event === null) throw new Error('a watch event is no JSON object');
  const object = objectAt(event, 'object');
  switch (event['type']) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'changed', object };
    case 'DELETED':
      return { kind: 'deleted', object };
    case 'BOOKMARK':
      return { kind: 'bookmark' };
    case 'ERROR': {
      const status = object['code'];
      const reason = textAt(object, 'message') ?? 'the watch ended with an error';
      throw new ApiStatusError(typeof status === 'number' ? status : 500, reason);
    }
    default:
      throw new Error(`unknown watch event ${JSON.stringify(event['type'])}`);
  }
}

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
