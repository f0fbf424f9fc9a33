import { ChurningMap } from '../core/base/churning.ts';
import { unreachable } from '../core/base/assert.ts';
import type { MonotonicMs } from '../core/base/numbers.ts';
import type { Ticket } from '../core/group/io.ts';
import type { WriteHop } from '../core/routing/frames.ts';
import { WriteSession, defaultWriteSessionOptions, type WriteSessionEffect } from '../core/routing/write-session.ts';
import type { IdempotencyKey, WriteCommand } from '../core/store/commands.ts';
import type { Clock } from '../ports/clock.ts';
import type { WriteResult } from '../ports/data-operations.ts';
import type { PeerAnswer, PeerRequest, PeerWaiter } from '../ports/peer-client.ts';
import type { Log } from '../ports/telemetry.ts';
import type { ProxyOptions } from './proxy-options.ts';
import type { ReplicaLink } from './replica-link.ts';
import type { Replicas } from './replicas.ts';

/** Where writes go: to the leader, or to a replica that passes them on to it. */
interface Road {
  readonly link: ReplicaLink;
  readonly hop: WriteHop;
  readonly epoch: number;
}

/** A replica that could not pass a write on is not asked again for this long, if there is another. */
const RELAY_REST_MS = 500;
/** An attempt ends after the write did: the session has its own deadline, and this one is only for what it left behind. */
const ATTEMPT_SLACK_MS = 1000;

/**
 * Performs a write session (R15) on the connections that there are: it finds the road to the leader, tells the session
 * of each new one at once, so that what is held goes out in the same turn, and keeps its one timer.
 */
export class WritePath {
  readonly #replicas: Replicas;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: ProxyOptions;
  readonly #session: WriteSession;
  readonly #settleByTicket = new ChurningMap<Ticket, (result: WriteResult) => void>();
  #lastTicket: Ticket = 0;
  #effects: WriteSessionEffect[] = [];
  #road: Road | null = null;
  readonly #restingRelays = new Map<ReplicaLink, number>();
  #timer: NodeJS.Timeout | null = null;
  #timerDueMs = Infinity;

