import { Agent, fetch, type Response } from 'undici';

/** What a test may look at in an object, a list or a Status; what is not there is undefined, and the test fails. */
export interface Body {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: Metadata;
  readonly spec: { readonly containers: readonly object[]; readonly [field: string]: unknown };
  /** A word in a Status, an object in a pod. */
  readonly status: unknown;
  readonly endpoints: unknown;
  readonly ports: unknown;
  readonly count: number;
  readonly gitVersion: string;
  readonly items: readonly Body[];
  readonly message: string;
  readonly reason: string;
  readonly details: { readonly causes: readonly Cause[] };
  readonly [field: string]: unknown;
}

export interface Metadata {
  readonly name: string;
  readonly generateName: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp: string;
  readonly deletionGracePeriodSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly remainingItemCount: number;
  readonly continue: string;
  readonly [field: string]: unknown;
}

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if it is JSON; else it is the text. */
  readonly body: Body;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: Body;
}

/** Plain HTTP against one Kubernetes API, the embedded or the real one. */
export class ApiClient {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agentOptions: Agent.Options;
  #dispatcher: Agent;
  readonly #watches = new Set<Watch>();

  constructor(options: { readonly url: string; readonly token?: string; readonly ca?: string }) {
    this.#url = options.url;
    this.#headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    this.#agentOptions = options.ca === undefined ? {} : { connect: { ca: options.ca } };
    this.#dispatcher = new Agent(this.#agentOptions);
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      dispatcher: this.#dispatcher,
      headers: { ...this.#headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: Object.fromEntries(response.headers), body: parsed(text) as Body };
  }

  get = (path: string): Promise<Answer> => this.call('GET', path);
  post = (path: string, body: unknown): Promise<Answer> => this.call('POST', path, body);
  put = (path: string, body: unknown): Promise<Answer> => this.call('PUT', path, body);
  delete = (path: string, body?: unknown): Promise<Answer> => this.call('DELETE', path, body);

  /** Begins a watch; resolves once the server has accepted it. */
  async watch(path: string): Promise<Watch> {
    const stop = new AbortController();
    const response = await fetch(this.#url + path, {
      dispatcher: this.#dispatcher,
      headers: this.#headers,
      signal: stop.signal,
    });
    const watch = new Watch(response, stop);
    this.#watches.add(watch);
    return watch;
  }

  /** Forgets connections that the server has closed. */
  async reconnect(): Promise<void> {
    await this.close();
    this.#dispatcher = new Agent(this.#agentOptions);
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    await this.#dispatcher.destroy();
  }
}

const WAIT_MS = 8000;

/** The events of one watch, as they come. */
export class Watch {
  readonly status: number;
  readonly events: WatchEvent[] = [];
  /** Resolves when the server ends the stream, or this side does. */
  readonly ended: Promise<void>;
  readonly #stop: AbortController;
  #onEvent: () => void = () => {};

  constructor(response: Response, stop: AbortController) {
    this.status = response.status;
    this.#stop = stop;
    this.ended = this.#read(response);
  }

  /** The events but bookmarks as `TYPE name`, once there are so many. */
  async names(count: number): Promise<string[]> {
    const seen = (): WatchEvent[] => this.events.filter(({ type }) => type !== 'BOOKMARK');
    await this.#until(() => seen().length >= count, `${count} events`);
    return seen().map(({ type, object }) => `${type} ${object.metadata.name}`);
  }

  /** The object of the event at this place; there must be one. */
  objectAt(place: number): Body {
    const event = this.events[place];
    if (event === undefined) throw new Error(`no event ${place}`);
    return event.object;
  }

  /** The object of the first event of this type. */
  async first(type: string): Promise<Body> {
    await this.#until(() => this.events.some((event) => event.type === type), `an event ${type}`);
    return this.objectAt(this.events.findIndex((event) => event.type === type));
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for await (const chunk of response.body ?? []) {
        const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.events.push(JSON.parse(line) as WatchEvent);
        this.#onEvent();
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    while (!holds()) {
      const waitMs = deadline - performance.now();
      if (waitMs <= 0) throw new Error(`no ${what} within ${WAIT_MS} ms, but ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        this.#onEvent = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
