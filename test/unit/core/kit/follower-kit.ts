import { epoch, logIndex, monotonicMs, wallMs, type Instant } from '../../../../src/core/base/numbers.ts';
import { Obedience } from '../../../../src/core/election/obedience.ts';
import type { Effect, LinkId } from '../../../../src/core/group/io.ts';
import type { GroupLimits } from '../../../../src/core/group/options.ts';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import { Follower } from '../../../../src/core/replication/follower.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type {
  Ack,
  Append,
  Hello,
  PeerMessage,
  Resume,
  SnapshotBegin,
  SnapshotChunk,
  SnapshotEnd,
  SnapshotItem,
} from '../../../../src/core/replication/messages.ts';
import type { Replica } from '../../../../src/core/replication/replica.ts';
import { addressesOf, effectsOf, idOf, limits, LINEAGE, messagesOf, present, replicaOf, times } from './builders.ts';

export interface FollowerSetup {
  readonly epoch?: number;
  readonly lineage?: Lineage;
  /** Its log; none and no lineage: it is empty. */
  readonly log?: readonly Entry[];
  readonly committed?: number;
  readonly empty?: boolean;
  readonly limits?: Partial<GroupLimits>;
}

/** Replica b, which follows a: connected, its hello sent. Every call is one turn. */
export class FollowerKit {
  readonly replica: Replica;
  readonly obedience = new Obedience();
  readonly follower: Follower;
  readonly applied: Entry[] = [];
  nowMs = 10_000;
  readonly #epoch: number;
  readonly #lineage: Lineage;
  #links = 0;
  #helloSeen: Hello;

  constructor(setup: FollowerSetup = {}) {
    this.#epoch = setup.epoch ?? 4;
    this.#lineage = setup.lineage ?? LINEAGE;
    this.replica = replicaOf('b', {
      log: setup.log ?? [],
      committed: setup.committed ?? 0,
      lineage: setup.empty === true ? null : this.#lineage,
    });
    this.obedience.adopt({ lineage: this.#lineage, epoch: epoch(this.#epoch) });
    this.follower = new Follower({
      replica: this.replica,
      obedience: this.obedience,
      addresses: addressesOf('b'),
      times: times(),
      limits: limits(setup.limits),
      nextLink: () => (this.#links += 1),
    });
    const dialled = this.turn((effects) => this.follow(effects));
    const { link } = present(effectsOf('connect', dialled)[0]);
    const greeted = this.turn((effects) => this.follower.onConnected(link, this.now, effects));
    this.#helloSeen = present(messagesOf('hello', greeted)[0]);
  }

  get now(): Instant {
    return { monotonicMs: monotonicMs(this.nowMs), wallMs: wallMs(this.nowMs) };
  }

  get link(): LinkId {
    return present(this.follower.link);
  }

  /** The newest hello that it said. */
  get hello(): Hello {
    return this.#helloSeen;
  }

  follow(effects: Effect[], changed: { epoch?: number; leader?: string } = {}): void {
    const leader = changed.leader ?? 'a';
    const target = {
      leader: idOf(leader),
      address: addressesOf(leader).peer,
      epoch: epoch(changed.epoch ?? this.#epoch),
    };
    this.follower.follow(target, this.now, effects);
  }

  turn(step: (effects: Effect[]) => void): Effect[] {
    const effects: Effect[] = [];
    step(effects);
    this.follower.flush(this.now, effects);
    const hello = messagesOf('hello', effects).at(-1);
    if (hello !== undefined) this.#helloSeen = hello;
    return effects;
  }

  resume(changed: Partial<Omit<Resume, 'kind'>> = {}): Effect[] {
    const { lastIndex, lastEpoch } = this.hello;
    return this.receive({
      kind: 'resume',
      ...this.#head,
      hello: this.hello.number,
      prevIndex: lastIndex,
      prevEpoch: lastEpoch,
      ...changed,
    });
  }

  append(entries: readonly Entry[], changed: Partial<Omit<Append, 'kind'>> = {}): Effect[] {
    const { log } = this.replica;
    const prevIndex = logIndex(entries[0] === undefined ? log.lastIndex : entries[0].index - 1);
    return this.receive({
      kind: 'append',
      ...this.#head,
      round: 1,
      fullRound: 0,
      prevIndex,
      prevEpoch: log.epochAt(prevIndex) ?? log.lastEpoch,
      commitIndex: logIndex(0),
      member: true,
      confirmedMs: -1,
      timeMs: wallMs(0),
      entries,
      ...changed,
    });
  }

  snapshotBegin(startIndex: number, changed: Partial<Omit<SnapshotBegin, 'kind'>> = {}): Effect[] {
    return this.receive({
      kind: 'snapshotBegin',
      ...this.#head,
      hello: this.hello.number,
      startIndex: logIndex(startIndex),
      startEpoch: epoch(startIndex === 0 ? 0 : 1),
      timeMs: wallMs(500),
      historyLimit: 8,
      ...changed,
    });
  }

  snapshotChunk(
    number: number,
    items: readonly SnapshotItem[],
    changed: Partial<Omit<SnapshotChunk, 'kind'>> = {},
  ): Effect[] {
    return this.receive({ kind: 'snapshotChunk', ...this.#head, hello: this.hello.number, number, items, ...changed });
  }

  snapshotEnd(changed: Partial<Omit<SnapshotEnd, 'kind'>> = {}): Effect[] {
    const endIndex = logIndex(this.replica.machine.appliedIndex);
    const versionFloor = 0 as SnapshotEnd['versionFloor'];
    return this.receive({
      kind: 'snapshotEnd',
      ...this.#head,
      hello: this.hello.number,
      chunks: 0,
      endIndex,
      versionFloor,
      ...changed,
    });
  }

  /** The acknowledgement of a turn; there is at most one. */
  ackOf(effects: readonly Effect[]): Ack | undefined {
    const acks = messagesOf('ack', effects);
    if (acks.length > 1) throw new Error('two acknowledgements in one turn');
    return acks[0];
  }

  receive(...messages: PeerMessage[]): Effect[] {
    return this.turn((effects) => {
      for (const message of messages) this.#step(message, effects);
    });
  }

  #step(message: PeerMessage, effects: Effect[]): void {
    const { follower, link, now } = this;
    switch (message.kind) {
      case 'resume':
        follower.onResume(link, message, now, effects);
        return;
      case 'append':
        follower.onAppend(link, message, now, effects, (one) => this.applied.push(one));
        return;
      case 'snapshotBegin':
        follower.onSnapshotBegin(link, message, now, effects);
        return;
      case 'snapshotChunk':
        follower.onSnapshotChunk(link, message, now, effects);
        return;
      case 'snapshotEnd':
        follower.onSnapshotEnd(link, message, now, effects);
        return;
      case 'reject':
        follower.onReject(link, message, effects, now);
        return;
      default:
        throw new Error(`a follower is not sent ${message.kind}`);
    }
  }

  get #head() {
    return { epoch: epoch(this.#epoch), lineage: this.#lineage };
  }
}

export const followerOf = (setup: FollowerSetup = {}): FollowerKit => new FollowerKit(setup);
