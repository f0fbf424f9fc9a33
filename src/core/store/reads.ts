import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import type { Lineage } from '../replication/lineage.ts';

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

export type ReadRequest = KeyRead | ListRead;

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

export interface StoredValue {
  readonly value: Uint8Array;
  readonly contentType: string | null;
  /** The index of the entry that wrote it. */
  readonly revision: LogIndex;
  readonly version: Version;
  /** The index of the entry that created the key. */
  readonly createRevision: LogIndex;
  /** When it was written, by the log's time. */
  readonly modifiedMs: WallMs;
  /** R17: from then on it is not there any more, by the log's time; null: it stays. */
  readonly expiresAtMs: WallMs | null;
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
  /** Not by this replica, not now: ask another. */
  | { readonly kind: 'declined'; readonly code: 'not-in-sync' | 'replica-behind' | 'no-leader' | 'empty' }
  /** The token names a history that was replaced: final. */
  | { readonly kind: 'replaced-lineage'; readonly lineage: Lineage };
