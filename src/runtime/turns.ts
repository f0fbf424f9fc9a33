import type { Instant } from '../core/base/numbers.ts';
import type { Clock } from '../ports/clock.ts';

/** Something that has work for the end of this turn of the event loop. */
export interface TurnTaker {
  takeTurn(now: Instant): void;
}

/**
 * Gathers what arrives in one turn of the event loop. Everything that waits for its turn takes it in one `setImmediate`,
 * which libuv runs right after it has read all sockets that were readable: what they brought together is stepped
 * together, flushed once and written once, and a single write waits for nothing, because an event loop with an immediate
 * pending does not block. A microtask would run after each socket's callback, so that nothing but the requests of one
 * socket were ever batched; a timer would add its delay. It is one immediate for all groups, so that a connection that
 * serves several of them is written to once.
 */
export class Turns {
  readonly #clock: Clock;
  #waiting: TurnTaker[] = [];
  #taking: TurnTaker[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Once per taker and turn: the taker remembers that it waits. */
  schedule(taker: TurnTaker): void {
    if (this.#waiting.push(taker) === 1) setImmediate(takeAll, this);
  }

  takeAll(): void {
    const taking = this.#waiting;
    this.#waiting = this.#taking;
    this.#taking = taking;
    const now = this.#clock.now();
    for (const taker of taking) taker.takeTurn(now);
    taking.length = 0;
  }
}

const takeAll = (turns: Turns): void => {
  turns.takeAll();
};
