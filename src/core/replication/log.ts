import { assert } from '../base/assert.ts';
import { Deque } from '../base/deque.ts';
import type { Epoch, LogIndex } from '../base/numbers.ts';
import { PACKED_BYTES_MAX } from '../store/record-layout.ts';
import { effectsOf, type Entry } from './entry.ts';
import { PackedEntries, type EntryCodec, type PackedPlace } from './packed-entries.ts';

/** A place in a log: which entry stands there is told by index and epoch together. */
export interface LogPosition {
  readonly index: LogIndex;
  readonly epoch: Epoch;
}

export const LOG_START: LogPosition = { index: 0 as LogIndex, epoch: 0 as Epoch };

/** Entries from `first` on, up to where the next begins. */
interface EpochRun {
  readonly first: LogIndex;
  readonly epoch: Epoch;
}

/**
 * The end of a replica's log that it still keeps. What is before it was applied and dropped; of the last entry dropped
 * the position is remembered, so that the first one kept can still be matched.
 *
 * Entries that are applied are kept for those who come back, and hardly ever looked at again. As objects they cost 440 to 570
 * bytes each beside their contents (a batch of a thousand puts: 400 for each of them); and as each lives long enough to be moved into the old generation, V8 lets its heap grow to four times
 * what is live before it collects it. Packed they cost their bytes, some 40 beside key and value.
 */
export class Log {
  readonly #codec: EntryCodec;
  #entries = new Deque<Entry | PackedPlace>();
  readonly #packed = new PackedEntries();
  /** Of the entries that are kept; packed ones need not be read for it. */
  #epochs = new Deque<EpochRun>();
  #packedThrough = 0 as LogIndex;
  /** The one that was unpacked last: whoever reads a large one in pieces, or several who read the same, need it more than once. */
  #unpacked: Entry | null = null;
  #dropped: LogPosition = LOG_START;
  #bytes = 0;

  constructor(codec: EntryCodec) {
    this.#codec = codec;
  }

  /** The entry before the first that is kept. */
  get dropped(): LogPosition {
    return this.#dropped;
  }

  get lastIndex(): LogIndex {
    return (this.#dropped.index + this.#entries.length) as LogIndex;
  }

  get lastEpoch(): Epoch {
    return this.#epochs.last()?.epoch ?? this.#dropped.epoch;
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
    const kept = this.#entries.at(index - this.#dropped.index - 1);
    if (typeof kept !== 'number') return kept;
    if (this.#unpacked?.index !== index) this.#unpacked = this.#codec.decode(this.#packed.at(kept));
    return this.#unpacked;
  }

  /** The epoch of the entry at `index`, also of the last one dropped; undefined where nobody knows any more, or yet. */
  epochAt(index: LogIndex): Epoch | undefined {
    if (index === this.#dropped.index) return this.#dropped.epoch;
    if (index < this.#dropped.index || index > this.lastIndex) return undefined;
    let [low, high] = [0, this.#epochs.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#epochs.at(middle) as EpochRun).first <= index) low = middle;
      else high = middle - 1;
    }
    return this.#epochs.at(low)?.epoch;
  }

  /** The log matching property: two logs of a lineage that agree here agree on everything before. */
  holds(position: LogPosition): boolean {
    return this.epochAt(position.index) === position.epoch;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, 'R10: the log has no gaps');
    assert(entry.epoch >= this.lastEpoch, 'R3: epochs never fall within a log');
    if (entry.epoch !== this.#epochs.last()?.epoch) this.#epochs.push({ first: entry.index, epoch: entry.epoch });
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
  }

  /**
   * Keeps entries up to and including `index` as bytes: they are applied. But not those with large values, whose arrays the store has, too: the
   * bytes would be a second copy.
   */
  pack(index: LogIndex): void {
    for (let at = Math.max(this.#packedThrough, this.#dropped.index) + 1; at <= index; at += 1) {
      const position = at - this.#dropped.index - 1;
      const entry = this.#entries.at(position);
      assert(typeof entry === 'object', 'R4: applied ≤ committed ≤ last index');
      const pieces = sharesValues(entry) ? null : this.#codec.encode(entry);
      if (pieces === null) continue;
      const place = this.#packed.push(pieces);
      this.#entries.set(position, place);
      this.#bytes += this.#packed.bytesAt(place) - entry.bytes;
    }
    if (index > this.#packedThrough) this.#packedThrough = index;
  }

  /** R10: drops everything after `index`. */
  truncateAfter(index: LogIndex): void {
    assert(
      index >= this.#dropped.index && index >= this.#packedThrough,
      'R10: what was applied and dropped is never truncated',
    );
    while (this.lastIndex > index) this.#bytes -= (this.#entries.pop() as Entry).bytes;
    while ((this.#epochs.last()?.first ?? 0) > index) this.#epochs.pop();
  }

  /** Forgets entries from the front, up to and including `index`. */
  dropThrough(index: LogIndex): void {
    while (this.#dropped.index < index) {
      const next = (this.#dropped.index + 1) as LogIndex;
      const epoch = this.epochAt(next);
      const kept = this.#entries.shift();
      assert(kept !== undefined && epoch !== undefined, 'R4: only what was applied is dropped');
      if (typeof kept === 'number') {
        this.#bytes -= this.#packed.bytesAt(kept);
        this.#packed.drop(kept);
      } else this.#bytes -= kept.bytes;
      this.#dropped = { index: next, epoch };
    }
    while ((this.#epochs.at(1)?.first ?? Infinity) <= index + 1) this.#epochs.shift();
    if (this.#entries.length === 0) this.#epochs.clear();
  }

  /** An empty log that goes on after `position`. */
  restartAfter(position: LogPosition): void {
    this.#entries.clear();
    this.#epochs.clear();
    this.#packed.clear();
    this.#packedThrough = position.index;
    this.#unpacked = null;
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

/** Whether the store keeps a value of it in an array that both share. */
function sharesValues(entry: Entry): boolean {
  for (const effect of effectsOf(entry))
    if (effect.kind === 'put' && effect.stored.value.length > PACKED_BYTES_MAX) return true;
  return false;
}
