import { Deque } from '../../core/base/deque.ts';

/**
 * Lets requests begin in the order in which they came, for so long in each turn of the event loop. Whatever else the process
 * has to do comes in between: what peers send and wait for, timers, answers that have arrived. Node by itself begins in one
 * turn all that has arrived on any connection: of 32,768 reads under way a turn took longer than the group waits for a
 * member, which it then removed.
 */
export class Turns {
  readonly #turnMs: number;
  readonly #waiting = new Deque<() => void>();
  /** null: nothing was begun in this turn. */
  #sinceMs: number | null = null;
  #isServing = false;

  constructor(turnMs: number) {
    this.#turnMs = turnMs;
  }

  /** Whether there is time for one more, now; it is then begun at once. If not, it has to {@link wait}. */
  mayBegin(): boolean {
    if (this.#sinceMs === null) this.#start();
    else if (!this.#hasTime(this.#sinceMs)) return false;
    return this.#waiting.length === 0 || this.#isServing;
  }

  /** `begin` is called in a later turn, after all that waited before it. */
  wait(begin: () => void): void {
    this.#waiting.push(begin);
  }

  /** Who has waited longest comes first, before what arrives in this turn. */
  next(): void {
    this.#sinceMs = null;
    if (this.#waiting.length === 0) return;
    const sinceMs = this.#start();
    this.#isServing = true;
    do this.#waiting.shift()?.();
    while (this.#waiting.length > 0 && this.#hasTime(sinceMs));
    this.#isServing = false;
  }

  #start(): number {
    const sinceMs = performance.now();
    this.#sinceMs = sinceMs;
    setImmediate(nextTurn, this);
    return sinceMs;
  }

  #hasTime(sinceMs: number): boolean {
    return performance.now() - sinceMs < this.#turnMs;
  }
}

function nextTurn(turns: Turns): void {
  turns.next();
}
