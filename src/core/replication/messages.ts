import type { Key } from '../base/key.ts';
import type { Addresses } from '../election/record.ts';
import type { Epoch, LogIndex, Version, WallMs } from '../base/numbers.ts';
import type { DecidedOutcome, IdempotencyKey, SessionId } from '../store/commands.ts';
import type { HeldLock } from '../store/locks.ts';
import type { PackedValues } from '../store/packed-values.ts';
import type { StoredValue } from '../store/reads.ts';
import type { Entry } from './entry.ts';
import type { Lineage } from './lineage.ts';
import type { ReplicaId } from './replica-id.ts';

/**
 * What replicas say to each other. A follower dials the leader that the record names and says `hello`; the leader
 * answers with a place in the log from which it streams (`resume`) or with a snapshot, and from then on sends `append`s,
 * which the follower answers with `ack`s. Whoever wants to know how things stand dials anybody and asks a `question`.
 *
 * Within a connection messages arrive in order. Lost and repeated ones do no harm all the same: every append says what
 * it follows, acknowledgements are cumulative, and a hello is answered once.
 */
export type PeerMessage =
  | Hello
  | Reject
  | Resume
  | SnapshotBegin
  | SnapshotChunk
  | SnapshotEnd
  | Append
  | Ack
  | Vouch
  | Vouched
  | Question
  | Answer;

/** R10: follower to leader. Names the lineage of the *data*. Sent again on the same link when the streams disagree. */
export interface Hello {
  readonly kind: 'hello';
  /** Counts the hellos of this replica; the answer names it, so that an old answer is not taken for a new one. */
  readonly number: number;
  readonly from: ReplicaId;
  /** Where it would be reached as a leader: whoever names it (R9) writes them into the record. */
  readonly addresses: Addresses;
  /** The highest epoch seen. */
  readonly epoch: Epoch;
  /** Lineage of the data; null if the replica is empty. */
  readonly lineage: Lineage | null;
  readonly lastIndex: LogIndex;
  readonly lastEpoch: Epoch;
  /** R9: told to stop; wants to leave the set and is not to be named or added. */
  readonly stopping: boolean;
}

/** "Not me": the receiver does not lead, or not in the epoch that the other thinks. Also R3's answer to a lower epoch. */
export interface Reject {
  readonly kind: 'reject';
  readonly from: ReplicaId;
  readonly epoch: Epoch;
  readonly lineage: Lineage | null;
}

/** R10: drop what follows `prevIndex`; the stream goes on from there. */
export interface Resume {
  readonly kind: 'resume';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  readonly hello: number;
  readonly prevIndex: LogIndex;
  readonly prevEpoch: Epoch;
}

/** R11: empty yourself; the state at `startIndex` follows in chunks, among the appends of what came since. */
export interface SnapshotBegin {
  readonly kind: 'snapshotBegin';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  readonly hello: number;
  readonly startIndex: LogIndex;
  readonly startEpoch: Epoch;
  /** The log's time at `startIndex`. */
  readonly timeMs: WallMs;
  /** R20: the limit that holds there. */
  readonly historyLimit: number;
}

/** Values and tombstones that no entry after `startIndex` has changed; older versions from before it; locks, sessions and outcomes as they stand. */
export interface SnapshotChunk {
  readonly kind: 'snapshotChunk';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  readonly hello: number;
  /** From 0, without gaps. */
  readonly number: number;
  readonly items: readonly SnapshotItem[];
}

