import { NOWHERE, type Records, type Ref } from './records.ts';

/** The tombstones in the order of deletion: a list that goes through the records themselves. */
export class Tombstones {
  readonly #records: Records;
  #oldest = NOWHERE;
  #newest = NOWHERE;
  #size = 0;
  /** How many there have been: each has a number of its own, and they grow from the oldest to the newest. */
  #numbers = 0;

  constructor(records: Records) {
    this.#records = records;
  }

  get size(): number {
    return this.#size;
  }

  /** {@link NOWHERE}: there is none. */
  get oldest(): Ref {
    return this.#oldest;
  }

  push(ref: Ref): void {
    this.#size += 1;
    this.#numbers += 1;
    this.#records.setOrder(ref, this.#numbers);
    this.#records.setOlder(ref, this.#newest);
    this.#records.setNewer(ref, NOWHERE);
    if (this.#newest === NOWHERE) this.#oldest = ref;
    else this.#records.setNewer(this.#newest, ref);
    this.#newest = ref;
  }

  /** Before its record goes. */
  remove(ref: Ref): void {
    const [older, newer] = [this.#records.older(ref), this.#records.newer(ref)];
    if (older === NOWHERE) this.#oldest = newer;
    else this.#records.setNewer(older, newer);
    if (newer === NOWHERE) this.#newest = older;
    else this.#records.setOlder(newer, older);
    this.#size -= 1;
  }

  /** The same one, elsewhere. */
  replaceBy(after: Ref): void {
    const [older, newer] = [this.#records.older(after), this.#records.newer(after)];
    if (older === NOWHERE) this.#oldest = after;
    else this.#records.setNewer(older, after);
    if (newer === NOWHERE) this.#newest = after;
    else this.#records.setOlder(newer, after);
  }

  orderOf(ref: Ref): number {
    return this.#records.order(ref);
  }

  /** For whoever stood at one that is gone; {@link NOWHERE}: there is none behind it. */
  firstBehind(order: number): Ref {
    let ref = this.#oldest;
    while (ref !== NOWHERE && this.#records.order(ref) <= order) ref = this.#records.newer(ref);
    return ref;
  }

  clear(): void {
    this.#oldest = NOWHERE;
    this.#newest = NOWHERE;
    this.#size = 0;
  }
}
