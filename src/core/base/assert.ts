/** What must hold, with the rule of the protocol that makes it hold: `R10: a committed entry is never dropped`. */
export type Invariant = `R${number}: ${string}`;

/**
 * A broken invariant of ours, never a fault of the outside: the replica that meets it stops (its pod is replaced), before
 * anything of the turn in which it was met has left the process.
 */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  /** The rule that was broken; null where a switch met what the types rule out. */
  readonly rule: string | null;

  constructor(message: string) {
    super(message);
    this.rule = /^(R\d+): /.exec(message)?.[1] ?? null;
  }
}

/** Asserts stay on in production: a crashed replica is replaced, a diverged one would be believed. */
export function assert(condition: boolean, invariant: Invariant): asserts condition {
  if (!condition) throw new InvariantError(invariant);
}

/** Ends an exhaustive switch: a new member of a union then fails to compile wherever it is not handled. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}
