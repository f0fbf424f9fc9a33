import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import type { Lineage } from '../replication/lineage.ts';
import type { LockHolder } from './locks.ts';

/** R12; what a client may rely on is in the table there. */
export type ReadMode = 'in-sync' | 'linearizable' | 'session' | 'eventual';

/** What a session has seen. */
export interface SessionToken {
  readonly lineage: Lineage;
  readonly revision: LogIndex;
}

/** How a read is to be answered. */
export interface ReadTerms {
  readonly mode: ReadMode;
  /** Honoured in every mode, required for none. */
  readonly token: SessionToken | null;
}

export interface KeyRead extends ReadTerms {
  readonly kind: 'key';
  readonly key: Key;
}

/** One page of the keys under a prefix. */
export interface ListRead extends ReadTerms {
  readonly kind: 'list';
  readonly selection: ListSelection;
}

/** Who holds a lock. */
export interface LockRead extends ReadTerms {
  readonly kind: 'lock';
  readonly lock: Key;
}

/** R20: what stood at a key. */
export interface PastRead extends ReadTerms {
  readonly kind: 'past';
  readonly key: Key;
  readonly at: PastPlace;
}

export type PastPlace =
  | { readonly kind: 'version'; readonly version: Version }
  /** Whatever version was the newest then. */
  | { readonly kind: 'revision'; readonly revision: LogIndex };

/** R20: all versions of a key that are kept. */
export interface HistoryRead extends ReadTerms {
  readonly kind: 'history';
  readonly key: Key;
  readonly withValues: boolean;
}

export type ReadRequest = KeyRead | ListRead | LockRead | PastRead | HistoryRead;

export interface ListSelection {
  /** One unit a byte, as a {@link Key}; empty: all keys. */
  readonly prefix: string;
  /** Keys that go on behind a delimiter are folded into one folder; null: none are. */
  readonly delimiter: string | null;
  /** Where the page before ended; null: the first page. */
  readonly after: ListPlace | null;
  /** Keys and folders, 1 to {@link LIST_ITEMS_MAX}. */
  readonly limit: number;
  /** Else the values are left out: each is empty. */
  readonly withValues: boolean;
}

export const LIST_ITEMS_MAX = 1000;

export interface ListPlace {
  /** Of a folder, up to its delimiter. */
  readonly key: Key;
  readonly isFolder: boolean;
}

export type ListItem =
  | { readonly kind: 'key'; readonly key: Key; readonly stored: StoredValue }
  | { readonly kind: 'folder'; readonly prefix: Key };

/** The state of one revision; a page may be shorter than its limit, even empty, before the last. */
export interface Listed {
  readonly kind: 'listed';
  readonly items: readonly ListItem[];
  /** Where the next page goes on; null: this is the last. */
  readonly next: ListPlace | null;
  readonly lineage: Lineage;
  readonly revision: LogIndex;
}

export type Past =
  /** Of an older version `expiresAtMs` is null. */
  | { readonly kind: 'found'; readonly stored: StoredValue }
  /** There is no such version; at such a revision the key had no value. */
  | { readonly kind: 'none' }
  /** It is not kept any more, or was forgotten with what was deleted; or nobody knows whether there was one. */
  | { readonly kind: 'compacted' };

/** A version that is kept. */
export interface Kept {
  readonly stored: StoredValue;
  readonly valueBytes: number;
  /** Else the value was left out, and is empty. */
  readonly isShown: boolean;
}

/** How long a value stays, whichever ends first. */
export interface Stay {
  /** R17: from then on it is not there any more, by the log's time; null: it stays. */
  readonly expiresAtMs: WallMs | null;
  /** R21: it goes when it has not been used for so long; null: it stays. */
  readonly idleMs: number | null;
}

export interface StoredValue extends Stay {
  readonly value: Uint8Array;
  readonly contentType: string | null;
  /** The index of the entry that wrote it. */
  readonly revision: LogIndex;
  readonly version: Version;
  /** The index of the entry that created the key. */
  readonly createRevision: LogIndex;
  /** When it was written, by the log's time. */
  readonly modifiedMs: WallMs;
}

/** What is remembered of a key that was deleted. */
export interface Tombstone {
  readonly version: Version;
  /** The index of the entry that deleted the key. */
  readonly revision: LogIndex;
}

export type ReadOutcome =
  | {
      readonly kind: 'read';
      /** null: the key has no value. */
      readonly found: StoredValue | null;
      /** R17: how long it stays, in milliseconds, by the log's time; null: for ever. */
      readonly remainingMs: number | null;
      /** The state that was read: everything up to this revision of this lineage was applied. */
      readonly lineage: Lineage;
      readonly revision: LogIndex;
    }
  | Listed
  | {
      readonly kind: 'lock';
      /** null: nobody. */
      readonly holder: LockHolder | null;
      /** R18: how long it stays held if it is not renewed, in milliseconds, by the log's time; 0: nobody holds it. */
      readonly remainingMs: number;
      readonly lineage: Lineage;
      readonly revision: LogIndex;
    }
  | {
      readonly kind: 'past';
      readonly past: Past;
      /** As of a key's read; null of what is not the standing version. */
      readonly remainingMs: number | null;
      readonly lineage: Lineage;
      readonly revision: LogIndex;
    }
  | {
      readonly kind: 'history';
      /** The newest first; none: the key has no value. */
      readonly versions: readonly Kept[];
      readonly lineage: Lineage;
      readonly revision: LogIndex;
    }
  /** Not by this replica, not now: ask another. */
  | { readonly kind: 'declined'; readonly code: 'not-in-sync' | 'replica-behind' | 'no-leader' | 'empty' }
  /** The token names a history that was replaced: final. */
  | { readonly kind: 'replaced-lineage'; readonly lineage: Lineage };
