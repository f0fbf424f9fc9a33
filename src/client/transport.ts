import { Cancellation } from './cancellation.ts';
import type { Answer, Request } from './exchange.ts';
import { KvError } from './kv-error.ts';
import { checkedMs, type CallOptions, type Settings } from './options.ts';
import { problemOf, unreachable } from './problems.ts';
import { mayRepeat, outcomeOf, pauseMs } from './retries.ts';

/** A proxy that says so has nobody behind it, or is about to stop: another may fare better. */
const TURN_AWAY_STATUSES = [502, 503, 504];

/** Sends requests: repeats what may be repeated, at the next address where one fails, until time or attempts are used up. */
export class Transport {
  readonly #settings: Settings;
  /** The address that is asked: the one that worked last. */
  #at = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * null: the key has no value.
   * @throws KvError for every other answer that is no success.
   */
  async call(request: Request, options: CallOptions = {}): Promise<Answer | null> {
    const { effect } = request;
    const deadlineMs = performance.now() + checkedMs('timeoutMs', options.timeoutMs ?? this.#settings.timeoutMs);
    const cancel = new Cancellation([this.#settings.signal, options.signal ?? null]);
    let wasUnknown = false;
    try {
      if (cancel.isAborted()) throw cancel.error();
      for (let attempts = 1; ; attempts += 1) {
        const result = await this.#attempt(request, cancel, deadlineMs);
        if (!(result instanceof KvError)) return result;
        const outcome = outcomeOf(effect, result, { wasUnknown });
        wasUnknown = outcome === 'unknown';
        const waitMs = pauseMs(result, { attempts, random: Math.random });
        const isLast = attempts > this.#settings.retries || performance.now() + waitMs >= deadlineMs;
        if (isLast || !mayRepeat(effect, result)) throw finalOf(result, { outcome, attempts });
        await cancel.sleep(waitMs);
        if (cancel.isAborted()) throw finalOf(cancel.error(), { outcome, attempts });
      }
    } finally {
      cancel.release();
    }
  }

  async #attempt(request: Request, cancel: Cancellation, deadlineMs: number): Promise<Answer | null | KvError> {
    const { urls, attemptTimeoutMs, session, fetch } = this.#settings;
    const at = this.#at;
    const url = urls[at] ?? '';
    const token = session.token;
    // Here, so that what cannot be a header is a TypeError and no failure of the network.
    const headers = this.#headersOf(request, token);
    const waitMs = Math.min(attemptTimeoutMs, deadlineMs - performance.now());
    const attempt = cancel.begin(waitMs);
    try {
      const response = await fetch(`${url}${request.target}`, {
        method: request.method,
        headers,
        ...(request.body === undefined ? {} : { body: request.body }),
        // The store redirects nothing: whoever does is something else, and gets no token.
        redirect: 'manual',
        signal: attempt.signal,
      });
      const answer = { status: response.status, headers: response.headers, text: await response.text() };
      const seen = answer.headers.get('x-kv-session');
      if (seen !== null) session.note(seen);
      if (response.ok) return answer;
      const problem = problemOf(answer, request.effect);
      if (problem.code === 'no-key') return null;
      if (problem.code === 'replaced-lineage' && token !== null) session.drop(token);
      if (TURN_AWAY_STATUSES.includes(answer.status)) this.#turnFrom(at);
      return problem;
    } catch (cause) {
      const outcome = request.effect.kind === 'write' ? 'unknown' : 'none';
      if (cancel.isAborted()) return cancel.error(outcome);
      this.#turnFrom(at);
      if (!attempt.isOver) return unreachable(cause, url, outcome);
      const detail = `${url} did not answer within ${Math.round(waitMs)} ms.`;
      return new KvError({ code: 'timeout', detail, retryable: true, outcome, cause });
    } finally {
      attempt.end();
    }
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

function finalOf(
  failure: KvError,
  { outcome, attempts }: { readonly outcome: 'none' | 'unknown'; readonly attempts: number },
): KvError {
  const { code, detail, status, retryable, current, retryAfterMs, cause } = failure;
  return new KvError({ code, detail, status, retryable, current, retryAfterMs, cause, outcome, attempts });
}
