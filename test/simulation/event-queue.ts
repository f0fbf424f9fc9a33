/**
 * What happens next: a binary heap by time, then by order of scheduling, so that a run repeats itself exactly. Columns
 * instead of objects: a seed schedules some ten thousand events, and this is its innermost loop.
 */
export class EventQueue {
  #times = new Float64Array(1024);
  #orders = new Float64Array(1024);
  readonly #actions: (() => void)[] = [];
  #size = 0;
  #scheduled = 0;

  get size(): number {
    return this.#size;
  }

  /** The time of the next event; Infinity if there is none. */
  nextTime(): number {
    return this.#size === 0 ? Infinity : (this.#times[0] as number);
  }

  push(time: number, action: () => void): void {
    if (this.#size === this.#times.length) this.#grow();
    this.#scheduled += 1;
    const order = this.#scheduled;
    const times = this.#times;
    let hole = this.#size;
    this.#size += 1;
    // The new event is the youngest: among equals it stays below, so that comparing times is enough.
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if ((times[parent] as number) <= time) break;
      this.#move(parent, hole);
      hole = parent;
    }
    times[hole] = time;
    this.#orders[hole] = order;
    this.#actions[hole] = action;
  }

  /** Takes the next event out; there must be one. */
  pop(): () => void {
    const next = this.#actions[0] as () => void;
    this.#size -= 1;
    const last = this.#size;
    const time = this.#times[last] as number;
    const order = this.#orders[last] as number;
    const action = this.#actions[last] as () => void;
    this.#actions.length = last;
    if (last > 0) this.#sink(time, order, action);
    return next;
  }

  #sink(time: number, order: number, action: () => void): void {
    const size = this.#size;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#isBefore(child + 1, this.#times[child] as number, this.#orders[child] as number))
        child += 1;
      if (!this.#isBefore(child, time, order)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#times[hole] = time;
    this.#orders[hole] = order;
    this.#actions[hole] = action;
  }

  #isBefore(place: number, time: number, order: number): boolean {
    const other = this.#times[place] as number;
    return other < time || (other === time && (this.#orders[place] as number) < order);
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number;
    this.#orders[to] = this.#orders[from] as number;
    this.#actions[to] = this.#actions[from] as () => void;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length);
    times.set(this.#times);
    this.#times = times;
    const orders = new Float64Array(2 * this.#orders.length);
    orders.set(this.#orders);
    this.#orders = orders;
  }
}
