import type { Key } from '../base/key.ts';
import type { Lineage } from '../replication/lineage.ts';
import type { Brand, LogIndex, Version } from '../base/numbers.ts';

/** A tag that a client was shown: a revision in a lineage. */
export interface RevisionTag {
  readonly lineageId: string;
  readonly revision: LogIndex;
}

/** What must hold of the key before the write, against the newest state that the leader has. */
export type Condition =
  | { readonly kind: 'none' }
  /** No value (POST, `If-None-Match: *`). */
  | { readonly kind: 'absent' }
  /** Some value (`If-Match: *`). */
  | { readonly kind: 'present' }
  /** Last changed at one of these revisions (`If-Match`). */
  | { readonly kind: 'match'; readonly tags: readonly RevisionTag[] }
  /** Last changed at none of these revisions, or absent (`If-None-Match`). */
  | { readonly kind: 'noneMatch'; readonly tags: readonly RevisionTag[] };

export type WriteCommand =
  | {
      readonly kind: 'put';
      readonly key: Key;
      readonly value: Uint8Array;
      /** As the client sent it; at most {@link CONTENT_TYPE_BYTES_MAX} bytes; null if it sent none. */
      readonly contentType: string | null;
      readonly condition: Condition;
    }
  | { readonly kind: 'delete'; readonly key: Key; readonly condition: Condition };

export const CONTENT_TYPE_BYTES_MAX = 255;

/** Opaque; given by the entry that opened the session (R15). */
export type SessionId = Brand<string, 'SessionId'>;

/** R15: one number of one session is one write, however often it is sent. */
export interface RequestId {
  readonly session: SessionId;
  /** From 1, increasing. */
  readonly number: number;
}

/** A key that a client chose for a write, and a digest of the request, so that its reuse for another is noticed. */
export interface IdempotencyKey {
  /** 1 to {@link IDEMPOTENCY_KEY_BYTES_MAX} characters. */
  readonly key: string;
  readonly digest: string;
}

export const IDEMPOTENCY_KEY_BYTES_MAX = 255;

export interface WriteRequest {
  readonly id: RequestId;
  /** The session asks no more for any number up to this one. */
  readonly settledThrough: number;
  readonly idempotencyKey: IdempotencyKey | null;
  readonly command: WriteCommand;
}

/** What a write did, decided by the leader and kept in its log entry. */
export type DecidedOutcome =
  | { readonly kind: 'written'; readonly version: Version; readonly created: boolean }
  | { readonly kind: 'deleted'; readonly version: Version }
  /** A delete of a key that has no value. */
  | { readonly kind: 'absent' }
  /** A condition failed; `current` is what stood there, null if nothing. */
  | { readonly kind: 'mismatch'; readonly current: { readonly revision: LogIndex; readonly version: Version } | null };

/** A committed outcome: the entry's index is the revision. */
export interface CommittedOutcome {
  readonly kind: 'committed';
  readonly decided: DecidedOutcome;
  readonly revision: LogIndex;
  readonly lineage: Lineage;
  /** Members that hold the entry, and how many there are: the set at the time of the answer. */
  readonly acks: number;
  readonly members: number;
}

/** A write that certainly has not been and will not be applied under this request id. */
export interface RefusedOutcome {
  readonly kind: 'refused';
  readonly code: WriteRefusal;
  /** Where the leader may be; only with `not-leader`. */
  readonly leaderHint: string | null;
}

export type WriteRefusal =
  /** This replica does not lead: ask the one that does. */
  | 'not-leader'
  /** R15: it was never opened, or is forgotten. Whoever sent the write once only makes it again in a new session. */
  | 'unknown-session'
  /** More unsettled outcomes than a session may have: open another. */
  | 'session-full'
  | 'idempotency-full'
  /** The key was used for a different request. */
  | 'idempotency-mismatch'
  | 'memory-full'
  /** Too much waits to be committed already. */
  | 'overloaded';

/** The write may or may not be applied, now or later. */
export interface UnknownOutcome {
  readonly kind: 'unknown';
  readonly code:
    /** The leader stepped down meanwhile: repeat it under the same id. */
    | 'deposed'
    /** R6: the set is at its minimum and a member does not answer. */
    | 'not-enough-in-sync'
    /** R15: the session was forgotten, so that nobody can say any more. Final. */
    | 'session-lost';
}

export type WriteOutcome = CommittedOutcome | RefusedOutcome | UnknownOutcome;

export type OpenSessionOutcome =
  | { readonly kind: 'opened'; readonly session: SessionId }
  | {
      readonly kind: 'refused';
      readonly code: 'not-leader' | 'sessions-full' | 'overloaded';
      readonly leaderHint: string | null;
    };
