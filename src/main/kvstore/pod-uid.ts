import { setTimeout as sleep } from 'node:timers/promises';
import type { GroupApi } from '../../ports/kubernetes.ts';

const RETRY_MS = 500;

/** The uid of this pod by the API, for surroundings that cannot pass it in; waits until the API knows the pod. */
export async function podUid(api: GroupApi, podName: string): Promise<string> {
  for (;;) {
    const answer = await api.call({ kind: 'listPods' });
    const own = answer.kind === 'pods' ? answer.pods.find((pod) => pod.name === podName) : undefined;
    if (own !== undefined) return own.uid;
    await sleep(RETRY_MS);
  }
}
