import type { Epoch } from '../base/numbers.ts';
import type { Lineage } from '../replication/lineage.ts';
import type { ReplicaId } from '../replication/replica-id.ts';

/** Where the leader can be reached: `host:port`, an IPv6 host in brackets. */
export interface Addresses {
  /** Peer protocol: followers dial it, proxies forward to it. */
  readonly peer: string;
  readonly http: string;
}

/** What the record says: everything of the Lease that the protocol decides on. */
export interface RecordContent {
  /** null: nobody leads. */
  readonly holder: ReplicaId | null;
  readonly epoch: Epoch;
  /** The in-sync set; empty in a Lease that was just created. */
  readonly inSync: readonly ReplicaId[];
  readonly addresses: Addresses | null;
  /** null in a Lease that was just created. */
  readonly lineage: Lineage | null;
  /** Unique to every write (R1). Empty in a Lease that was just created. */
  readonly nonce: string;
  /** R9: the epoch in which every member stopped on purpose. */
  readonly endedEpoch: Epoch | null;
}

/** The compare-and-swap token: a record with another uid is another record. */
export interface RecordVersion {
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface LeaseRecord {
  readonly version: RecordVersion;
  readonly content: RecordContent;
}

/** Created empty, without holder or set: a create cannot be fenced (R1). */
export const isUnfilled = (content: RecordContent): boolean =>
  content.holder === null && content.inSync.length === 0 && content.lineage === null;
