import type { ApiAnswer, ApiRequest } from '../../core/election/api.ts';
import { unreachable } from '../../core/base/assert.ts';
import type { LeaseRecord, RecordVersion } from '../../core/election/record.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Endpoint, GroupApi } from '../../ports/kubernetes.ts';
import type { Log } from '../../ports/telemetry.ts';
import { ApiClient, ApiStatusError, type ApiResponse } from './api-client.ts';
import { openConnection, type Connection } from './connection.ts';

import { readEndpoints } from './endpoints.ts';
import { EventRecorder } from './event-recorder.ts';
import { GroupRequests, type BuildRequest } from './group-requests.ts';
import { objectAt, textAt, type JsonObject } from './json.ts';
import { emptyLease, leaseWith, readLease } from './lease-record.ts';
import { listAndWatch, messageOf } from './list-and-watch.ts';
import { readPod } from './pod-info.ts';

export { connectionTo, type Connection } from './connection.ts';

export interface GroupApiOptions {
  readonly connection: Connection;
  /** null: that of the service account or the kubeconfig, else `default`. */
  readonly namespace: string | null;
  readonly leaseName: string;
  /** Label selector of the group's pods. */
  readonly podSelector: string;
  /** The headless Service whose EndpointSlices name the group's pods. */
  readonly peerService: string;
  /** Where a pod or a Service names no port `peer`. */
  readonly defaultPeerPort: number;
  /** Who emits Events. */
  readonly podName: string;
  readonly leaseDurationMs: number;
  /** A call without a whole answer after this time is in doubt. */
  readonly callTimeoutMs: number;
  /** A watch that has said nothing for this long, not even a bookmark, is begun anew. */
  readonly watchSilenceMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** @throws Error if the connection is not configured or its files cannot be read. Nothing is sent yet. */
export async function createGroupApi(options: GroupApiOptions): Promise<GroupApi> {
  const connection = await openConnection(options.connection, options.callTimeoutMs);
  const names = { namespace: options.namespace ?? connection.namespace ?? 'default', leaseName: options.leaseName };
  const client = new ApiClient(connection, options.callTimeoutMs);
  return new KubernetesGroupApi(options, client, new GroupRequests(connection, names), names);
}

type ReplaceLease = Extract<ApiRequest, { readonly kind: 'replaceLease' }>;

/** Replaces build on the newest Lease or, in doubt, on one of the few before it. */
const LEASES_KEPT = 8;
/** A leader renews its Lease several times within its duration. */
const SILENT_LEASE_DURATIONS = 5;

class KubernetesGroupApi implements GroupApi {
  readonly #options: GroupApiOptions;
  readonly #client: ApiClient;
  readonly #requests: GroupRequests;
  readonly #names: { readonly namespace: string; readonly leaseName: string };
  readonly #events: EventRecorder;
  readonly #closing = new AbortController();
  /** What calls read, oldest first, by {@link versionKey}: a replace sends all of it back (R1). */
  readonly #leases = new Map<string, JsonObject>();
  #leaseUid: string | null = null;
  /** Why the last call of a kind was refused: said once, not at every attempt. */
  readonly #refusals = new Map<ApiRequest['kind'], string>();

  constructor(
    options: GroupApiOptions,
    client: ApiClient,
    requests: GroupRequests,
    names: { readonly namespace: string; readonly leaseName: string },
  ) {
    this.#options = options;
    this.#client = client;
    this.#requests = requests;
    this.#names = names;
    const { clock, log, podName } = options;
    this.#events = new EventRecorder({ client, requests, clock, log, podName, ...names });
  }

  async call(request: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.#call(request);
    this.#noteRefusal(request.kind, answer);
    return answer;
  }

  async #call(request: ApiRequest): Promise<ApiAnswer> {
    try {
      switch (request.kind) {
        case 'readLease':
          return await this.#callLease(() => this.#requests.readLease());
        case 'createLease':
          return await this.#createLease();
        case 'replaceLease':
          return await this.#replaceLease(request);
        case 'listPods':
          return await this.#listPods();
        case 'readPod':
          return await this.#readPod(request.name);
        default:
          return unreachable(request);
      }
    } catch (error) {
      if (error instanceof ApiStatusError) return answerToStatus(error.status, error.message);
      return { kind: 'inDoubt', reason: messageOf(error) };
    }
  }

