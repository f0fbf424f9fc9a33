import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Deque } from '../../core/base/deque.ts';

/** They are about the process, not about what it serves: a kubelet that waits with a crowd would take the pod for dead. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz']);

interface Begun {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Begins requests in the order in which they came, for so long in each turn of the event loop. Whatever else the process has to do comes
 * in between: what peers send and wait for, timers, answers that have arrived. Node by itself begins in one turn
 * all that has arrived on any connection: of 32,768 reads under way a turn took longer than the group waits for a member,
 * which it then removed.
 */
export class Turns {
  readonly #begin: RequestListener;
  readonly #turnMs: number;
  readonly #waiting = new Deque<Begun>();
  /** null: nothing was begun in this turn. */
  #sinceMs: number | null = null;

  constructor(begin: RequestListener, turnMs: number) {
    this.#begin = begin;
    this.#turnMs = turnMs;
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.#sinceMs === null) {
      this.#sinceMs = performance.now();
      setImmediate(nextTurn, this);
    }
    if ((this.#waiting.length === 0 && this.#hasTime(this.#sinceMs)) || PROBES.has(request.url ?? '')) {
      this.#begin(request, response);
    } else this.#waiting.push({ request, response });
  }

  /** Who has waited longest comes first, before what arrives in this turn. */
  next(): void {
    this.#sinceMs = null;
    if (this.#waiting.length === 0) return;
    const sinceMs = performance.now();
    this.#sinceMs = sinceMs;
    setImmediate(nextTurn, this);
    do {
      const { request, response } = this.#waiting.shift() as Begun;
      this.#begin(request, response);
    } while (this.#waiting.length > 0 && this.#hasTime(sinceMs));
  }

  #hasTime(sinceMs: number): boolean {
    return performance.now() - sinceMs < this.#turnMs;
  }
}

function nextTurn(turns: Turns): void {
  turns.next();
}
