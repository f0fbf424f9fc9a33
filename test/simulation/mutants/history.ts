import type { Mutant } from './mutant.ts';

/** R20. */
export const historyMutants: readonly Mutant[] = [
  {
    name: 'history-limit-of-another-epoch',
    rule: 'R20',
    without: 'the limit is that of the leader of the epoch',
    aim: 'history',
    patches: [
      {
        file: 'store/state-machine.ts',
        find: `        this.store.history.limit = body.historyLimit;`,
        replace: `        if (this.store.history.limit === 1) this.store.history.limit = body.historyLimit;`,
      },
    ],
  },
  {
    name: 'history-outlives-its-key',
    rule: 'R20',
    without: 'the older versions of a key are forgotten with it',
    aim: 'history',
    patches: [
      {
        file: 'store/store.ts',
        find: `        this.history.end(effect.key);
        this.restoreTombstone(`,
        replace: `        this.restoreTombstone(`,
      },
    ],
  },
  {
    name: 'past-reads-do-not-wait',
    rule: 'R20',
    without: 'a read of the past waits for the open entry of its key, as any other',
    aim: 'history',
    patches: [
      {
        file: 'group/reads.ts',
        find: `    const index = this.#replica.fadingIndexOf(key) ?? this.#replica.openIndexOf(key);
    if (at.kind`,
        replace: `    const index = null as LogIndex | null;
    if (at.kind`,
      },
    ],
  },
  {
    name: 'more-is-forgotten',
    rule: 'R20',
    without: 'what an entry forgets is what was superseded up to where it says, and no more',
    aim: 'history-in-little-memory',
    patches: [
      {
        file: 'store/history.ts',
        find: `      if (this.#records.supersededAt(oldest) > index) return;`,
        replace: `      if (this.#records.supersededAt(oldest) > index + 1) return;`,
      },
    ],
  },
  {
    name: 'snapshot-without-older-versions',
    rule: 'R20',
    without: 'a snapshot carries the older versions',
    aim: 'history-and-snapshots',
    patches: [
      {
        file: 'replication/snapshot.ts',
        find: `    if (older.length > 0)
      return older.map((each) => ('bytes' in each ? { kind: 'olderValues', ...each } : { kind: 'older', ...each }));`,
        replace: `    if (older.length > 0) return [];`,
      },
    ],
  },
  {
    name: 'snapshot-without-what-entries-supersede',
    rule: 'R20',
    without: 'a snapshot carries what an entry after its start has superseded',
    aim: 'history-and-snapshots',
    patches: [
      {
        file: 'replication/snapshot.ts',
        find: `      if (stood === null) return 0;`,
        replace: `      if (stood !== null) return 0;\n      return 0;`,
      },
    ],
  },
  {
    name: 'snapshot-overtakes-its-entries',
    rule: 'R20',
    without: 'what a snapshot sends as superseded by an entry that is not applied yet still stands',
    aim: 'history-ahead-of-entries',
    patches: [
      {
        file: 'store/state-machine.ts',
        find: `        if (item.supersededAt > this.#appliedIndex) this.store.restoreValue(item.key, item.stored);
        else this.store.history.restore(item, this.#startIndex);`,
        replace: `        this.store.history.restore(item, this.#startIndex);`,
      },
    ],
  },
];
