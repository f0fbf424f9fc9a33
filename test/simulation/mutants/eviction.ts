import type { Mutant } from './mutant.ts';

/** R22. */
export const evictionMutants: readonly Mutant[] = [
  {
    name: 'evicts-though-there-is-room',
    rule: 'R22',
    without: 'keys go only where a write does not fit into the memory',
    aim: 'evictions-with-room',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `    return this.#memoryBytes - this.#proposals.freeingBytes + wanted - this.#limits.memoryBytesMax;`,
        replace: `    return this.#memoryBytes - this.#proposals.freeingBytes + wanted - this.#limits.memoryBytesMax / 2;`,
      },
    ],
  },
  {
    name: 'evicts-unasked',
    rule: 'R22',
    without: 'keys go only where the leader is told that they may',
    aim: 'evictions',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `this.#limits.eviction === 'lru' && this.#evict(missing, now);`,
        replace: `this.#evict(missing, now);`,
      },
      {
        file: 'store/uses.ts',
        find: `    return idleMs !== null || this.#eviction !== 'none';`,
        replace: `    return idleMs !== -1;`,
      },
    ],
  },
  {
    name: 'nothing-is-evicted',
    rule: 'R22',
    without: 'keys go where a write does not fit and they may',
    aim: 'evictions-of-many',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `this.#limits.eviction === 'lru' && this.#evict(missing, now);`,
        replace: `false;`,
      },
    ],
  },
  {
    name: 'evicted-keys-begin-at-one',
    rule: 'R22',
    without: 'the version of a key that was evicted is never used again',
    aim: 'evictions',
    patches: [
      {
        file: 'store/store.ts',
        find: `    this.raiseVersionFloor(version);
    this.#evictedKeys += 1;`,
        replace: `    this.#evictedKeys += 1;`,
      },
    ],
  },
  {
    name: 'evicts-what-is-written-now',
    rule: 'R22',
    without: 'what an open entry changes does not go',
    aim: 'evictions-under-writes',
    patches: [
      {
        file: 'replication/eviction.ts',
        find: `!chosen.has(key) && replica.openIndexOf(key) === null;`,
        replace: `!chosen.has(key);`,
      },
    ],
  },
  {
    name: 'nobody-is-told-of-evictions',
    rule: 'R22',
    without: 'watchers are told that a key was evicted',
    aim: 'evictions-watched',
    patches: [
      {
        file: 'store/watching.ts',
        find: ` || effect.kind === 'evict';`,
        replace: `;`,
      },
    ],
  },
];
