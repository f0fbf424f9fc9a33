import type { Key } from '../../../src/core/base/key.ts';
import type { WallMs } from '../../../src/core/base/numbers.ts';
import type { Entry, StateEffect } from '../../../src/core/replication/entry.ts';
import type { DecidedOutcome } from '../../../src/core/store/commands.ts';
import type { Fence, HeldLock, LockCommand, LockHolder } from '../../../src/core/store/locks.ts';
import type { ReadOutcome } from '../../../src/core/store/reads.ts';
import { inWordsOf } from '../trace.ts';
import { check } from '../violation.ts';

interface LockChange {
  readonly index: number;
  /** null: free. */
  readonly held: HeldLock | null;
}

type LockEntry = Pick<Entry, 'index' | 'timeMs'>;

/** What a write of a lock has put into its entry. */
interface Told {
  readonly outcome: DecidedOutcome;
  readonly effects: readonly StateEffect[];
}

/**
 * Who held which lock at which index of a lineage: a model of R18, written without a look at the core's own code. Mutual
 * exclusion is that each entry says what follows from those before it: one holder at a time, and none after its time.
 */
export class LockChronicle {
  readonly #changes = new Map<Key, LockChange[]>();

  constructor(from: { readonly locks: LockChronicle; readonly throughIndex: number } | null) {
    if (from === null) return;
    for (const [lock, changes] of from.locks.#changes) {
      const kept = changes.filter((change) => change.index <= from.throughIndex);
      if (kept.length > 0) this.#changes.set(lock, kept);
    }
  }

  commit(name: string, entry: LockEntry, command: LockCommand, told: Told): void {
    const { lock } = command;
    const expected = this.#rehearse(entry, command);
    const words = inWordsOf({ outcome: told.outcome, effects: told.effects });
    check(words === inWordsOf(expected), 'locks', () => `${name}: ${words}, should be ${inWordsOf(expected)}`);
    for (const effect of expected.effects)
      this.#change(lock, { index: entry.index, held: effect.kind === 'hold' ? effect.held : null });
  }

  #rehearse({ index, timeMs }: LockEntry, command: LockCommand): Told {
    const { lock, lockId } = command;
    const held = this.#holderAt(lock, index, timeMs);
    const until = (timeMs + ('ttlMs' in command ? command.ttlMs : 0)) as WallMs;
    if (command.kind === 'acquire') {
      if (held !== null) return { outcome: { kind: 'held', holder: shown(held) }, effects: [] };
      return holds(lock, { lockId, owner: command.owner, revision: index, expiresAtMs: until });
    }
    if (held === null || held.lockId !== lockId) return { outcome: { kind: 'notHeld' }, effects: [] };
    if (command.kind === 'renew')
      return holds(lock, { lockId, owner: held.owner, revision: held.revision, expiresAtMs: until });
    return { outcome: { kind: 'released' }, effects: [{ kind: 'free', lock }] };
  }

  /** Whether a write under this fence must not be done as the entry. */
  refuses({ lock, token }: Fence, { index, timeMs }: LockEntry, lineageNumber: number): boolean {
    const held = this.#holderAt(lock, index, timeMs);
    return held === null || token.lineageNumber !== lineageNumber || token.revision !== held.revision;
  }

  /** R18: only what has lapsed is freed without its holder's word. */
  lapse(entry: LockEntry, lock: Key): void {
    const held = this.#at(lock, entry.index);
    check(
      held !== null && held.expiresAtMs <= entry.timeMs,
      'expiry',
      () => `entry ${entry.index} frees ${lock} at ${entry.timeMs}, it is held until ${held?.expiresAtMs}`,
    );
    this.#change(lock, { index: entry.index, held: null });
  }

  checkTable(label: string, appliedIndex: number, table: Iterable<readonly [Key, HeldLock]>): void {
    const there = inWordsOf([...table].sort(([a], [b]) => (a < b ? -1 : 1)));
    const due = [...this.#changes.keys()].sort().flatMap((lock) => {
      const held = this.#at(lock, appliedIndex);
      return held === null ? [] : [[lock, held]];
    });
    check(
      there === inWordsOf(due),
      'locks',
      () => `${label} at ${appliedIndex}: ${there}, should be ${inWordsOf(due)}`,
    );
  }

  checkRead(name: string, lock: Key, outcome: Extract<ReadOutcome, { kind: 'lock' }>, timeMs: number): void {
    const held = this.#holderAt(lock, outcome.revision, timeMs);
    const due = held === null ? null : shown(held);
    const told = inWordsOf(outcome.holder);
    check(told === inWordsOf(due), 'committed-reads', () => `${name}: ${told}, should be ${inWordsOf(due)}`);
    check(
      outcome.remainingMs > 0 === (due !== null),
      'committed-reads',
      () => `${name}: ${outcome.remainingMs} ms are left`,
    );
  }

  /** The index of the newest change up to `index`; 0: there was none. */
  changedAt(lock: Key, index: number): number {
    return this.#changes.get(lock)?.findLast((change) => change.index <= index)?.index ?? 0;
  }

  /** Whether it has lapsed by `timeMs`, in the state at `index`. */
  hides(lock: Key, index: number, timeMs: number): boolean {
    return (this.#at(lock, index)?.expiresAtMs ?? Infinity) <= timeMs;
  }

  #holderAt(lock: Key, index: number, timeMs: number): HeldLock | null {
    return this.hides(lock, index, timeMs) ? null : this.#at(lock, index);
  }

  #at(lock: Key, index: number): HeldLock | null {
    return this.#changes.get(lock)?.findLast((change) => change.index <= index)?.held ?? null;
  }

  #change(lock: Key, change: LockChange): void {
    const changes = this.#changes.get(lock);
    if (changes === undefined) this.#changes.set(lock, [change]);
    else changes.push(change);
  }
}

const holds = (lock: Key, held: HeldLock): Told => ({
  outcome: { kind: 'locked', held },
  effects: [{ kind: 'hold', lock, held }],
});

const shown = ({ owner, revision, expiresAtMs }: HeldLock): LockHolder => ({ owner, revision, expiresAtMs });
