import type { Key } from '../core/base/key.ts';
import type { GroupId } from '../core/base/numbers.ts';
import { Random } from '../core/base/random.ts';
import type { ReplicaSummary } from '../core/group/summary.ts';
import type { IdempotencyKey, WriteCommand } from '../core/store/commands.ts';
import type { ReadRequest } from '../core/store/reads.ts';
import type { WatchRequest } from '../core/store/watching.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  ClusterView,
  DataOperations,
  LookupResult,
  ReadResult,
  Unavailable,
  Watch,
  Watcher,
  WriteResult,
} from '../ports/data-operations.ts';
import type { KnownReplica } from '../ports/known-replicas.ts';
import type { GroupApi } from '../ports/kubernetes.ts';
import type { OpenPeerClient } from '../ports/peer-client.ts';
import type { Log } from '../ports/telemetry.ts';
import { defaultProxyOptions, type ProxyOptions } from './proxy-options.ts';
import { ReadPath } from './read-path.ts';
import { Replicas } from './replicas.ts';
import { WatchPath } from './watch-path.ts';
import { WritePath } from './write-path.ts';

export interface ProxyOperationsOptions {
  readonly group: GroupId;
  readonly api: GroupApi;
  readonly openPeerClient: OpenPeerClient;
  readonly clock: Clock;
  readonly log: Log;
  /** For choosing among replicas; drawn by the host. */
  readonly randomSeed: number;
  readonly options?: Partial<ProxyOptions>;
}

/** Bytes of a request besides its value: what a closure, a promise and a frame take, roughly. */
const READ_OVERHEAD_BYTES = 512;

/** What the proxy offers to `api/`: the replicas of one group behind one door. It keeps no data. */
export class ProxyOperations implements DataOperations {
  readonly #options: ProxyOptions;
  readonly #clock: Clock;
  readonly #replicas: Replicas;
  readonly #writes: WritePath;
  readonly #reads: ReadPath;
  readonly #watches: WatchPath;
  readonly #following = new AbortController();

  constructor(options: ProxyOperationsOptions) {
    const { clock } = options;
    this.#clock = clock;
    this.#options = { ...defaultProxyOptions, ...options.options };
    this.#replicas = new Replicas({ ...options, options: this.#options });
    this.#writes = new WritePath(this.#replicas, clock, options.log, this.#options);
    const random = new Random(options.randomSeed);
    this.#reads = new ReadPath(this.#replicas, clock, random, this.#options);
    this.#watches = new WatchPath(this.#replicas, clock, random);
    this.#replicas.onChange = () => {
      this.#writes.onReplicasChanged();
      this.#reads.onReplicasChanged();
      this.#watches.onReplicasChanged();
    };
  }

  start(): void {
    this.#replicas.follow(this.#following.signal);
  }

  /** A record is known and at least one replica answers. */
  get ready(): boolean {
    return this.#replicas.ready;
  }

  get waitingWrites(): number {
    return this.#writes.waiting;
  }

  get waitingReads(): number {
    return this.#reads.waiting;
  }

  /** Bytes of the requests under way or held, as far as they are known. */
  get waitingBytes(): number {
    return this.#writes.waitingBytes + this.#reads.expectedBytes + this.#reads.waiting * READ_OVERHEAD_BYTES;
  }

  get repeatedWriteAttempts(): number {
    return this.#writes.repeatedAttempts;
  }

  get hedgedReads(): number {
    return this.#reads.hedges;
  }

  write(command: WriteCommand, options: { readonly idempotencyKey: IdempotencyKey | null }): Promise<WriteResult> {
    return this.#excess() ?? this.#writes.write(command, options.idempotencyKey);
  }

  read(request: ReadRequest): Promise<ReadResult> {
    return this.#excess() ?? this.#reads.read(request);
  }

  lookUp(key: Key): Promise<LookupResult> {
    return this.#excess() ?? this.#reads.lookUp(key);
  }

  watch(request: WatchRequest, watcher: Watcher): Watch {
    return this.#watches.watch(request, watcher);
  }

  get watchers(): number {
    return this.#watches.watchers;
  }

  /** Watches at replicas, by which all of them are told. */
  get upstreamWatches(): number {
    return this.#watches.upstreams;
  }

  /** Watches have no end of their own that could be waited for. */
  endWatches(): void {
    this.#watches.stop();
  }

  async cluster(): Promise<ClusterView> {
    const answers = await this.#replicas.askAll();
    const { record, leader } = this.#replicas;
    const replicas: (ReplicaSummary & { readonly peerAddress: string })[] = [];
    const unreachable: { podName: string; peerAddress: string; reason: string }[] = [];
    for (const { link, answer } of answers) {
      const { podName, address: peerAddress } = link;
      if (typeof answer === 'string') unreachable.push({ podName, peerAddress, reason: answer });
      else replicas.push({ ...answer, peerAddress });
    }
    const byPodName = (a: { podName: string }, b: { podName: string }) => (a.podName < b.podName ? -1 : 1);
    return {
      leader: leader?.status?.replica ?? record?.holder ?? null,
      epoch: this.#replicas.epoch,
      lineage: record?.lineage ?? null,
      members: record?.inSync ?? [],
      standbys: replicas.filter((replica) => replica.standing === 'standby').map((replica) => replica.replica),
      frozen: replicas.some((replica) => replica.frozen),
      replicas: replicas.sort(byPodName),
      unreachable: unreachable.sort(byPodName),
    };
  }

  /** As of their last word; nobody is asked. */
  knownReplicas(): readonly KnownReplica[] {
    const nowMs = this.#clock.now().monotonicMs;
    return this.#replicas.links.map((link) => ({
      podName: link.podName,
      standing: link.standing,
      summary: link.isOutOfReach(this.#options.relayAfter, nowMs) ? null : link.status,
      answers: link.answers,
      answerMsMean: link.answers === 0 ? 0 : link.answerMs / link.answers,
    }));
  }

  /** Settles all that waits, and closes every connection. */
  stop(): void {
    this.#writes.stop();
    this.#reads.stop();
    this.#watches.stop();
    this.#following.abort();
  }

  /** Sheds load before memory grows. */
  #excess(): Promise<Unavailable> | null {
    const { requestsMax, bytesMax } = this.#options;
    const requests = this.#writes.waiting + this.#reads.waiting;
    if (requests >= requestsMax) return Promise.resolve(overloaded(`${requests} requests wait already`));
    if (requests > 0 && this.waitingBytes > bytesMax) {
      return Promise.resolve(overloaded(`${Math.round(this.waitingBytes)} bytes of requests wait already`));
    }
    return null;
  }
}

function overloaded(detail: string): Unavailable {
  return { kind: 'unavailable', code: 'overloaded', outcome: 'none', detail };
}
