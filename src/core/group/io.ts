import type { MonotonicMs } from '../base/numbers.ts';
import type { ApiAnswer, ApiRequest } from '../election/api.ts';
import type { LeaseRecord } from '../election/record.ts';
import type { RecoverOutcome, RecoverRequest } from '../election/recovery.ts';
import type { PeerMessage } from '../replication/messages.ts';
import type { OpenSessionOutcome, WriteOutcome, WriteRequest } from '../store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../store/reads.ts';
import type { WatchEnding, WatchNews, WatchRequest } from '../store/watching.ts';

/**
 * What goes into a group and what comes out. The host feeds everything that arrived in one turn of the event loop with
 * `step`, then calls `flush` once, and performs the effects in their order.
 */

/** A connection as one end of it knows it. The group numbers those that it dials 1, 2, …; the host those that it accepts -1, -2, … */
export type LinkId = number;

/** Names a request of a client until it is answered; the host chooses it, unique among those that wait. */
export type Ticket = number;

export type Input =
  | { readonly kind: 'tick' }
  /** A dialled link stands. */
  | { readonly kind: 'connected'; readonly link: LinkId }
  /** Somebody dialled us. */
  | { readonly kind: 'accepted'; readonly link: LinkId }
  | { readonly kind: 'received'; readonly link: LinkId; readonly message: PeerMessage }
  /**
   * The link is gone, or a dial failed; once per link, and never after the group itself disconnected it.
   * `refused`: there is a machine, but nobody listens (ECONNREFUSED), the sign of a dead process (R8).
   */
  | { readonly kind: 'closed'; readonly link: LinkId; readonly reason: 'refused' | 'lost' }
  /** `call` is the number that the effect `callApi` gave. Exactly one answer for each, in any order. */
  | { readonly kind: 'apiAnswered'; readonly call: number; readonly answer: ApiAnswer }
  /** News from the watch. Only a hint: decisions rest on reads (R1). null: the Lease was deleted. */
  | { readonly kind: 'recordHinted'; readonly record: LeaseRecord | null }
  /** Where the group's other pods listen now; only for R8's question, which is about liveness. */
  | { readonly kind: 'peersHinted'; readonly peerAddresses: readonly string[] }
  | { readonly kind: 'write'; readonly ticket: Ticket; readonly request: WriteRequest }
  | { readonly kind: 'openSession'; readonly ticket: Ticket }
  | { readonly kind: 'read'; readonly ticket: Ticket; readonly request: ReadRequest }
  /** R19: news by `watchNews` until `watchEnded`, or `cancel`. */
  | { readonly kind: 'watch'; readonly ticket: Ticket; readonly request: WatchRequest }
  /** A watcher takes so many bytes more. */
  | { readonly kind: 'grant'; readonly ticket: Ticket; readonly bytes: number }
  /** The asker is gone; no answer is wanted. A write stays in the log. */
  | { readonly kind: 'cancel'; readonly ticket: Ticket }
  /** R13: an operator decides where no rule does. */
  | { readonly kind: 'recover'; readonly ticket: Ticket; readonly request: RecoverRequest }
  /** R9: stop within the grace period, then say `stopped`. */
  | { readonly kind: 'stop'; readonly graceMs: number };

