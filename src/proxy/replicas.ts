import type { Epoch, GroupId } from '../core/base/numbers.ts';
import type { LeaseRecord, RecordContent } from '../core/election/record.ts';
import type { ReplicaSummary } from '../core/group/summary.ts';
import { parseReplicaId } from '../core/replication/replica-id.ts';
import type { Clock } from '../ports/clock.ts';
import type { Endpoint, GroupApi } from '../ports/kubernetes.ts';
import type { OpenPeerClient, PeerAnswer } from '../ports/peer-client.ts';
import type { Log } from '../ports/telemetry.ts';
import { LeaderView } from './leader-view.ts';
import type { ProxyOptions } from './proxy-options.ts';
import { ReplicaLink } from './replica-link.ts';

export interface ReplicasOptions {
  readonly group: GroupId;
  readonly api: GroupApi;
  readonly openPeerClient: OpenPeerClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ProxyOptions;
}

const STATUS_TIMEOUT_MS = 1000;
/** After a replica said that it does not lead, all are asked who does, but not more often than this. */
const ASK_ALL_INTERVAL_MS = 20;

/**
 * The replicas of one group: who they are by the EndpointSlices, who leads and who is a member by the record, how they
 * stand by their own word. One connection to each.
 */
export class Replicas {
  readonly group: GroupId;
  readonly #api: GroupApi;
  readonly #openPeerClient: OpenPeerClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: ProxyOptions;
  readonly #view = new LeaderView();
  readonly #linksByPod = new Map<string, ReplicaLink>();
  #links: readonly ReplicaLink[] = [];
  #endpoints: readonly Endpoint[] = [];
  #statusTimer: NodeJS.Timeout | null = null;
  #leaseBeingRead = false;
  #leaseReadMs = -Infinity;
  #allAskedMs = -Infinity;
  #state: 'running' | 'closed' = 'running';
  /** Whenever the leader, a connection or a standing has changed. */
  onChange: () => void = () => undefined;

  constructor(options: ReplicasOptions) {
    this.group = options.group;
    this.#api = options.api;
    this.#openPeerClient = options.openPeerClient;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#options = options.options;
  }

