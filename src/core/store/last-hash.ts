import type { SipHash } from '../base/sip-hash.ts';

/** Of a key, as a string or as the bytes that it is. */
export type KeyHash = Pick<SipHash, 'of' | 'ofBytes'>;

/**
 * Remembers the hash of the last key: what a write does to a key asks for it three times, in two tables. To compare the same string
 * with itself costs nothing; of others mostly the first characters are looked at.
 */
export class LastHash implements KeyHash {
  readonly #hash: KeyHash;
  #key = '';
  #last: number;

  constructor(hash: KeyHash) {
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

  ofBytes(bytes: Uint8Array, from: number, length: number): number {
    return this.#hash.ofBytes(bytes, from, length);
  }
}
