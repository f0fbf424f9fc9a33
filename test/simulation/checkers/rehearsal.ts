import type { Key } from '../../../src/core/base/key.ts';
import type { KeyEffect } from '../../../src/core/replication/entry.ts';
import type {
  Comparison,
  Condition,
  KeyCommand,
  KeyOutcome,
  Lifetime,
  Step,
  DataCommand,
} from '../../../src/core/store/commands.ts';

/** One change of one key. */
export interface Change {
  readonly index: number;
  /** The same, but for a touch, which leaves it. */
  readonly revision: number;
  readonly version: number;
  /** null: deleted. */
  readonly value: Uint8Array | null;
  readonly createRevision: number;
  /** By the log's time; Infinity: never. */
  readonly expiresAtMs: number;
  /** Infinity: it may stay unused for ever. */
  readonly idleMs: number;
}

/** What a command should change. */
export interface ExpectedChange {
  readonly kind: KeyEffect['kind'];
  readonly key: Key;
  /** null: it goes. */
  readonly value: Uint8Array | null;
  readonly createRevision: number;
  readonly expiresAtMs: number;
  readonly idleMs: number;
}

/** `before`: what had to go first, for it was due. */
export type ExpectedResult = Expected & { readonly before: ExpectedChange | null };

type Expected =
  | { readonly kind: 'written'; readonly created: boolean; readonly change: ExpectedChange }
  | { readonly kind: 'incremented'; readonly created: boolean; readonly value: bigint; readonly change: ExpectedChange }
  | { readonly kind: 'deleted'; readonly change: ExpectedChange }
  | { readonly kind: 'touched'; readonly change: ExpectedChange }
  | { readonly kind: 'absent' }
  | { readonly kind: 'mismatch'; readonly current: number | null }
  | { readonly kind: 'uncountable'; readonly reason: Extract<KeyOutcome, { kind: 'uncountable' }>['reason'] }
  | { readonly kind: 'got'; readonly found: Omit<State, 'version'> | null };

export type Rehearsal =
  | { readonly kind: 'one'; readonly results: readonly ExpectedResult[] }
  | { readonly kind: 'batch'; readonly results: readonly ExpectedResult[] }
  | { readonly kind: 'then' | 'otherwise'; readonly results: readonly ExpectedResult[] }
  /** All keys of a prefix go, in whatever order; or stay. */
  | { readonly kind: 'cleared'; readonly results: readonly ExpectedResult[] }
  | { readonly kind: 'counted'; readonly count: number; readonly results: readonly [] }
  | {
      readonly kind: 'abandoned';
      readonly chose: 'then' | 'otherwise';
      readonly step: number;
      readonly result: ExpectedResult;
    };

/** The state of a key, as far as decisions depend on it. */
interface State extends Stay {
  readonly value: Uint8Array;
  readonly revision: number;
  readonly version: number;
  readonly createRevision: number;
}

/** How long a value stays; Infinity: for ever. */
interface Stay {
  readonly expiresAtMs: number;
  readonly idleMs: number;
}

/** What a command should do as the entry at `index`, by the state before it: written without a look at the core's own code. */
export function rehearse(command: DataCommand, before: Before, at: Place): Rehearsal {
  const stage = new Stage((key) => before.last(key), at);
  switch (command.kind) {
    case 'batch':
      return { kind: 'batch', results: command.steps.map((step) => stage.play(step)) };
    case 'transaction': {
      const kind = command.comparisons.every((comparison) => stage.compares(comparison)) ? 'then' : 'otherwise';
      const results: ExpectedResult[] = [];
      for (const [step, each] of command[kind].entries()) {
        const result = stage.play(each);
        if (result.kind === 'mismatch' || result.kind === 'uncountable')
          return { kind: 'abandoned', chose: kind, step, result };
        results.push(result);
      }
      return { kind, results };
    }
    case 'deletePrefix': {
      const under = [...before.keys()].filter((key) => key.startsWith(command.prefix) && stage.has(key));
      if (under.length !== command.expected) return { kind: 'counted', count: under.length, results: [] };
      return {
        kind: 'cleared',
        results: under.map((key) => ({ kind: 'deleted', change: gone('delete', key), before: null })),
      };
    }
    default:
      return { kind: 'one', results: [stage.play(command)] };
  }
}

/** The state that it meets. */
export interface Before {
  /** All keys that ever had a value. */
  keys(): Iterable<Key>;
  last(key: Key): Change | null;
}

/** The entry that it becomes. */
export interface Place {
  readonly index: number;
  readonly timeMs: number;
  readonly lineageId: string;
}

class Stage {
  readonly #before: (key: Key) => Change | null;
  readonly #at: Place;
  readonly #changed = new Map<Key, State | null>();

  constructor(before: (key: Key) => Change | null, at: Place) {
    this.#before = before;
    this.#at = at;
  }

  has(key: Key): boolean {
    return this.#state(key) !== null;
  }

