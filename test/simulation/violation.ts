/** The names under which `replication.md` lists what must hold. */
export type Invariant =
  | 'one-leader-per-epoch'
  | 'epochs-grow'
  | 'log-matching'
  | 'committed-survives'
  | 'order-of-indexes'
  | 'applied-grows'
  | 'same-effects'
  | 'revisions'
  | 'new-lineage'
  | 'alarm'
  | 'acknowledged-writes'
  | 'conditional-writes'
  | 'applied-once'
  | 'sessions'
  | 'refused-writes'
  | 'expiry'
  | 'eviction'
  | 'locks'
  | 'history'
  | 'linearizable-reads'
  | 'in-sync-reads'
  | 'session-reads'
  | 'committed-reads'
  | 'watches'
  | 'lease-guard'
  | 'liveness'
  | 'no-exception'
  /** Not of the product: the simulated world contradicts itself. */
  | 'world';

/** Ends a run. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, message: string, options?: ErrorOptions) {
    super(message, options);
    this.invariant = invariant;
  }
}

export function check(holds: boolean, invariant: Invariant, message: () => string): asserts holds {
  if (!holds) throw new Violation(invariant, message());
}
