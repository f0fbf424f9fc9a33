import { ChurningMap, ChurningSet } from '../core/base/churning.ts';
import type { Key } from '../core/base/key.ts';
import type { Epoch, GroupId } from '../core/base/numbers.ts';
import type { GroupStatus, Ticket } from '../core/group/io.ts';
import type { ReplicaSummary } from '../core/group/summary.ts';
import { parseReplicaId } from '../core/replication/replica-id.ts';
import {
  WriteSession,
  type AttemptLoss,
  type WriteSessionEffect,
  type WriteSessionOptions,
} from '../core/routing/write-session.ts';
import type {
  IdempotencyKey,
  OpenSessionOutcome,
  WriteCommand,
  WriteOutcome,
  WriteRequest,
} from '../core/store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../core/store/reads.ts';
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
import type { Dataset } from '../ports/dataset.ts';
import type { Endpoint } from '../ports/kubernetes.ts';
import type { PeerAnswer, PeerWaiter } from '../ports/peer-client.ts';
import type { Answered, Asker, GroupDriver } from './group-driver.ts';
import type { PeerClients } from './peer-clients.ts';

export interface ReplicaOperationsOptions {
  readonly driver: GroupDriver;
  readonly peers: PeerClients;
  readonly dataset: Dataset;
  readonly clock: Clock;
  readonly writes: WriteSessionOptions;
  /** How long a read may be declined before it is given up. */
  readonly readWaitMs: number;
  /** Reads that may wait; one more is refused. */
  readonly waitingReadsMax: number;
}

/** A declined read is tried again after this time, about what a round or a renewal of the set takes. */
const READ_RETRY_MS = 20;
/** While writes wait, how often the road to the leader is looked at. */
const ROAD_CHECK_MS = 20;
const STATUS_TIMEOUT_MS = 1000;

/**
 * What one replica offers to its own HTTP port. Reads are answered from its own memory. Writes go through a session of
 * its own (R15), to its own group while that leads, else to the leader; they are held while the leader changes.
 */
export class ReplicaOperations implements DataOperations {
  readonly #driver: GroupDriver;
  readonly #peers: PeerClients;
  readonly #dataset: Dataset;
  readonly #clock: Clock;
  readonly #session: WriteSession;
  readonly #writeWaitMs: number;
  readonly #readWaitMs: number;
  readonly #waitingReadsMax: number;
  readonly #writes = new ChurningMap<Ticket, (result: WriteResult) => void>();
  readonly #reads = new ChurningSet<LocalRead>();
  readonly #effects: WriteSessionEffect[] = [];
  #lastTicket: Ticket = 0;
  #statusSeen: GroupStatus | null = null;
  /** What the session believes of the leader, by that status. */
  #road: Road = NO_ROAD;
  #timer: NodeJS.Timeout | null = null;
  #timerDueMs = 0;
  #state: 'running' | 'stopped' = 'running';

  constructor(options: ReplicaOperationsOptions) {
    this.#driver = options.driver;
    this.#peers = options.peers;
    this.#dataset = options.dataset;
    this.#clock = options.clock;
    this.#session = new WriteSession(options.writes);
    this.#writeWaitMs = options.writes.writeWaitMs;
    this.#readWaitMs = options.readWaitMs;
    this.#waitingReadsMax = options.waitingReadsMax;
  }

  write(command: WriteCommand, options: { readonly idempotencyKey: IdempotencyKey | null }): Promise<WriteResult> {
    const { promise, resolve } = Promise.withResolvers<WriteResult>();
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    this.#writes.set(ticket, resolve);
    this.#followLeader();
    this.#session.submit(ticket, { command, idempotencyKey: options.idempotencyKey }, this.#nowMs(), this.#effects);
    this.#perform();
    return promise;
  }

