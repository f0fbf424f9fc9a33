import { InvariantError } from '../../src/core/base/assert.ts';
import type { Instant, LogIndex, MonotonicMs, WallMs } from '../../src/core/base/numbers.ts';
import { ErrandRunner, type Wait } from '../../src/core/election/errand.ts';
import { Group } from '../../src/core/group/group.ts';
import type { Effect, Input, Role } from '../../src/core/group/io.ts';
import { defaultLimits, type GroupTimes } from '../../src/core/group/options.ts';
import type { Entry } from '../../src/core/replication/entry.ts';
import type { EntryCodec } from '../../src/core/replication/packed-entries.ts';
import { Canonical, type Wording } from './canonical.ts';
import { Interner } from './interner.ts';
import { addressesOf, identityOf, type Place, PLACES } from './names.ts';
import { Suspended } from './suspended.ts';
import { AT, VISIBLE } from './visible-core.ts';

/** Every state is looked at whole, over and over. */
const NOTHING_PACKED: EntryCodec = {
  encode: () => null,
  decode: () => {
    throw new Error('nothing was packed');
  },
};

/** What happens to a replica in one turn. Only a tick lets its clock go on. */
export interface Turn {
  readonly advanceMs: number;
  readonly inputs: readonly Input[];
}

/** What a turn did: the state after it and the effects in their order, or how it ended in an exception. */
export type Step =
  | { readonly kind: 'done'; readonly next: number; readonly effects: readonly Effect[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** A log as the checker compares it. Two equal ones are one object. */
export interface LogImage {
  /** By index from 1. */
  readonly entries: readonly EntryImage[];
}

/** One place of a log. Two equal ones are one object. */
export interface EntryImage {
  readonly id: number;
  readonly index: number;
  readonly epoch: number;
  /** The number of the write that it holds; null: another entry. */
  readonly write: number | null;
  readonly words: string;
}

/** What the checker looks at in a replica. */
export interface Image {
  readonly replica: string;
  readonly role: Role;
  readonly epoch: number;
  readonly obeyedLineage: string | null;
  readonly dataLineage: string | null;
  readonly log: LogImage;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** What the store has for the one key: the revision; 0 if nothing. */
  readonly revision: number;
  /** Of a leader: the set as it knows it. */
  readonly members: readonly string[] | null;
  /** It has something to do once some time has passed. */
  readonly waitsForTime: boolean;
}

/**
 * What makes two states of a replica one: that all that can be reached from them is the same; or, as a check of that,
 * only that they were fed the same.
 */
export type Identity = 'content' | 'history';

interface Live {
  readonly group: Group;
  readonly monotonicMs: number;
}

interface LocalState {
  readonly place: Place;
  readonly run: number;
  /** The shortest way to it that is known: the state before and the turn; null for a process that has just started. */
  readonly from: { readonly state: number; readonly turn: number } | null;
  readonly monotonicMs: number;
  /** Among the contents. */
  readonly content: number;
  readonly image: Image;
}

const START_MS = 1000;
const WALL_MS = 1_767_225_600_000;
/** Replicas kept as they are; others are made again from their inputs. */
const LIVE_MAX = 20_000;

/**
 * The states of single replicas, and what turns do to them. A replica is a function of what it was fed, so a turn is run
 * once, by the real core, however many states of the whole it is met in; all else is looking up. Two states are one if
 * everything that can be reached from the two groups is the same, errands that are under way included.
 */
export class Replicas {
  readonly #times: GroupTimes;
  readonly #wording: Wording['order'];
  readonly #minInSync: number;
  readonly #canonical: Canonical;
  readonly #limits;
  readonly #identity: Identity;
  readonly states = new Interner<LocalState>();
  readonly contents = new Interner<null>();
  readonly turns = new Interner<Turn>();
  readonly #logs = new Map<string, LogImage>();
  readonly #entries = new Map<string, EntryImage>();
  readonly #steps = new Map<number, Step>();
  readonly #live = new Map<number, Live>();
  /** Turns run by the core, those that made a state again included. */
  turnsRun = 0;

  constructor(options: {
    readonly identity: Identity;
    readonly times: GroupTimes;
    readonly minInSync: number;
    readonly order: Wording['order'];
  }) {
    this.#identity = options.identity;
    this.#times = options.times;
    this.#wording = options.order;
    this.#minInSync = options.minInSync;
    this.#limits = { ...defaultLimits, minInSync: this.#minInSync };
    this.#canonical = new Canonical([this.#times, this.#limits, ...PLACES.map(addressesOf)]);
    followErrands();
  }

  get stepsKnown(): number {
    return this.#steps.size;
  }

  /** A process that has just started. */
  start(place: Place, run: number): number {
    const live = this.#make(place, run);
    return this.#register(live, { place, run, from: null });
  }

  /** `text` names the turn; equal texts are equal turns. */
  turn(text: string, exchanged: () => string, make: () => Turn): number {
    return this.turns.intern(text, exchanged, make);
  }

  image(state: number): Image {
    return this.states.at(state).image;
  }

  contentOf(state: number): number {
    return this.states.at(state).content;
  }

  clockMs(state: number): number {
    return this.states.at(state).monotonicMs;
  }

  step(state: number, turn: number): Step {
    const key = state * 2 ** 24 + turn;
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    const made = this.#run(state, turn);
    this.#steps.set(key, made);
    return made;
  }

  canonicalText(value: unknown, naming: Wording['naming']): string {
    return this.#canonical.text(value, { naming, order: this.#wording });
  }

  #run(state: number, turn: number): Step {
    const before = this.states.at(state);
    const effects: Effect[] = [];
    let live: Live;
    try {
      live = this.#feed(this.#materialise(state), this.turns.at(turn), effects);
    } catch (error) {
      const rule = error instanceof InvariantError ? 'a broken invariant' : 'an exception';
      return { kind: 'failed', reason: `${rule}: ${String(error)}` };
    }
    const { place, run } = before;
    const next = this.#register(live, { place, run, from: { state, turn } });
    return { kind: 'done', next, effects: effects.filter((effect) => effect.kind !== 'report') };
  }

  #register(live: Live, way: Pick<LocalState, 'place' | 'run' | 'from'>): number {
    const { group, monotonicMs } = live;
    forgetEndedErrands(group);
    const own = `${monotonicMs} ${this.canonicalText(group, 'own')}`;
    const exchanged = (): string => `${monotonicMs} ${this.canonicalText(group, 'exchanged')}`;
    const content = this.contents.intern(own, exchanged, () => null);
    const { place, run, from } = way;
    const history = (): string => `${place} ${run} ${from?.state ?? ''} ${from?.turn ?? ''}`;
    const byContent = this.#identity === 'content';
    const id = this.states.intern(byContent ? own : history(), byContent ? exchanged : history, () => ({
      ...way,
      monotonicMs,
      content,
      image: this.#imageOf(group, monotonicMs),
    }));
    this.#live.set(id, live);
    if (this.#live.size > LIVE_MAX) for (const oldest of this.#live.keys()) return (this.#live.delete(oldest), id);
    return id;
  }

  /** A replica in this state, for the caller to feed. */
  #materialise(state: number): Live {
    const live = this.#live.get(state);
    if (live !== undefined) {
      this.#live.delete(state);
      return live;
    }
    const turns: number[] = [];
    let at = this.states.at(state);
    while (at.from !== null) {
      turns.push(at.from.turn);
      at = this.states.at(at.from.state);
    }
    let made = this.#make(at.place, at.run);
    for (let turn = turns.pop(); turn !== undefined; turn = turns.pop())
      made = this.#feed(made, this.turns.at(turn), []);
    return made;
  }

  #make(place: Place, run: number): Live {
    const monotonicMs = START_MS;
    const group = new Group(
      {
        identity: identityOf(place, run),
        addresses: addressesOf(place),
        times: this.#times,
        limits: this.#limits,
        uncleanRecovery: 'auto',
        randomSeed: 1,
        entryCodec: NOTHING_PACKED,
      },
      instantAt(monotonicMs),
    );
    return { group, monotonicMs };
  }

  #feed(live: Live, turn: Turn, effects: Effect[]): Live {
    this.turnsRun += 1;
    const monotonicMs = live.monotonicMs + turn.advanceMs;
    const now = instantAt(monotonicMs);
    for (const input of turn.inputs) live.group.step(input, now, effects);
    live.group.flush(now, effects);
    return { group: live.group, monotonicMs };
  }

  #imageOf(group: Group, nowMs: number): Image {
    const seen = group.inspect();
    const entries: EntryImage[] = [];
    if (seen.log.dropped.index !== 0) throw new Error('logs are not trimmed here');
    for (let index = 1; index <= seen.log.lastIndex; index += 1) {
      const entry = seen.log.at(index as LogIndex);
      if (entry === undefined) throw new Error('a log has a gap');
      entries.push(this.#entryOf(entry));
    }
    const name = entries.map((entry) => entry.id).join(' ');
    let log = this.#logs.get(name);
    if (log === undefined) this.#logs.set(name, (log = { entries }));
    let revision = 0;
    for (const [, stored] of seen.machine.store.values()) revision = stored.revision;
    return {
      replica: seen.id,
      role: seen.role,
      epoch: seen.epoch,
      obeyedLineage: seen.obeyedLineage?.id ?? null,
      dataLineage: seen.dataLineage?.id ?? null,
      log,
      commitIndex: seen.commitIndex,
      appliedIndex: seen.appliedIndex,
      revision,
      members: seen.leader === null ? null : [...seen.leader.set.confirmed],
      waitsForTime: waitsForTime(group, nowMs),
    };
  }

  #entryOf(entry: Entry): EntryImage {
    const text = this.canonicalText(entry, 'own');
    let image = this.#entries.get(text);
    if (image === undefined) {
      const { index, epoch, body } = entry;
      const write = body.kind === 'write' ? body.request.number : null;
      const words = `${index} (epoch ${epoch}, ${write === null ? body.kind : `write ${write}`})`;
      image = { id: this.#entries.size, index, epoch, write, words };
      this.#entries.set(text, image);
    }
    return image;
  }
}

