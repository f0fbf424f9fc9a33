/** Every state that was found, in the order in which it was found, each once by its hash of 64 bits. */
export class StateSet {
  #words = new Int32Array(1 << 20);
  #used = 0;
  #offsets = new Float64Array(1 << 14);
  #parents = new Int32Array(1 << 14);
  #choices = new Uint8Array(1 << 14);
  #highs = new Uint32Array(1 << 14);
  #lows = new Uint32Array(1 << 14);
  #slots = new Int32Array(1 << 16).fill(-1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get words(): Int32Array {
    return this.#words;
  }

  offset(at: number): number {
    return this.#offsets[at] as number;
  }

  /** -1 for the first. */
  parent(at: number): number {
    return this.#parents[at] as number;
  }

  /** Which of its parent's choices it is. */
  choice(at: number): number {
    return this.#choices[at] as number;
  }

  /** False if it was there. */
  add(hash: readonly [number, number], words: readonly number[], parent: number, choice: number): boolean {
    const [high, low] = hash;
    let slot = this.#slotOf(high, low);
    if (this.#slots[slot] !== -1) return false;
    if (2 * (this.#size + 1) > this.#slots.length) {
      this.#growSlots();
      slot = this.#slotOf(high, low);
    }
    if (this.#size === this.#parents.length) this.#growStates();
    if (this.#used + words.length > this.#words.length) this.#words = grown(this.#words, Int32Array);
    const at = this.#size;
    this.#slots[slot] = at;
    this.#highs[at] = high;
    this.#lows[at] = low;
    this.#parents[at] = parent;
    this.#choices[at] = choice;
    this.#offsets[at] = this.#used;
    this.#words.set(words, this.#used);
    this.#used += words.length;
    this.#size += 1;
    return true;
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & mask;
    for (;;) {
      const at = this.#slots[slot] as number;
      if (at === -1 || (this.#highs[at] === high && this.#lows[at] === low)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #growSlots(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1);
    for (let at = 0; at < this.#size; at += 1)
      this.#slots[this.#slotOf(this.#highs[at] as number, this.#lows[at] as number)] = at;
  }

  #growStates(): void {
    this.#offsets = grown(this.#offsets, Float64Array);
    this.#parents = grown(this.#parents, Int32Array);
    this.#choices = grown(this.#choices, Uint8Array);
    this.#highs = grown(this.#highs, Uint32Array);
    this.#lows = grown(this.#lows, Uint32Array);
  }
}

function grown<T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(
  array: T,
  kind: new (length: number) => T,
): T {
  const larger = new kind(2 * array.length);
  larger.set(array);
  return larger;
}
