import type { UncleanRecovery } from '../group/options.ts';
import type { ReplicaId } from '../replication/replica-id.ts';
import { type PodTestimony, podUidOf } from './survey.ts';

/**
 * Whether the memory of `member` is proven gone (the glossary's word): another process of its pod answers, or the API
 * server lists its pod as ended, or lists no pod with its UID. Silence proves nothing. The list must have been read
 * after the record that names the member.
 */
export function isGone(member: ReplicaId, testimonies: readonly PodTestimony[], policy: UncleanRecovery): boolean {
  const uid = podUidOf(member);
  const found = testimonies.find(({ pod }) => pod.uid === uid);
  if (found === undefined) {
    // The pod of that UID may still answer at an address that another pod is listed with; then it is not gone.
    const answers = testimonies.some(
      ({ testimony }) => testimony.kind === 'answered' && testimony.answer.from === member,
    );
    return policy !== 'strict' && !answers;
  }
  if (found.pod.state === 'terminated') return true;
  return (
    found.testimony.kind === 'answered' &&
    podUidOf(found.testimony.answer.from) === uid &&
    found.testimony.answer.from !== member
  );
}