export type SnapshotItem =
  | ({ readonly kind: 'values' } & PackedValues)
  /** R20: versions that entries before the start have superseded, in that order. */
  | ({ readonly kind: 'olderValues' } & PackedValues)
  /** One that is too large to be packed. */
  | { readonly kind: 'value'; readonly key: Key; readonly stored: StoredValue }
  | { readonly kind: 'tombstone'; readonly key: Key; readonly version: Version; readonly revision: LogIndex }
  /** R20: a version that the entry at `supersededAt` has put another in the place of: too large to be packed, or since the start. */
  | {
      readonly kind: 'older';
      readonly key: Key;
      readonly stored: StoredValue;
      readonly supersededAt: LogIndex;
    }
  | { readonly kind: 'lock'; readonly lock: Key; readonly held: HeldLock }
  | {
      readonly kind: 'session';
      readonly session: SessionId;
      readonly lastUsedMs: WallMs;
      readonly settledThrough: number;
      readonly outcomes: readonly KeptOutcome[];
    }
  | {
      readonly kind: 'idempotency';
      readonly key: IdempotencyKey;
      readonly timeMs: WallMs;
      readonly revision: LogIndex;
      readonly outcome: DecidedOutcome;
    };

/** R15: the first outcome of a request number. */
export interface KeptOutcome {
  readonly number: number;
  readonly revision: LogIndex;
  readonly outcome: DecidedOutcome;
}

export interface SnapshotEnd {
  readonly kind: 'snapshotEnd';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  readonly hello: number;
  /** How many chunks there were. */
  readonly chunks: number;
  /** R11: until everything up to here is applied, the replica counts as empty. */
  readonly endIndex: LogIndex;
  /** Versions of deleted keys at or below this one were forgotten: see `store.ts`. */
  readonly versionFloor: Version;
}

/** Leader to follower: entries, commit index, round and confirmation in one; without entries, a heartbeat. */
export interface Append {
  readonly kind: 'append';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  /** The newest round; the receiver's next acknowledgement answers it. */
  readonly round: number;
  /** The newest round that was full: news of a *working* leader (R8). */
  readonly fullRound: number;
  readonly prevIndex: LogIndex;
  readonly prevEpoch: Epoch;
  readonly commitIndex: LogIndex;
  /** Whether the receiver stands in the confirmed in-sync set. */
  readonly member: boolean;
  /** R12: the newest of the receiver's own `sentMs` for which the leader's authority is shown; -1 while none is. */
  readonly confirmedMs: number;
  /** R15: the log's time. */
  readonly timeMs: WallMs;
  readonly entries: readonly Entry[];
}

/** Follower to leader, at once for every turn in which something arrived. */
export interface Ack {
  readonly kind: 'ack';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  readonly round: number;
  /** Everything up to here is in the follower's log and verified with this leader; 0 while a snapshot comes in. */
  readonly matchIndex: LogIndex;
  readonly appliedIndex: LogIndex;
  /** The follower's monotonic clock when it sent this: the leader only gives it back (R12). */
  readonly sentMs: number;
  /** Bytes of the stream taken in since the hello that was answered last, as the sender counted them: flow control. */
  readonly receivedBytes: number;
  readonly stopping: boolean;
  /** R21: keys that it has answered reads of; at most {@link TOUCHES_PER_ACK_MAX}. */
  readonly touches: readonly Key[];
}

/** R12: "does your authority still stand?", for linearizable reads that wait at a follower. */
export interface Vouch {
  readonly kind: 'vouch';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  /** Counts up; a later answer covers all earlier ones. */
  readonly number: number;
}

export interface Vouched {
  readonly kind: 'vouched';
  readonly epoch: Epoch;
  readonly lineage: Lineage;
  readonly number: number;
  /** False: the asker is no member. */
  readonly granted: boolean;
}

/** R8, R13, R14: how do things stand with you? Always answered. */
export interface Question {
  readonly kind: 'question';
  readonly number: number;
  readonly from: ReplicaId;
}

export interface Answer {
  readonly kind: 'answer';
  readonly number: number;
  readonly from: ReplicaId;
  /** The highest epoch seen. */
  readonly epoch: Epoch;
  /** The lineage that it obeys; null if none yet. */
  readonly obeys: Lineage | null;
  /** Lineage of the data; null if it is empty. */
  readonly lineage: Lineage | null;
  readonly lastIndex: LogIndex;
  readonly lastEpoch: Epoch;
  readonly leads: boolean;
  readonly stopping: boolean;
  /** Milliseconds since it heard from a working leader of `epoch` (R8); null if it has not. */
  readonly heardWorkingMs: number | null;
}
