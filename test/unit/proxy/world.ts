import { jest } from '@jest/globals';
import { keyOf, type Key } from '../../../src/core/base/key.ts';
import {
  epoch,
  groupId,
  logIndex,
  monotonicMs,
  version,
  wallMs,
  type Epoch,
  type GroupId,
} from '../../../src/core/base/numbers.ts';
import type { ApiAnswer, ApiRequest } from '../../../src/core/election/api.ts';
import type { LeaseRecord } from '../../../src/core/election/record.ts';
import type { ReplicaSummary } from '../../../src/core/group/summary.ts';
import { replicaId } from '../../../src/core/replication/replica-id.ts';
import type { LookupOutcome } from '../../../src/core/routing/frames.ts';
import type {
  CommittedOutcome,
  OpenSessionOutcome,
  SessionId,
  WriteCommand,
  WriteOutcome,
  WriteRequest,
} from '../../../src/core/store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../../../src/core/store/reads.ts';
import type { WatchRequest } from '../../../src/core/store/watching.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Watch } from '../../../src/ports/data-operations.ts';
import type { Endpoint, GroupApi } from '../../../src/ports/kubernetes.ts';
import type {
  PeerAnswer,
  PeerClient,
  PeerClientListener,
  PeerClientState,
  PeerRequest,
  PeerRequestFailed,
  PeerWaiter,
  PeerWatcher,
  PeerWatchRequest,
} from '../../../src/ports/peer-client.ts';
import type { Log } from '../../../src/ports/telemetry.ts';
import { ProxyOperations } from '../../../src/proxy/proxy-operations.ts';
import type { ProxyOptions } from '../../../src/proxy/proxy-options.ts';

export const lineage = { number: 1, id: 'one' };
export const key = keyOf('k') as Key;
export const put = (valueBytes = 1): WriteCommand => ({
  kind: 'put',
  key,
  value: new Uint8Array(valueBytes),
  contentType: null,
  condition: { kind: 'none' },
  lifetime: { kind: 'unlimited' },
  idle: { kind: 'unlimited' },
});
export const committed: CommittedOutcome = {
  kind: 'committed',
  decided: { kind: 'written', version: version(1), created: true },
  revision: logIndex(7),
  lineage,
  acks: 3,
  members: 3,
};
export const nothing: ReadOutcome = { kind: 'read', remainingMs: null, found: null, lineage, revision: logIndex(7) };
export const inSyncRead: ReadRequest = { kind: 'key', key, mode: 'in-sync', token: null };

export const idOf = (podName: string, dataId = 'd1') => replicaId({ podName, podUid: `uid-${podName}`, dataId });
const addressOf = (podName: string) => `${podName}:7000`;

/** A replica as the proxy meets it. It answers by itself unless a test takes that over. */
export class FakeReplica {
  readonly podName: string;
  readonly group: GroupId = groupId(0);
  dataId = 'd1';
  epoch: Epoch = epoch(1);
  leads = false;
  standing: ReplicaSummary['standing'] = 'member';
  stopping = false;
  /** As a process under SIGSTOP: takes requests and answers none, until it goes on. */
  frozen = false;
  up = true;
  /** Called for each write, session and read; null: no answer. */
  onWrite: (write: WriteRequest, hop: string) => WriteOutcome | null = () =>
    this.leads ? committed : { kind: 'refused', code: 'not-leader', leaderHint: null };
  onOpenSession: (hop: string) => OpenSessionOutcome | null = () =>
    this.leads
      ? { kind: 'opened', session: `session-of-${this.podName}` as SessionId }
      : { kind: 'refused', code: 'not-leader', leaderHint: null };
  onRead: (read: ReadRequest) => ReadOutcome | null = () => nothing;
  readonly writes: WriteRequest[] = [];
  readonly hops: string[] = [];
  onLookup: (key: Key) => LookupOutcome | null = () => ({ kind: 'absent' });
  reads = 0;
  client: FakePeerClient | null = null;

  constructor(podName: string) {
    this.podName = podName;
  }

  get summary(): ReplicaSummary {
    return {
      replica: idOf(this.podName, this.dataId),
      podName: this.podName,
      role: this.leads ? 'leading' : 'following',
      standing: this.leads ? 'leader' : this.standing,
      ready: true,
      stopping: this.stopping,
      frozen: false,
      epoch: this.epoch,
      lineage,
      lastIndex: 7,
      commitIndex: 7,
      appliedIndex: 7,
      keys: 0,
      storeBytes: 0,
      historyBytes: 400,
      olderVersions: 2,
      memoryBytes: 0,
      memoryBytesMax: 1000,
      cpuPercent: 1.5,
      memoryPercent: 2.5,
      httpAddress: `${this.podName}:8000`,
      followers: [],
    };
  }

