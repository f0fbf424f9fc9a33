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

export interface ReadRequest {
  readonly key: Key;
  readonly mode: ReadMode;
  /** Honoured in every mode, required for none. */
  readonly token: SessionToken | null;
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
  /** Not by this replica, not now: ask another. */
  | { readonly kind: 'declined'; readonly code: 'not-in-sync' | 'replica-behind' | 'no-leader' | 'empty' }
  /** The token names a history that was replaced: final. */
  | { readonly kind: 'replaced-lineage'; readonly lineage: Lineage };
