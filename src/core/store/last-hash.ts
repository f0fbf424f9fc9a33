import type { SipHash } from '../base/sip-hash.ts';

/**
 * Remembers the hash of the last key: what a write does to a key asks for it three times, in two tables. To compare the same string
 * with itself costs nothing; of others mostly the first characters are looked at.
 */
export class LastHash implements Pick<SipHash, 'of'> {
  readonly #hash: Pick<SipHash, 'of'>;
  #key = '';
  #last: number;

  constructor(hash: Pick<SipHash, 'of'>) {
    this.#hash = hash;
    this.#last = hash.of('');
  }

  of(key: string): number {
    if (key !== this.#key) {
      this.#last = this.#hash.of(key);
      this.#key = key;
    }
    return this.#last;
  }
}