  answerTo(request: PeerRequest): PeerAnswer | null {
    const head = { group: this.group, epoch: this.epoch, request: 0 };
    switch (request.kind) {
      case 'status':
        return { kind: 'statusAnswered', ...head, status: this.summary };
      case 'openSession': {
        this.hops.push(request.hop);
        const outcome = this.onOpenSession(request.hop);
        return outcome && { kind: 'sessionAnswered', ...head, outcome };
      }
      case 'write': {
        this.writes.push(request.write);
        this.hops.push(request.hop);
        const outcome = this.onWrite(request.write, request.hop);
        return outcome && { kind: 'writeAnswered', ...head, outcome };
      }
      case 'read': {
        this.reads += 1;
        const outcome = this.onRead(request.read);
        return outcome && { kind: 'readAnswered', ...head, outcome };
      }
      case 'lookup': {
        this.reads += 1;
        const outcome = this.onLookup(request.key);
        return outcome && { kind: 'lookupAnswered', ...head, outcome };
      }
    }
  }

  /** SIGCONT: what came meanwhile is answered now. */
  thaw(): void {
    this.frozen = false;
    this.client?.deliver();
  }

  /** kill -9. */
  die(): void {
    this.up = false;
    this.client?.break('resting');
  }

  comeBack(): void {
    this.up = true;
    this.client?.connect();
  }
}

interface Pending {
  readonly request: PeerRequest;
  readonly waiter: PeerWaiter;
  readonly timeout: NodeJS.Timeout;
}

/** Behaves as `ports/peer-client.ts` says; one millisecond there and back. */
export interface FakeWatch {
  readonly address: string;
  readonly request: WatchRequest;
  readonly watcher: PeerWatcher;
  granted: number;
  state: 'open' | 'ended';
}

const NO_CONNECTION: PeerRequestFailed = { kind: 'failed', sent: true, code: 'lost', detail: 'no connection' };

export class FakePeerClient implements PeerClient {
  readonly address: string;
  readonly replica: FakeReplica | null;
  readonly #listener: PeerClientListener | null;
  state: PeerClientState = 'connecting';
  #pending: Pending[] = [];
  readonly watches: FakeWatch[] = [];

  constructor(address: string, replica: FakeReplica | null, listener: PeerClientListener | null) {
    this.address = address;
    this.replica = replica;
    this.#listener = listener;
    if (replica !== null) replica.client = this;
    setTimeout(() => {
      if (replica?.up === true) this.connect();
      else this.break('resting');
    }, 1);
  }

  get waiting(): number {
    return this.#pending.length;
  }

  connect(): void {
    if (this.state === 'closed') return;
    this.state = 'open';
    this.#listener?.onStateChange(this);
    this.deliver();
  }

  request(request: PeerRequest, waiter: PeerWaiter, timeoutMs: number): void {
    if (this.state === 'resting' || this.state === 'closed') {
      queueMicrotask(() => {
        waiter.onSettled({ kind: 'failed', sent: false, code: 'lost', detail: 'no connection' });
      });
      return;
    }
    const timeout = setTimeout(() => {
      this.#settle(pending, { kind: 'failed', sent: true, code: 'timeout', detail: 'no answer in time' });
    }, timeoutMs);
    const pending: Pending = { request, waiter, timeout };
    this.#pending.push(pending);
    if (this.state === 'open') this.#answerSoon(pending);
  }

  /** A test plays the replica, by `watches`. */
  watch({ watch: request }: PeerWatchRequest, watcher: PeerWatcher): Watch {
    const watch: FakeWatch = { address: this.address, request, watcher, granted: 0, state: 'open' };
    if (this.state === 'resting' || this.state === 'closed') {
      queueMicrotask(() => {
        watcher.onEnded(NO_CONNECTION);
      });
      return { grant: () => undefined, cancel: () => undefined };
    }
    this.watches.push(watch);
    return {
      grant(bytes) {
        watch.granted += bytes;
      },
      cancel() {
        watch.state = 'ended';
      },
    };
  }

