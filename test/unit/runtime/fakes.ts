import {
  epoch as epochOf,
  groupId,
  logIndex,
  monotonicMs,
  wallMs,
  type Epoch,
  type Instant,
} from '../../../src/core/base/numbers.ts';
import type { Key } from '../../../src/core/base/key.ts';
import type { ApiAnswer, ApiRequest } from '../../../src/core/election/api.ts';
import type { LeaseRecord } from '../../../src/core/election/record.ts';
import type { RecoveryView } from '../../../src/core/election/recovery.ts';
import type { Effect, GroupStatus, Input } from '../../../src/core/group/io.ts';
import type { PeerMessage } from '../../../src/core/replication/messages.ts';
import type { ReplicaId } from '../../../src/core/replication/replica-id.ts';
import type { PeerFrame } from '../../../src/core/routing/frames.ts';
import type { CommittedOutcome, SessionId, WriteRequest } from '../../../src/core/store/commands.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Endpoint, GroupApi } from '../../../src/ports/kubernetes.ts';
import type {
  OpenPeerClient,
  PeerAnswer,
  PeerClient,
  PeerRequest,
  PeerWaiter,
} from '../../../src/ports/peer-client.ts';
import type { PeerConnection, PeerConnectionHandler, PeerTransport } from '../../../src/ports/peers.ts';
import type { Log } from '../../../src/ports/telemetry.ts';
import type { DrivenGroup, GroupFailure } from '../../../src/runtime/group-driver.ts';
import type { HostListener } from '../../../src/runtime/group-host.ts';

/** Until the next turn of the event loop has been taken. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });

export async function until(what: string, holds: () => boolean, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const GROUP = groupId(0);

export const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

export const realClock: Clock = {
  now: () => ({ monotonicMs: monotonicMs(performance.now()), wallMs: wallMs(Date.now()) }),
};

/** A group that does what the test says, and remembers what it was given. */
export class ScriptedGroup implements DrivenGroup {
  readonly inputs: Input[] = [];
  /** For each turn, the inputs that were stepped before its flush. */
  readonly turns: Input[][] = [[]];
  statusNow: GroupStatus = following;
  onStep: (input: Input, effects: Effect[]) => void = () => {};
  onFlush: (effects: Effect[]) => void = () => {};

  step(input: Input, _now: Instant, effects: Effect[]): void {
    this.inputs.push(input);
    this.turns.at(-1)?.push(input);
    this.onStep(input, effects);
  }

  flush(_now: Instant, effects: Effect[]): void {
    this.turns.push([]);
    this.onFlush(effects);
  }

  status(): GroupStatus {
    return this.statusNow;
  }

  recoveryView(): RecoveryView {
    const { replica, role, epoch, lineage, lastIndex, commitIndex, keys, frozen } = this.statusNow;
    const holding = { lineage, lastEpoch: epochOf(epoch), lastIndex: logIndex(lastIndex) };
    const at = { epoch: epochOf(epoch), obeys: lineage, holding, commitIndex, keys };
    const record = { kind: 'absent' } as const;
    return { replica, role, frozen: frozen ? 'as scripted' : null, takesWrites: false, ...at, record };
  }

  of<K extends Input['kind']>(kind: K): Extract<Input, { kind: K }>[] {
    return this.inputs.filter((input): input is Extract<Input, { kind: K }> => input.kind === kind);
  }
}

export const following: GroupStatus = {
  replica: 'kv-1/uid-1/data-1',
  role: 'following',
  epoch: 3,
  lineage: { number: 1, id: 'one' },
  leader: 'kv-0/uid-0/data-0',
  leaderAddresses: { peer: 'kv-0:7000', http: 'kv-0:8000' },
  inSync: ['kv-0/uid-0/data-0', 'kv-1/uid-1/data-1'],
  standing: 'member',
  ready: true,
  stopping: false,
  frozen: false,
  lastIndex: 7,
  commitIndex: 7,
  appliedIndex: 7,
  keys: 2,
  storeBytes: 100,
  historyBytes: 400,
  olderVersions: 2,
  evictedKeys: 0,
  logEntries: 7,
  logBytes: 700,
  sessions: 1,
  idempotencyKeys: 0,
  followers: [],
  lagEntries: 0,
  watchers: 0,
  lineageChanges: 1,
  sinceLeaderHeardMs: 5,
};

export const leading: GroupStatus = {
  ...following,
  role: 'leading',
  standing: 'leader',
  leader: following.replica,
  leaderAddresses: { peer: 'kv-1:7000', http: 'kv-1:8000' },
};

export const seeking: GroupStatus = { ...following, role: 'seeking', leader: null, leaderAddresses: null };

