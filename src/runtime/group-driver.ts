import { ChurningMap } from '../core/base/churning.ts';
import { unreachable } from '../core/base/assert.ts';
import type { GroupId, Instant, MonotonicMs } from '../core/base/numbers.ts';
import type { RecoverOutcome, RecoverRequest, RecoveryView } from '../core/election/recovery.ts';
import type { Effect, GroupStatus, Input, LinkId, Report, Ticket } from '../core/group/io.ts';
import type { ReplicaSummary } from '../core/group/summary.ts';
import type { OpenSessionOutcome, WriteRefusal, WriteRequest } from '../core/store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../core/store/reads.ts';
import type { WatchEnding, WatchNews, WatchRequest } from '../core/store/watching.ts';
import type { Clock } from '../ports/clock.ts';
import type { Endpoint, GroupApi } from '../ports/kubernetes.ts';
import type { PeerConnection, PeerConnectionHandler, PeerTransport } from '../ports/peers.ts';
import type { Limit, Log } from '../ports/telemetry.ts';
import type { ProcessUsage } from '../ports/usage.ts';
import { PeerLink, type LinkOwner } from './peer-link.ts';
import type { Turns, TurnTaker } from './turns.ts';

/** What the driver needs of a group: `core/group/group.ts`, or a script in a test. */
export interface DrivenGroup {
  step(input: Input, now: Instant, effects: Effect[]): void;
  flush(now: Instant, effects: Effect[]): void;
  status(now: Instant): GroupStatus;
  recoveryView(): RecoveryView;
}

/** The answer to a write, a session or a read. */
export type Answered = Extract<Effect, { readonly kind: 'writeAnswered' | 'sessionAnswered' | 'readAnswered' }>;

/** Whoever asked; an object and no closure, since there is one for every request. */
export interface Asker {
  /** Exactly once, never before the asking call has returned, and not after `cancel`. */
  onAnswered(answer: Answered): void;
}

/** Whoever watches. */
export interface Watcher {
  /** Never before the asking call has returned, and not after `cancel`. The very same news may be that of many. */
  onNews(news: WatchNews): void;
  /** Once, and nothing after it. */
  onEnded(ending: WatchEnding): void;
}

export interface DriverListener {
  onReport(group: GroupId, report: Report): void;
  /** A write was committed, so long after it was asked for. */
  onCommitted(group: GroupId, latencyMs: number): void;
  /** Something was refused by a limit. */
  onLimitHit(limit: Limit): void;
  /**
   * The core has met a broken invariant, or failed otherwise. Nothing of that turn is performed, nothing is stepped any
   * more, and nobody is told anything: the process must end, before this returns if it can.
   */
  onFailed(group: GroupId, failure: GroupFailure): void;
}

export interface GroupFailure {
  readonly error: unknown;
  /** As the group stood when it failed; null where it cannot even say that. */
  readonly status: GroupStatus | null;
}

export interface GroupDriverOptions {
  readonly id: GroupId;
  readonly group: DrivenGroup;
  readonly podName: string;
  readonly httpAddress: string;
  /** What the group may take; for its summary, as the rest of what the process takes. */
  readonly memoryBytesMax: number;
  readonly usage: () => ProcessUsage;
  readonly api: GroupApi;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly log: Log;
  readonly listener: DriverListener;
}

interface Waiting {
  readonly kind: Answered['kind'];
  readonly asker: Asker;
  readonly sinceMs: MonotonicMs;
}

const TICK: Input = { kind: 'tick' };

/**
 * Drives one replica group: gathers its inputs, steps it once per turn of the event loop, flushes it and performs its
 * effects in their order; but for reads, which wait for no turn ({@link read}). It decides nothing.
 */
export class GroupDriver implements TurnTaker, LinkOwner {
  readonly id: GroupId;
  readonly podName: string;
  readonly #group: DrivenGroup;
  readonly #httpAddress: string;
  readonly #memoryBytesMax: number;
  readonly #usage: () => ProcessUsage;
  readonly #api: GroupApi;
  readonly #transport: PeerTransport;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #log: Log;
  readonly #listener: DriverListener;

  #inbox: Input[] = [];
  #spareInbox: Input[] = [];
  readonly #effects: Effect[] = [];
  readonly #effectsOfRead: Effect[] = [];
  /** Until all of it is stepped and flushed. */
  #turnIsDue = false;
  /** `failed`: whoever waits is left waiting, for what this replica would say is not to be believed. */
  #state: 'running' | 'failed' | 'ended' = 'running';

