import { epoch, logIndex, monotonicMs, wallMs, type Instant } from '../../../../src/core/base/numbers.ts';
import { Random } from '../../../../src/core/base/random.ts';
import type { Effect } from '../../../../src/core/group/io.ts';
import type { GroupLimits, GroupTimes } from '../../../../src/core/group/options.ts';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import { Leader } from '../../../../src/core/replication/leader.ts';
import type { Ack, Hello, PeerMessage } from '../../../../src/core/replication/messages.ts';
import type { Replica } from '../../../../src/core/replication/replica.ts';
import type {
  OpenSessionOutcome,
  WriteCommand,
  WriteOutcome,
  WriteRequest,
} from '../../../../src/core/store/commands.ts';
import {
  effectsOf,
  entry,
  idOf,
  limits,
  LINEAGE,
  openSessionBody,
  present,
  replicaOf,
  request,
  times,
} from './builders.ts';
import { FarFollower } from './far-follower.ts';

/** When the tests begin, by the wall clock. */
const START_MS = 1_700_000_000_000;

export interface LeaderSetup {
  readonly epoch?: number;
  /** Names of the members; the first one leads. */
  readonly inSync: readonly string[];
  readonly minInSync?: number;
  readonly limits?: Partial<GroupLimits>;
  readonly times?: Partial<GroupTimes>;
  readonly lineage?: Lineage;
  /** What it found in its log; by default one entry of an earlier epoch that opened the session of the tests. */
  readonly log?: readonly Entry[];
  readonly committed?: number;
  /** Who is connected and has acknowledged the first entry of the epoch; by default every other member. */
  readonly connected?: readonly string[];
}

/**
 * A leader with fake links. Every call is one turn; time passes only in `pass`. What is answered and what each follower
 * was sent is kept until it is asked for.
 */
export class LeaderKit {
  readonly replica: Replica;
  readonly leader: Leader;
  readonly effects: Effect[] = [];
  readonly followers = new Map<string, FarFollower>();
  nowMs = 10_000;
  wallMs = START_MS;
  #links = 0;
  #tickets = 0;
  #dialled = 0;
  #number = 0;
  #repliesSeen = 0;

  constructor(setup: LeaderSetup) {
    const self = present(setup.inSync[0]);
    const log = setup.log ?? [entry(1, 1, openSessionBody(), START_MS)];
    this.replica = replicaOf(self, {
      log,
      committed: setup.committed ?? log.length,
      lineage: setup.lineage ?? LINEAGE,
      eviction: setup.limits?.eviction ?? 'none',
    });
    this.leader = new Leader(
      {
        replica: this.replica,
        epoch: epoch(setup.epoch ?? 4),
        lineage: setup.lineage ?? LINEAGE,
        members: setup.inSync.map((name) => idOf(name)),
        times: times(setup.times),
        limits: limits({ minInSync: setup.minInSync ?? Math.min(2, setup.inSync.length), ...setup.limits }),
        authorityMs: this.nowMs,
        random: new Random(1),
        nextLink: () => (this.#dialled += 1),
      },
      this.now,
    );
    this.turn();
    for (const name of setup.connected ?? setup.inSync.slice(1)) {
      this.hello(name);
      this.ack(name);
    }
  }

  get now(): Instant {
    return { monotonicMs: monotonicMs(this.nowMs), wallMs: wallMs(this.wallMs) };
  }

  follower(name: string): FarFollower {
    return present(this.followers.get(name), `a follower ${name}`);
  }

  /** A turn without input. */
  turn(): Effect[] {
    return this.#turn(() => {});
  }

  /** Says hello on a new link, by default with everything that this leader had committed before its epoch. */
  hello(name: string, changed: Partial<Hello> & { process?: number } = {}): Effect[] {
    const { process = 1, ...rest } = changed;
    const before = process === 1 ? this.followers.get(name) : undefined;
    this.#links -= 1;
    const follower = new FarFollower(name, this.#links, { process, hellos: before?.hellos ?? 0 });
    if (before !== undefined) {
      follower.lastIndex = before.lastIndex;
      follower.lastEpoch = before.lastEpoch;
    } else {
      follower.lastIndex = this.leader.firstIndex - 1;
      follower.lastEpoch = this.replica.log.epochAt(logIndex(follower.lastIndex)) ?? 0;
    }
    this.followers.set(name, follower);
    return this.receive(name, follower.hello(rest));
  }

  /** Acknowledges everything that it was sent, or what is said. */
  ack(name: string, changed: Partial<Ack> = {}): Effect[] {
    return this.receive(name, this.follower(name).ack(this.nowMs, changed));
  }

  close(name: string): Effect[] {
    return this.#turn((effects) => this.leader.onLost(this.follower(name).link, this.now, effects));
  }

  /** What the leader dialled last is answered like this. */
  answerKnock(how: 'connected' | 'refused' | 'lost'): Effect[] {
    return this.#turn((effects) => {
      if (how === 'connected') this.leader.onKnockHeard(this.#dialled, this.now, effects);
      else this.leader.onKnockClosed(this.#dialled, how, this.now, effects);
    });
  }

  receive(name: string, message: PeerMessage): Effect[] {
    const { link } = this.follower(name);
    return this.#turn((effects) => {
      if (message.kind === 'hello') this.leader.onHello(link, message, this.now, effects);
      else if (message.kind === 'ack') this.leader.onAck(link, message, this.now, effects);
      else if (message.kind === 'vouch') this.leader.onVouch(link, message, effects);
      else throw new Error(`a leader is not sent ${message.kind}`);
    });
  }

