import type { Epoch, GroupId } from '../../core/base/numbers.ts';
import type { PeerMessage } from '../../core/replication/messages.ts';
import type { OpenSessionOutcome, WriteOutcome, WriteRequest } from '../../core/store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../../core/store/reads.ts';
import type { ReplicaSummary } from '../../ports/data-operations.ts';

/**
 * One frame of the peer protocol: length, type, group, epoch, body. Frames travel on one connection for replicas and
 * proxies alike; each side's first bytes are the preface (magic, protocol version range), before any frame.
 *
 * Version history: 1, the first.
 */
export type PeerFrame =
  | { readonly kind: 'peer'; readonly group: GroupId; readonly message: PeerMessage }
  | ClientRequestFrame
  | ClientResponseFrame;

/** From a proxy, or a replica that passes a write on. `request` is unique among those that wait on the connection. */
export type ClientRequestFrame =
  | { readonly kind: 'write'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number; readonly hop: WriteHop; readonly write: WriteRequest }
  | { readonly kind: 'openSession'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number; readonly hop: WriteHop }
  | { readonly kind: 'read'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number; readonly read: ReadRequest }
  | { readonly kind: 'status'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number };

/** `direct`: answer `not-leader` if you do not lead. `relay`: pass it on to the leader, once, as `direct`. */
export type WriteHop = 'direct' | 'relay';

export type ClientResponseFrame =
  | { readonly kind: 'writeAnswered'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number; readonly outcome: WriteOutcome }
  | { readonly kind: 'sessionAnswered'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number; readonly outcome: OpenSessionOutcome }
  | { readonly kind: 'readAnswered'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number; readonly outcome: ReadOutcome }
  | { readonly kind: 'statusAnswered'; readonly group: GroupId; readonly epoch: Epoch; readonly request: number; readonly status: ReplicaSummary };

export const PROTOCOL_VERSION = 1;
/** A frame's body and header, bytes. Room for the largest value (16 MiB by configuration) and what surrounds it. */
export const FRAME_BYTES_MAX = 20 * 2 ** 20;
