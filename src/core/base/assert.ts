/** A broken invariant of ours, never a fault of the outside: the replica that meets it stops (its pod is replaced). */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Asserts stay on in production: a crashed replica is replaced, a diverged one would be believed. */
export function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new InvariantError(rule);
}

/** Ends an exhaustive switch: a new member of a union then fails to compile wherever it is not handled. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}
