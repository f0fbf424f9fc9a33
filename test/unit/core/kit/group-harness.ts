import { epoch, logIndex, monotonicMs, wallMs, type Instant } from '../../../../src/core/base/numbers.ts';
import type { ApiAnswer, ApiRequest } from '../../../../src/core/election/api.ts';
import { Group } from '../../../../src/core/group/group.ts';
import type { Effect, GroupStatus, Input, LinkId } from '../../../../src/core/group/io.ts';
import type { GroupLimits, GroupTimes, UncleanRecovery } from '../../../../src/core/group/options.ts';
import type { Entry } from '../../../../src/core/replication/entry.ts';
import type { Lineage } from '../../../../src/core/replication/lineage.ts';
import type { Answer, Append, PeerMessage } from '../../../../src/core/replication/messages.ts';
import type { ReplicaId } from '../../../../src/core/replication/replica-id.ts';
import type { WriteCommand, WriteRequest } from '../../../../src/core/store/commands.ts';
import type { KeyRead, ReadOutcome, ReadRequest } from '../../../../src/core/store/reads.ts';
import {
  addressesOf,
  effectsOf,
  entry,
  identityOf,
  idOf,
  key,
  limits,
  LINEAGE,
  openSessionBody,
  outcomesOf,
  present,
  readsOf,
  request,
  times,
} from './builders.ts';
import { EntryBytes } from '../../../../src/protocol/peer/entry-bytes.ts';
import { FakeApi, podOf, type RecordSketch } from './fake-api.ts';
import { FarFollower } from './far-follower.ts';

export interface GroupSetup {
  readonly name?: string;
  readonly minInSync?: number;
  readonly uncleanRecovery?: UncleanRecovery;
  readonly times?: Partial<GroupTimes>;
  readonly limits?: Partial<GroupLimits>;
  /** Names of the pods that the API server lists; the group's own is among them by default. */
  readonly pods?: readonly string[];
}

/** What stands at an address that the group dials. Addresses where nothing stands swallow what is sent there. */
export interface FarEnd {
  /** Nobody listens. */
  refuses?: boolean;
  receive(message: PeerMessage, nowMs: number): PeerMessage[];
  /** What it says of itself, on every link that somebody said hello on. */
  tick?(nowMs: number): PeerMessage[];
}

/** A process that answers questions and does not lead. */
export class FarReplica implements FarEnd {
  refuses = false;
  readonly id: ReplicaId;
  answer: Partial<Answer>;

  constructor(id: ReplicaId, answer: Partial<Answer> = {}) {
    this.id = id;
    this.answer = answer;
  }

  receive(message: PeerMessage, _nowMs: number): PeerMessage[] {
    if (message.kind === 'hello') return [{ kind: 'reject', from: this.id, epoch: epoch(0), lineage: null }];
    if (message.kind !== 'question') return [];
    return [
      {
        kind: 'answer',
        number: message.number,
        from: this.id,
        epoch: epoch(0),
        obeys: null,
        lineage: null,
        lastIndex: logIndex(0),
        lastEpoch: epoch(0),
        leads: false,
        stopping: false,
        heardWorkingMs: null,
        ...this.answer,
      },
    ];
  }
}

/** A leader: takes every hello, streams its log from the start or from where it is told, and goes on with heartbeats. */
export class FarLeader extends FarReplica {
  readonly #epoch: number;
  readonly #lineage: Lineage;
  readonly log: Entry[];
  commitIndex: number;
  member = true;
  /** Says nothing on its own. */
  mute = false;
  /** Its rounds are full. */
  working = true;
  /** It confirms the follower's own time with every append (R12). */
  confirming = true;
  readonly received: PeerMessage[] = [];
  #round = 0;
  #fullRound = 0;
  #sentIndex = 0;
  #echoMs = -1;
  #streaming = false;

  constructor(name: string, options: { epoch: number; lineage?: Lineage; log?: readonly Entry[]; committed?: number }) {
    super(idOf(name));
    this.#epoch = options.epoch;
    this.#lineage = options.lineage ?? LINEAGE;
    this.log = [...(options.log ?? [])];
    this.commitIndex = options.committed ?? this.log.length;
    const last = this.log.at(-1);
    this.answer = {
      epoch: epoch(options.epoch),
      obeys: this.#lineage,
      lineage: this.#lineage,
      lastIndex: logIndex(this.log.length),
      lastEpoch: last?.epoch ?? epoch(0),
      leads: true,
      heardWorkingMs: 0,
    };
  }

