import type { LeaseRecord, RecordContent, RecordVersion } from './record.ts';

/** What the core asks of the Kubernetes API. Nothing below the core repeats a call (R1). */
export type ApiRequest =
  | { readonly kind: 'readLease' }
  /** Creates it empty: no holder, no set. */
  | { readonly kind: 'createLease' }
  /** Replaces just this version; the adapter sends uid and resourceVersion both. */
  | {
      readonly kind: 'replaceLease';
      readonly base: RecordVersion;
      readonly content: RecordContent;
      /** R13: what stands there is not to be obeyed, and so binds the new record to nothing. An admission policy has to know. */
      readonly baseIs?: 'lost';
    }
  /** Every pod of the group that the API server lists, ready or not. */
  | { readonly kind: 'listPods' }
  /** The pod of this name, whatever its labels: a list of one, or of none. */
  | { readonly kind: 'readPod'; readonly name: string };

export type ApiAnswer =
  /** What was read, created, or now stands after a replace. */
  | { readonly kind: 'record'; readonly record: LeaseRecord }
  /** There is a Lease, but it cannot be read as a record. */
  | { readonly kind: 'damaged'; readonly version: RecordVersion; readonly reason: string }
  /** 404. */
  | { readonly kind: 'absent' }
  /** 409: somebody was faster. */
  | { readonly kind: 'conflict' }
  /** Another definite 4xx: nothing happened. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** A time-out, a reset, a 5xx: it may have happened, or may still. */
  | { readonly kind: 'inDoubt'; readonly reason: string }
  | { readonly kind: 'pods'; readonly pods: readonly PodInfo[] };

export interface PodInfo {
  readonly name: string;
  readonly uid: string;
  /** Of the peer protocol, `host:port`; null while the pod has none. */
  readonly peerAddress: string | null;
  readonly state:
    /** No container of it has ever run. */
    | 'neverStarted'
    /** A container runs, has run and is about to run again, or nobody knows. */
    | 'running'
    /** The phase is terminal and the container terminated: its memory is gone. */
    | 'terminated';
  /** It has a deletion timestamp. */
  readonly deleting: boolean;
}
