import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Epoch } from '../../../src/core/base/numbers.ts';
import type { ApiAnswer, ApiRequest, PodInfo } from '../../../src/core/election/api.ts';
import type { LeaseRecord, RecordContent } from '../../../src/core/election/record.ts';
import type { Endpoint, GroupApi } from '../../../src/ports/kubernetes.ts';

const EMPTY: RecordContent = {
  holder: null,
  epoch: 0 as Epoch,
  inSync: [],
  addresses: null,
  lineage: null,
  nonce: '',
  endedEpoch: null,
};

/** The record and the pods of one group, as the API server keeps them, without the API server. */
export class MemoryKubernetes {
  record: LeaseRecord | null = null;
  readonly #pods = new Map<string, PodInfo>();
  readonly #recordWatchers = new Set<(record: LeaseRecord | null) => void>();
  readonly #endpointWatchers = new Set<(endpoints: readonly Endpoint[]) => void>();
  #lastVersion = 0;

  /** The pod keeps its uid, whichever process of it enters. */
  enter(podName: string, peerAddress: string): Promise<{ readonly podUid: string; readonly api: GroupApi }> {
    const podUid = `uid-of-${podName}`;
    this.#pods.set(podName, { name: podName, uid: podUid, peerAddress, state: 'running', deleting: false });
    for (const tell of this.#endpointWatchers) tell(this.#endpoints());
    return Promise.resolve({ podUid, api: this.#api() });
  }

  /** As somebody sees it who is no pod of the group. */
  outside(): GroupApi {
    return this.#api();
  }

  #api(): GroupApi {
    return {
      call: async (request) => {
        await nextTurn();
        return this.#answer(request);
      },
      watchRecord: (onRecord, signal) => {
        this.#recordWatchers.add(onRecord);
        signal.addEventListener('abort', () => this.#recordWatchers.delete(onRecord));
        onRecord(this.record);
      },
      watchEndpoints: (onEndpoints, signal) => {
        this.#endpointWatchers.add(onEndpoints);
        signal.addEventListener('abort', () => this.#endpointWatchers.delete(onEndpoints));
        onEndpoints(this.#endpoints());
      },
      emitEvent: () => undefined,
      close: () => Promise.resolve(),
    };
  }

  #answer(request: ApiRequest): ApiAnswer {
    const { record } = this;
    switch (request.kind) {
      case 'readLease':
        return record === null ? { kind: 'absent' } : { kind: 'record', record };
      case 'createLease':
        return record === null ? this.#store('lease-uid', EMPTY) : { kind: 'conflict' };
      case 'replaceLease': {
        if (record === null) return { kind: 'absent' };
        const { uid, resourceVersion } = record.version;
        if (uid !== request.base.uid || resourceVersion !== request.base.resourceVersion) return { kind: 'conflict' };
        return this.#store(uid, request.content);
      }
      case 'listPods':
        return { kind: 'pods', pods: [...this.#pods.values()] };
      case 'readPod':
        return { kind: 'pods', pods: [...this.#pods.values()].filter(({ name }) => name === request.name) };
    }
  }

  #store(uid: string, content: RecordContent): ApiAnswer {
    this.#lastVersion += 1;
    const record = { version: { uid, resourceVersion: String(this.#lastVersion) }, content };
    this.record = record;
    for (const tell of this.#recordWatchers) tell(record);
    return { kind: 'record', record };
  }

  #endpoints(): Endpoint[] {
    return Array.from(this.#pods.values(), ({ name, peerAddress, deleting }) => ({
      podName: name,
      peerAddress: peerAddress ?? '',
      ready: true,
      terminating: deleting,
    }));
  }
}