  override receive(message: PeerMessage, nowMs: number): PeerMessage[] {
    this.received.push(message);
    if (message.kind === 'ack') this.#echoMs = message.sentMs;
    if (message.kind !== 'hello') return super.receive(message, nowMs);
    const lineage = this.#lineage;
    const same = message.lineage?.id === lineage.id;
    this.#sentIndex = same ? Math.min(message.lastIndex, this.log.length) : 0;
    this.#streaming = true;
    const prevEpoch = this.log[this.#sentIndex - 1]?.epoch ?? epoch(0);
    const head = { epoch: epoch(this.#epoch), lineage, hello: message.number };
    return [{ kind: 'resume', ...head, prevIndex: logIndex(this.#sentIndex), prevEpoch }, this.append()];
  }

  tick(_nowMs: number): PeerMessage[] {
    return this.mute || !this.#streaming ? [] : [this.append()];
  }

  /** Everything that it has not sent; `changed` says what else it tells. */
  append(changed: Partial<Append> = {}): Append {
    const prevIndex = logIndex(this.#sentIndex);
    const prevEpoch = this.log[this.#sentIndex - 1]?.epoch ?? epoch(0);
    const entries = this.log.slice(this.#sentIndex);
    this.#sentIndex = this.log.length;
    this.#round += 1;
    if (this.working) this.#fullRound = this.#round - 1;
    return {
      kind: 'append',
      epoch: epoch(this.#epoch),
      lineage: this.#lineage,
      round: this.#round,
      fullRound: this.#fullRound,
      prevIndex,
      prevEpoch,
      commitIndex: logIndex(this.commitIndex),
      member: this.member,
      confirmedMs: this.confirming ? this.#echoMs : -1,
      timeMs: wallMs(START_MS),
      entries,
      ...changed,
    };
  }
}

const TICK_MS = 25;
/** When the tests begin, by the wall clock. */
const START_MS = 1_700_000_000_000;

/**
 * Drives one group. `turn` is one turn with just these inputs; `run` lets time pass in a small world: the API server
 * answers, whoever stands at an address that the group dials does, and followers acknowledge, each in the next turn.
 */
export class GroupHarness {
  readonly group: Group;
  readonly name: string;
  readonly api = new FakeApi();
  readonly effects: Effect[] = [];
  readonly farEnds = new Map<string, FarEnd>();
  readonly followers = new Map<string, FarFollower>();
  nowMs = 10_000;
  /** Of the API calls, the ones that wait for an answer. */
  readonly calls: { readonly call: number; readonly request: ApiRequest }[] = [];
  readonly #dialled = new Map<LinkId, FarEnd>();
  readonly #greeted = new Set<LinkId>();
  readonly #acking = new Set<string>();
  #inbox: Input[] = [];
  #accepted = 0;
  #tickets = 0;
  #number = 0;

  constructor(setup: GroupSetup = {}) {
    this.name = setup.name ?? 'b';
    this.api.pods = (setup.pods ?? [this.name]).map((name) => podOf(name));
    this.group = new Group(
      {
        identity: identityOf(this.name),
        addresses: addressesOf(this.name),
        times: times(setup.times),
        limits: limits({ minInSync: setup.minInSync ?? 2, ...setup.limits }),
        uncleanRecovery: setup.uncleanRecovery ?? 'auto',
        randomSeed: 1,
        entryCodec: new EntryBytes(),
      },
      this.now,
    );
    const others = this.api.pods.map((pod) => present(pod.peerAddress));
    this.turn({ kind: 'peersHinted', peerAddresses: others });
  }

  get now(): Instant {
    return { monotonicMs: monotonicMs(this.nowMs), wallMs: wallMs(START_MS + this.nowMs) };
  }

  get status(): GroupStatus {
    return this.group.status(this.now);
  }

  get role(): GroupStatus['role'] {
    return this.status.role;
  }

  /** The one call to the API that is under way. */
  get pending(): ApiRequest | null {
    if (this.calls.length > 1) throw new Error('more than one call to the API is under way');
    return this.calls[0]?.request ?? null;
  }

  turn(...inputs: Input[]): Effect[] {
    const effects: Effect[] = [];
    for (const input of inputs) this.group.step(input, this.now, effects);
    this.group.flush(this.now, effects);
    for (const effect of effects) this.#look(effect);
    this.effects.push(...effects);
    return effects;
  }

  /** The pending call is answered so. */
  answer(answer: ApiAnswer): Effect[] {
    const { call } = present(this.calls.shift(), 'a pending call');
    return this.turn({ kind: 'apiAnswered', call, answer });
  }

  /** The pending call is answered by the fake API. */
  serve(): Effect[] {
    return this.answer(this.api.answer(present(this.pending, 'a pending call')));
  }

  run(ms: number): Effect[] {
    const from = this.effects.length;
    const untilMs = this.nowMs + ms;
    while (this.nowMs < untilMs) {
      this.nowMs = Math.min(untilMs, this.nowMs + TICK_MS);
      if (this.nowMs % 100 === 0) {
        for (const [link, end] of this.#dialled) {
          if (!this.#greeted.has(link)) continue;
          for (const message of end.tick?.(this.nowMs) ?? []) this.#inbox.push({ kind: 'received', link, message });
        }
      }
      this.turn({ kind: 'tick' });
      for (let turns = 0; this.#deliver(); turns += 1)
        if (turns > 100) throw new Error('the group does not come to rest');
    }
    return this.effects.slice(from);
  }

  /** Lets time pass until it holds. */
  runUntil(what: string, holds: () => boolean, withinMs = 10_000): void {
    const deadlineMs = this.nowMs + withinMs;
    while (!holds()) {
      if (this.nowMs >= deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`);
      this.run(TICK_MS);
    }
  }

  /** The watch tells what stands in the record. */
  hint(): Effect[] {
    return this.turn({ kind: 'recordHinted', record: this.api.record });
  }

  /** Somebody else writes the record, and the watch tells. */
  rewrite(sketch: RecordSketch): void {
    this.api.sketch(sketch);
    this.hint();
  }

  // --- as the leader's host --------------------------------------------------------------------------------------------

  /** A follower dials this group and says hello; from then on, in `run`, it acknowledges what it is sent. */
  accept(
    name: string,
    options: { process?: number; position?: { index: number; epoch: number }; lineage?: Lineage | null } = {},
  ): FarFollower {
    const before = options.process === undefined ? this.followers.get(name) : undefined;
    this.#accepted -= 1;
    const hellos = before?.hellos ?? 0;
    const follower = new FarFollower(name, this.#accepted, { process: options.process ?? 1, hellos });
    const { log } = this.group.inspect();
    follower.lastIndex = options.position?.index ?? before?.lastIndex ?? log.lastIndex;
    follower.lastEpoch = options.position?.epoch ?? before?.lastEpoch ?? log.lastEpoch;
    if (options.lineage !== undefined) follower.lineage = options.lineage;
    else follower.lineage = this.group.inspect().dataLineage;
    this.followers.set(name, follower);
    this.#acking.add(name);
    this.turn({ kind: 'accepted', link: follower.link });
    this.turn({ kind: 'received', link: follower.link, message: follower.hello() });
    return follower;
  }

  silence(...names: string[]): void {
    for (const name of names) this.#acking.delete(name);
  }

  unsilence(...names: string[]): void {
    for (const name of names) this.#acking.add(name);
  }

  hangUp(name: string): Effect[] {
    this.silence(name);
    return this.turn({ kind: 'closed', link: present(this.followers.get(name)).link, reason: 'lost' });
  }

  ack(name: string): Effect[] {
    const follower = present(this.followers.get(name));
    return this.turn({ kind: 'received', link: follower.link, message: follower.ack(this.nowMs) });
  }

  // --- as the follower's host ------------------------------------------------------------------------------------------

  /** The link that the group dialled to the leader and keeps. */
  get leaderLink(): LinkId {
    for (const [link] of [...this.#dialled].reverse()) if (this.#greeted.has(link)) return link;
    throw new Error('it follows nobody');
  }

  receive(message: PeerMessage, link: LinkId = this.leaderLink): Effect[] {
    return this.turn({ kind: 'received', link, message });
  }

  /** The process at the other end of the leader's link dies; its address refuses from now on, or swallows. */
  breakLeaderLink(then: 'refuses' | 'silent'): Effect[] {
    const link = this.leaderLink;
    const end = present(this.#dialled.get(link));
    this.#dialled.delete(link);
    for (const [address, at] of this.farEnds) {
      if (at !== end) continue;
      if (then === 'silent') this.farEnds.delete(address);
      else end.refuses = true;
    }
    return this.turn({ kind: 'closed', link, reason: 'lost' });
  }

  // --- as a client's host ----------------------------------------------------------------------------------------------

  write(command: WriteCommand, changed: Partial<WriteRequest> = {}): Effect[] {
    this.#tickets += 1;
    this.#number += 1;
    const write: WriteRequest = {
      id: request(this.#number),
      settledThrough: 0,
      idempotencyKey: null,
      command,
      ...changed,
    };
    return this.turn({ kind: 'write', ticket: this.#tickets, request: write });
  }

  /** The ticket of the read. */
  read(name: string, changed: Partial<Omit<KeyRead, 'kind'>> = {}): number {
    return this.ask({ kind: 'key', key: key(name), mode: 'in-sync', token: null, ...changed });
  }

  ask(asked: ReadRequest): number {
    this.#tickets += 1;
    this.turn({ kind: 'read', ticket: this.#tickets, request: asked });
    return this.#tickets;
  }

  answerOf(ticket: number): ReadOutcome | undefined {
    return effectsOf('readAnswered', this.effects).find((effect) => effect.ticket === ticket)?.outcome;
  }

  get writes() {
    return outcomesOf(this.effects);
  }

  get reads() {
    return readsOf(this.effects);
  }

  // --- the small world -------------------------------------------------------------------------------------------------

  #look(effect: Effect): void {
    switch (effect.kind) {
      case 'callApi':
        this.calls.push({ call: effect.call, request: effect.request });
        return;
      case 'connect': {
        const end = this.farEnds.get(effect.address);
        if (end === undefined) return;
        if (end.refuses === true) this.#inbox.push({ kind: 'closed', link: effect.link, reason: 'refused' });
        else {
          this.#dialled.set(effect.link, end);
          this.#inbox.push({ kind: 'connected', link: effect.link });
        }
        return;
      }
      case 'disconnect':
        this.#dialled.delete(effect.link);
        this.#greeted.delete(effect.link);
        this.#inbox = this.#inbox.filter((input) => !('link' in input) || input.link !== effect.link);
        return;
      case 'send': {
        for (const follower of this.followers.values())
          if (follower.link === effect.link) follower.receive(effect.message);
        const end = this.#dialled.get(effect.link);
        if (end === undefined) return;
        if (effect.message.kind === 'hello') this.#greeted.add(effect.link);
        for (const message of end.receive(effect.message, this.nowMs)) {
          this.#inbox.push({ kind: 'received', link: effect.link, message });
        }
        return;
      }
      default:
    }
  }

  #deliver(): boolean {
    const inputs = this.#inbox;
    this.#inbox = [];
    if (!this.api.away) {
      for (const { call, request: asked } of this.calls.splice(0)) {
        inputs.push({ kind: 'apiAnswered', call, answer: this.api.answer(asked) });
      }
    }
    for (const name of this.#acking) {
      const follower = present(this.followers.get(name));
      if (follower.received.length === 0) continue;
      follower.received.length = 0;
      inputs.push({ kind: 'received', link: follower.link, message: follower.ack(this.nowMs) });
    }
    if (inputs.length === 0) return false;
    this.turn(...inputs);
    return true;
  }
}

/** An entry of an earlier epoch opened the session that `write` uses. */
export const EARLIER_LOG: readonly Entry[] = [entry(1, 1, openSessionBody(), START_MS)];

export interface FollowingSetup extends GroupSetup {
  readonly leader?: string;
  readonly epoch?: number;
  readonly inSync?: readonly string[];
  readonly log?: readonly Entry[];
  readonly committed?: number;
}

/** A group that follows: by default b follows a in epoch 4, and the set is a, b, c. */
export function followingGroup(setup: FollowingSetup = {}): GroupHarness & { readonly leader: FarLeader } {
  const leaderName = setup.leader ?? 'a';
  const inEpoch = setup.epoch ?? 4;
  const inSync = setup.inSync ?? ['a', 'b', 'c'];
  const name = setup.name ?? 'b';
  const harness = new GroupHarness({ ...setup, pods: setup.pods ?? [...new Set([name, ...inSync])] });
  const log = setup.log ?? EARLIER_LOG;
  const leader = new FarLeader(leaderName, { epoch: inEpoch, log, committed: setup.committed ?? log.length });
  leader.member = inSync.includes(name);
  harness.farEnds.set(addressesOf(leaderName).peer, leader);
  harness.api.sketch({ holder: leaderName, epoch: inEpoch, inSync });
  harness.runUntil(
    'it follows',
    () => harness.role === 'following' && harness.group.inspect().appliedIndex >= leader.commitIndex,
  );
  harness.run(200);
  return Object.assign(harness, { leader });
}

export interface LeadingSetup extends GroupSetup {
  readonly epoch?: number;
  readonly inSync?: readonly string[];
  /** Who follows it; by default every other member. */
  readonly followers?: readonly string[];
  readonly log?: readonly Entry[];
}

/** A group that leads: by default a, in epoch 4, with members a, b, c, all of whom acknowledge in `run`. */
export function leadingGroup(setup: LeadingSetup = {}): GroupHarness {
  const name = setup.name ?? 'a';
  const inSync = setup.inSync ?? [name, 'b', 'c'];
  const inEpoch = setup.epoch ?? 4;
  const harness = followingGroup({
    ...setup,
    name,
    leader: 'z',
    epoch: inEpoch - 1,
    inSync,
    pods: setup.pods ?? inSync,
  });
  harness.farEnds.delete(addressesOf('z').peer);
  harness.rewrite({ holder: name, epoch: inEpoch, inSync });
  harness.runUntil('it leads', () => harness.role === 'leading');
  for (const other of setup.followers ?? inSync.slice(1)) harness.accept(other);
  if ((setup.followers ?? inSync).length > 0) harness.run(200);
  return harness;
}
