import { Cancellation, type Attempt } from './cancellation.ts';
import { DrawnKeys } from './drawn-keys.ts';
import { READ, type Answer, type Request } from './exchange.ts';
import { KvError } from './kv-error.ts';
import { checkedMs, type CallOptions, type Settings } from './options.ts';
import { badAnswer, problemOf, timedOut, unreachable } from './problems.ts';
import { mayRepeat, outcomeOf, pauseMs } from './retries.ts';

/** A proxy that says so has nobody behind it, or is about to stop: another may fare better. */
const TURN_AWAY_STATUSES = [502, 503, 504];

export interface CallLimits extends CallOptions {
  /** In place of the client's. */
  readonly attemptTimeoutMs?: number;
  /** The session token of each answer, the one that is returned last; null: it has none. */
  readonly onToken?: (token: string | null) => void;
}

interface AttemptOf {
  readonly cancel: Cancellation;
  readonly attempt: Attempt;
  /** Of the session; null: none is sent. */
  readonly token: string | null;
  readonly onToken: ((token: string | null) => void) | null;
}

/** A stream of events that has begun. */
export interface Opened {
  readonly body: ReadableStream<Uint8Array>;
  readonly url: string;
  /** It broke off: the next one is asked for elsewhere. */
  turnAway(): void;
}

/** Sends requests: repeats what may be repeated, at the next address where one fails, until time or attempts are used up. */
export class Transport {
  readonly #settings: Settings;
  readonly #drawnKeys = new DrawnKeys();
  /** The address that is asked: the one that worked last. */
  #at = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * null: the key has no value.
   * @throws KvError for every other answer that is no success.
   */
  async call(request: Request, options: CallLimits = {}): Promise<Answer | null> {
    let effect = this.#drawnKeys.first(request.effect, performance.now());
    const deadlineMs = performance.now() + checkedMs('timeoutMs', options.timeoutMs ?? this.#settings.timeoutMs);
    const { attemptTimeoutMs = this.#settings.attemptTimeoutMs, onToken = null } = options;
    const cancel = new Cancellation([this.#settings.signal, options.signal ?? null]);
    let wasUnknown = false;
    try {
      if (cancel.isAborted()) throw cancel.error();
      for (let attempts = 1; ; attempts += 1) {
        const attempt = cancel.begin(Math.min(attemptTimeoutMs, deadlineMs - performance.now()));
        const place = { cancel, attempt, token: this.#settings.session.token, onToken };
        const result = await this.#attempt({ ...request, effect }, place, wholeOf).finally(() => attempt.end());
        if (!(result instanceof KvError)) return result;
        const outcome = outcomeOf(effect, result, { wasUnknown });
        wasUnknown = outcome === 'unknown';
        const next = this.#drawnKeys.next(effect, { failure: result, isUnknown: wasUnknown, nowMs: performance.now() });
        // Without its key there is nothing to wait for.
        const waitMs = next === effect ? pauseMs(result, { attempts, random: Math.random }) : 0;
        const isLast = attempts > this.#settings.retries || performance.now() + waitMs >= deadlineMs;
        if (isLast || !mayRepeat(effect, result)) throw finalOf(result, { outcome, attempts });
        effect = next;
        await cancel.sleep(waitMs);
        if (cancel.isAborted()) throw finalOf(cancel.error(), { outcome, attempts });
      }
    } finally {
      cancel.release();
    }
  }

  /**
   * One attempt at a stream of events. It heeds no session, for it begins where it is told to.
   * @throws KvError
   */
  async open(
    request: Request,
    { cancel, attempt }: { readonly cancel: Cancellation; readonly attempt: Attempt },
  ): Promise<Opened> {
    const at = this.#at;
    const result = await this.#attempt(request, { cancel, attempt, token: null, onToken: null }, streamOf);
    if (result instanceof KvError) throw result;
    if (result === null) throw badAnswer(null, request.effect);
    return { body: result, url: this.#urlAt(at), turnAway: () => this.#turnFrom(at) };
  }

  /** `take` makes of a success what is wanted; null: the key has no value. */
  async #attempt<Taken>(
    request: Request,
    { cancel, attempt, token, onToken }: AttemptOf,
    take: (response: Response) => Promise<Taken>,
  ): Promise<Taken | null | KvError> {
    const { session, fetch } = this.#settings;
    const at = this.#at;
    const url = this.#urlAt(at);
    // Here, so that what cannot be a header is a TypeError and no failure of the network.
    const headers = this.#headersOf(request, token);
    try {
      const response = await fetch(`${url}${request.target}`, {
        method: request.method,
        headers,
        ...(request.body === undefined ? {} : { body: request.body }),
        // The store redirects nothing: whoever does is something else, and gets no token.
        redirect: 'manual',
        signal: attempt.signal,
      });
      const taken = response.ok
        ? await take(response)
        : await wholeOf(response).then((answer) => problemOf(answer, request.effect));
      const seen = response.headers.get('x-kv-session');
      if (seen !== null) session.note(seen);
      onToken?.(seen);
      if (!(taken instanceof KvError)) return taken;
      if (taken.code === 'no-key') return null;
      if (taken.code === 'replaced-lineage' && token !== null) session.drop(token);
      if (TURN_AWAY_STATUSES.includes(response.status)) this.#turnFrom(at);
      return taken;
    } catch (cause) {
      const outcome = request.effect.kind === 'read' ? 'none' : 'unknown';
      if (cancel.isAborted()) return cancel.error(outcome);
      this.#turnFrom(at);
      return attempt.isOver ? timedOut(url, outcome, cause) : unreachable(cause, url, outcome);
    }
  }

  #urlAt(at: number): string {
    return this.#settings.urls[at] ?? '';
  }

  #headersOf({ headers, effect }: Request, sessionToken: string | null): Headers {
    const all = new Headers(headers);
    if (sessionToken !== null) all.set('X-KV-Session', sessionToken);
    if (this.#settings.token !== null) all.set('Authorization', `Bearer ${this.#settings.token}`);
    if (effect.kind === 'write' && effect.idempotencyKey !== null) all.set('Idempotency-Key', effect.idempotencyKey);
    return all;
  }

  /** Of several calls that failed at one address, the first turns away from it. */
  #turnFrom(at: number): void {
    if (this.#at === at) this.#at = (at + 1) % this.#settings.urls.length;
  }
}

async function wholeOf(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** What is no stream of events is an answer of something else. */
async function streamOf(response: Response): Promise<ReadableStream<Uint8Array> | KvError> {
  const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
  return isStream && response.body !== null ? response.body : badAnswer(await wholeOf(response), READ);
}

function finalOf(
  failure: KvError,
  { outcome, attempts }: { readonly outcome: 'none' | 'unknown'; readonly attempts: number },
): KvError {
  const { code, detail, status, retryable, current, retryAfterMs, cause } = failure;
  return new KvError({ code, detail, status, retryable, current, retryAfterMs, cause, outcome, attempts });
}