  /** Follows the record, the endpoints and the replicas until `signal` aborts. */
  follow(signal: AbortSignal): void {
    this.#api.watchRecord((record) => {
      if (record !== null) this.#seeRecord(record);
    }, signal);
    this.#api.watchEndpoints((endpoints) => {
      this.#endpoints = endpoints;
      this.#matchLinks();
    }, signal);
    this.#statusTimer = setInterval(lookAround, this.#options.statusIntervalMs, this);
    signal.addEventListener('abort', () => {
      this.#close();
    });
  }

  get links(): readonly ReplicaLink[] {
    return this.#links;
  }

  get record(): RecordContent | null {
    return this.#view.record;
  }

  /** For the frames: whoever answers is told what we know. */
  get epoch(): Epoch {
    return (this.#view.leader?.epoch ?? this.#view.record?.epoch ?? 0) as Epoch;
  }

  /** The leader, if one is known. */
  get leader(): ReplicaLink | null {
    const leader = this.#view.leader;
    return leader === null ? null : (this.#linksByPod.get(leader.podName) ?? null);
  }

  /** A record is known and at least one replica answers. */
  get ready(): boolean {
    return (
      this.#view.record !== null && this.#links.some((link) => link.client.state === 'open' && link.status !== null)
    );
  }

  /** A replica did not lead, or was not there: whoever does lead may say so before the record's watch does. */
  doubtLeader(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#allAskedMs < ASK_ALL_INTERVAL_MS) return;
    this.#allAskedMs = nowMs;
    for (const link of this.#links) this.#askStatus(link, nowMs);
  }

  /** Every endpoint's own word; a reason for those that gave none within a second. */
  askAll(): Promise<readonly { readonly link: ReplicaLink; readonly answer: ReplicaSummary | string }[]> {
    const nowMs = this.#nowMs();
    return Promise.all(
      this.#links.map(async (link) => {
        const { promise, resolve } = Promise.withResolvers<ReplicaSummary | string>();
        this.#requestStatus(link, nowMs, (answer) => {
          if (answer.kind === 'statusAnswered') resolve(answer.status);
          else resolve(answer.kind === 'failed' ? answer.detail : `answered with ${answer.kind}`);
        });
        return { link, answer: await promise };
      }),
    );
  }

  /** At every interval: how each one stands, and what the Lease says if the leader is not to be had. */
  lookAround(): void {
    const nowMs = this.#nowMs();
    for (const link of this.#links) this.#askStatus(link, nowMs);
    const { leader } = this;
    if (leader === null || leader.isOutOfReach(this.#options.relayAfter, nowMs)) this.#readLease(nowMs);
    // Time alone may make a road or close one.
    this.onChange();
  }

  #seeRecord(record: LeaseRecord): void {
    const before = this.#view.leader;
    const changed = this.#view.seeRecord(record);
    this.#matchLinks();
    if (!changed) return;
    const { leader } = this.#view;
    const fields = { leader: leader?.podName ?? null, epoch: record.content.epoch, before: before?.podName ?? null };
    this.#log.info('leader changed', { ...fields, reason: 'the record says so' });
  }

  /** A link for every endpoint, and for the leader even before an EndpointSlice names it. */
  #matchLinks(): void {
    if (this.#state === 'closed') return;
    const wanted = new Map(this.#endpoints.map((endpoint) => [endpoint.podName, endpoint.peerAddress]));
    const { leader, record } = this.#view;
    if (leader !== null) wanted.set(leader.podName, leader.peerAddress);
    const members = new Set(record?.inSync.map((member) => parseReplicaId(member)?.podName));
    for (const [podName, link] of this.#linksByPod) {
      const address = wanted.get(podName);
      // A member that the EndpointSlices have lost may still be there, and hold what others do not.
      if (address === link.address || (address === undefined && members.has(podName))) continue;
      this.#linksByPod.delete(podName);
      link.client.close();
    }
    for (const [podName, address] of wanted) {
      if (!this.#linksByPod.has(podName)) this.#linksByPod.set(podName, this.#open(podName, address));
    }
    for (const { podName, terminating } of this.#endpoints) {
      const link = this.#linksByPod.get(podName);
      if (link !== undefined) link.terminating = terminating;
    }
    this.#links = [...this.#linksByPod.values()];
    for (const link of this.#links) link.takeStanding(record);
    this.onChange();
  }

  #open(podName: string, address: string): ReplicaLink {
    const client = this.#openPeerClient(address, {
      onStateChange: () => {
        const nowMs = this.#nowMs();
        link.onStateChange(nowMs);
        link.takeStanding(this.#view.record);
        if (client.state === 'open') this.#askStatus(link, nowMs);
        this.onChange();
      },
    });
    const link: ReplicaLink = new ReplicaLink(podName, address, client, this.#nowMs());
    return link;
  }

  #askStatus(link: ReplicaLink, nowMs: number): void {
    if (link.statusIsAsked || link.client.state !== 'open') return;
    link.statusIsAsked = true;
    link.statusOwedSinceMs ??= nowMs;
    this.#requestStatus(link, nowMs, (answer) => {
      link.statusIsAsked = false;
      if (answer.kind === 'statusAnswered') this.#seeStatus(link, answer.status);
    });
  }

  #seeStatus(link: ReplicaLink, status: ReplicaSummary): void {
    link.status = status;
    link.statusOwedSinceMs = null;
    const changed = this.#view.seeStatus(status, link.address);
    if (changed) {
      const fields = { leader: status.podName, epoch: status.epoch };
      this.#log.info('leader changed', { ...fields, reason: 'it says so, and the record has not come yet' });
    }
    const { standing } = link;
    link.takeStanding(this.#view.record);
    if (changed || link.standing !== standing) this.onChange();
  }

  #requestStatus(link: ReplicaLink, nowMs: number, onSettled: (answer: PeerAnswer) => void): void {
    const { group, epoch } = this;
    const waiter = {
      onSettled: (answer: PeerAnswer) => {
        if (answer.kind !== 'failed') link.heard(this.#nowMs());
        onSettled(answer);
      },
    };
    link.ask({ kind: 'status', group, epoch }, waiter, { timeoutMs: STATUS_TIMEOUT_MS, nowMs });
  }

  #readLease(nowMs: number): void {
    if (this.#leaseBeingRead || nowMs - this.#leaseReadMs < this.#options.leaseReadIntervalMs) return;
    this.#leaseBeingRead = true;
    this.#leaseReadMs = nowMs;
    void this.#api.call({ kind: 'readLease' }).then((answer) => {
      this.#leaseBeingRead = false;
      if (this.#state === 'running' && answer.kind === 'record') this.#seeRecord(answer.record);
    });
  }

  #close(): void {
    this.#state = 'closed';
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    for (const link of this.#links) link.client.close();
  }

  #nowMs() {
    return this.#clock.now().monotonicMs;
  }
}

const lookAround = (replicas: Replicas): void => {
  replicas.lookAround();
};