  readonly #links = new Map<LinkId, PeerLink>();
  #lastAcceptedLink = 0;
  readonly #waiting = new ChurningMap<Ticket, Waiting>();
  readonly #watchers = new Map<Ticket, Watcher>();
  readonly #recoveries = new Map<Ticket, (outcome: RecoverOutcome) => void>();
  #lastTicket = 0;
  readonly #stopped: PromiseWithResolvers<void> = Promise.withResolvers();
  /** As of the last turn; null until somebody asks. */
  #status: GroupStatus | null = null;
  #endpoints: readonly Endpoint[] = [];

  constructor(options: GroupDriverOptions) {
    this.id = options.id;
    this.podName = options.podName;
    this.#group = options.group;
    this.#httpAddress = options.httpAddress;
    this.#memoryBytesMax = options.memoryBytesMax;
    this.#usage = options.usage;
    this.#api = options.api;
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#turns = options.turns;
    this.#log = options.log;
    this.#listener = options.listener;
  }

  /** Follows the record and the pods until `signal` aborts. */
  watch(signal: AbortSignal): void {
    this.#api.watchRecord((record) => {
      this.enter({ kind: 'recordHinted', record });
    }, signal);
    this.#api.watchEndpoints((endpoints) => {
      this.#endpoints = endpoints;
      const others = endpoints.filter((endpoint) => endpoint.podName !== this.podName);
      this.enter({ kind: 'peersHinted', peerAddresses: others.map((endpoint) => endpoint.peerAddress) });
    }, signal);
  }

  tick(): void {
    this.enter(TICK);
  }

  /** As this replica stood at the end of its last turn, which is at most a tick ago. */
  get status(): GroupStatus {
    this.#status ??= this.#group.status(this.#clock.now());
    return this.#status;
  }

  get summary(): ReplicaSummary {
    const status = this.status;
    const { replica, role, standing, ready, stopping, frozen, epoch, lineage } = status;
    const { lastIndex, commitIndex, appliedIndex, keys, storeBytes, historyBytes, olderVersions } = status;
    const followers = status.followers.map((follower) => ({
      replica: follower.replica,
      standing: follower.standing,
      lagEntries: follower.lagEntries,
      lagMs: follower.lagMs,
    }));
    const { podName } = this;
    const httpAddress = this.#httpAddress;
    const standings = { replica, podName, role, standing, ready, stopping, frozen, epoch, lineage };
    const memoryBytesMax = this.#memoryBytesMax;
    const memory = { memoryBytes: storeBytes + status.logBytes, memoryBytesMax, ...this.#usage() };
    const held = { keys, storeBytes, historyBytes, olderVersions };
    return { ...standings, lastIndex, commitIndex, appliedIndex, ...held, ...memory, httpAddress, followers };
  }

  /** The group's pods, this one included, as the API server names them. */
  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** Requests that wait for their answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  write(request: WriteRequest, asker: Asker): Ticket {
    const ticket = this.#admit('writeAnswered', asker);
    this.enter({ kind: 'write', ticket, request });
    return ticket;
  }

  openSession(asker: Asker): Ticket {
    const ticket = this.#admit('sessionAnswered', asker);
    this.enter({ kind: 'openSession', ticket });
    return ticket;
  }

  /**
   * The outcome, if the group knows it at once: then the asker hears nothing. Else the ticket.
   *
   * A read changes nothing and is stepped now, before what waits for this turn: for the group that is a message which arrives
   * later, and nobody was told anything of it. What it saves is less the way than what lives meanwhile: of 640 requests that
   * are all answered at the end of a turn everything is in memory together, and is copied by the garbage collector.
   */
  read(request: ReadRequest, asker: Asker): Ticket | ReadOutcome {
    // Whoever asks may have been told of another one just now, whose effects are not all performed.
    if (this.#state !== 'running' || this.#effectsOfRead.length > 0) {
      const ticket = this.#admit('readAnswered', asker);
      this.enter({ kind: 'read', ticket, request });
      return ticket;
    }
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    const now = this.#clock.now();
    const effects = this.#effectsOfRead;
    let outcome: ReadOutcome | null = null;
    try {
      this.#group.step({ kind: 'read', ticket, request }, now, effects);
      for (const effect of effects) {
        if (effect.kind === 'readAnswered' && effect.ticket === ticket) outcome = effect.outcome;
        else this.#perform(effect, now);
      }
    } catch (error) {
      this.#fail(error, now);
    }
    effects.length = 0;
    if (outcome !== null) return outcome;
    this.#waiting.set(ticket, { kind: 'readAnswered', asker, sinceMs: now.monotonicMs });
    // What it waits for is asked for at the end of the turn.
    this.#scheduleTurn();
    return ticket;
  }

  watchKeys(request: WatchRequest, watcher: Watcher): Ticket {
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    this.#watchers.set(ticket, watcher);
    if (this.#state === 'ended')
      queueMicrotask(() => {
        this.#settleAll();
      });
    else this.enter({ kind: 'watch', ticket, request });
    return ticket;
  }

  /** The watcher takes so many bytes more. */
  grant(ticket: Ticket, bytes: number): void {
    if (this.#watchers.has(ticket)) this.enter({ kind: 'grant', ticket, bytes });
  }

  /** The asker, or watcher, is gone: it is told nothing more. */
  cancel(ticket: Ticket): void {
    if (this.#waiting.delete(ticket) || this.#watchers.delete(ticket)) this.enter({ kind: 'cancel', ticket });
  }

  /** For an operator, as of now. */
  get recoveryView(): RecoveryView {
    return this.#group.recoveryView();
  }

  /** An operator decides (R13). */
  recover(request: RecoverRequest): Promise<RecoverOutcome> {
    if (this.#state === 'ended')
      return Promise.resolve({ kind: 'refused', code: 'stopping', detail: 'this replica has stopped' });
    const { promise, resolve } = Promise.withResolvers<RecoverOutcome>();
    this.#lastTicket += 1;
    this.#recoveries.set(this.#lastTicket, resolve);
    this.enter({ kind: 'recover', ticket: this.#lastTicket, request });
    return promise;
  }

  /** A connection whose other end has begun to speak as a replica of this group. */
  accept(connection: PeerConnection): PeerConnectionHandler {
    this.#lastAcceptedLink -= 1;
    const link = new PeerLink(this.#lastAcceptedLink, this, connection);
    this.#links.set(link.link, link);
    this.enter({ kind: 'accepted', link: link.link });
    return link;
  }

  /** R9. Resolves when nothing holds this replica any more; the caller keeps the grace period. */
  stop(graceMs: number): Promise<void> {
    this.enter({ kind: 'stop', graceMs });
    return this.#stopped.promise;
  }

  /** Steps no more. Whoever waits is told what is certain: that nobody here will know. */
  close(): void {
    if (this.#state === 'ended') return;
    this.#end();
    for (const link of this.#links.values()) link.disconnect('the replica ends');
    this.#links.clear();
  }

  enter(input: Input): void {
    if (this.#state !== 'running') return;
    this.#inbox.push(input);
    this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    this.#turns.schedule(this);
  }

  onLinkClosed(link: LinkId, reason: 'refused' | 'lost', detail: string): void {
    if (!this.#links.delete(link)) return;
    this.#log.debug('link closed', { group: this.id, link, reason, detail });
    this.enter({ kind: 'closed', link, reason });
  }

  takeTurn(now: Instant): void {
    if (this.#state !== 'running') return;
    const inputs = this.#inbox;
    this.#inbox = this.#spareInbox;
    this.#spareInbox = inputs;
    const effects = this.#effects;
    try {
      for (const input of inputs) {
        if (input.kind === 'closed' && isDisconnected(input.link, effects)) continue;
        this.#group.step(input, now, effects);
      }
      this.#group.flush(now, effects);
      this.#status = null;
      this.#turnIsDue = false;
      for (const effect of effects) this.#perform(effect, now);
    } catch (error) {
      this.#fail(error, now);
    }
    inputs.length = 0;
    effects.length = 0;
  }

  #fail(error: unknown, now: Instant): void {
    this.#state = 'failed';
    this.#listener.onFailed(this.id, { error, status: this.#statusOfFailed(now) });
  }

  #statusOfFailed(now: Instant): GroupStatus | null {
    try {
      return this.#group.status(now);
    } catch {
      return null;
    }
  }

  #perform(effect: Effect, now: Instant): void {
    switch (effect.kind) {
      case 'send':
        // A link that closed in this very turn is still known to the group, which will read of it in the next.
        this.#links.get(effect.link)?.send(effect.message);
        return;
      case 'writeAnswered': {
        const waiting = this.#take(effect.ticket);
        if (waiting === undefined) return;
        const { outcome } = effect;
        if (outcome.kind === 'committed') this.#listener.onCommitted(this.id, now.monotonicMs - waiting.sinceMs);
        else if (outcome.kind === 'refused') this.#countRefusal(outcome.code);
        waiting.asker.onAnswered(effect);
        return;
      }
      case 'sessionAnswered': {
        const waiting = this.#take(effect.ticket);
        if (waiting === undefined) return;
        if (effect.outcome.kind === 'refused') this.#countRefusal(effect.outcome.code);
        waiting.asker.onAnswered(effect);
        return;
      }
      case 'readAnswered':
        this.#take(effect.ticket)?.asker.onAnswered(effect);
        return;
      case 'watchNews':
        for (const ticket of effect.tickets) this.#watchers.get(ticket)?.onNews(effect.news);
        return;
      case 'watchEnded':
        for (const ticket of effect.tickets) this.#endWatch(ticket, effect.ending);
        return;
      case 'turnWanted':
        this.enter(TICK);
        return;
      case 'recoverAnswered':
        this.#recoveries.get(effect.ticket)?.(effect.outcome);
        this.#recoveries.delete(effect.ticket);
        return;
      case 'connect':
        this.#connect(effect.link, effect.address);
        return;
      case 'disconnect':
        this.#links.get(effect.link)?.disconnect(effect.reason);
        this.#links.delete(effect.link);
        return;
      case 'callApi': {
        const { call } = effect;
        void this.#api.call(effect.request).then((answer) => {
          this.enter({ kind: 'apiAnswered', call, answer });
        });
        return;
      }
      case 'report':
        this.#listener.onReport(this.id, effect.report);
        return;
      case 'stopped':
        this.#stopped.resolve();
        return;
      default:
        unreachable(effect);
    }
  }

  #endWatch(ticket: Ticket, ending: WatchEnding): void {
    const watcher = this.#watchers.get(ticket);
    if (watcher === undefined) return;
    this.#watchers.delete(ticket);
    if (ending.kind === 'declined' && ending.code === 'overloaded') this.#listener.onLimitHit('watchers');
    watcher.onEnded(ending);
  }

  /** Here and nowhere else: whoever passes the answer on has met no limit of its own. */
  #countRefusal(code: Refusal): void {
    const limit = LIMIT_OF[code];
    if (limit !== null) this.#listener.onLimitHit(limit);
  }

  #connect(id: LinkId, address: string): void {
    const link = new PeerLink(id, this, null);
    this.#links.set(id, link);
    link.attach(this.#transport.dial(address, link));
  }

  #admit(kind: Answered['kind'], asker: Asker): Ticket {
    this.#lastTicket += 1;
    const waiting = { kind, asker, sinceMs: this.#clock.now().monotonicMs };
    this.#waiting.set(this.#lastTicket, waiting);
    // Nobody steps the group any more, and an asker is never told before its call has returned.
    if (this.#state === 'ended')
      queueMicrotask(() => {
        this.#settleAll();
      });
    return this.#lastTicket;
  }

  #take(ticket: Ticket): Waiting | undefined {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    return waiting;
  }

  #end(): void {
    this.#state = 'ended';
    this.#settleAll();
  }

  #settleAll(): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const [ticket, { kind, asker }] of all) asker.onAnswered(endedAnswer(kind, ticket));
    for (const ticket of [...this.#watchers.keys()]) this.#endWatch(ticket, { kind: 'declined', code: 'stopping' });
    for (const resolve of this.#recoveries.values()) resolve(STOPPED);
    this.#recoveries.clear();
  }
}

type Refusal = WriteRefusal | Extract<OpenSessionOutcome, { readonly kind: 'refused' }>['code'];

/** What becomes of an operator's request that was under way. */
const STOPPED: RecoverOutcome = { kind: 'unknown', detail: 'this replica has stopped' };

/** null: the refusal says who does not lead, or what is wrong with the request. */
const LIMIT_OF: Readonly<Record<Refusal, Limit | null>> = {
  'not-leader': null,
  'unknown-session': null,
  'idempotency-mismatch': null,
  'session-full': 'session-full',
  'sessions-full': 'sessions-full',
  'idempotency-full': 'idempotency-full',
  'memory-full': 'memory-full',
  overloaded: 'overloaded',
};

/** `closed` never follows a disconnect: not even where both fall into one turn. */
function isDisconnected(link: LinkId, effects: readonly Effect[]): boolean {
  return effects.some((effect) => effect.kind === 'disconnect' && effect.link === link);
}

function endedAnswer(kind: Answered['kind'], ticket: Ticket): Answered {
  switch (kind) {
    case 'writeAnswered':
      return { kind, ticket, outcome: { kind: 'unknown', code: 'deposed' } };
    case 'sessionAnswered':
      return { kind, ticket, outcome: { kind: 'refused', code: 'not-leader', leaderHint: null } };
    case 'readAnswered':
      return { kind, ticket, outcome: { kind: 'declined', code: 'no-leader' } };
  }
}
