import { assert } from '../base/assert.ts';
import { Deque } from '../base/deque.ts';
import type { Epoch, LogIndex } from '../base/numbers.ts';
import type { Entry } from './entry.ts';

/** A place in a log: which entry stands there is told by index and epoch together. */
export interface LogPosition {
  readonly index: LogIndex;
  readonly epoch: Epoch;
}

export const LOG_START: LogPosition = { index: 0 as LogIndex, epoch: 0 as Epoch };

/**
 * The end of a replica's log that it still keeps. What is before it was applied and dropped; of the last entry dropped
 * the position is remembered, so that the first one kept can still be matched.
 */
export class Log {
  #entries = new Deque<Entry>();
  #dropped: LogPosition = LOG_START;
  #bytes = 0;

  /** The entry before the first that is kept. */
  get dropped(): LogPosition {
    return this.#dropped;
  }

  get lastIndex(): LogIndex {
    return (this.#dropped.index + this.#entries.length) as LogIndex;
  }

  get lastEpoch(): Epoch {
    return this.#entries.last()?.epoch ?? this.#dropped.epoch;
  }

  get last(): LogPosition {
    return { index: this.lastIndex, epoch: this.lastEpoch };
  }

  get length(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The entry at `index`; undefined if it was dropped or is not there yet. */
  at(index: LogIndex): Entry | undefined {
    return this.#entries.at(index - this.#dropped.index - 1);
  }

  /** The epoch of the entry at `index`, also of the last one dropped; undefined where nobody knows any more, or yet. */
  epochAt(index: LogIndex): Epoch | undefined {
    return index === this.#dropped.index ? this.#dropped.epoch : this.at(index)?.epoch;
  }

  /** The log matching property: two logs of a lineage that agree here agree on everything before. */
  holds(position: LogPosition): boolean {
    return this.epochAt(position.index) === position.epoch;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, 'R10: the log has no gaps');
    assert(entry.epoch >= this.lastEpoch, 'R3: epochs never fall within a log');
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
  }

  /** R10: drops everything after `index`. */
  truncateAfter(index: LogIndex): void {
    assert(index >= this.#dropped.index, 'R10: what was applied and dropped is never truncated');
    while (this.lastIndex > index) this.#bytes -= this.#entries.pop()?.bytes ?? 0;
  }

  /** Forgets entries from the front, up to and including `index`. */
  dropThrough(index: LogIndex): void {
    while (this.#dropped.index < index) {
      const entry = this.#entries.shift();
      assert(entry !== undefined, 'R4: only what was applied is dropped');
      this.#bytes -= entry.bytes;
      this.#dropped = { index: entry.index, epoch: entry.epoch };
    }
  }

  /** An empty log that goes on after `position`. */
  restartAfter(position: LogPosition): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#dropped = position;
  }

  /**
   * R10: where two logs may last agree. The newest position here that is not beyond `position` in index nor in epoch;
   * null if it was dropped. The caller tries it on the other log, which answers in the same way, until both agree.
   */
  newestNotBeyond(position: LogPosition): LogPosition | null {
    let index = Math.min(position.index, this.lastIndex) as LogIndex;
    for (; index >= this.#dropped.index; index = (index - 1) as LogIndex) {
      const epoch = this.epochAt(index);
      if (epoch !== undefined && epoch <= position.epoch) return { index, epoch };
    }
    return null;
  }
}
