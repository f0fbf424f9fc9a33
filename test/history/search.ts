import { type Arrangement, asTold, type CertainOperation, type Pruning } from './arrangement.ts';
import type { HistoryOperation } from './operation.ts';
import { covers, isLook, type KeyState, NEVER_WRITTEN, step, textOfState } from './register.ts';

/**
 * Is there an order of the operations of one key, each between its start and its end, in which every one of them has
 * the outcome that it had? The search is that of Wing and Gong, as Lowe improved it: of all operations that may come
 * next (they started before the first end of those that are left) it tries one after the other, goes back where no order
 * leads on, and never looks twice at the same operations in the same state. Starts and ends are a linked list, from
 * which an operation is lifted while it has a place (Lowe; porcupine).
 *
 * Writes of unknown outcome make that explode: they never end, so that each may come next anywhere. Four observations
 * keep the search short; `pruning: 'none'` does without them, and must find the same.
 *
 * 1. **What only looks, and may come next, comes next.** It changes nothing, so that it may as well be first.
 * 2. **Told revisions are an order.** Of the writes that told theirs only the one with the lowest may come next.
 * 3. **An unknown write is only tried for somebody who needs it.** Take an order with the fewest unknown writes, each as
 *    late as possible. What follows one of them was not possible without it, or the order had one too many: either both
 *    can change places, or the follower overwrites it and it can be left out.
 * 4. **Alike is alike.** Of a class of unknown writes the earliest is tried first; and operations and state that led
 *    nowhere lead nowhere with fewer unknown writes left.
 *
 * Sightings (arrangement.ts) come before all that: an unknown write that somebody read is unknown no more.
 */
export type SearchResult =
  | { readonly kind: 'found'; readonly order: readonly HistoryOperation[]; readonly steps: number }
  | { readonly kind: 'none'; readonly longest: LongestOrder; readonly steps: number }
  /** The search was longer than allowed: nobody knows. */
  | { readonly kind: 'undecided'; readonly steps: number };

/** The order with the most operations that was found. */
export interface LongestOrder {
  readonly order: readonly HistoryOperation[];
  readonly state: KeyState;
  /** What has no place in it. */
  readonly left: readonly CertainOperation[];
}

export interface SearchOptions {
  /** How often the model may be asked. */
  readonly stepsMax: number;
  readonly pruning: Pruning;
}

export const search = (arrangement: Arrangement, options: SearchOptions): SearchResult =>
  new Search(arrangement, options).run();

interface Move {
  /** Below `certain.length` a certain operation, else a class of free ones. */
  readonly id: number;
  readonly after: KeyState;
}

interface Place {
  readonly state: KeyState;
  readonly moves: readonly Move[];
  nextMove: number;
  /** How many operations have been given their place. */
  readonly depth: number;
}

class OutOfSteps extends Error {}

class Search {
  readonly #certain: readonly CertainOperation[];
  readonly #free: readonly (readonly HistoryOperation[])[];
  readonly #prunes: boolean;
  readonly #stepsMax: number;
  #steps = 0;

  /** The list: `id` is a start, `certain.length + id` an end, and the last place is its head. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  /** Starts before the first end that is left; set by {@link #look}. */
  #window: number[] = [];
  #windowEnd = 0;

  /** The order so far. */
  readonly #order: number[] = [];
  #certainPlaced = 0;
  /** Of each class, how many have a place. */
  readonly #used: Uint32Array;
  /** By id: the rank among the writes that told their revision; -1 for others. */
  readonly #rank: Int32Array;
  #ranksPlaced = 0;

  readonly #visited = new Map<string, Uint32Array[]>();
  #longest: LongestOrder = { order: [], state: NEVER_WRITTEN, left: [] };
  #longestCertain = -1;

