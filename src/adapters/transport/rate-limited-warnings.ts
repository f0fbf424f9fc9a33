import type { Log, LogFields } from '../../ports/telemetry.ts';

const WINDOW_MS = 10_000;
const WARNINGS_PER_WINDOW = 20;

/**
 * Warnings that a stranger can cause: beyond a few they are logged at `debug`, and the first one after it says how many
 * were. So a scanner cannot fill the disk, nor hide what else goes on.
 */
export class RateLimitedWarnings {
  readonly #log: Log;
  readonly #nowMs: () => number;
  #windowStartMs = -Infinity;
  #warned = 0;
  #suppressed = 0;

  constructor(log: Log, nowMs: () => number = () => performance.now()) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  warn(event: string, fields: LogFields): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#warned = 0;
    }
    if (this.#warned >= WARNINGS_PER_WINDOW) {
      this.#suppressed += 1;
      this.#log.debug(event, fields);
      return;
    }
    this.#warned += 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#log.warn(event, suppressed === 0 ? fields : { ...fields, suppressed });
  }
}
