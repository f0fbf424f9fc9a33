import type { Instant, MonotonicMs, WallMs } from '../../src/core/base/numbers.ts';
import type { GroupLimits } from '../../src/core/group/options.ts';
import type { Effect, Input, LinkId, Ticket } from '../../src/core/group/io.ts';
import { InvariantError } from '../../src/core/base/assert.ts';
import { replicaId } from '../../src/core/replication/replica-id.ts';
import type { OpenSessionOutcome, WriteOutcome } from '../../src/core/store/commands.ts';
import type { ReadOutcome, ReadRequest } from '../../src/core/store/reads.ts';
import type { WatchEnding, WatchNews } from '../../src/core/store/watching.ts';
import { EntryBytes } from '../../src/protocol/peer/entry-bytes.ts';
import type { SimulatedGroup } from './inspection.ts';
import type { End } from './network.ts';
import { MS } from './plan.ts';
import type { Pod } from './pods.ts';
import { Prng, streams } from './prng.ts';
import type { WriteOperation } from './checkers/operations.ts';
import type { Mirror } from './checkers/mirror.ts';
import { check, Violation } from './violation.ts';
import type { World } from './world.ts';

/** Whoever waits for the answer to a ticket. */
export interface Asker {
  readonly ticket: Ticket;
  /** What a write is for; null for anything else. */
  readonly write: WriteOperation | null;
  readonly read: ReadRequest | null;
  readonly machine: number;
  onWriteAnswered(outcome: WriteOutcome): void;
  onSessionAnswered(outcome: OpenSessionOutcome): void;
  onReadAnswered(outcome: ReadOutcome): void;
  /** The connection is gone: no answer will come. */
  onLost(): void;
}

/** Whoever watches at this process, over a connection of its own: what it is told comes in order, or the connection is gone. */
export interface WatchingEnd {
  readonly machine: number;
  onNews(news: WatchNews): void;
  onEnded(ending: WatchEnding): void;
  onLost(): void;
}

/** 2026: any time will do that is not zero. */
const WALL_EPOCH_MS = 1_767_225_600_000;
const TICK_MS = 25;
const TICK: Input = { kind: 'tick' };

/** One run of a container: hosts one group as the runtime does, in turns. */
export class Process {
  readonly pod: Pod;
  /** Its replica id; another one when it has given up its data. */
  id: string;
  readonly label: string;
  readonly group: SimulatedGroup;
  readonly limits: GroupLimits;
  readonly links = new Map<LinkId, End>();
  readonly askers = new Map<Ticket, Asker>();
  readonly #watching = new Map<Ticket, { readonly end: WatchingEnd; arrivalUs: number }>();
  /** What the checkers remember of it. */
  mirror: Mirror | null = null;
  isAlive = true;
  isPaused = false;
  /** Since when it has been paused, or was last. */
  pausedUs = 0;
  isStopping = false;
  /** Somebody has vouched that it is gone (R14): what it holds nobody counts on. */
  isForsaken = false;
  /** Each turn starts up to this late. */
  slowUs = 0;
  /** It reaches the API server. */
  apiUp = true;

  readonly #world: World;
  readonly random: Prng;
  readonly #startUs: number;
  readonly #rate: number;
  readonly #monotonicBase: number;
  #wallOffsetMs: number;
  readonly #cancelled = new Set<Ticket>();
  #nextAccepted = -1;
  #inbox: Input[] = [];
  #turnScheduled = false;
  #hasTick = false;
  readonly #effects: Effect[] = [];

