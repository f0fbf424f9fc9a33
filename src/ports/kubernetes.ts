import type { ApiAnswer, ApiRequest } from '../core/election/api.ts';
import type { LeaseRecord } from '../core/election/record.ts';

/** One replica group's record and pods in the Kubernetes API. */
export interface GroupApi {
  /**
   * One call, once: nothing repeats it (R1). Never rejects; whatever is not a 2xx or a definite 4xx is `inDoubt`, a call
   * that takes longer than its time-out included (it may still land).
   */
  call(request: ApiRequest): Promise<ApiAnswer>;

  /**
   * Follows the Lease until `signal` aborts, across resets, 410, silence and restarts of the API server. null: deleted.
   * A damaged record is not reported: whoever decides reads.
   */
  watchRecord(onRecord: (record: LeaseRecord | null) => void, signal: AbortSignal): void;

  /** Follows the EndpointSlices of the group's peer Service; all endpoints, ready or not, whenever they change. */
  watchEndpoints(onEndpoints: (endpoints: readonly Endpoint[]) => void, signal: AbortSignal): void;

  /** A Kubernetes Event on the Lease: best effort, never rejects, rate-limited. */
  emitEvent(event: {
    readonly reason: string;
    readonly message: string;
    readonly severity: 'Normal' | 'Warning';
  }): void;

  close(): Promise<void>;
}

export interface Endpoint {
  readonly podName: string;
  /** Peer protocol, `host:port`; an IPv6 host in brackets. */
  readonly peerAddress: string;
  readonly ready: boolean;
  readonly terminating: boolean;
}
