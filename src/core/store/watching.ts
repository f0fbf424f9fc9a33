import type { Key } from '../base/key.ts';
import type { LogIndex } from '../base/numbers.ts';
import type { KeyEffect, StateEffect } from '../replication/entry.ts';
import type { Lineage } from '../replication/lineage.ts';

/** What is watched. `text` of a prefix has one unit a byte, as a {@link Key}; empty: all keys. */
export type WatchRange =
  { readonly kind: 'key'; readonly key: Key } | { readonly kind: 'prefix'; readonly prefix: string };

export const isWithin = (range: WatchRange, key: Key): boolean =>
  range.kind === 'key' ? key === range.key : key.startsWith(range.prefix);

/**
 * How far a watcher has come: it has seen everything before this place, and goes on here. One order of places holds for all
 * replicas of a lineage, since the log is the same everywhere.
 */
export interface WatchPlace {
  /** The entry that it goes on with. */
  readonly index: LogIndex;
  /** Of that entry's effects, how many are behind it; 0 unless it stopped amid an entry. */
  readonly effects: number;
  /**
   * While it is shown the state that the entry before `index` had left: the last key that it was shown, empty before the
   * first. null: it has the state, or never asked for it.
   */
  readonly shown: string | null;
}

export const placeAt = (index: LogIndex): WatchPlace => ({ index, effects: 0, shown: null });

/** Everything up to and including this entry is behind it. */
export const placeAfter = (revision: LogIndex): WatchPlace => placeAt((revision + 1) as LogIndex);

/** Of two places neither of which is amid a state. */
export const isBefore = (a: WatchPlace, b: WatchPlace): boolean =>
  a.index < b.index || (a.index === b.index && a.effects < b.effects);

/** A place, and the history in which it means something. */
export interface WatchToken {
  readonly lineage: Lineage;
  readonly place: WatchPlace;
}

export type WatchStart =
  /** From what is applied when it is asked. */
  | { readonly kind: 'now' }
  /** The same, after the state as it is then. */
  | { readonly kind: 'state' }
  | { readonly kind: 'resume'; readonly token: WatchToken };

export interface WatchRequest {
  readonly range: WatchRange;
  readonly start: WatchStart;
  /** How many bytes of events it takes before it grants more. */
  readonly credit: number;
}

/** What watchers are told of. A touch changes neither value nor revision, and a lock is no key. */
export type ToldEffect = Exclude<KeyEffect, { kind: 'touch' }>;

export const isTold = (effect: StateEffect): effect is ToldEffect =>
  effect.kind === 'put' || effect.kind === 'delete' || effect.kind === 'expire' || effect.kind === 'evict';

/** A change of a key; or, while the state is shown, what stands there. */
export interface WatchEvent {
  readonly effect: ToldEffect;
  /** Whoever has seen it goes on here. */
  readonly place: WatchPlace;
}

export interface WatchNews {
  /** In their order; none: everything up to `place` concerns others. */
  readonly events: readonly WatchEvent[];
  readonly place: WatchPlace;
  /** With this, for the first time, it has everything that is applied here. */
  readonly synced: boolean;
  readonly lineage: Lineage;
}

/** Why a watch is not begun, or does not go on. */
export type WatchEnding =
  /** Not by this replica, not now: ask another, with the place that was reached. */
  | {
      readonly kind: 'declined';
      readonly code: 'empty' | 'replica-behind' | 'no-leader' | 'overloaded' | 'stopping';
    }
  /** What comes next is not kept any more: the first revision that is. Others may keep more. */
  | { readonly kind: 'compacted'; readonly oldestRevision: LogIndex }
  /** The place is in a history that was replaced: final. */
  | { readonly kind: 'replaced-lineage'; readonly lineage: Lineage };

const EVENT_OVERHEAD_BYTES = 128;

/** What an event counts for against a watcher's credit, roughly what it takes as text. */
export const watchEventBytes = ({ effect }: WatchEvent): number =>
  EVENT_OVERHEAD_BYTES + effect.key.length + (effect.kind === 'put' ? effect.stored.value.length : 0);

/** What news count for, those without an event too. Whoever grants more counts the same. */
export const watchNewsBytes = (events: readonly WatchEvent[]): number =>
  events.length === 0 ? EVENT_OVERHEAD_BYTES : events.reduce((sum, event) => sum + watchEventBytes(event), 0);