const instantAt = (monotonicMs: number): Instant => ({
  monotonicMs: monotonicMs as MonotonicMs,
  wallMs: (WALL_MS + monotonicMs) as WallMs,
});

/** What is added to a runner in this build. */
interface Followed {
  /** The errand that is under way, and those that it has handed over to: the innermost is the last. */
  [STEPS]?: Suspended[];
}

const STEPS = `${VISIBLE}steps`;
const isFollowed = Symbol('errands are followed');

/** The runner remembers where its errand stands, as the errand says at each step. */
function followErrands(): void {
  const prototype = ErrandRunner.prototype as unknown as Record<string, unknown> & { [isFollowed]?: true };
  if (prototype[isFollowed] === true) return;
  prototype[isFollowed] = true;
  prototype[AT] = function (this: Followed, place: string, locals: Record<string, () => unknown>, value: unknown) {
    const step = new Suspended(place, locals);
    const steps = this[STEPS] ?? [];
    const outer = steps.findIndex(({ method }) => method === step.method);
    this[STEPS] = [...(outer < 0 ? steps : steps.slice(0, outer)), step];
    return value;
  };
  const start = prototype['start'] as (...given: unknown[]) => unknown;
  prototype['start'] = function (this: Followed, ...given: unknown[]) {
    this[STEPS] = [];
    return Reflect.apply(start, this, given);
  };
}

