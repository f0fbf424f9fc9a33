import type { Addresses } from '../election/record.ts';
import type { LinkId } from '../group/io.ts';
import type { LogIndex } from '../base/numbers.ts';
import type { ReplicaId } from './replica-id.ts';
import type { SnapshotScan } from './snapshot.ts';

/** What the leader knows of one other replica. A member is remembered while it is away, others only while they are here. */
export class Progress {
  readonly id: ReplicaId;
  /** null while it is not connected. */
  link: LinkId | null = null;
  addresses: Addresses | null = null;
  /** R9: it asks to leave. */
  stopping = false;
  /** The hello that the stream answers. */
  hello = 0;
  /** The last entry put into the stream. */
  sentIndex = 0 as LogIndex;
  /** The last entry that it has, or was ever sent, in this epoch. */
  sentHighest = 0 as LogIndex;
  sentCommitIndex = 0 as LogIndex;
  sentRound = -1;
  sentConfirmedMs = -1;
  sentMember = false;
  /** R4: everything up to here it has acknowledged in this epoch. */
  matchIndex = 0 as LogIndex;
  appliedIndex = 0 as LogIndex;
  ackedRound = 0;
  /** R11: while a snapshot is on its way. */
  snapshot: SnapshotScan | null = null;
  /** When its newest piece was sent, or its beginning. */
  sentPieceMs = -Infinity;
  /** Bytes put into the stream, and bytes that it has said it took in: their difference is in flight. */
  sentBytes = 0;
  receivedBytes = 0;
  /** R12: its clock at the newest acknowledgement that came; and at the newest before the proof that is under way. */
  echoMs = -1;
  roundEchoMs = -1;
  renewalEchoMs = -1;
  /** R12: the newest of its clock for which authority is shown. */
  confirmedMs = -1;
  /** When this leader first could send to it; null: not yet. */
  sendableSinceMs: number | null = null;
  heardMs = -Infinity;
  /** Since when it has held, at every tick, all that was committed a tick before. */
  caughtUpSinceMs: number | null = null;

  constructor(id: ReplicaId) {
    this.id = id;
  }

  /** A new stream begins after `index`; what was acknowledged in this epoch stays acknowledged. */
  beginStream(options: {
    readonly link: LinkId;
    readonly hello: number;
    readonly after: LogIndex;
    readonly snapshot: SnapshotScan | null;
  }): void {
    this.link = options.link;
    this.hello = options.hello;
    this.sentIndex = options.after;
    if (this.sentHighest < options.after) this.sentHighest = options.after;
    this.sentCommitIndex = 0 as LogIndex;
    this.sentRound = -1;
    this.sentConfirmedMs = -1;
    this.sentMember = false;
    this.snapshot = options.snapshot;
    this.sentBytes = 0;
    this.receivedBytes = 0;
  }

  /** R11: of which there is more to send. */
  get unsentSnapshot(): SnapshotScan | null {
    return this.snapshot?.done === false ? this.snapshot : null;
  }

  endStream(): void {
    this.link = null;
    this.snapshot = null;
    this.caughtUpSinceMs = null;
  }

  /** It receives entries that count: connected and not amid a snapshot. */
  get streaming(): boolean {
    return this.link !== null && this.snapshot === null;
  }
}