  deliver(): void {
    for (const pending of this.#pending) this.#answerSoon(pending);
  }

  break(state: 'resting' | 'closed'): void {
    if (this.state === 'closed') return;
    this.state = state;
    for (const pending of [...this.#pending]) {
      this.#settle(pending, { kind: 'failed', sent: true, code: 'lost', detail: 'connection reset' });
    }
    for (const watch of this.watches) {
      if (watch.state === 'ended') continue;
      watch.state = 'ended';
      watch.watcher.onEnded(NO_CONNECTION);
    }
    if (state === 'resting') this.#listener?.onStateChange(this);
  }

  close(): void {
    this.break('closed');
  }

  #answerSoon(pending: Pending): void {
    setTimeout(() => {
      if (this.replica === null || this.replica.frozen || !this.#pending.includes(pending)) return;
      const answer = this.replica.answerTo(pending.request);
      if (answer !== null) this.#settle(pending, answer);
    }, 1);
  }

  #settle(pending: Pending, answer: PeerAnswer): void {
    if (!this.#pending.includes(pending)) return;
    this.#pending = this.#pending.filter((other) => other !== pending);
    clearTimeout(pending.timeout);
    pending.waiter.onSettled(answer);
  }
}

class FakeGroupApi implements GroupApi {
  onRecord: (record: LeaseRecord | null) => void = () => undefined;
  onEndpoints: (endpoints: readonly Endpoint[]) => void = () => undefined;
  readonly calls: ApiRequest[] = [];
  answer: ApiAnswer = { kind: 'inDoubt', reason: 'away' };

  call(request: ApiRequest): Promise<ApiAnswer> {
    this.calls.push(request);
    return Promise.resolve(this.answer);
  }
  watchRecord(onRecord: (record: LeaseRecord | null) => void): void {
    this.onRecord = onRecord;
  }
  watchEndpoints(onEndpoints: (endpoints: readonly Endpoint[]) => void): void {
    this.onEndpoints = onEndpoints;
  }
  emitEvent(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Three replicas, an API server and a proxy, under jest's clock. */
export class World {
  readonly replicas: readonly [FakeReplica, FakeReplica, FakeReplica, ...FakeReplica[]];
  readonly api = new FakeGroupApi();
  readonly proxy: ProxyOperations;
  readonly logged: string[] = [];
  #resourceVersion = 1;

  /** `kv-0` leads epoch 1, and all are in sync. */
  static async ready(options: Partial<ProxyOptions> = {}): Promise<World> {
    const world = new World(options);
    world.proxy.start();
    world.publishEndpoints();
    world.elect(world.replicas[0], 1);
    await jest.advanceTimersByTimeAsync(10);
    return world;
  }

  constructor(options: Partial<ProxyOptions> = {}) {
    jest.useFakeTimers();
    this.replicas = [new FakeReplica('kv-0'), new FakeReplica('kv-1'), new FakeReplica('kv-2')];
    const log = (event: string) => void this.logged.push(event);
    const clock: Clock = {
      now: () => ({ monotonicMs: monotonicMs(performance.now()), wallMs: wallMs(Date.now()) }),
    };
    this.proxy = new ProxyOperations({
      group: groupId(0),
      api: this.api,
      openPeerClient: (address, listener) =>
        new FakePeerClient(
          address,
          this.replicas.find(({ podName }) => addressOf(podName) === address) ?? null,
          listener,
        ),
      clock,
      log: { debug: log, info: log, warn: log, error: log } satisfies Log,
      randomSeed: 1,
      options,
    });
  }

  publishEndpoints(replicas: readonly FakeReplica[] = this.replicas): void {
    this.api.onEndpoints(
      replicas.map(({ podName }) => ({ podName, peerAddress: addressOf(podName), ready: true, terminating: false })),
    );
  }

  /** The replica knows that it leads, and the record says so. */
  elect(leader: FakeReplica, inEpoch: number, inSync: readonly FakeReplica[] = this.replicas): void {
    this.enthrone(leader, inEpoch);
    this.publishRecord(this.recordOf(leader, inEpoch, inSync));
  }

  enthrone(leader: FakeReplica, inEpoch: number): void {
    for (const replica of this.replicas) {
      if (replica.frozen || !replica.up) continue;
      replica.leads = replica === leader;
      replica.epoch = epoch(inEpoch);
    }
  }

  publishRecord(record: LeaseRecord | null): void {
    this.api.onRecord(record);
  }

  recordOf(leader: FakeReplica | null, inEpoch: number, inSync: readonly FakeReplica[] = this.replicas): LeaseRecord {
    return {
      version: { uid: 'lease-1', resourceVersion: String(this.#resourceVersion++) },
      content: {
        holder: leader && idOf(leader.podName, leader.dataId),
        epoch: epoch(inEpoch),
        inSync: inSync.map(({ podName, dataId }) => idOf(podName, dataId)),
        addresses: leader && { peer: addressOf(leader.podName), http: `${leader.podName}:8000` },
        lineage,
        nonce: String(this.#resourceVersion),
        endedEpoch: null,
      },
    };
  }
}

/** The value of a promise that must be settled by now; a readable failure else. */
export async function settledWithin<T>(promise: Promise<T>, ms: number): Promise<T> {
  const settled: T[] = [];
  void promise.then((value) => settled.push(value));
  await jest.advanceTimersByTimeAsync(ms);
  const [value] = settled;
  if (value === undefined) throw new Error(`not settled within ${ms} ms`);
  return value;
}