function forgetEndedErrands(group: Group): void {
  for (const { runner } of errandsOf(group)) if (!runner.isBusy()) (runner as Followed)[STEPS] = [];
}

/** A pause or a survey that ends, a retry or a dial that is due. */
function waitsForTime(group: Group, nowMs: number): boolean {
  const follower = field(group, 'follower') as object;
  if (field(follower, 'target') !== null && field(follower, 'link') === null) return true;
  return errandsOf(group).some(({ owner, runner }) => {
    const wait = field(runner, 'wait') as Wait | null;
    if (wait !== null) return wait.kind !== 'call';
    return (field(owner, 'notBeforeMs') as number) > nowMs;
  });
}

/** The candidate's, and a leader's tenure's. */
function errandsOf(group: Group): { readonly owner: object; readonly runner: ErrandRunner<unknown> }[] {
  const owners = [field(group, 'candidate'), field(group, 'tenure')].filter((owner) => owner !== null) as object[];
  return owners.map((owner) => {
    const runner = field(owner, 'runner');
    if (!(runner instanceof ErrandRunner)) throw new Error('the errands have moved');
    return { owner, runner };
  });
}

/** A private field, which is open in this build. */
function field(of: object, name: string): unknown {
  const key = `${VISIBLE}${name}`;
  if (!(key in of)) throw new Error(`there is no field ${name} any more`);
  return (of as Record<string, unknown>)[key];
}
