import { unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import type { KeyEffect } from '../replication/entry.ts';
import type { DecidedOutcome } from './commands.ts';
import type { StoredValue } from './reads.ts';

/** What decisions are made against, and what they are made of. */

/** The newest state of a key, committed or not: what the leader decides against. */
export interface NewestState {
  /** null: the key has no value. */
  readonly current: StoredValue | null;
  /** The version that the key had last, deleted or not. */
  readonly lastVersion: Version;
}

/** The newest state of every key. */
export interface Newest {
  stateOf(key: Key): NewestState;
}

/** Which keys there are, too. */
export interface NewestKeys extends Newest {
  /** The keys under a prefix that have a value, and perhaps some that have none; each once. */
  keysUnder(prefix: string): Iterable<Key>;
}

/** Where a decision stands: the entry that it becomes. */
export interface DecisionPlace {
  readonly index: LogIndex;
  readonly timeMs: WallMs;
  readonly lineageId: string;
}

export interface Decision {
  readonly effects: readonly KeyEffect[];
  readonly outcome: DecidedOutcome;
}

/** What `effect` makes of a key. Only a touch depends on what was there before. */
export function afterwards(effect: KeyEffect, before: () => NewestState): NewestState {
  switch (effect.kind) {
    case 'put':
      return { current: effect.stored, lastVersion: effect.stored.version };
    case 'delete':
    case 'expire':
    case 'evict':
      return { current: null, lastVersion: effect.tombstone.version };
    case 'touch': {
      const { current, lastVersion } = before();
      const { expiresAtMs, idleMs } = effect;
      return { current: current === null ? null : { ...current, expiresAtMs, idleMs }, lastVersion };
    }
    default:
      return unreachable(effect);
  }
}

/** R17: whether the value is gone at `timeMs`, by the log's time. */
export const isDue = ({ expiresAtMs }: StoredValue, timeMs: WallMs): boolean =>
  expiresAtMs !== null && expiresAtMs <= timeMs;

export const nextVersion = (state: NewestState): Version => (state.lastVersion + 1) as Version;

export const deleteEffect = (
  key: Key,
  state: NewestState,
  index: LogIndex,
): Extract<KeyEffect, { kind: 'delete' }> => ({
  kind: 'delete',
  key,
  tombstone: { version: nextVersion(state), revision: index },
});

/** R17, R21: the value goes, for its time has come. */
export const expireEffect = (key: Key, state: NewestState, index: LogIndex): KeyEffect => ({
  kind: 'expire',
  key,
  tombstone: { version: nextVersion(state), revision: index },
});

/** R22: the value goes, for its memory is wanted. */
export const evictEffect = (key: Key, state: NewestState, index: LogIndex): KeyEffect => ({
  kind: 'evict',
  key,
  tombstone: { version: nextVersion(state), revision: index },
});