  read(request: ReadRequest): ReadResult | Promise<ReadResult> {
    if (this.#state === 'stopped') return unavailable('stopping', 'this process is stopping');
    if (this.#reads.size >= this.#waitingReadsMax) {
      return unavailable('overloaded', `${this.#waitingReadsMax} reads wait already`);
    }
    const read = new LocalRead(this.#driver, request, this.#nowMs() + this.#readWaitMs, this.#clock);
    const result = read.ask();
    if (result !== null) return result;
    const { promise, resolve } = Promise.withResolvers<ReadResult>();
    this.#reads.add(read);
    read.settle = (settled) => {
      this.#reads.delete(read);
      resolve(settled);
    };
    return promise;
  }

  lookUp(key: Key): Promise<LookupResult> {
    const outcome = this.#dataset.lookUp(key);
    if (outcome.kind === 'declined') {
      return Promise.resolve(unavailable('data-file-loading', 'this replica has not loaded its data file yet'));
    }
    return Promise.resolve({ kind: 'answered', outcome, servedBy: this.#driver.podName });
  }

  /** At the group here, which ends it when it ends. */
  watch(request: WatchRequest, watcher: Watcher): Watch {
    const driver = this.#driver;
    const ticket = driver.watchKeys(request, watcher);
    return {
      grant(bytes) {
        driver.grant(ticket, bytes);
      },
      cancel() {
        driver.cancel(ticket);
      },
    };
  }

  async cluster(): Promise<ClusterView> {
    const { status, summary, endpoints, podName, id } = this.#driver;
    const others = endpoints.filter((endpoint) => endpoint.podName !== podName);
    const answers = await Promise.all(others.map((endpoint) => this.#askStatus(id, endpoint)));
    const own = endpoints.find((endpoint) => endpoint.podName === podName);
    const replicas = [{ ...summary, peerAddress: own?.peerAddress ?? '' }];
    const unreachable: { podName: string; peerAddress: string; reason: string }[] = [];
    for (const [position, endpoint] of others.entries()) {
      const answer = answers[position];
      const { peerAddress } = endpoint;
      if (typeof answer === 'object') replicas.push({ ...answer, peerAddress });
      else unreachable.push({ podName: endpoint.podName, peerAddress, reason: answer ?? 'not asked' });
    }
    return {
      leader: status.leader,
      epoch: status.epoch,
      lineage: status.lineage,
      members: status.inSync,
      standbys: replicas.filter((replica) => replica.standing === 'standby').map((replica) => replica.replica),
      frozen: status.frozen,
      replicas: replicas.sort((a, b) => (a.podName < b.podName ? -1 : 1)),
      unreachable,
    };
  }

  /** Takes no new write; those that wait go on. */
  refuseNewWrites(): void {
    this.#session.refuseNew();
  }

  get waitingWrites(): number {
    return this.#session.waiting;
  }

  /** Settles everything that waits. */
  stop(): void {
    this.#state = 'stopped';
    this.#session.stop(this.#effects);
    this.#perform();
    for (const read of this.#reads) read.stop();
  }

  onWriteAnswered(attempt: number, outcome: WriteOutcome): void {
    this.#session.onWriteAnswered(attempt, outcome, this.#nowMs(), this.#effects);
    this.#perform();
  }

  onSessionAnswered(attempt: number, outcome: OpenSessionOutcome): void {
    this.#session.onSessionAnswered(attempt, outcome, this.#nowMs(), this.#effects);
    this.#perform();
  }

  onAttemptLost(attempt: number, loss: AttemptLoss): void {
    this.#session.onAttemptLost(attempt, loss, this.#nowMs());
    this.#armTimer();
  }

  #perform(): void {
    const effects = this.#effects;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'sendWrite':
          this.#sendWrite(effect.attempt, effect.request);
          break;
        case 'openSession':
          this.#openSession(effect.attempt);
          break;
        case 'settled':
          this.#settle(effect);
          break;
      }
    }
    effects.length = 0;
    this.#armTimer();
  }

  #settle({ ticket, settlement }: Extract<WriteSessionEffect, { kind: 'settled' }>): void {
    const resolve = this.#writes.get(ticket);
    this.#writes.delete(ticket);
    if (settlement.kind === 'answered') resolve?.({ ...settlement, servedBy: this.#road.podName });
    else resolve?.(settlement);
  }

  #sendWrite(attempt: number, request: WriteRequest): void {
    const waiter = new AttemptWaiter(this, attempt);
    const { address } = this.#road;
    if (address === null) {
      this.#driver.write(request, waiter);
      return;
    }
    const { id: group, status } = this.#driver;
    const frame = { kind: 'write', group, epoch: status.epoch as Epoch, hop: 'direct', write: request } as const;
    this.#peers.get(address).request(frame, waiter, this.#writeWaitMs);
  }

  #openSession(attempt: number): void {
    const waiter = new AttemptWaiter(this, attempt);
    const { address } = this.#road;
    if (address === null) {
      this.#driver.openSession(waiter);
      return;
    }
    const { id: group, status } = this.#driver;
    const frame = { kind: 'openSession', group, epoch: status.epoch as Epoch, hop: 'direct' } as const;
    this.#peers.get(address).request(frame, waiter, this.#writeWaitMs);
  }

  /** Tells the session of a new leader, or that there is none. */
  #followLeader(): void {
    const { status } = this.#driver;
    if (status === this.#statusSeen) return;
    this.#statusSeen = status;
    const road = roadTo(this.#driver);
    const known = this.#road;
    if (road.state === known.state && road.epoch === known.epoch && road.address === known.address) return;
    this.#road = road;
    if (road.state === 'open') this.#session.onRoadOpened(this.#nowMs(), this.#effects);
    else this.#session.onRoadLost();
  }

  /** A timer runs only while writes wait: for the session's own times, and to notice a new leader soon. */
  #armTimer(): void {
    if (this.#session.waiting === 0) return;
    const nowMs = this.#nowMs();
    const dueMs = Math.min(this.#session.wakeMs ?? Infinity, nowMs + ROAD_CHECK_MS);
    if (this.#timer !== null) {
      if (this.#timerDueMs <= dueMs) return;
      clearTimeout(this.#timer);
    }
    this.#timerDueMs = dueMs;
    this.#timer = setTimeout(wake, Math.max(1, Math.ceil(dueMs - nowMs)), this);
  }

  wake(): void {
    this.#timer = null;
    this.#followLeader();
    this.#session.tick(this.#nowMs(), this.#effects);
    this.#perform();
  }

  #askStatus(group: GroupId, endpoint: Endpoint): Promise<ReplicaSummary | string> {
    const { promise, resolve } = Promise.withResolvers<ReplicaSummary | string>();
    const waiter: PeerWaiter = {
      onSettled(answer) {
        if (answer.kind === 'statusAnswered') resolve(answer.status);
        else resolve(answer.kind === 'failed' ? answer.detail : `answered with ${answer.kind}`);
      },
    };
    const epoch = this.#driver.status.epoch as Epoch;
    this.#peers.get(endpoint.peerAddress).request({ kind: 'status', group, epoch }, waiter, STATUS_TIMEOUT_MS);
    return promise;
  }

  #nowMs() {
    return this.#clock.now().monotonicMs;
  }
}

const wake = (operations: ReplicaOperations): void => {
  operations.wake();
};

/** The way to the leader. `address` is null where this replica leads itself. */
interface Road {
  readonly state: 'open' | 'lost';
  readonly epoch: number;
  readonly address: string | null;
  readonly podName: string | null;
}

const NO_ROAD: Road = { state: 'lost', epoch: 0, address: null, podName: null };

function roadTo({ status, podName }: GroupDriver): Road {
  const { role, epoch, leader, leaderAddresses } = status;
  if (role === 'leading') return { state: 'open', epoch, address: null, podName };
  if (leader === null || leaderAddresses === null) return NO_ROAD;
  const leaderPod = parseReplicaId(leader)?.podName ?? null;
  return { state: 'open', epoch, address: leaderAddresses.peer, podName: leaderPod };
}

/** What becomes of one attempt, at the group here or at the leader. */
class AttemptWaiter implements Asker, PeerWaiter {
  readonly #operations: ReplicaOperations;
  readonly #attempt: number;

  constructor(operations: ReplicaOperations, attempt: number) {
    this.#operations = operations;
    this.#attempt = attempt;
  }

  onAnswered(answer: Answered): void {
    if (answer.kind === 'writeAnswered') this.#operations.onWriteAnswered(this.#attempt, answer.outcome);
    else if (answer.kind === 'sessionAnswered') this.#operations.onSessionAnswered(this.#attempt, answer.outcome);
  }

  onSettled(answer: PeerAnswer): void {
    if (answer.kind === 'writeAnswered') this.#operations.onWriteAnswered(this.#attempt, answer.outcome);
    else if (answer.kind === 'sessionAnswered') this.#operations.onSessionAnswered(this.#attempt, answer.outcome);
    else {
      const loss = answer.kind === 'failed' && !answer.sent ? 'never-left' : 'may-have-arrived';
      this.#operations.onAttemptLost(this.#attempt, loss);
    }
  }
}

/** One read of the group here, asked again while it is declined and there is time. */
class LocalRead implements Asker {
  /** Of a read that waits. */
  settle: (result: ReadResult) => void = () => undefined;
  readonly #driver: GroupDriver;
  readonly #request: ReadRequest;
  readonly #deadlineMs: number;
  readonly #clock: Clock;
  #ticket: Ticket = 0;
  #retry: NodeJS.Timeout | null = null;

  constructor(driver: GroupDriver, request: ReadRequest, deadlineMs: number, clock: Clock) {
    this.#driver = driver;
    this.#request = request;
    this.#deadlineMs = deadlineMs;
    this.#clock = clock;
  }

  /** null: it waits, and is settled later. */
  ask(): ReadResult | null {
    const asked = this.#driver.read(this.#request, this);
    if (typeof asked !== 'number') return this.#resultOf(asked);
    this.#ticket = asked;
    return null;
  }

  onAnswered(answer: Answered): void {
    if (answer.kind === 'readAnswered') this.#settleUnlessItWaits(this.#resultOf(answer.outcome));
  }

  askAgain(): void {
    this.#retry = null;
    this.#settleUnlessItWaits(this.ask());
  }

  stop(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#driver.cancel(this.#ticket);
    this.settle(unavailable('stopping', 'this process is stopping'));
  }

  #settleUnlessItWaits(result: ReadResult | null): void {
    if (result !== null) this.settle(result);
  }

  #resultOf(outcome: ReadOutcome): ReadResult | null {
    if (outcome.kind !== 'declined') return { kind: 'answered', outcome, servedBy: this.#driver.podName };
    if (this.#clock.now().monotonicMs + READ_RETRY_MS >= this.#deadlineMs) return declined(outcome.code);
    this.#retry = setTimeout(askAgain, READ_RETRY_MS, this);
    return null;
  }
}

const askAgain = (read: LocalRead): void => {
  read.askAgain();
};

function declined(code: Extract<ReadOutcome, { kind: 'declined' }>['code']): Unavailable {
  switch (code) {
    case 'not-in-sync':
      return unavailable('no-replica', 'this replica is not known to be in sync');
    case 'empty':
      return unavailable('no-replica', 'this replica has no data yet');
    case 'replica-behind':
      return unavailable('replica-behind', 'this replica has not applied what the session has seen');
    case 'no-leader':
      return unavailable('no-leader', 'no leader vouches for this replica');
  }
}

function unavailable(code: Unavailable['code'], detail: string): Unavailable {
  return { kind: 'unavailable', code, outcome: 'none', detail };
}
