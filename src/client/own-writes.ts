import { textOf } from './kv-entry.ts';
import { keyOfOperation, type BatchOperation, type TxnOperation } from './operations.ts';

/** What a write may change. */
export type Written =
  { readonly kind: 'keys'; readonly keys: ReadonlySet<string> } | { readonly kind: 'prefix'; readonly prefix: string };

export const keysOf = (...keys: readonly string[]): Written => ({ kind: 'keys', keys: new Set(keys) });

export const keysOfOperations = (operations: readonly (TxnOperation | BatchOperation)[]): Written =>
  keysOf(...operations.map(keyOfOperation).map((key) => (typeof key === 'string' ? key : textOf(key))));

export function covers(written: Written, key: string): boolean {
  return written.kind === 'keys' ? written.keys.has(key) : key.startsWith(written.prefix);
}

/** The writes of this client that are under way, for what it keeps in memory must not be older than they are. */
export class OwnWrites {
  readonly #underWay = new Set<Written>();
  readonly #listeners = new Set<(written: Written) => void>();

  /** Called as each begins. The end of listening is what it returns. */
  onBegin(listener: (written: Written) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  begin(written: Written): void {
    this.#underWay.add(written);
    for (const listener of this.#listeners) listener(written);
  }

  end(written: Written): void {
    this.#underWay.delete(written);
  }

  touch(key: string): boolean {
    for (const written of this.#underWay) if (covers(written, key)) return true;
    return false;
  }
}
