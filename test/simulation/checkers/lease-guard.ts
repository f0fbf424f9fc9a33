import type { RecordContent } from '../../../src/core/election/record.ts';
import { sameLineage } from '../../../src/core/replication/lineage.ts';
import { parseReplicaId } from '../../../src/core/replication/replica-id.ts';
import type { Lease } from '../api-server.ts';

/** A write of the record as an admission policy sees it. */
export interface GuardedWrite {
  readonly before: Lease;
  readonly content: RecordContent;
  readonly baseIs: 'lost' | null;
}

/**
 * The clause of `k8s/components/lease-guard` by which the API server would refuse this write; null if none. The policy is
 * tried on a real one (`test/contract/lease-guard.test.ts`); here it is shown that it never stands in the store's way. A
 * record that is damaged was edited by hand, which does not come about under the guard.
 */
export function refusedByLeaseGuard({ before, content, baseIs }: GuardedWrite, minInSync: number): string | null {
  const old = before.content;
  if (before.isDamaged) return null;
  const { holder, epoch, inSync, lineage, nonce } = content;
  const isWhole =
    lineage !== null &&
    lineage.number > 0 &&
    epoch > 0 &&
    inSync.every((id) => parseReplicaId(id) !== null) &&
    new Set(inSync).size === inSync.length &&
    (holder === null ? inSync.length > 0 : inSync.includes(holder)) &&
    nonce !== '' &&
    nonce !== old.nonce;
  if (!isWhole) return 'R2: a whole record';
  if (epoch < old.epoch) return 'R3: epochs never fall';
  if (holder !== null && holder !== old.holder && epoch === old.epoch) return 'R2: a new holder has a new epoch';
  if (old.lineage === null) return null;
  if (baseIs === 'lost') return lineage.number < old.lineage.number ? 'R13: the number of the lineage' : null;
  if (!sameLineage(lineage, old.lineage)) {
    const isBegun = lineage.number > old.lineage.number && epoch > old.epoch && String(inSync) === String([holder]);
    return isBegun ? null : 'R14: another lineage';
  }
  if (epoch > old.epoch) {
    if (epoch > old.epoch + 1 || holder === null) return 'R2, R7, R9: the epoch rises by 1';
    if (!old.inSync.includes(holder)) return 'R2: who takes over was a member';
  }
  return inSync.length < Math.min(minInSync, old.inSync.length) ? 'R6: the minimum' : null;
}
