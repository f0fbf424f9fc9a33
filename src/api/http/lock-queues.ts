import type { Key } from '../../core/base/key.ts';

/** Requests that wait for locks in one process. Each is a request that is open; the first of a queue also asks all the time. */
const WAITING_MAX = 1024;

/** A place in the queue of one lock. */
export interface Turn {
  /** Resolves when nobody is before it any more. */
  readonly come: Promise<true>;
  /** Whoever is behind moves up. Once, whatever became of it. */
  leave(): void;
}

/**
 * Who waits for which lock in this process: first come, first served. Only the first of a queue tries to get the lock, so
 * that a thousand who wait for one cost no more than one. A queue is lost with its process, and nothing else is: whoever
 * waits holds nothing yet.
 */
export class LockQueues {
  readonly #queues = new Map<Key, Set<() => void>>();
  #waiting = 0;

  /** null: too many wait. */
  enter(lock: Key): Turn | null {
    if (this.#waiting >= WAITING_MAX) return null;
    this.#waiting += 1;
    const { promise: come, resolve } = Promise.withResolvers<true>();
    const moveUp = (): void => {
      resolve(true);
    };
    const queue = this.#queues.get(lock) ?? new Set();
    this.#queues.set(lock, queue.add(moveUp));
    if (queue.size === 1) moveUp();
    const leave = (): void => {
      this.#waiting -= 1;
      queue.delete(moveUp);
      // Whoever is first already is told once more, which changes nothing.
      const [first] = queue;
      if (first === undefined) this.#queues.delete(lock);
      else first();
    };
    return { come, leave };
  }
}
