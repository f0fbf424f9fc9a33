import { epoch } from '../../../../src/core/base/numbers.ts';
import type { ApiAnswer, ApiRequest, PodInfo } from '../../../../src/core/election/api.ts';
import type { LeaseRecord, RecordContent, RecordVersion } from '../../../../src/core/election/record.ts';
import { addressesOf, idOf, LINEAGE } from './builders.ts';

/** A record as the tests write it: names instead of ids, everything but the holder and the epoch by default. */
export interface RecordSketch {
  readonly holder: string | null;
  readonly epoch: number;
  readonly inSync: readonly string[];
  readonly changed?: Partial<RecordContent>;
}

let nonces = 0;

export const contentOf = ({ holder, epoch: inEpoch, inSync, changed }: RecordSketch): RecordContent => ({
  holder: holder === null ? null : idOf(holder),
  epoch: epoch(inEpoch),
  inSync: inSync.map((name) => idOf(name)),
  addresses: holder === null ? null : addressesOf(holder),
  lineage: LINEAGE,
  // Of nobody who is tested.
  nonce: `somebody.${++nonces}`,
  endedEpoch: null,
  ...changed,
});

export const EMPTY_CONTENT: RecordContent = {
  holder: null,
  epoch: epoch(0),
  inSync: [],
  addresses: null,
  lineage: null,
  nonce: '',
  endedEpoch: null,
};

export const podOf = (name: string, changed: Partial<PodInfo> = {}): PodInfo => ({
  name,
  uid: `uid-${name}`,
  peerAddress: addressesOf(name).peer,
  state: 'running',
  deleting: false,
  ...changed,
});

/**
 * An API server with one Lease, strict about versions. What it does to the next replace can be said beforehand: `lose`
 * carries it out and hides it, `delay` hides it and carries it out when told to, `drop` forgets it.
 */
export class FakeApi {
  record: LeaseRecord | null = null;
  damaged: string | null = null;
  pods: PodInfo[] = [];
  /** They exist, but the group's labels do not select them. */
  strayedPods: PodInfo[] = [];
  /** Calls are not answered; as they come, they wait in the group. */
  away = false;
  /** What happens elsewhere just before a read, or a replace, is looked at. */
  beforeRead: (() => void) | null = null;
  beforeReplace: (() => void) | null = null;
  readonly requests: ApiRequest[] = [];
  #versions = 0;
  #uids = 0;
  #fate: { kind: 'lose' | 'delay' | 'drop' | 'refuse'; matches: (content: RecordContent) => boolean } | null = null;
  #delayed: Extract<ApiRequest, { kind: 'replaceLease' }> | null = null;

  /** Of the next replace, or of the next whose content `matches`. */
  next(fate: 'lose' | 'delay' | 'drop' | 'refuse', matches: (content: RecordContent) => boolean = () => true): void {
    this.#fate = { kind: fate, matches };
  }

  /** Written by somebody else, whatever stood there. */
  write(content: RecordContent): LeaseRecord {
    if (this.record === null) this.#uids += 1;
    this.#versions += 1;
    const version: RecordVersion = { uid: `lease-${this.#uids}`, resourceVersion: String(this.#versions) };
    this.record = { version, content };
    this.damaged = null;
    return this.record;
  }

  sketch(sketch: RecordSketch): LeaseRecord {
    return this.write(contentOf(sketch));
  }

  deleteRecord(): void {
    this.record = null;
  }

  /** Carries out the replace that was delayed, if the record still has the version that it names. */
  landDelayed(): void {
    const request = this.#delayed;
    this.#delayed = null;
    if (request !== null) this.#replace(request);
  }

  get replaces(): Extract<ApiRequest, { kind: 'replaceLease' }>[] {
    return this.requests.filter((request) => request.kind === 'replaceLease');
  }

  answer(request: ApiRequest): ApiAnswer {
    this.requests.push(request);
    switch (request.kind) {
      case 'readLease':
        this.beforeRead?.();
        return this.#read();
      case 'createLease':
        return this.record === null ? { kind: 'record', record: this.write(EMPTY_CONTENT) } : { kind: 'conflict' };
      case 'listPods':
        return { kind: 'pods', pods: this.pods };
      case 'readPod':
        return { kind: 'pods', pods: [...this.pods, ...this.strayedPods].filter(({ name }) => name === request.name) };
      case 'replaceLease': {
        this.beforeReplace?.();
        if (this.#fate?.matches(request.content) !== true) return this.#replace(request);
        const fate = this.#fate.kind;
        this.#fate = null;
        if (fate === 'refuse') return { kind: 'refused', reason: 'forbidden' };
        if (fate === 'delay') this.#delayed = request;
        if (fate === 'lose') this.#replace(request);
        return { kind: 'inDoubt', reason: 'timed out' };
      }
    }
  }

  #read(): ApiAnswer {
    if (this.record === null) return { kind: 'absent' };
    if (this.damaged !== null) return { kind: 'damaged', version: this.record.version, reason: this.damaged };
    return { kind: 'record', record: this.record };
  }

  #replace(request: Extract<ApiRequest, { kind: 'replaceLease' }>): ApiAnswer {
    if (this.record === null) return { kind: 'absent' };
    const { uid, resourceVersion } = this.record.version;
    if (request.base.uid !== uid || request.base.resourceVersion !== resourceVersion) return { kind: 'conflict' };
    return { kind: 'record', record: this.write(request.content) };
  }
}