  compares(comparison: Comparison): boolean {
    const state = this.#state(comparison.key);
    switch (comparison.kind) {
      case 'revision':
      case 'version': {
        const there = state === null ? 0 : state[comparison.kind];
        const { relation, number } = comparison;
        if (relation === 'equal') return there === number;
        if (relation === 'unequal') return there !== number;
        return relation === 'less' ? there < number : there > number;
      }
      case 'value':
        return (state !== null && textOf(state.value) === textOf(comparison.value)) === comparison.isEqual;
      case 'condition':
        return holds(comparison.condition, state?.revision ?? null, this.#at.lineageId);
    }
  }

  play(step: Step): ExpectedResult {
    const state = this.#state(step.key);
    const before = state === null && this.#isDue(step.key) ? this.#expire(step.key) : null;
    return { ...this.#play(step, state), before };
  }

  #play(step: Step, state: State | null): Expected {
    if (step.kind === 'get') return { kind: 'got', found: state };
    if (!holds(step.condition, state?.revision ?? null, this.#at.lineageId))
      return { kind: 'mismatch', current: state?.revision ?? null };
    switch (step.kind) {
      case 'put':
        return {
          kind: 'written',
          created: state === null,
          change: this.#set(step, step.value, state, this.#stayOf(step, state)),
        };
      case 'delete':
        if (state === null) return { kind: 'absent' };
        this.#changed.set(step.key, null);
        return { kind: 'deleted', change: gone('delete', step.key) };
      case 'touch': {
        if (state === null) return { kind: 'absent' };
        const stay = this.#stayOf(step, state);
        this.#changed.set(step.key, { ...state, ...stay });
        const { value, createRevision } = state;
        return { kind: 'touched', change: { kind: 'touch', key: step.key, value, createRevision, ...stay } };
      }
      case 'increment': {
        const text = state === null ? '0' : textOf(state.value);
        if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text) || !isOf64Bits(BigInt(text)))
          return { kind: 'uncountable', reason: 'not-a-number' };
        const value = BigInt(text) + step.by;
        if (!isOf64Bits(value)) return { kind: 'uncountable', reason: 'out-of-range' };
        const change = this.#set(step, new TextEncoder().encode(String(value)), state, state ?? FOR_EVER);
        return { kind: 'incremented', created: state === null, value, change };
      }
    }
  }

  #set({ key }: KeyCommand, value: Uint8Array, state: State | null, { expiresAtMs, idleMs }: Stay): ExpectedChange {
    const createRevision = state === null ? this.#at.index : state.createRevision;
    this.#changed.set(key, { value, revision: this.#at.index, version: Infinity, createRevision, expiresAtMs, idleMs });
    return { kind: 'put', key, value, createRevision, expiresAtMs, idleMs };
  }

  #stayOf({ lifetime, idle }: { readonly lifetime: Lifetime; readonly idle: Lifetime }, state: State | null): Stay {
    const before = state ?? FOR_EVER;
    return {
      expiresAtMs: lasts(lifetime, before.expiresAtMs, this.#at.timeMs),
      idleMs: lasts(idle, before.idleMs, 0),
    };
  }

  /** There is a value, and its time has come. */
  #isDue(key: Key): boolean {
    const state = this.#changed.has(key) ? this.#changed.get(key) : this.#before(key);
    return state?.value != null && state.expiresAtMs <= this.#at.timeMs;
  }

  #expire(key: Key): ExpectedChange {
    this.#changed.set(key, null);
    return gone('expire', key);
  }

  #state(key: Key): State | null {
    const changed = this.#changed.get(key);
    const found = changed === undefined ? this.#before(key) : changed;
    if (found === null || found.value === null || found.expiresAtMs <= this.#at.timeMs) return null;
    const { value, revision, version, createRevision, expiresAtMs, idleMs } = found;
    return { value, revision, version, createRevision, expiresAtMs, idleMs };
  }
}

const FOR_EVER: Stay = { expiresAtMs: Infinity, idleMs: Infinity };

export const gone = (kind: 'delete' | 'expire' | 'evict', key: Key): ExpectedChange => ({
  kind,
  key,
  value: null,
  createRevision: 0,
  ...FOR_EVER,
});

function lasts(lifetime: Lifetime, before: number, sinceMs: number): number {
  if (lifetime.kind === 'limited') return sinceMs + lifetime.ms;
  return lifetime.kind === 'kept' ? before : Infinity;
}

const textOf = (value: Uint8Array): string => Buffer.from(value).toString('latin1');

const isOf64Bits = (value: bigint): boolean => value >= -(2n ** 63n) && value < 2n ** 63n;

export const sameValue = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === b || (a !== null && b !== null && Buffer.compare(a, b) === 0);

function holds(condition: Condition, revision: number | null, lineageId: string): boolean {
  switch (condition.kind) {
    case 'none':
      return true;
    case 'absent':
      return revision === null;
    case 'present':
      return revision !== null;
    case 'match':
      return condition.tags.some((tag) => tag.lineageId === lineageId && tag.revision === revision);
    case 'noneMatch':
      return !condition.tags.some((tag) => tag.lineageId === lineageId && tag.revision === revision);
  }
}
