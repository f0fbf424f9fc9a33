import type { Key } from '../base/key.ts';
import type { Random } from '../base/random.ts';
import type { Replica } from './replica.ts';

/** So often in a row nothing is found among some keys: what is left is being written, or is to go already. */
const MISSES_MAX = 100;

export interface Victims {
  readonly keys: readonly Key[];
  /** What becomes free with them, their older versions not counted. */
  readonly bytes: number;
}

/**
 * R22: keys that were not used for long, as far as the leader knows, with at least so many bytes; null: there are not as many.
 * None that an open entry changes: whoever writes it now wants it. Locks, sessions and kept outcomes are no keys, and never go.
 */
export function victimsOf(replica: Replica, bytes: number, random: Random): Victims | null {
  const { store } = replica.machine;
  if (store.valueBytes < bytes) return null;
  const chosen = new Set<Key>();
  const mayGo = (key: Key): boolean => !chosen.has(key) && replica.openIndexOf(key) === null;
  let free = 0;
  for (let misses = 0; free < bytes;) {
    const key = store.uses.leastUsed(random, mayGo);
    if (key === null) {
      misses += 1;
      if (misses > MISSES_MAX) return null;
      continue;
    }
    misses = 0;
    chosen.add(key);
    free += store.bytesOf(key);
  }
  return { keys: [...chosen], bytes: free };
}