  watchRecord(onRecord: (record: LeaseRecord | null) => void, signal: AbortSignal): void {
    void this.#follow({
      subject: `lease ${this.#names.leaseName}`,
      list: this.#requests.listLease(),
      // A Lease that nobody renews is either leaderless, and then a read costs nothing, or watched over a dead connection.
      silenceMs: Math.min(this.#options.watchSilenceMs, SILENT_LEASE_DURATIONS * this.#options.leaseDurationMs),
      signal,
      onState: ([lease]) => {
        if (lease === undefined) return onRecord(null);
        const reading = readLease(lease);
        if (reading.kind === 'record') return onRecord(reading.record);
        this.#options.log.warn('lease-damaged', { reason: reading.reason });
      },
    });
  }

  watchEndpoints(onEndpoints: (endpoints: readonly Endpoint[]) => void, signal: AbortSignal): void {
    void this.#follow({
      subject: `endpoints of ${this.#options.peerService}`,
      list: this.#requests.listEndpointSlices(this.#options.peerService),
      silenceMs: this.#options.watchSilenceMs,
      signal,
      onState: (slices) => onEndpoints(readEndpoints(slices, this.#options.defaultPeerPort)),
    });
  }

  emitEvent(event: Parameters<GroupApi['emitEvent']>[0]): void {
    this.#events.emit(event, this.#leaseUid);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#client.close();
  }

  /** What the listener throws ends the process, as a bug of ours does: here is nobody who could answer for it. */
  async #follow(options: {
    readonly subject: string;
    readonly list: Parameters<typeof listAndWatch>[0]['list'];
    readonly silenceMs: number;
    readonly signal: AbortSignal;
    readonly onState: (objects: readonly JsonObject[]) => void;
  }): Promise<void> {
    const { subject, list, silenceMs } = options;
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    const states = listAndWatch({ client: this.#client, list, subject, silenceMs, signal, log: this.#options.log });
    for await (const objects of states) {
      if (signal.aborted) return;
      options.onState(objects);
    }
  }

  /** A missing permission, or an admission policy: nothing that another attempt would change, and a person must know. */
  #noteRefusal(request: ApiRequest['kind'], answer: ApiAnswer): void {
    if (answer.kind === 'inDoubt') return;
    const reason = answer.kind === 'refused' ? answer.reason : null;
    if (reason === null) this.#refusals.delete(request);
    else if (this.#refusals.get(request) !== reason) {
      this.#refusals.set(request, reason);
      this.#options.log.warn('kubernetes-call-refused', { request, reason });
    }
  }

  async #createLease(): Promise<ApiAnswer> {
    const lease = emptyLease(this.#names.leaseName, this.#names.namespace);
    const answer = await this.#callLease(() => this.#requests.createLease(lease));
    // 404 to a create is about the namespace.
    return answer.kind === 'absent' ? { kind: 'refused', reason: `no namespace ${this.#names.namespace}` } : answer;
  }

  async #replaceLease({ base, content, baseIs }: ReplaceLease): Promise<ApiAnswer> {
    const lease = this.#leases.get(versionKey(base));
    // Whoever asks reads again, and what it reads is kept.
    if (lease === undefined) return { kind: 'conflict' };
    const { clock, leaseDurationMs } = this.#options;
    const body = leaseWith(lease, content, { nowMs: clock.now().wallMs, leaseDurationMs, baseIs });
    return this.#callLease(() => this.#requests.replaceLease(body));
  }

  async #callLease(build: BuildRequest): Promise<ApiAnswer> {
    const response = await this.#client.call(build);
    if (response.status < 200 || response.status >= 300) return answerToFailure(response);
    if (response.body === null) return { kind: 'inDoubt', reason: `${response.reason}, but not a Lease` };
    const reading = readLease(response.body);
    switch (reading.kind) {
      case 'notALease':
        return { kind: 'inDoubt', reason: `${response.reason}, but not a Lease: ${reading.reason}` };
      case 'damaged':
        this.#keep(reading.version, response.body);
        return reading;
      case 'record':
        this.#keep(reading.record.version, response.body);
        return reading;
      default:
        return unreachable(reading);
    }
  }

  #keep(version: RecordVersion, lease: JsonObject): void {
    this.#leaseUid = version.uid;
    const key = versionKey(version);
    this.#leases.delete(key);
    this.#leases.set(key, lease);
    for (const oldest of this.#leases.keys()) {
      if (this.#leases.size <= LEASES_KEPT) break;
      this.#leases.delete(oldest);
    }
  }

  async #listPods(): Promise<ApiAnswer> {
    const { items } = await this.#client.list(this.#requests.listPods(this.#options.podSelector));
    const pods = [];
    for (const item of items) {
      const pod = readPod(item, this.#options.defaultPeerPort);
      // Leaving it out would say that it is gone.
      if (pod === null) return { kind: 'inDoubt', reason: 'a pod without name or uid is listed' };
      pods.push(pod);
    }
    return { kind: 'pods', pods };
  }

  async #readPod(name: string): Promise<ApiAnswer> {
    const response = await this.#client.call(() => this.#requests.readPod(name));
    if (response.status < 200 || response.status >= 300) {
      const failure = answerToFailure(response);
      return failure.kind === 'absent' ? { kind: 'pods', pods: [] } : failure;
    }
    const pod = response.body === null ? null : readPod(response.body, this.#options.defaultPeerPort);
    return pod === null
      ? { kind: 'inDoubt', reason: `${response.reason}, but not a pod` }
      : { kind: 'pods', pods: [pod] };
  }
}

function answerToFailure({ status, body, reason }: ApiResponse): ApiAnswer {
  // Only Kubernetes' own word that the object is not there: a server that lacks the route answers 404 as well.
  if (status === 404 && textAt(objectAt({ body }, 'body'), 'reason') === 'NotFound') return { kind: 'absent' };
  return answerToStatus(status, reason);
}

function answerToStatus(status: number, reason: string): ApiAnswer {
  if (status === 409) return { kind: 'conflict' };
  const isDefinite = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return isDefinite ? { kind: 'refused', reason } : { kind: 'inDoubt', reason };
}

const versionKey = (version: RecordVersion): string => `${version.uid} ${version.resourceVersion}`;
