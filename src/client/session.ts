import { decodeSessionToken } from '../protocol/http/session-token.ts';

/**
 * What this client has seen, as the newest token of all answers: no later read is older. Answers overtake each other, so
 * the last to arrive is not always the newest; which is, only a look inside can tell. Whoever is no part of this
 * project takes tokens as opaque.
 */
export class Session {
  #token: string | null;

  constructor(token: string | null = null) {
    this.#token = token;
  }

  get token(): string | null {
    return this.#token;
  }

  note(token: string): void {
    if (this.#token === null || !isNewer(this.#token, token)) this.#token = token;
  }

  /** Its history was replaced, and what it has seen may be lost. */
  drop(token: string): void {
    if (this.#token === token) this.#token = null;
  }
}

/** Not of a token that a newer release wrote: there the answer that came last counts. */
function isNewer(known: string, answered: string): boolean {
  const [a, b] = [decodeSessionToken(known), decodeSessionToken(answered)];
  if (a === null || b === null) return false;
  if (a.lineage.number !== b.lineage.number) return a.lineage.number > b.lineage.number;
  return a.revision > b.revision;
}
