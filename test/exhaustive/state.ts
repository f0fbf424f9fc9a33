import type { Place } from './names.ts';

/** A connection, named by who dialled it and the how-manieth dial of that replica it was. */
export interface Connection {
  readonly dialler: Place;
  readonly name: number;
  readonly target: Place;
  phase: Phase;
  /** Messages on their way, oldest first; {@link CLOSED} is the last. */
  toTarget: number[];
  toDialler: number[];
}

export const CLOSED = -1;

export type Phase =
  | typeof DIALLING
  | typeof OPEN
  /** One end has closed it, and the other has not heard of that. */
  | typeof DIALLER_LEFT
  | typeof TARGET_LEFT;

export const DIALLING = 0;
export const OPEN = 1;
export const DIALLER_LEFT = 2;
export const TARGET_LEFT = 3;

/** A call to the API server that may still be carried out or answered. */
export interface Call {
  readonly caller: Place;
  readonly number: number;
  readonly request: number;
  phase: typeof SENT | typeof CARRIED_OUT | typeof GIVEN_UP;
  /** What it was answered with; -1 until it was carried out. */
  answer: number;
}

export const SENT = 0;
export const CARRIED_OUT = 1;
/** Nobody waits for the answer, but it may land at any time, or never (R1). */
export const GIVEN_UP = 2;

/** Places in {@link State.left}. */
export const LEFT = {
  crashes: 0,
  timeOuts: 1,
  resets: 2,
  misled: 3,
  restarts: 4,
  deletions: 5,
  restores: 6,
  stops: 7,
  hints: 8,
  leaderTicks: 9,
  ghosts: 10,
  /** And the two after it, by place. */
  ticks: 11,
  /** And the two after it, by place: whether there is news of the record that this replica's watch has not told. */
  news: 14,
} as const;
export const LEFT_LENGTH = 17;

export const CRASHED = -1;

/** Everything: three replicas, what is on its way between them, the API server, and what the checker remembers. */
export interface State {
  /** By place: a state of {@link Replicas}, or {@link CRASHED}. */
  readonly replicas: [number, number, number];
  api: number;
  ledger: number;
  /** What may still happen, by kind. */
  readonly left: number[];
  readonly connections: Connection[];
  readonly calls: Call[];
}

export function copyOf(state: State): State {
  return {
    replicas: [...state.replicas],
    api: state.api,
    ledger: state.ledger,
    left: state.left.slice(),
    connections: state.connections.map((each) => ({
      dialler: each.dialler,
      name: each.name,
      target: each.target,
      phase: each.phase,
      toTarget: each.toTarget.slice(),
      toDialler: each.toDialler.slice(),
    })),
    calls: state.calls.map((each) => ({ ...each })),
  };
}

/** A state as whole numbers, so that millions of them can be kept. */
export function encode(state: State): number[] {
  const { connections, calls } = state;
  const words = [...state.replicas, state.api, state.ledger, ...state.left, connections.length, calls.length];
  for (const { dialler, name, target, phase, toTarget, toDialler } of connections) {
    words.push(dialler | (target << 2) | (phase << 4) | (name << 8));
    words.push(toTarget.length | (toDialler.length << 16), ...toTarget, ...toDialler);
  }
  for (const { caller, number, request, phase, answer } of calls)
    words.push(caller | (phase << 2) | (number << 8), request, answer);
  return words;
}

export function decode(words: Int32Array, from: number): State {
  let at = from;
  const next = (): number => words[at++] as number;
  const many = (count: number): number[] => {
    const found: number[] = [];
    for (let taken = 0; taken < count; taken += 1) found.push(next());
    return found;
  };
  const replicas: State['replicas'] = [next(), next(), next()];
  const api = next();
  const ledger = next();
  const left = many(LEFT_LENGTH);
  const connectionCount = next();
  const callCount = next();
  const connections: Connection[] = [];
  for (let taken = 0; taken < connectionCount; taken += 1) {
    const head = next();
    const lengths = next();
    connections.push({
      dialler: (head & 3) as Place,
      name: head >> 8,
      target: ((head >> 2) & 3) as Place,
      phase: ((head >> 4) & 3) as Phase,
      toTarget: many(lengths & 0xffff),
      toDialler: many(lengths >> 16),
    });
  }
  const calls: Call[] = [];
  for (let taken = 0; taken < callCount; taken += 1) {
    const head = next();
    calls.push({
      caller: (head & 3) as Place,
      number: head >> 8,
      request: next(),
      phase: ((head >> 2) & 3) as Call['phase'],
      answer: next(),
    });
  }
  return { replicas, api, ledger, left, connections, calls };
}
