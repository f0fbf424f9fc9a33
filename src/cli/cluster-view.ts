import type { KvCluster, KvReplica } from '../client/index.ts';
import { aligned, bytesText, countText, durationText } from './text.ts';

/** A cluster in lines. */

export const leaderOf = ({ replicas, leader }: KvCluster): KvReplica | null =>
  replicas.find(({ replica, role }) => replica === leader && role === 'leading') ?? null;

/** An id begins with the pod's name. */
export const podOf = (replica: string): string => replica.split('/')[0] ?? replica;

export function summaryLines(cluster: KvCluster): readonly string[] {
  const leader = leaderOf(cluster);
  const { members, standbys, lineage, epoch, frozen } = cluster;
  const lineageText = lineage === null ? 'none' : `${lineage.number}.${lineage.id}`;
  const standing = standbys.length === 0 ? '' : `, ${standbys.length} on standby`;
  return [
    leader === null ? 'leader   none: writes wait' : `leader   ${leader.podName}, epoch ${epoch}`,
    ...(frozen ? ['frozen   only an operator can go on: kv admin recover --dry-run'] : []),
    `in sync  ${members.length}${standing}`,
    `lineage  ${lineageText}`,
    ...(leader === null ? [] : [`keys     ${countText(leader.keys)} in ${bytesText(leader.storeBytes)}`]),
  ];
}

export function memberLines(cluster: KvCluster): readonly string[] {
  const rows = cluster.replicas
    .toSorted((a, b) => (a.podName < b.podName ? -1 : 1))
    .map((replica) => {
      const lag = lagOf(cluster, replica);
      return [
        replica.podName,
        replica.standing,
        stateOf(replica),
        String(replica.appliedIndex),
        lag === null ? '-' : String(lag.lagEntries),
        lag === null ? '-' : durationText(lag.lagMs),
        countText(replica.keys),
        bytesText(replica.storeBytes),
        replica.httpAddress,
      ];
    });
  const head = ['POD', 'STANDING', 'STATE', 'APPLIED', 'BEHIND', 'LAG', 'KEYS', 'BYTES', 'HTTP'];
  const silent = cluster.unreachable.map(
    ({ podName, peerAddress, reason }) => `${podName}  does not answer at ${peerAddress}: ${reason}`,
  );
  return [...aligned([head, ...rows], [3, 4, 5, 6, 7]), ...silent];
}

export function stateOf({ frozen, stopping, ready }: KvReplica): string {
  if (frozen) return 'frozen';
  if (stopping) return 'stopping';
  return ready ? 'ready' : 'not ready';
}

export const lagOf = (cluster: KvCluster, { replica }: KvReplica): KvReplica['followers'][number] | null =>
  leaderOf(cluster)?.followers.find((follower) => follower.replica === replica) ?? null;
