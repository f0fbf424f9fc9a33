import type { Clock } from '../../ports/clock.ts';
import type { GroupApi } from '../../ports/kubernetes.ts';
import type { Log } from '../../ports/telemetry.ts';
import type { ApiClient } from './api-client.ts';
import { COMPONENT, type GroupRequests } from './group-requests.ts';
import type { JsonObject } from './json.ts';
import { messageOf } from './list-and-watch.ts';

export interface EventRecorderOptions {
  readonly client: ApiClient;
  readonly requests: GroupRequests;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  readonly leaseName: string;
  readonly podName: string;
}

const BURST = 10;
const REFILL_MS = 10_000;
/** What the newer kind of Event, as which it is read too, allows. */
const MESSAGE_MAX = 1024;
const REASON_MAX = 128;

/** Events for `kubectl describe lease`. A group that flaps must not flood the API server, so most of a burst is dropped. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  #tokens = BURST;
  #refilledAtMs: number;
  #last: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#refilledAtMs = options.clock.now().monotonicMs;
  }

  /** `leaseUid` ties the Event to this very Lease; null where none was read yet. */
  emit(event: Parameters<GroupApi['emitEvent']>[0], leaseUid: string | null): void {
    if (!this.#takeToken()) {
      this.#options.log.debug('kubernetes-event-dropped', { reason: event.reason });
      return;
    }
    const body = this.#body(event, leaseUid);
    // One at a time: while the API is slow, Events must not take the connections that renewals need.
    this.#last = this.#last.then(() => this.#send(body));
  }

  async #send(body: JsonObject): Promise<void> {
    const { client, requests, log } = this.#options;
    try {
      const { status, reason } = await client.call(() => requests.createEvent(body));
      if (status >= 300) log.debug('kubernetes-event-failed', { reason });
    } catch (error) {
      log.debug('kubernetes-event-failed', { reason: messageOf(error) });
    }
  }

  #takeToken(): boolean {
    const nowMs = this.#options.clock.now().monotonicMs;
    const refills = Math.floor((nowMs - this.#refilledAtMs) / REFILL_MS);
    this.#refilledAtMs += refills * REFILL_MS;
    this.#tokens = Math.min(BURST, this.#tokens + refills);
    if (this.#tokens === 0) return false;
    this.#tokens -= 1;
    return true;
  }

  #body(event: Parameters<GroupApi['emitEvent']>[0], leaseUid: string | null): JsonObject {
    const { namespace, leaseName, podName, clock } = this.#options;
    const at = new Date(clock.now().wallMs).toISOString();
    return {
      metadata: { namespace, generateName: `${leaseName}.` },
      involvedObject: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        namespace,
        name: leaseName,
        ...(leaseUid === null ? {} : { uid: leaseUid }),
      },
      type: event.severity,
      reason: event.reason.slice(0, REASON_MAX),
      message: event.message.slice(0, MESSAGE_MAX),
      count: 1,
      firstTimestamp: at,
      lastTimestamp: at,
      source: { component: COMPONENT, host: podName },
      reportingComponent: COMPONENT,
      reportingInstance: podName,
    };
  }
}