  constructor(world: World, pod: Pod) {
    this.#world = world;
    this.pod = pod;
    pod.runs += 1;
    const random = new Prng(world.plan.seed, streams.process + pod.machine * 0x100 + pod.runs);
    this.random = random;
    const { drift, wallSkewMs } = world.plan.clock;
    this.#startUs = world.now;
    this.#rate = 1 + random.within(-drift, drift);
    this.#monotonicBase = random.below(1_000_000);
    this.#wallOffsetMs = random.between(-wallSkewMs, wallSkewMs);
    const identity = { podName: pod.name, podUid: pod.uid, dataId: `d${world.nextName().toString(36)}` };
    this.id = replicaId(identity);
    this.label = `${pod.name}.${identity.dataId}`;
    this.limits = limitsOf(world.plan.limits, pod);
    this.group = world.makeGroup(
      {
        identity,
        addresses: { peer: pod.address, http: pod.address.replace(':7000', ':8000') },
        times: world.plan.times,
        limits: this.limits,
        uncleanRecovery: world.plan.uncleanRecovery,
        randomSeed: random.below(0x1_0000_0000),
        entryCodec: new EntryBytes(),
      },
      this.instant(),
    );
    world.after(random.within(0, TICK_MS * MS), this.#tick);
  }

  instant(): Instant {
    const elapsedMs = ((this.#world.now - this.#startUs) / MS) * this.#rate;
    return {
      monotonicMs: (this.#monotonicBase + elapsedMs) as MonotonicMs,
      wallMs: Math.floor(WALL_EPOCH_MS + this.#world.now / MS + this.#wallOffsetMs) as WallMs,
    };
  }

  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  nextAcceptedLink(): LinkId {
    const link = this.#nextAccepted;
    this.#nextAccepted -= 1;
    return link;
  }

  /** Something has arrived; it is taken in with the next turn. */
  deliver(input: Input): void {
    if (!this.isAlive) return;
    this.#inbox.push(input);
    this.#scheduleTurn();
  }

  ask(asker: Asker, input: Input): void {
    this.askers.set(asker.ticket, asker);
    this.deliver(input);
  }

  /** Nobody waits any more; the answer may be under way already. */
  cancel(ticket: Ticket): void {
    if (!this.isAlive || !this.askers.delete(ticket)) return;
    this.#cancelled.add(ticket);
    this.deliver({ kind: 'cancel', ticket });
  }

  watch(ticket: Ticket, end: WatchingEnd, input: Input): void {
    this.#watching.set(ticket, { end, arrivalUs: 0 });
    this.deliver(input);
  }

  /** The connection is gone, at this end as well. */
  stopWatching(ticket: Ticket): void {
    if (this.isAlive && this.#watching.delete(ticket)) this.deliver({ kind: 'cancel', ticket });
  }

  /** SIGTERM. */
  stop(graceMs: number): void {
    if (this.isStopping) return;
    this.isStopping = true;
    this.deliver({ kind: 'stop', graceMs });
  }

  /** SIGSTOP: nothing runs, everything that arrives waits. */
  pause(): void {
    this.isPaused = true;
    this.pausedUs = this.#world.now;
    this.#world.trace.add(this.#world.now, this.label, 'is paused', null);
  }

  /**
   * SIGCONT. As in Node's event loop the timer that is long due comes first, in a turn of its own, and only then what
   * waits in the sockets, and that in pieces.
   */
  continue(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.isAlive) return;
    this.#world.trace.add(this.#world.now, this.label, 'goes on', null);
    const waiting = this.#inbox;
    this.#inbox = [TICK];
    this.#hasTick = true;
    this.#turnScheduled = true;
    this.#turn();
    const random = this.random;
    let delay = 0;
    for (let from = 0; from < waiting.length;) {
      const through = from + random.between(1, 40);
      const piece = waiting.slice(from, through);
      delay += random.within(10, 2000);
      this.#world.after(delay, () => {
        for (const input of piece) this.deliver(input);
      });
      from = through;
    }
  }

  /** Its memory is gone. `silent`: nobody is told, as by a power cut. */
  die(options: { readonly silent: boolean }): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    const network = this.#world.network;
    for (const end of this.links.values()) {
      if (options.silent) end.isOpen = false;
      else network.close(end);
    }
    for (const asker of this.askers.values()) if (!options.silent) this.#toAsker(asker, () => asker.onLost());
    for (const ticket of [...this.#watching.keys()]) this.#loseWatch(ticket);
    this.#world.onProcessDied(this);
  }

  readonly #tick = (): void => {
    if (!this.isAlive) return;
    if (!this.isPaused && !this.#hasTick) {
      this.#hasTick = true;
      this.deliver(TICK);
    }
    this.#world.after((TICK_MS * MS) / this.#rate, this.#tick);
  };

  #scheduleTurn(): void {
    if (this.#turnScheduled || this.isPaused) return;
    this.#turnScheduled = true;
    const random = this.random;
    this.#world.after(this.slowUs > 0 ? random.within(0, this.slowUs) : random.below(60), this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnScheduled = false;
    if (!this.isAlive || this.isPaused) return;
    const inbox = this.#inbox;
    this.#inbox = [];
    this.#hasTick = false;
    const now = this.instant();
    const effects = this.#effects;
    effects.length = 0;
    const world = this.#world;
    try {
      for (const input of inbox) {
        if (!this.#isNews(input)) continue;
        if (input.kind !== 'tick') world.trace.add(world.now, this.label, '<', input);
        world.checker.idles.onTaken(this, input, world.now);
        this.group.step(input, now, effects);
      }
      this.group.flush(now, effects);
    } catch (error) {
      if (error instanceof Violation) throw error;
      const rule = error instanceof InvariantError ? 'a broken invariant' : 'an exception';
      throw new Violation('no-exception', `${this.label} stopped with ${rule}: ${String(error)}`, { cause: error });
    }
    world.events += inbox.length;
    // Before the checks: what a turn decided belongs to the story of its violation.
    for (const effect of effects) world.trace.add(world.now, this.label, '>', effect);
    world.checker.afterTurn(this);
    this.#perform(effects);
  };

  /** A link that was closed on either side is not heard of again. */
  #isNews(input: Input): boolean {
    const { kind } = input;
    if (kind === 'closed') return this.links.delete(input.link);
    if (kind === 'received' || kind === 'connected' || kind === 'accepted') return this.links.has(input.link);
    return true;
  }

  #perform(effects: readonly Effect[]): void {
    const world = this.#world;
    let mayEnd = false;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'connect':
          world.network.dial(this, effect.link, effect.address);
          break;
        case 'disconnect': {
          const end = this.links.get(effect.link);
          if (end === undefined) break;
          this.links.delete(effect.link);
          world.network.close(end);
          break;
        }
        case 'send': {
          const end = this.links.get(effect.link);
          if (effect.message.kind === 'ack') world.checker.idles.onAckSent(this, effect.message, world.now);
          if (end !== undefined) world.network.send(end, effect.message);
          break;
        }
        case 'callApi':
          world.api.call(this, effect.call, effect.request);
          break;
        case 'writeAnswered':
          this.#answer(
            effect.ticket,
            (asker) => {
              asker.onWriteAnswered(effect.outcome);
            },
            effect.outcome,
          );
          break;
        case 'sessionAnswered':
          this.#answer(effect.ticket, (asker) => asker.onSessionAnswered(effect.outcome));
          break;
        case 'readAnswered':
          world.checker.onReadAnswered(this, this.askers.get(effect.ticket)?.read ?? null, effect.outcome);
          this.#answer(effect.ticket, (asker) => asker.onReadAnswered(effect.outcome));
          break;
        case 'watchNews':
          for (const ticket of effect.tickets)
            this.#toWatching(ticket, (end) => {
              end.onNews(effect.news);
            });
          break;
        case 'watchEnded':
          for (const ticket of effect.tickets) {
            this.#toWatching(ticket, (end) => {
              end.onEnded(effect.ending);
            });
            this.#watching.delete(ticket);
          }
          break;
        case 'turnWanted':
          if (!this.#hasTick) {
            this.#hasTick = true;
            this.deliver(TICK);
          }
          break;
        case 'recoverAnswered':
          world.operator.onAnswered(effect.ticket, effect.outcome);
          break;
        case 'report':
          world.checker.onReport(this, effect.report);
          break;
        case 'stopped':
          mayEnd = true;
          break;
      }
    }
    if (mayEnd) world.pods.onProcessStopped(this);
  }

  #answer(ticket: Ticket, tell: (asker: Asker) => void, written: WriteOutcome | null = null): void {
    if (this.#cancelled.delete(ticket)) return;
    const asker = this.askers.get(ticket);
    check(asker !== undefined, 'no-exception', () => `${this.label} answers ticket ${ticket}, which does not wait`);
    this.askers.delete(ticket);
    // Even an answer that gets lost on the way has been given.
    if (written !== null && asker.write !== null) this.#world.checker.onWriteAnswered(this, asker.write, written);
    this.#toAsker(asker, () => tell(asker));
  }

  /** What cannot arrive ends the connection, sooner or later. */
  #toWatching(ticket: Ticket, tell: (end: WatchingEnd) => void): void {
    const watching = this.#watching.get(ticket);
    if (watching === undefined) return;
    const { network, plan, now } = this.#world;
    const { end } = watching;
    const from = this.pod.machine;
    if (network.isCut(from, end.machine) || network.chanceOf(end.machine).chance(plan.clients.loss)) {
      this.#loseWatch(ticket);
      this.deliver({ kind: 'cancel', ticket });
      return;
    }
    watching.arrivalUs = Math.max(watching.arrivalUs, now + network.latency(from, end.machine));
    this.#world.at(watching.arrivalUs, () => {
      tell(end);
    });
  }

  #loseWatch(ticket: Ticket): void {
    const watching = this.#watching.get(ticket);
    if (watching === undefined) return;
    this.#watching.delete(ticket);
    const { end } = watching;
    const noticedUs = Math.max(watching.arrivalUs, this.#world.now) + this.#world.plan.clients.attemptUs;
    this.#world.at(noticedUs, () => {
      end.onLost();
    });
  }

  #toAsker(asker: Asker, tell: () => void): void {
    const network = this.#world.network;
    const from = this.pod.machine;
    if (network.isCut(from, asker.machine) || network.chanceOf(asker.machine).chance(this.#world.plan.clients.loss))
      return;
    this.#world.after(network.latency(from, asker.machine), tell);
  }
}

/** R20, R22: as in a rollout that changes the limit, or whether keys may be evicted, the replicas do not agree on it. */
const limitsOf = (limits: GroupLimits, pod: Pod): GroupLimits =>
  pod.machine % 2 === 0
    ? limits
    : {
        ...limits,
        historyLimit: Math.ceil(limits.historyLimit / 2),
        eviction: pod.machine % 4 === 1 ? 'none' : limits.eviction,
      };
