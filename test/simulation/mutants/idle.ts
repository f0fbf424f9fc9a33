import type { Mutant } from './mutant.ts';

/** R21, idle times. */
export const idleMutants: readonly Mutant[] = [
  {
    name: 'followers-do-not-tell',
    rule: 'R21',
    without: 'followers tell what they were asked for',
    aim: 'idle',
    patches: [
      {
        file: 'replication/follower.ts',
        find: `        touches: this.#touches.take(now.monotonicMs),`,
        replace: `        touches: [],`,
      },
    ],
  },
  {
    name: 'broken-connections-lose-touches',
    rule: 'R21',
    without: 'what a broken connection may have lost is told again',
    aim: 'idle-over-broken-links',
    patches: [{ file: 'replication/follower.ts', find: `    this.#touches.begin();`, replace: '' }],
  },
  {
    name: 'idle-by-the-clock',
    rule: 'R21',
    without: 'a value goes once all members have told what they were asked for until then',
    aim: 'idle-while-the-leader-sleeps',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `uses.idleAt(answeredMs, LOOKED_AT_PER_TICK, most)`,
        replace: `uses.idleAt(now.monotonicMs, LOOKED_AT_PER_TICK, most)`,
      },
    ],
  },
  {
    name: 'idle-without-patience',
    rule: 'R21',
    without: 'the leader waits longer by what followers do not tell',
    aim: 'idle-in-bursts',
    patches: [
      { file: 'store/uses.ts', find: `const PATIENCE = 1 + 2 / TOLD_PER_IDLE;`, replace: `const PATIENCE = 1;` },
    ],
  },
  {
    name: 'reads-at-the-leader-do-not-count',
    rule: 'R21',
    without: 'the leader counts its own reads',
    aim: 'idle',
    patches: [{ file: 'group/reads.ts', find: `    else uses.use(key, monotonicMs);`, replace: '' }],
  },
  {
    name: 'gets-do-not-count',
    rule: 'R21',
    without: 'what a batch or transaction gets is used',
    aim: 'idle-and-composites',
    patches: [
      {
        file: 'replication/leader.ts',
        find: `    if (this.#uses.size > 0) for (const key of keysOf(request.command)) this.#uses.use(key, now.monotonicMs);`,
        replace: '',
      },
    ],
  },
  {
    name: 'idle-times-go-on-at-a-takeover',
    rule: 'R21',
    without: 'every idle time begins anew with a leader',
    aim: 'idle-at-takeovers',
    patches: [
      {
        file: 'store/uses.ts',
        find: `    this.#usedMs.fill(nowMs);`,
        replace: '',
      },
    ],
  },
  {
    name: 'idle-though-it-is-written-now',
    rule: 'R21',
    without: 'what somebody writes now does not go',
    aim: 'idle-over-slow-links',
    patches: [
      {
        file: 'replication/housekeeping.ts',
        find: `      if (this.#replica.openIndexOf(key) !== null) continue;`,
        replace: `      if (this.#replica.stateOf(key).current === null) continue;`,
      },
    ],
  },
  {
    name: 'nothing-is-idle',
    rule: 'R21',
    without: 'the leader removes what is idle',
    aim: 'idle-and-forgotten',
    patches: [{ file: 'replication/housekeeping.ts', find: `    this.#expireWhatIsIdle(now, most);`, replace: '' }],
  },
  {
    name: 'snapshots-without-idle-times',
    rule: 'R21',
    without: 'whoever takes a snapshot knows which values are idle',
    aim: 'idle-and-snapshots',
    patches: [
      {
        file: 'store/store.ts',
        find: `    this.uses.onWritten(key, stored.idleMs);`,
        replace: `    if (this.uses.size > 0) this.uses.onWritten(key, stored.idleMs);`,
      },
    ],
  },
];
