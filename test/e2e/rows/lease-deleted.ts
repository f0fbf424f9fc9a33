import { HttpMethod } from '@kubernetes/client-node/dist/gen/http/http.js';
import { eventually } from '../eventually.ts';
import type { Stage } from '../stage.ts';
import { underLoad, type Round } from '../under-load.ts';

interface LeaseObject {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly holderIdentity?: string };
}

/** R13: the leader writes it again, under the next epoch and in the same lineage. */
export function leaseDeleted(stage: Stage): Promise<Round> {
  const { api, namespace, installation } = stage;
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/kvstore`;
  return underLoad(stage, {}, async () => {
    const before = await installation.untilWhole();
    const { metadata } = await api.get<LeaseObject>(path);
    const { status } = await api.call(HttpMethod.DELETE, path);
    if (status !== 200) throw new Error(`the Lease was not deleted: ${status}`);
    const startedMs = performance.now();
    const isRewritten = async (): Promise<boolean> => {
      const lease = await api.get<LeaseObject>(path).catch(() => null);
      return lease !== null && lease.metadata.uid !== metadata.uid && (lease.spec.holderIdentity ?? '') !== '';
    };
    await eventually('the record is written again', isRewritten, { everyMs: 20 });
    const tookMs = performance.now() - startedMs;
    const after = await installation.untilWhole();
    const broken: string[] = [];
    if (after.leader !== before.leader) broken.push(`${String(after.leader)} leads; it was ${String(before.leader)}`);
    if (tookMs > 2000) broken.push(`written again only after ${tookMs.toFixed(0)} ms`);
    return { note: `written again after ${tookMs.toFixed(0)} ms`, broken };
  });
}
