import type { ApiAnswer, ApiRequest, PodInfo } from '../../src/core/election/api.ts';
import type { LeaseRecord, RecordContent } from '../../src/core/election/record.ts';
import { epoch } from '../../src/core/base/numbers.ts';
import { sameLineage } from '../../src/core/replication/lineage.ts';
import { addressesOf, identityOf, PLACES } from './names.ts';

/** The API server's memory: one Lease, and how many versions and Leases there have been. */
export interface ApiMemory {
  readonly lease: { readonly uid: number; readonly content: RecordContent } | null;
  readonly version: number;
  readonly uids: number;
}

export const emptyApi: ApiMemory = { lease: null, version: 0, uids: 0 };

const emptyContent: RecordContent = {
  holder: null,
  epoch: epoch(0),
  inSync: [],
  addresses: null,
  lineage: null,
  nonce: '',
  endedEpoch: null,
};

export function recordOf(memory: ApiMemory): LeaseRecord | null {
  const { lease, version } = memory;
  if (lease === null) return null;
  return { version: { uid: `lease-${lease.uid}`, resourceVersion: String(version) }, content: lease.content };
}

const PODS: readonly PodInfo[] = PLACES.map((place) => ({
  name: identityOf(place, 0).podName,
  uid: identityOf(place, 0).podUid,
  peerAddress: addressesOf(place).peer,
  // A container that has ended is started again, or nobody has noticed: a pod that stays is never proof of anything.
  state: 'running',
  deleting: false,
}));

/** The rules of the real API server: see `test/simulation/api-server.ts`. */
export function carryOut(
  memory: ApiMemory,
  request: ApiRequest,
): { readonly after: ApiMemory; readonly answer: ApiAnswer } {
  switch (request.kind) {
    case 'readLease':
      return { after: memory, answer: readOf(memory) };
    case 'createLease': {
      if (memory.lease !== null) return { after: memory, answer: { kind: 'conflict' } };
      const after = rewritten({ ...memory, uids: memory.uids + 1 }, memory.uids + 1, emptyContent);
      return { after, answer: readOf(after) };
    }
    case 'replaceLease': {
      const { lease } = memory;
      const stands = recordOf(memory);
      const { base, content } = request;
      if (lease === null || stands?.version.uid !== base.uid || stands.version.resourceVersion !== base.resourceVersion)
        return { after: memory, answer: { kind: 'conflict' } };
      const after = sameContent(lease.content, content) ? memory : rewritten(memory, lease.uid, content);
      return { after, answer: readOf(after) };
    }
    case 'listPods':
      return { after: memory, answer: { kind: 'pods', pods: PODS } };
    case 'readPod': {
      const pods = PODS.filter((pod) => pod.name === request.name);
      return { after: memory, answer: { kind: 'pods', pods } };
    }
  }
}

/** Whoever writes it, by whatever means. */
export function rewritten(memory: ApiMemory, uid: number, content: RecordContent): ApiMemory {
  return { lease: { uid, content }, version: memory.version + 1, uids: Math.max(uid, memory.uids) };
}

export const deleted = (memory: ApiMemory): ApiMemory => ({ ...memory, lease: null, version: memory.version + 1 });

function readOf(memory: ApiMemory): ApiAnswer {
  const record = recordOf(memory);
  return record === null ? { kind: 'absent' } : { kind: 'record', record };
}

const sameContent = (a: RecordContent, b: RecordContent): boolean =>
  a.nonce === b.nonce &&
  a.epoch === b.epoch &&
  a.holder === b.holder &&
  a.endedEpoch === b.endedEpoch &&
  a.addresses?.peer === b.addresses?.peer &&
  sameLineage(a.lineage, b.lineage) &&
  String(a.inSync) === String(b.inSync);