export type Effect =
  /** Dial; the answer is `connected` or `closed`. */
  | { readonly kind: 'connect'; readonly link: LinkId; readonly address: string }
  | { readonly kind: 'disconnect'; readonly link: LinkId; readonly reason: string }
  | { readonly kind: 'send'; readonly link: LinkId; readonly message: PeerMessage }
  | { readonly kind: 'callApi'; readonly call: number; readonly request: ApiRequest }
  | { readonly kind: 'writeAnswered'; readonly ticket: Ticket; readonly outcome: WriteOutcome }
  | { readonly kind: 'sessionAnswered'; readonly ticket: Ticket; readonly outcome: OpenSessionOutcome }
  | { readonly kind: 'readAnswered'; readonly ticket: Ticket; readonly outcome: ReadOutcome }
  /** The same for all of them; the first of a watch says that it is accepted. */
  | { readonly kind: 'watchNews'; readonly tickets: readonly Ticket[]; readonly news: WatchNews }
  /** Nothing more comes on these tickets. */
  | { readonly kind: 'watchEnded'; readonly tickets: readonly Ticket[]; readonly ending: WatchEnding }
  /** There is more to do than one turn may take: a tick soon, after what has arrived. */
  | { readonly kind: 'turnWanted' }
  | { readonly kind: 'recoverAnswered'; readonly ticket: Ticket; readonly outcome: RecoverOutcome }
  /** For the log and the metrics: every change of role, epoch, set, lineage, with its reason. */
  | { readonly kind: 'report'; readonly report: Report }
  /** R9: nothing holds this replica any more; the process may end. */
  | { readonly kind: 'stopped' };

export type Report =
  | { readonly kind: 'roleChanged'; readonly role: Role; readonly epoch: number; readonly reason: string }
  | {
      readonly kind: 'setChanged';
      readonly epoch: number;
      readonly members: readonly string[];
      readonly reason: string;
    }
  | {
      readonly kind: 'lineageChanged';
      readonly lineage: { readonly number: number; readonly id: string };
      readonly reason: string;
    }
  /** Acknowledged writes may be lost, or an operator is needed: a log line, an Event and a metric. */
  | { readonly kind: 'alarm'; readonly code: AlarmCode; readonly message: string }
  /** R10: another replica has said what cannot be true; it is heard no more in this epoch. */
  | { readonly kind: 'peerRefused'; readonly replica: string; readonly reason: string }
  /** What explains the rest when somebody looks back; logged at `debug`. */
  | { readonly kind: 'note'; readonly message: string };

export type AlarmCode =
  /** R13, R14: a new lineage was begun; acknowledged writes may be lost. */
  | 'data-loss-possible'
  /** R13: the record is lost and nobody can show that writing it again is safe. */
  | 'frozen'
  /** The record cannot be read, or names what it cannot. */
  | 'record-damaged';

export type Role =
  /** No leader known, or not one that can be reached. */
  | 'seeking'
  /** Receives the log. */
  | 'following'
  | 'leading';

/** How this replica stands; cheap to make, for /readyz, /v1/cluster and the metrics. */
export interface GroupStatus {
  readonly replica: string;
  readonly role: Role;
  readonly epoch: number;
  readonly lineage: { readonly number: number; readonly id: string } | null;
  readonly leader: string | null;
  readonly leaderAddresses: { readonly peer: string; readonly http: string } | null;
  readonly inSync: readonly string[];
  /** `member` and `leader` are in the in-sync set; a standby is caught up but outside it. */
  readonly standing: 'leader' | 'member' | 'standby' | 'learner' | 'none';
  /** In sync or standby, or leading with its first entry committed or waiting only for the minimum: /readyz. */
  readonly ready: boolean;
  readonly stopping: boolean;
  readonly frozen: boolean;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly keys: number;
  readonly storeBytes: number;
  /** R20: of the store, what older versions take: they yield to new data. */
  readonly historyBytes: number;
  readonly olderVersions: number;
  /** R22: since it began. */
  readonly evictedKeys: number;
  readonly logEntries: number;
  readonly logBytes: number;
  readonly sessions: number;
  readonly idempotencyKeys: number;
  /** Of a leader: how each follower stands. */
  readonly followers: readonly FollowerStatus[];
  /** Of a follower: when the newest entry that the leader has committed and this replica has applied was written. */
  readonly lagEntries: number;
  readonly watchers: number;
  readonly lineageChanges: number;
  readonly sinceLeaderHeardMs: number | null;
}

export interface FollowerStatus {
  readonly replica: string;
  readonly standing: 'member' | 'standby' | 'learner';
  readonly stopping: boolean;
  readonly matchIndex: number;
  readonly lagEntries: number;
  /** How long its oldest unacknowledged entry has waited. */
  readonly lagMs: number;
}

export type { MonotonicMs };
