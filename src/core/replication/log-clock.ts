import type { Instant, WallMs } from '../base/numbers.ts';

/** How far the log's time may go from what monotonic clocks say, in order to meet the wall clock again. */
const SLEW = 0.05;

/**
 * R15: the time that entries carry. Whoever begins a history takes it from its wall clock; from then on it follows the
 * wall clocks of its leaders only as far as monotonic clocks bear them out: what has passed since it was last known, give
 * or take a twentieth. A wall clock that jumps, or is another's, makes nothing be forgotten early, or kept for ever.
 */
export class LogClock {
  /** With its fraction, which would be lost where it is asked for more often than once in a millisecond. */
  #timeMs: number | null = null;
  #atMs = 0;

  /** What it is by the leader's word, at the moment that this is heard. */
  hear(timeMs: WallMs, now: Instant): void {
    this.#timeMs = timeMs;
    this.#atMs = now.monotonicMs;
  }

  /** As it was last heard or read: by its leader's heartbeats, a moment ago. null: never. */
  get lastMs(): WallMs | null {
    return this.#timeMs === null ? null : (Math.floor(this.#timeMs) as WallMs);
  }

  read(now: Instant): WallMs {
    const before = this.#timeMs;
    const passedMs = now.monotonicMs - this.#atMs;
    this.#atMs = now.monotonicMs;
    this.#timeMs =
      before === null
        ? now.wallMs
        : Math.min(before + passedMs * (1 + SLEW), Math.max(before + passedMs * (1 - SLEW), now.wallMs));
    return Math.floor(this.#timeMs) as WallMs;
  }
}
