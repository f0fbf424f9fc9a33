/** Nonces for the record's writes (R1): unique because a data id is, and a process counts its own. */
export class Nonces {
  readonly #prefix: string;
  #count = 0;

  constructor(dataId: string) {
    this.#prefix = `${dataId}.`;
  }

  next(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#count}`;
  }

  /** Whether this process made it. */
  isOwn(nonce: string): boolean {
    return nonce.startsWith(this.#prefix);
  }
}
