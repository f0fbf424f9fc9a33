import type { Key } from '../base/key.ts';
import type { Random } from '../base/random.ts';

/** R21: a follower tells its leader of a key no oftener than this in its idle time, which is what a touch costs at most. */
const TOLD_PER_IDLE = 8;
/** R21: the leader waits longer by a part of the idle time: for what was not told for that reason, and for clocks that differ. */
const PATIENCE = 1 + 2 / TOLD_PER_IDLE;
/** R22: of keys that may only be evicted a follower tells a sample of its reads, and of each no oftener than this. */
const EVICTION_TOLD_MS = 10_000;
const READS_PER_TOUCH = 8;
/** R22: of so many keys the one goes that was not used for longest: ten are nearly as good as all, and cost nothing to keep in order. */
const SAMPLE = 10;
const SLOTS_MIN = 64;
/** Two numbers, the key, a reference to it, and its place in the Map. Measured, as a test does again. */
export const USE_BYTES = 125;

/** R22: what the leader does where a write does not fit into the memory. `lru`: keys go that were not used for longest. */
export type Eviction = 'none' | 'lru';

/**
 * R21, R22: when keys were last used, as far as this replica knows: of those whose values end when they are idle, and of all
 * where keys may be evicted. Soft state: it is in no
 * entry and no snapshot, and begins anew with every leader.
 *
 * A leader keeps the last use that it knows of, its own reads and those that followers tell it. A follower keeps when it
 * told its leader. Both go by their own monotonic clock. The keys stand in slots without gaps, so that a hand can go round
 * them, as in the clock algorithm of pages: there is no order to keep, and what a read costs is a look-up and a number.
 */
export class Uses {
  readonly #slots = new Map<Key, number>();
  readonly #keys: Key[] = [];
  #usedMs = new Float64Array(SLOTS_MIN);
  #idleMs = new Float64Array(SLOTS_MIN);
  /** What a value that is written is given: of a leader the time of its turn; a follower has told nothing of it. */
  #writtenMs = -Infinity;
  #hand = 0;
  #reads = 0;
  readonly #eviction: Eviction;

  constructor(eviction: Eviction = 'none') {
    this.#eviction = eviction;
  }

  get size(): number {
    return this.#keys.length;
  }

  get bytes(): number {
    return this.#keys.length * USE_BYTES;
  }

  /** Every idle time begins anew: late, perhaps, and never early. */
  lead(nowMs: number): void {
    this.#usedMs.fill(nowMs);
    this.#writtenMs = nowMs;
  }

  follow(): void {
    this.#usedMs.fill(-Infinity);
    this.#writtenMs = -Infinity;
  }

  /** Of a leader, before it applies anything in a turn. */
  beginTurn(nowMs: number): void {
    this.#writtenMs = nowMs;
  }

  /** Of a value with this idle time, which may be null: whether anybody asks when it was used. */
  counts(idleMs: number | null): boolean {
    return idleMs !== null || this.#eviction !== 'none';
  }

  /** The key was written. null: its value does not end when it is idle. */
  onWritten(key: Key, idleMs: number | null): void {
    if (!this.counts(idleMs)) {
      this.remove(key);
      return;
    }
    const slot = this.#slots.get(key) ?? this.#add(key);
    this.#idleMs[slot] = idleMs ?? Infinity;
    if (this.#writtenMs > -Infinity) this.#usedMs[slot] = this.#writtenMs;
  }

  remove(key: Key): void {
    if (this.#keys.length === 0) return;
    const slot = this.#slots.get(key);
    if (slot === undefined) return;
    this.#slots.delete(key);
    const last = this.#keys.length - 1;
    const moved = this.#keys.pop() as Key;
    if (slot === last) return;
    this.#keys[slot] = moved;
    this.#slots.set(moved, slot);
    this.#usedMs[slot] = this.#usedMs[last] as number;
    this.#idleMs[slot] = this.#idleMs[last] as number;
  }

  clear(): void {
    this.#slots.clear();
    this.#keys.length = 0;
    this.#usedMs = new Float64Array(SLOTS_MIN);
    this.#idleMs = new Float64Array(SLOTS_MIN);
  }

  /** It was used; or, of a follower, its leader is told so. */
  use(key: Key, nowMs: number): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined && nowMs > (this.#usedMs[slot] as number)) this.#usedMs[slot] = nowMs;
  }

  /** Of a follower: whether its leader is to hear that the key was read now. */
  isNews(key: Key, nowMs: number): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    const toldAgoMs = nowMs - (this.#usedMs[slot] as number);
    const idleMs = this.#idleMs[slot] as number;
    if (idleMs < Infinity && toldAgoMs >= idleMs / TOLD_PER_IDLE) return true;
    if (this.#eviction === 'none' || toldAgoMs < EVICTION_TOLD_MS) return false;
    this.#reads += 1;
    return this.#reads % READS_PER_TOUCH === 0;
  }

  /** R22, of a leader: of some keys that it may have the one that was not used for longest; null: there was none among them. */
  leastUsed(random: Random, mayGo: (key: Key) => boolean): Key | null {
    let least: number | null = null;
    for (let left = Math.min(SAMPLE, this.#keys.length); left > 0; left -= 1) {
      const slot = random.below(this.#keys.length);
      if (least !== null && (this.#usedMs[slot] as number) >= (this.#usedMs[least] as number)) continue;
      if (mayGo(this.#keys[slot] as Key)) least = slot;
    }
    return least === null ? null : (this.#keys[least] as Key);
  }

  /** Of a leader: up to `max` keys whose idle time had passed at `atMs`, of as many as are looked at; the next call goes on behind them. */
  idleAt(atMs: number, lookedAt: number, max = lookedAt): Key[] {
    const idle: Key[] = [];
    for (let left = Math.min(lookedAt, this.#keys.length); left > 0 && idle.length < max; left -= 1) {
      if (this.#hand >= this.#keys.length) this.#hand = 0;
      const slot = this.#hand;
      this.#hand += 1;
      if ((this.#usedMs[slot] as number) + (this.#idleMs[slot] as number) * PATIENCE <= atMs)
        idle.push(this.#keys[slot] as Key);
    }
    return idle;
  }

  #add(key: Key): number {
    const slot = this.#keys.length;
    if (slot === this.#usedMs.length) {
      this.#usedMs = grown(this.#usedMs);
      this.#idleMs = grown(this.#idleMs);
    }
    this.#keys.push(key);
    this.#slots.set(key, slot);
    this.#usedMs[slot] = -Infinity;
    return slot;
  }
}

function grown(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
