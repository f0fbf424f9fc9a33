import type { LogIndex, WallMs } from '../base/numbers.ts';
import { outcomeExtraBytes, type DecidedOutcome, type IdempotencyKey } from './commands.ts';

export interface IdempotentOutcome {
  readonly digest: string;
  readonly timeMs: WallMs;
  readonly revision: LogIndex;
  readonly outcome: DecidedOutcome;
}

/** Measured. */
const OVERHEAD_BYTES = 330;

/** Outcomes by the keys that clients choose, for a time by the log's time (R15): that is all they promise. */
export class IdempotencyTable {
  /** In the order of the log, so the oldest is first. */
  #outcomes = new Map<string, IdempotentOutcome>();
  #bytes = 0;

  get size(): number {
    return this.#outcomes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest was kept, by the log's time; null if there is none. */
  get oldestMs(): WallMs | null {
    for (const { timeMs } of this.#outcomes.values()) return timeMs;
    return null;
  }

  get(key: string): IdempotentOutcome | undefined {
    return this.#outcomes.get(key);
  }

  /** Unless something newer stands there (R11). */
  record(key: IdempotencyKey, kept: Omit<IdempotentOutcome, 'digest'>): void {
    const before = this.#outcomes.get(key.key);
    if (before !== undefined) {
      if (before.revision >= kept.revision) return;
      this.#drop(key.key);
    }
    this.#outcomes.set(key.key, {
      digest: key.digest,
      timeMs: kept.timeMs,
      revision: kept.revision,
      outcome: kept.outcome,
    });
    this.#bytes += OVERHEAD_BYTES + key.key.length + outcomeExtraBytes(kept.outcome);
  }

  forgetBefore(timeMs: number): void {
    for (const [key, kept] of this.#outcomes) {
      if (kept.timeMs >= timeMs) return;
      this.#drop(key);
    }
  }

  clear(): void {
    this.#outcomes = new Map();
    this.#bytes = 0;
  }

  /** Live, as `Store.values`. */
  entries(): IterableIterator<[string, IdempotentOutcome]> {
    return this.#outcomes.entries();
  }

  #drop(key: string): void {
    const kept = this.#outcomes.get(key);
    if (kept === undefined) return;
    this.#outcomes.delete(key);
    this.#bytes -= OVERHEAD_BYTES + key.length + outcomeExtraBytes(kept.outcome);
  }
}
