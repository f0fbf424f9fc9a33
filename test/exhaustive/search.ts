import { Violation } from '../simulation/violation.ts';
import type { Choice } from './choice.ts';
import type { Configuration } from './configurations.ts';
import { Space } from './space.ts';
import { decode, encode, type State } from './state.ts';
import { StateSet } from './state-set.ts';

export interface SearchOptions {
  readonly configuration: Configuration;
  /** Stop after so many distinct states. */
  readonly statesMax: number;
  readonly onProgress?: (counts: Counts) => void;
}

export interface Counts {
  readonly configuration: string;
  readonly states: number;
  readonly transitions: number;
  /** Choices from the beginning to the deepest state so far. */
  readonly depth: number;
  /** States that were found and not yet looked at. */
  readonly open: number;
  readonly takeovers: number;
  readonly takeoversInFlight: number;
  /** States in which nothing can happen any more, and those of them from which order was made. */
  readonly atRest: number;
  readonly progressChecked: number;
  readonly seconds: number;
  readonly sizes: Readonly<Record<string, number>>;
}

export interface Found {
  readonly counts: Counts;
  readonly isComplete: boolean;
  readonly violation: {
    readonly invariant: string;
    readonly message: string;
    /** The shortest way to it, in words. */
    readonly way: readonly string[];
  } | null;
}

/** From so many states at rest order is made, and from every so-manieth of the others: it takes long. */
const PROGRESS_CHECKS = 100;
const PROGRESS_EVERY = 1000;

/** Breadth first: the first violation that is met is one of the shortest. */
export function search(options: SearchOptions): Found {
  const { configuration, statesMax, onProgress } = options;
  const space = new Space(configuration);
  const states = new StateSet();
  const started = performance.now();
  let transitions = 0;
  let takeovers = 0;
  let takeoversInFlight = 0;
  let atRest = 0;
  let progressChecked = 0;
  let depth = 0;
  let at = 0;
  const counts = (): Counts => ({
    configuration: configuration.name,
    states: states.size,
    transitions,
    depth,
    open: states.size - at,
    takeovers,
    takeoversInFlight,
    atRest,
    progressChecked,
    seconds: (performance.now() - started) / 1000,
    sizes: space.sizes,
  });
  const fail = (violation: Violation, last: number, state: State, choice: Choice | null): Found => ({
    counts: counts(),
    isComplete: false,
    violation: {
      invariant: violation.invariant,
      message: violation.message,
      way: wayTo(space, states, last, state, choice),
    },
  });
  try {
    const root = space.root();
    states.add(space.hash(root), encode(root), -1, 0);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    const { invariant, message } = error;
    return { counts: counts(), isComplete: false, violation: { invariant, message, way: ['before the search'] } };
  }
  let layerEnds = 1;
  for (; at < states.size && states.size < statesMax; at += 1) {
    if (at === layerEnds) {
      depth += 1;
      layerEnds = states.size;
    }
    const state = decode(states.words, states.offset(at));
    const choices = space.choices(state);
    try {
      if (space.isAtRest(state, choices)) {
        atRest += 1;
        if (progressChecked < PROGRESS_CHECKS || atRest % PROGRESS_EVERY === 0) {
          progressChecked += 1;
          space.checkProgress(state);
        }
      }
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return fail(error, at, state, null);
    }
    for (const [number, choice] of choices.entries()) {
      transitions += 1;
      if ((transitions & 0xffff) === 0) onProgress?.(counts());
      try {
        const reached = space.apply(state, choice);
        if (!states.add(space.hash(reached.state), encode(reached.state), at, number)) continue;
        if (reached.takeover !== 'none') takeovers += 1;
        if (reached.takeover === 'write in flight') takeoversInFlight += 1;
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        return fail(error, at, state, choice);
      }
    }
  }
  return { counts: counts(), isComplete: at === states.size, violation: null };
}

function wayTo(space: Space, states: StateSet, last: number, state: State, choice: Choice | null): string[] {
  const way = choice === null ? [] : [space.words(state, choice)];
  for (let at = last; states.parent(at) >= 0; at = states.parent(at)) {
    const before = decode(states.words, states.offset(states.parent(at)));
    const taken = space.choices(before)[states.choice(at)];
    way.push(taken === undefined ? '?' : space.words(before, taken));
  }
  const numbered = way.reverse().map((line, place) => `${String(place + 1).padStart(3)} ${line}`);
  return [...numbered, choice === null ? 'then:' : 'before the last of these:', ...space.describe(state)];
}
