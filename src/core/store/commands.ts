import { unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { Lineage } from '../replication/lineage.ts';
import type { Brand, LogIndex, Version } from '../base/numbers.ts';
import type { Fence, LockCommand, LockOutcome } from './locks.ts';
import type { Stay, StoredValue } from './reads.ts';

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

export interface PutCommand {
  readonly kind: 'put';
  readonly key: Key;
  readonly value: Uint8Array;
  /** As the client sent it; at most {@link CONTENT_TYPE_BYTES_MAX} bytes; null if it sent none. */
  readonly contentType: string | null;
  readonly condition: Condition;
  readonly lifetime: Lifetime;
  readonly idle: Lifetime;
}

/** R17, R21: how long a value stays: from the moment that the write is decided, by the log's time; or unused. */
export type Lifetime =
  | { readonly kind: 'unlimited' }
  /** As long as what stood there before; unlimited if nothing did. */
  | { readonly kind: 'kept' }
  /** From 1 to {@link LIFETIME_MS_MAX}. */
  | { readonly kind: 'limited'; readonly ms: number };

/** A hundred years: what is longer is a mistake, or means for ever. */
export const LIFETIME_MS_MAX = 100 * 365.25 * 24 * 3_600_000;

/** Sets how long the value stays, and changes nothing else: not the revision, nor the version. */
export interface TouchCommand {
  readonly kind: 'touch';
  readonly key: Key;
  readonly lifetime: Lifetime;
  readonly idle: Lifetime;
  readonly condition: Condition;
}

export interface DeleteCommand {
  readonly kind: 'delete';
  readonly key: Key;
  readonly condition: Condition;
}

/** A counter's longest value: a sign and nineteen digits. */
export const COUNTER_BYTES_MAX = 20;

/** Adds to a counter, which stays as long as before: a value that is a whole number of 64 bits with its sign, in decimal. A key without a value counts as 0. */
export interface IncrementCommand {
  readonly kind: 'increment';
  readonly key: Key;
  readonly by: bigint;
  readonly condition: Condition;
}

/** One thing done to one key. */
export type KeyCommand = PutCommand | DeleteCommand | IncrementCommand | TouchCommand;

/** One part of something larger; it sees what those before it have done. */
export type Step = KeyCommand | { readonly kind: 'get'; readonly key: Key };

/** Each step for itself: that one fails keeps none of the others from taking effect. They share one revision. */
export interface BatchCommand {
  readonly kind: 'batch';
  /** 1 to {@link BATCH_STEPS_MAX}. */
  readonly steps: readonly Step[];
}

/** All or nothing, at one revision: one of two lists, whichever the comparisons choose. */
export interface TransactionCommand {
  readonly kind: 'transaction';
  /** All must hold for `then`, else it is `otherwise`. */
  readonly comparisons: readonly Comparison[];
  readonly then: readonly Step[];
  readonly otherwise: readonly Step[];
}

/** What must hold of one key. A key without a value has revision 0 and version 0, and no value. */
export type Comparison =
  | {
      readonly kind: 'revision' | 'version';
      readonly key: Key;
      readonly relation: Relation;
      readonly number: number;
    }
  | { readonly kind: 'value'; readonly key: Key; readonly isEqual: boolean; readonly value: Uint8Array }
  | { readonly kind: 'condition'; readonly key: Key; readonly condition: Condition };

export type Relation = 'equal' | 'unequal' | 'less' | 'greater';

/** Deletes all keys under a prefix, if they are as many as expected: all or nothing, at one revision. */
export interface DeletePrefixCommand {
  readonly kind: 'deletePrefix';
  /** One unit a byte, as a {@link Key}; empty: all keys. */
  readonly prefix: string;
  /** 0 to {@link DELETED_KEYS_MAX}; null: they are counted, and stay. */
  readonly expected: number | null;
}

/** One entry has a tombstone for each: it stays below what one frame carries, and applying it takes no turn for long. */
export const DELETED_KEYS_MAX = 10_000;
export const DELETED_KEY_BYTES_MAX = 4 * 1024 * 1024;

/** What is done to keys. */
export type DataCommand = KeyCommand | BatchCommand | TransactionCommand | DeletePrefixCommand;

/** R18: as a whole only while the lock is held under this token. */
export interface FencedCommand {
  readonly kind: 'fenced';
  readonly fence: Fence;
  readonly command: DataCommand;
}

export type WriteCommand = DataCommand | FencedCommand | LockCommand;

const STEP_OVERHEAD_BYTES = 64;

const stepsBytes = (steps: readonly Step[]): number =>
  steps.reduce(
    (sum, step) => sum + STEP_OVERHEAD_BYTES + (step.kind === 'get' ? step.key.length : commandBytes(step)),
    0,
  );

/** What a command has to be carried with, in bytes, roughly. */
export function commandBytes(command: WriteCommand): number {
  switch (command.kind) {
    case 'put':
      return command.key.length + command.value.length;
    case 'delete':
    case 'increment':
    case 'touch':
      return command.key.length;
    case 'fenced':
      return command.fence.lock.length + commandBytes(command.command);
    case 'acquire':
      return command.lock.length + command.lockId.length + command.owner.length;
    case 'renew':
    case 'release':
      return command.lock.length + command.lockId.length;
    case 'batch':
      return stepsBytes(command.steps);
    case 'transaction': {
      let bytes = stepsBytes(command.then) + stepsBytes(command.otherwise);
      for (const comparison of command.comparisons) {
        bytes += STEP_OVERHEAD_BYTES + comparison.key.length;
        if (comparison.kind === 'value') bytes += comparison.value.length;
      }
      return bytes;
    }
    case 'deletePrefix':
      return command.prefix.length;
    default:
      return unreachable(command);
  }
}

const NO_KEYS: readonly Key[] = [];

/** The keys that a command names, those that it only gets included; none of what it deletes by their prefix. */
export function keysOf(command: WriteCommand): readonly Key[] {
  switch (command.kind) {
    case 'put':
    case 'delete':
    case 'increment':
    case 'touch':
      return [command.key];
    case 'batch':
      return command.steps.map(({ key }) => key);
    case 'transaction':
      return [...command.then, ...command.otherwise].map(({ key }) => key);
    case 'fenced':
      return keysOf(command.command);
    case 'deletePrefix':
    case 'acquire':
    case 'renew':
    case 'release':
      return NO_KEYS;
    default:
      return unreachable(command);
  }
}

export const CONTENT_TYPE_BYTES_MAX = 255;
export const BATCH_STEPS_MAX = 1000;
/** Comparisons and steps of both lists, together. */
export const TRANSACTION_PARTS_MAX = 128;
/** What the gets of one command may bring back, in bytes: its outcome is kept as long as somebody may ask for it again. */
export const GOT_BYTES_MAX = 1024 * 1024;

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

/** What became of one thing done to one key. */
export type KeyOutcome =
  | { readonly kind: 'written'; readonly version: Version; readonly created: boolean }
  | { readonly kind: 'deleted'; readonly version: Version }
  /** How long it stays now. */
  | ({ readonly kind: 'touched'; readonly version: Version } & Stay)
  /** A delete, or a touch, of a key that has no value. */
  | { readonly kind: 'absent' }
  /** A condition failed; `current` is what stood there, null if nothing. */
  | { readonly kind: 'mismatch'; readonly current: { readonly revision: LogIndex; readonly version: Version } | null }
  | { readonly kind: 'incremented'; readonly version: Version; readonly created: boolean; readonly value: bigint }
  /** The value is no whole number of 64 bits, or the sum would not be one. */
  | { readonly kind: 'uncountable'; readonly reason: 'not-a-number' | 'out-of-range' };

export type StepResult = KeyOutcome | { readonly kind: 'got'; readonly found: StoredValue | null };

/** What a write did, decided by the leader and kept in its log entry. */
export type DecidedOutcome =
  | KeyOutcome
  | { readonly kind: 'batch'; readonly results: readonly StepResult[] }
  /** `chose`: the list that was carried out. */
  | {
      readonly kind: 'transaction';
      readonly chose: 'then' | 'otherwise';
      readonly results: readonly StepResult[];
    }
  /** A step could not be done, so that none was. */
  | {
      readonly kind: 'abandoned';
      readonly chose: 'then' | 'otherwise';
      readonly step: number;
      readonly outcome: KeyOutcome;
    }
  /** Its gets would bring back more than {@link GOT_BYTES_MAX}; none of it was done. */
  | { readonly kind: 'overlong' }
  /** All keys under a prefix were deleted. */
  | { readonly kind: 'cleared'; readonly count: number }
  /** So many keys are under the prefix: not as many as expected, or nothing was to be deleted. They stay. */
  | { readonly kind: 'counted'; readonly count: number }
  /** More keys than {@link DELETED_KEYS_MAX}, or larger ones, are under the prefix; none was deleted. */
  | { readonly kind: 'tooMany' }
  /** R18: the token is not that of the lock's holder; none of it was done. */
  | { readonly kind: 'stale' }
  | LockOutcome;

const RESULT_BYTES = 80;
const FOUND_BYTES = 200;
const HOLDER_BYTES = 100;

/** What an outcome costs to keep and to send, beyond the plain one of a single key. */
export function outcomeExtraBytes(outcome: DecidedOutcome): number {
  if (outcome.kind === 'locked') return HOLDER_BYTES + outcome.held.owner.length + outcome.held.lockId.length;
  if (outcome.kind === 'held') return HOLDER_BYTES + outcome.holder.owner.length;
  if (outcome.kind !== 'batch' && outcome.kind !== 'transaction') return 0;
  return outcome.results.length * RESULT_BYTES + gotBytes(outcome.results);
}

/** What of it is values that were got. */
export function gotBytes(results: readonly StepResult[]): number {
  let bytes = 0;
  for (const result of results) if (result.kind === 'got') bytes += foundBytes(result.found);
  return bytes;
}

const foundBytes = (found: StoredValue | null): number =>
  found === null ? 0 : FOUND_BYTES + found.value.length + (found.contentType?.length ?? 0);

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
