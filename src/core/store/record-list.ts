import { NOWHERE, type Records, type Ref } from './records.ts';

/** Before the first number that a record at the end gets; room for as many as there may be entries. */
const RESTORED_FROM = Number.MIN_SAFE_INTEGER;

/**
 * Tombstones in the order of deletion, or older versions in that of superseding: a list that goes through the records themselves. Each has
 * a number of its own, and they grow from the oldest to the newest.
 */
export class RecordList {
  readonly #records: Records;
  #oldest = NOWHERE;
  #newest = NOWHERE;
  #size = 0;
  /** How many have come to the end. */
  #numbers = 0;
  /** R11: while a snapshot comes in, the last that it has brought, and how many those are: they come in their order, before those of the entries. */
  #restored = NOWHERE;
  #restoredNumbers = 0;

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
    this.#numbers += 1;
    this.#insert(ref, this.#newest, this.#numbers);
  }

  /** Behind what was restored before, and before everything that was pushed. */
  restore(ref: Ref): void {
    this.#insert(ref, this.#restored, RESTORED_FROM + this.#restoredNumbers);
    this.#restoredNumbers += 1;
    this.#restored = ref;
  }

  #insert(ref: Ref, older: Ref, number: number): void {
    const records = this.#records;
    const newer = older === NOWHERE ? this.#oldest : records.newer(older);
    records.setOrder(ref, number);
    records.setOlder(ref, older);
    records.setNewer(ref, newer);
    this.#link(ref, older, newer);
    this.#size += 1;
  }

  /** Before its record goes. */
  remove(ref: Ref): void {
    const [older, newer] = [this.#records.older(ref), this.#records.newer(ref)];
    if (older === NOWHERE) this.#oldest = newer;
    else this.#records.setNewer(older, newer);
    if (newer === NOWHERE) this.#newest = older;
    else this.#records.setOlder(newer, older);
    if (this.#restored === ref) this.#restored = older;
    this.#size -= 1;
  }

  /** In the place of another, before its record goes. */
  replace(before: Ref, after: Ref): void {
    const records = this.#records;
    const [older, newer] = [records.older(before), records.newer(before)];
    records.setOrder(after, records.order(before));
    records.setOlder(after, older);
    records.setNewer(after, newer);
    this.#link(after, older, newer);
    if (this.#restored === before) this.#restored = after;
  }

  /** Its neighbours know it. */
  #link(ref: Ref, older: Ref, newer: Ref): void {
    if (older === NOWHERE) this.#oldest = ref;
    else this.#records.setNewer(older, ref);
    if (newer === NOWHERE) this.#newest = ref;
    else this.#records.setOlder(newer, ref);
  }

  /** For whoever stood at one that is gone, looking from one before it on; {@link NOWHERE}: there is none behind it. */
  firstBehind(order: number, from = this.#oldest): Ref {
    let ref = from;
    while (ref !== NOWHERE && this.#records.order(ref) <= order) ref = this.#records.newer(ref);
    return ref;
  }

  clear(): void {
    this.#oldest = NOWHERE;
    this.#newest = NOWHERE;
    this.#restored = NOWHERE;
    this.#size = 0;
  }
}
