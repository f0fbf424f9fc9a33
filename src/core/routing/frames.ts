import type { Key } from '../base/key.ts';
import type { Epoch, GroupId } from '../base/numbers.ts';
import type { PeerMessage } from '../replication/messages.ts';
import type { OpenSessionOutcome, WriteOutcome, WriteRequest } from '../store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../store/reads.ts';
import type { WatchEnding, WatchNews, WatchRequest } from '../store/watching.ts';
import type { ReplicaSummary } from '../group/summary.ts';

/**
 * What travels on one connection of the peer protocol, for replicas and proxies alike. The bytes are the business of
 * `protocol/peer`: length, type, group, epoch, body.
 */
export type PeerFrame =
  | { readonly kind: 'peer'; readonly group: GroupId; readonly message: PeerMessage }
  | ClientRequestFrame
  | ClientResponseFrame;

/** From a proxy, or a replica that passes a write on. `request` is unique among those that wait on the connection. */
export type ClientRequestFrame =
  | {
      readonly kind: 'write';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly hop: WriteHop;
      readonly write: WriteRequest;
    }
  | {
      readonly kind: 'openSession';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly hop: WriteHop;
    }
  | {
      readonly kind: 'read';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly read: ReadRequest;
    }
  | { readonly kind: 'status'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number }
  | {
      readonly kind: 'lookup';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly key: Key;
    }
  | WatchRequestFrame;

/** R19. A watch goes on under its number until it ends, or the watcher has ended it. */
export type WatchRequestFrame =
  | {
      readonly kind: 'watch';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly watch: WatchRequest;
    }
  /** The watcher takes so many bytes more. */
  | {
      readonly kind: 'grant';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly bytes: number;
    }
  | { readonly kind: 'unwatch'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number };

/** `direct`: answer `not-leader` if you do not lead. `relay`: pass it on to the leader, once, as `direct`. */
export type WriteHop = 'direct' | 'relay';

export type ClientResponseFrame =
  | {
      readonly kind: 'writeAnswered';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly outcome: WriteOutcome;
    }
  | {
      readonly kind: 'sessionAnswered';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly outcome: OpenSessionOutcome;
    }
  | {
      readonly kind: 'readAnswered';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly outcome: ReadOutcome;
    }
  | {
      readonly kind: 'statusAnswered';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly status: ReplicaSummary;
    }
  | {
      readonly kind: 'lookupAnswered';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly outcome: LookupOutcome;
    }
  | WatchResponseFrame;

export type WatchResponseFrame =
  | {
      readonly kind: 'watchNews';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly news: WatchNews;
    }
  | {
      readonly kind: 'watchEnded';
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly request: number;
      readonly ending: WatchEnding;
    };

/** What a replica's own data file says of a key; the group and its log have no part in it. */
export type LookupOutcome =
  | { readonly kind: 'found'; readonly value: Uint8Array }
  /** Not in the file, or there is none. */
  | { readonly kind: 'absent' }
  /** Not by this replica, not now: ask another. */
  | { readonly kind: 'declined'; readonly code: 'loading' };
