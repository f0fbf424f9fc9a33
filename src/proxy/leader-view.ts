import { isUnfilled, type LeaseRecord, type RecordContent } from '../core/election/record.ts';
import type { ReplicaSummary } from '../core/group/summary.ts';
import { parseReplicaId } from '../core/replication/replica-id.ts';

export interface KnownLeader {
  readonly podName: string;
  readonly peerAddress: string;
  readonly epoch: number;
}

/**
 * Who leads, as far as the record and the replicas' own word tell: the highest epoch of the latest lineage wins. It may
 * be out of date, and does no harm then: whoever does not lead says so, and a deposed leader commits nothing (R4).
 */
export class LeaderView {
  #record: RecordContent | null = null;
  #leader: KnownLeader | null = null;
  #uid: string | null = null;
  #lineage = 0;
  #epoch = 0;

  /** As last seen; null before the first. A deleted record changes nothing: its leader writes it again (R13). */
  get record(): RecordContent | null {
    return this.#record;
  }

  /** null: the record names nobody. */
  get leader(): KnownLeader | null {
    return this.#leader;
  }

  /** Whether it said something new of the leader. */
  seeRecord({ version, content }: LeaseRecord): boolean {
    // Just created, and about to be filled by whoever may (R13): as good as deleted.
    if (isUnfilled(content)) return false;
    const lineage = content.lineage?.number ?? 0;
    // Watches may go back in time. A record with another uid is another record, which may count from 1 again.
    if (version.uid === this.#uid && !this.#isCurrent(lineage, content.epoch)) return false;
    this.#uid = version.uid;
    this.#record = content;
    this.#lineage = lineage;
    this.#epoch = content.epoch;
    const pod = content.holder === null ? null : parseReplicaId(content.holder);
    if (pod === null || content.addresses === null) return this.#become(null);
    return this.#become({ podName: pod.podName, peerAddress: content.addresses.peer, epoch: content.epoch });
  }

  /** A replica that says it leads a later epoch than the record that we have: the watch is behind, or broken. */
  seeStatus(status: ReplicaSummary, peerAddress: string): boolean {
    const lineage = status.lineage?.number ?? 0;
    if (status.role !== 'leading' || !this.#isCurrent(lineage, status.epoch)) return false;
    if (lineage === this.#lineage && status.epoch === this.#epoch) return false;
    this.#lineage = lineage;
    this.#epoch = status.epoch;
    return this.#become({ podName: status.podName, peerAddress, epoch: status.epoch });
  }

  #isCurrent(lineage: number, epoch: number): boolean {
    return lineage > this.#lineage || (lineage === this.#lineage && epoch >= this.#epoch);
  }

  #become(leader: KnownLeader | null): boolean {
    const before = this.#leader;
    this.#leader = leader;
    if (leader === null || before === null) return leader !== before;
    return (
      leader.epoch !== before.epoch || leader.podName !== before.podName || leader.peerAddress !== before.peerAddress
    );
  }
}