  constructor(replicas: Replicas, clock: Clock, log: Log, options: ProxyOptions) {
    this.#replicas = replicas;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#session = new WriteSession({
      ...defaultWriteSessionOptions,
      writeWaitMs: options.writeWaitMs,
      repeatMs: options.repeatMs,
      waitingMax: options.requestsMax,
      waitingBytesMax: options.bytesMax,
    });
  }

  get waiting(): number {
    return this.#session.waiting;
  }

  get waitingBytes(): number {
    return this.#session.waitingBytes;
  }

  get repeatedAttempts(): number {
    return this.#session.repeatedAttempts;
  }

  write(command: WriteCommand, idempotencyKey: IdempotencyKey | null): Promise<WriteResult> {
    const { promise, resolve } = Promise.withResolvers<WriteResult>();
    const ticket = ++this.#lastTicket;
    this.#settleByTicket.set(ticket, resolve);
    this.#session.submit(ticket, { command, idempotencyKey }, this.#nowMs(), this.#effects);
    this.#perform(null);
    return promise;
  }

  /** The leader, a connection or a standing has changed, or time has passed. */
  onReplicasChanged(): void {
    const nowMs = this.#nowMs();
    this.#followLeader(nowMs);
    this.#perform(null);
  }

  onTimer(): void {
    this.#timer = null;
    this.#timerDueMs = Infinity;
    this.#session.tick(this.#nowMs(), this.#effects);
    this.#perform(null);
  }

  onAttemptSettled(attempt: number, road: Road, askedMs: MonotonicMs, answer: PeerAnswer): void {
    const nowMs = this.#nowMs();
    if (answer.kind === 'writeAnswered') road.link.answered(askedMs, nowMs);
    else if (answer.kind !== 'failed') road.link.heard(nowMs);
    switch (answer.kind) {
      case 'writeAnswered':
        this.#session.onWriteAnswered(attempt, answer.outcome, nowMs, this.#effects);
        if (answer.outcome.kind !== 'committed') this.#doubt(road, answer.outcome.code, nowMs);
        break;
      case 'sessionAnswered':
        this.#session.onSessionAnswered(attempt, answer.outcome, nowMs, this.#effects);
        if (answer.outcome.kind === 'refused') this.#doubt(road, answer.outcome.code, nowMs);
        break;
      case 'failed':
        // First the road: what broke with it waits for the next, rather than be tried on this one again.
        this.#followLeader(nowMs);
        this.#session.onAttemptLost(attempt, answer.sent ? 'may-have-arrived' : 'never-left', nowMs);
        break;
      case 'readAnswered':
      case 'statusAnswered':
      case 'lookupAnswered':
        this.#session.onAttemptLost(attempt, 'may-have-arrived', nowMs);
        break;
      default:
        unreachable(answer);
    }
    this.#perform(road.link.podName);
  }

  stop(): void {
    this.#session.stop(this.#effects);
    this.#perform(null);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #doubt(road: Road, code: string, nowMs: MonotonicMs): void {
    if (code !== 'not-leader' && code !== 'deposed') return;
    if (road.hop === 'relay') {
      this.#restingRelays.set(road.link, nowMs + RELAY_REST_MS);
      this.#followLeader(nowMs);
    }
    this.#replicas.doubtLeader();
  }

  #followLeader(nowMs: MonotonicMs): void {
    const before = this.#road;
    const road = this.#chooseRoad(nowMs);
    if (road === null) {
      if (before !== null) this.#session.onRoadLost();
      this.#road = null;
      return;
    }
    if (before?.link === road.link && before.hop === road.hop && before.epoch === road.epoch) return;
    this.#road = road;
    if (road.hop === 'relay') {
      const fields = { leader: this.#replicas.leader?.podName, through: road.link.podName };
      this.#log.warn('the leader is out of reach: writing through another replica', fields);
    }
    this.#session.onRoadOpened(nowMs, this.#effects);
  }

  #chooseRoad(nowMs: MonotonicMs): Road | null {
    const { leader, epoch } = this.#replicas;
    if (leader === null) return null;
    if (leader.isOutOfReach(this.#options.relayAfter, nowMs)) {
      const relay = this.#chooseRelay(leader, nowMs);
      if (relay !== null) return { link: relay, hop: 'relay', epoch };
    }
    return leader.client.state === 'open' ? { link: leader, hop: 'direct', epoch } : null;
  }

  /** The one in use as long as it serves, so that a road does not change with the load. */
  #chooseRelay(leader: ReplicaLink, nowMs: MonotonicMs): ReplicaLink | null {
    for (const [link, restsUntilMs] of this.#restingRelays) {
      if (restsUntilMs <= nowMs) this.#restingRelays.delete(link);
    }
    const candidates = this.#replicas.links.filter(
      (link) =>
        link !== leader && link.health === 'answering' && link.status !== null && !this.#restingRelays.has(link),
    );
    const inUse = this.#road?.link;
    if (inUse !== undefined && candidates.includes(inUse)) return inUse;
    return candidates.find((link) => link.standing === 'member') ?? candidates[0] ?? null;
  }

  /** `servedBy`: the pod whose answer is being worked in. */
  #perform(servedBy: string | null): void {
    // What a settled promise starts comes later, in a microtask: nothing calls back in here.
    const effects = this.#effects;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'sendWrite':
          this.#send(effect.attempt, effect);
          break;
        case 'openSession':
          this.#send(effect.attempt, null);
          break;
        case 'settled':
          this.#settle(effect, servedBy);
          break;
        default:
          unreachable(effect);
      }
    }
    effects.length = 0;
    this.#armTimer();
  }

  #send(attempt: number, write: Extract<WriteSessionEffect, { kind: 'sendWrite' }> | null): void {
    const road = this.#road;
    if (road === null) {
      // It was lost in the very turn in which the session still counted on it.
      this.#session.onAttemptLost(attempt, 'never-left', this.#nowMs());
      return;
    }
    const { group, epoch } = this.#replicas;
    const { hop } = road;
    const request: PeerRequest =
      write === null
        ? { kind: 'openSession', group, epoch, hop }
        : { kind: 'write', group, epoch, hop, write: write.request };
    const timeoutMs = this.#options.writeWaitMs + ATTEMPT_SLACK_MS;
    const nowMs = this.#nowMs();
    road.link.ask(request, new WriteAttempt(this, attempt, road, nowMs), { timeoutMs, nowMs });
  }

  #settle(effect: Extract<WriteSessionEffect, { kind: 'settled' }>, servedBy: string | null): void {
    const settle = this.#settleByTicket.get(effect.ticket);
    this.#settleByTicket.delete(effect.ticket);
    const { settlement } = effect;
    settle?.(settlement.kind === 'answered' ? { kind: 'answered', outcome: settlement.outcome, servedBy } : settlement);
  }

  #armTimer(): void {
    const wakeMs = this.#session.wakeMs;
    // Early is harmless: one timer per repetition that is due first, not one per write.
    if (wakeMs === null || wakeMs >= this.#timerDueMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerDueMs = wakeMs;
    this.#timer = setTimeout(onTimer, Math.max(1, Math.ceil(wakeMs - this.#nowMs())), this);
  }

  #nowMs(): MonotonicMs {
    return this.#clock.now().monotonicMs;
  }
}

const onTimer = (path: WritePath): void => {
  path.onTimer();
};

class WriteAttempt implements PeerWaiter {
  readonly #path: WritePath;
  readonly #attempt: number;
  readonly #road: Road;
  readonly #askedMs: MonotonicMs;

  constructor(path: WritePath, attempt: number, road: Road, askedMs: MonotonicMs) {
    this.#path = path;
    this.#attempt = attempt;
    this.#road = road;
    this.#askedMs = askedMs;
  }

  onSettled(answer: PeerAnswer): void {
    this.#path.onAttemptSettled(this.#attempt, this.#road, this.#askedMs, answer);
  }
}