  propose(command: WriteCommand, changed: Partial<WriteRequest> = {}): Effect[] {
    this.#number += 1;
    const write: WriteRequest = {
      id: request(this.#number),
      settledThrough: 0,
      idempotencyKey: null,
      command,
      ...changed,
    };
    this.#tickets += 1;
    const ticket = this.#tickets;
    return this.#turn((effects) => this.leader.propose(ticket, write, this.now, effects));
  }

  openSession(): Effect[] {
    this.#tickets += 1;
    const ticket = this.#tickets;
    return this.#turn((effects) => this.leader.openSession(ticket, this.now, effects));
  }

  /** Time passes, a tick every 50 ms; `acking` acknowledge everything each time. */
  pass(ms: number, acking: readonly string[] = []): Effect[] {
    const from = this.effects.length;
    for (let passed = 0; passed < ms; passed += 50) {
      this.advance(Math.min(50, ms - passed));
      this.tick();
      for (const name of acking) this.ack(name);
    }
    return this.effects.slice(from);
  }

  /** Time passes and nothing runs: a late turn. */
  advance(ms: number): void {
    this.nowMs += ms;
    this.wallMs += ms;
  }

  tick(): Effect[] {
    return this.#turn((effects) => this.leader.tick(this.now, effects));
  }

  /** Outcomes of writes since it was last asked. */
  replies(): WriteOutcome[] {
    const replies = effectsOf('writeAnswered', this.effects).map(({ outcome }) => outcome);
    const news = replies.slice(this.#repliesSeen);
    this.#repliesSeen = replies.length;
    return news;
  }

  sessions(): OpenSessionOutcome[] {
    return effectsOf('sessionAnswered', this.effects).map(({ outcome }) => outcome);
  }

  /** The change of the set that is under way, by the names of the pods. */
  get change(): { add: string | null; remove: string | null } | null {
    const { change } = this.leader.set;
    return change === null ? null : { add: nameOf(change.add), remove: nameOf(change.remove) };
  }

  /** The update of the record that the change asks for succeeds. */
  confirmChange(): void {
    const { set, membership } = this.leader;
    const removed = set.change?.remove ?? null;
    if (!set.sent) set.markSent();
    this.leader.confirmSet(set.target);
    if (removed !== null) membership.onRemoved(removed, this.nowMs);
    this.turn();
  }

  #turn(step: (effects: Effect[]) => void): Effect[] {
    const effects: Effect[] = [];
    step(effects);
    this.leader.considerChange(this.nowMs);
    this.leader.flush(this.now, effects, () => {});
    for (const { link, message } of effectsOf('send', effects)) {
      for (const follower of this.followers.values()) if (follower.link === link) follower.receive(message);
    }
    this.effects.push(...effects);
    return effects;
  }
}

const nameOf = (id: string | null): string | null => (id === null ? null : (id.split('/')[0] ?? null));

export const leaderOf = (setup: LeaderSetup): LeaderKit => new LeaderKit(setup);
