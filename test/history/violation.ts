/** What was promised, by the names that the guarantees have in R12 and in the tests. */
export type Broken =
  /** One order of the operations of a key explains them all. */
  | 'linearizable'
  /** Whatever is read was written, by a write that was not refused and did not fail. */
  | 'only-committed'
  /** A write takes effect once, at one revision, and a revision is of one write. */
  | 'applied-once'
  /** An in-sync read shows what was acknowledged before the staleness bound. */
  | 'in-sync'
  /** A session sees nothing older than it has seen. */
  | 'session'
  /** Once all is settled, every replica shows all that was acknowledged. */
  | 'nothing-lost'
  /** Nobody begins a new history of the data unless it must be. */
  | 'lineage';

export interface Violation {
  readonly broken: Broken;
  /** null: it concerns no key in particular. */
  readonly key: string | null;
  /** What was seen, and what was seen before that it does not fit. */
  readonly lines: readonly string[];
}