  constructor({ certain, free }: Arrangement, { stepsMax, pruning }: SearchOptions) {
    this.#certain = certain;
    this.#free = free;
    this.#prunes = pruning === 'all';
    this.#stepsMax = stepsMax;
    this.#head = 2 * certain.length;
    this.#next = new Int32Array(this.#head + 1);
    this.#previous = new Int32Array(this.#head + 1);
    this.#used = new Uint32Array(free.length);
    this.#rank = new Int32Array(certain.length).fill(-1);
    this.#link();
    this.#rankWrites();
  }

  #link(): void {
    const count = this.#certain.length;
    const timeOf = (event: number): number =>
      event < count ? this.#operation(event).start : (this.#certain[event - count] as CertainOperation).end;
    const events = Array.from({ length: 2 * count }, (_, event) => event);
    // At the same time a start comes first: what touches overlaps.
    events.sort((a, b) => timeOf(a) - timeOf(b) || Number(a >= count) - Number(b >= count) || a - b);
    let last = this.#head;
    for (const event of events) {
      this.#next[last] = event;
      this.#previous[event] = last;
      last = event;
    }
    this.#next[last] = this.#head;
    this.#previous[this.#head] = last;
  }

  #rankWrites(): void {
    const writes = this.#certain.flatMap((operation, id) =>
      operation.revision === null || isLook(operation) ? [] : [{ id, revision: operation.revision }],
    );
    writes.sort((a, b) => a.revision - b.revision);
    for (const [rank, { id }] of writes.entries()) this.#rank[id] = rank;
  }

  run(): SearchResult {
    try {
      return this.#run();
    } catch (error) {
      if (error instanceof OutOfSteps) return { kind: 'undecided', steps: this.#steps };
      throw error;
    }
  }

  #run(): SearchResult {
    const places: Place[] = [];
    let state = NEVER_WRITTEN;
    /** The state before an unknown write that was placed last, and is yet to be needed. */
    let before: KeyState | null = null;
    for (;;) {
      before = this.#look(state, before);
      if (this.#certainPlaced === this.#certain.length) {
        return { kind: 'found', order: this.#orderSoFar(), steps: this.#steps };
      }
      const moves = before !== null || this.#isNew(state) ? this.#movesFrom(state, before) : [];
      // Unknown writes at its end would be there for nobody.
      if (moves.every(({ id }) => id >= this.#certain.length)) this.#keepLongest(state);
      places.push({ state, moves, nextMove: 0, depth: this.#order.length });
      let place: Place | undefined;
      let move: Move | undefined;
      for (;;) {
        place = places.at(-1);
        if (place === undefined) return { kind: 'none', longest: this.#longest, steps: this.#steps };
        this.#takeBack(place.depth);
        move = place.moves[place.nextMove];
        place.nextMove += 1;
        if (move !== undefined) break;
        places.pop();
      }
      this.#place(move.id);
      before = this.#prunes && move.id >= this.#certain.length ? place.state : null;
      state = move.after;
    }
  }

  /**
   * Places all that only looks, and finds the window of what may come next. Returns `before`, or null if what was placed
   * needed the unknown write.
   */
  #look(state: KeyState, before: KeyState | null): KeyState | null {
    let waits = before;
    for (;;) {
      this.#window = [];
      let event = this.#next[this.#head] as number;
      for (; event < this.#certain.length; event = this.#next[event] as number) {
        const operation = this.#operation(event);
        if (this.#prunes && isLook(operation) && this.#step(state, operation) === state) {
          if (waits === null || this.#needs(waits, operation, state)) {
            this.#place(event);
            waits = null;
            continue;
          }
        }
        this.#window.push(event);
      }
      this.#windowEnd =
        event === this.#head ? Infinity : (this.#certain[event - this.#certain.length] as CertainOperation).end;
      // What was passed over for the sake of the unknown write may come now.
      if (waits === before) return waits;
      before = waits;
    }
  }

  #movesFrom(state: KeyState, before: KeyState | null): Move[] {
    const moves: Move[] = [];
    for (const id of this.#window) {
      const rank = this.#rank[id] as number;
      if (this.#prunes && rank !== -1 && rank !== this.#ranksPlaced) continue;
      const operation = this.#operation(id);
      const after = this.#step(state, operation);
      if (after === null || (before !== null && !this.#needs(before, operation, after))) continue;
      moves.push({ id, after });
    }
    for (const [place, members] of this.#free.entries()) {
      const operation = members[this.#used[place] as number];
      if (operation === undefined || operation.start > this.#windowEnd) continue;
      const after = this.#step(state, operation);
      if (after === null) continue;
      if (this.#prunes && (covers(state, after) || (before !== null && covers(before, after)))) continue;
      if (before !== null && !this.#needs(before, operation, after)) continue;
      moves.push({ id: this.#certain.length + place, after });
    }
    return moves;
  }

  /** Observation 3: whether `follower`, which leads to `after`, was not possible before the unknown write, or another. */
  #needs(before: KeyState, follower: HistoryOperation, after: KeyState): boolean {
    const without = this.#step(before, follower);
    if (without === null) return true;
    // Who leaves the state as it is can change places with the write.
    return without !== before && !covers(without, after);
  }

  /** Observation 4. The window says which operations are left: all that start later, and of the others only these. */
  #isNew(state: KeyState): boolean {
    const name = `${this.#window.join(',')} ${textOfState(state)}`;
    const visits = this.#visited.get(name);
    if (visits === undefined) {
      this.#visited.set(name, [this.#used.slice()]);
      return true;
    }
    const isKnown = visits.some((visit) =>
      visit.every((count, place) => {
        const used = this.#used[place] as number;
        return this.#prunes ? count <= used : count === used;
      }),
    );
    if (!isKnown) visits.push(this.#used.slice());
    return !isKnown;
  }

  #place(id: number): void {
    this.#order.push(id);
    const count = this.#certain.length;
    if (id >= count) {
      this.#used[id - count] = (this.#used[id - count] as number) + 1;
      return;
    }
    // The end first: it may be the start's neighbour, and the window goes on from there.
    this.#unlink(count + id);
    this.#unlink(id);
    this.#certainPlaced += 1;
    if (this.#rank[id] !== -1) this.#ranksPlaced += 1;
  }

  /** In the opposite order, so that each finds its neighbours as it left them. */
  #takeBack(depth: number): void {
    const count = this.#certain.length;
    while (this.#order.length > depth) {
      const id = this.#order.pop() as number;
      if (id >= count) {
        this.#used[id - count] = (this.#used[id - count] as number) - 1;
        continue;
      }
      this.#relink(id);
      this.#relink(count + id);
      this.#certainPlaced -= 1;
      if (this.#rank[id] !== -1) this.#ranksPlaced -= 1;
    }
  }

  #unlink(event: number): void {
    const previous = this.#previous[event] as number;
    const next = this.#next[event] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #relink(event: number): void {
    this.#next[this.#previous[event] as number] = event;
    this.#previous[this.#next[event] as number] = event;
  }

  #step(state: KeyState, operation: HistoryOperation): KeyState | null {
    this.#steps += 1;
    if (this.#steps > this.#stepsMax) throw new OutOfSteps();
    return step(state, operation);
  }

  #operation(id: number): HistoryOperation {
    return this.#certain[id] as CertainOperation;
  }

  #orderSoFar(): HistoryOperation[] {
    const seen = new Uint32Array(this.#free.length);
    return this.#order.map((id) => {
      const count = this.#certain.length;
      if (id < count) return asTold(this.#certain[id] as CertainOperation);
      const member = seen[id - count] as number;
      seen[id - count] = member + 1;
      return (this.#free[id - count] as readonly HistoryOperation[])[member] as HistoryOperation;
    });
  }

  #keepLongest(state: KeyState): void {
    if (this.#certainPlaced <= this.#longestCertain) return;
    this.#longestCertain = this.#certainPlaced;
    const placed = new Set(this.#order);
    const left = this.#certain.filter((_, id) => !placed.has(id));
    this.#longest = { order: this.#orderSoFar(), state, left };
  }
}