export class FakeConnection implements PeerConnection {
  readonly sent: PeerFrame[] = [];
  readonly remoteAddress: string;
  handler: PeerConnectionHandler | null = null;
  closedWith: string | null = null;
  bufferedBytes = 0;

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress;
  }

  send(frame: PeerFrame): number {
    this.sent.push(frame);
    return this.bufferedBytes;
  }

  close(reason: string): void {
    this.closedWith ??= reason;
  }
}

export class FakeTransport implements PeerTransport {
  readonly dialled: FakeConnection[] = [];
  #onConnection: ((connection: PeerConnection) => PeerConnectionHandler) | null = null;
  closed = false;

  dial(address: string, handler: PeerConnectionHandler): PeerConnection {
    const connection = new FakeConnection(address);
    connection.handler = handler;
    this.dialled.push(connection);
    return connection;
  }

  listen(
    at: { host: string; port: number },
    onConnection: (connection: PeerConnection) => PeerConnectionHandler,
  ): Promise<string> {
    this.#onConnection = onConnection;
    return Promise.resolve(`${at.host}:${at.port}`);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** Somebody dials the listener. */
  accept(remoteAddress = 'somebody'): FakeConnection {
    const connection = new FakeConnection(remoteAddress);
    connection.handler = this.#onConnection?.(connection) ?? null;
    return connection;
  }
}

export class FakeApi implements GroupApi {
  readonly calls: ApiRequest[] = [];
  answer: ApiAnswer = { kind: 'absent' };
  onRecord: (record: LeaseRecord | null) => void = () => {};
  onEndpoints: (endpoints: readonly Endpoint[]) => void = () => {};
  signal: AbortSignal | null = null;

  call(request: ApiRequest): Promise<ApiAnswer> {
    this.calls.push(request);
    return Promise.resolve(this.answer);
  }

  watchRecord(onRecord: (record: LeaseRecord | null) => void, signal: AbortSignal): void {
    this.onRecord = onRecord;
    this.signal = signal;
  }

  watchEndpoints(onEndpoints: (endpoints: readonly Endpoint[]) => void): void {
    this.onEndpoints = onEndpoints;
  }

  emitEvent(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Asked {
  readonly address: string;
  readonly request: PeerRequest;
  readonly waiter: PeerWaiter;
}

/** Clients of other replicas that keep what they are asked until the test answers it. */
export class FakePeers {
  readonly asked: Asked[] = [];
  readonly closed: string[] = [];

  readonly open: OpenPeerClient = (address) => {
    const { asked, closed } = this;
    const client: PeerClient = {
      address,
      state: 'open',
      waiting: 0,
      request(request, waiter) {
        asked.push({ address, request, waiter });
      },
      watch() {
        throw new Error('replicas do not watch one another');
      },
      close() {
        closed.push(address);
      },
    };
    return client;
  };

  settle(position: number, answer: PeerAnswer): void {
    this.asked[position]?.waiter.onSettled(answer);
  }
}

/** What a host tells, as it tells it. */
export class RecordingListener implements HostListener {
  readonly events: unknown[] = [];
  readonly limitsHit: string[] = [];
  readonly failures: GroupFailure[] = [];
  readonly commitLatencies: number[] = [];

  onReport(_group: number, report: unknown): void {
    this.events.push(report);
  }

  onCommitted(_group: number, latencyMs: number): void {
    this.commitLatencies.push(latencyMs);
  }

  onLimitHit(code: string): void {
    this.limitsHit.push(code);
  }

  onFailed(_group: number, failure: GroupFailure): void {
    this.failures.push(failure);
  }
}

export const someMessage: PeerMessage = { kind: 'question', number: 1, from: 'kv-2/uid-2/data-2' as ReplicaId };

export const peerFrame = (group = GROUP, message = someMessage): PeerFrame => ({ kind: 'peer', group, message });

export const someWrite: WriteRequest = {
  id: { session: 'session-a' as SessionId, number: 1 },
  settledThrough: 0,
  idempotencyKey: null,
  command: { kind: 'delete', key: 'key' as Key, condition: { kind: 'none' } },
};

export const writeFrame = (request: number, hop: 'direct' | 'relay' = 'direct'): PeerFrame => ({
  kind: 'write',
  group: GROUP,
  epoch: 3 as Epoch,
  request,
  hop,
  write: someWrite,
});

export const committed = {
  kind: 'committed',
  decided: { kind: 'absent' },
  revision: 8,
  lineage: { number: 1, id: 'one' },
  acks: 2,
  members: 2,
} as CommittedOutcome;
