import type { Key } from '../../../src/core/base/key.ts';
import type {
  Comparison,
  Condition,
  KeyCommand,
  KeyOutcome,
  Step,
  WriteCommand,
} from '../../../src/core/store/commands.ts';

/** One change of one key. */
export interface Change {
  readonly index: number;
  readonly version: number;
  /** null: deleted. */
  readonly value: Uint8Array | null;
  readonly createRevision: number;
}

/** What a command should change. */
export interface ExpectedChange {
  readonly key: Key;
  /** null: it goes. */
  readonly value: Uint8Array | null;
  readonly createRevision: number;
}

export type ExpectedResult =
  | { readonly kind: 'written'; readonly created: boolean; readonly change: ExpectedChange }
  | { readonly kind: 'incremented'; readonly created: boolean; readonly value: bigint; readonly change: ExpectedChange }
  | { readonly kind: 'deleted'; readonly change: ExpectedChange }
  | { readonly kind: 'absent' }
  | { readonly kind: 'mismatch'; readonly current: number | null }
  | { readonly kind: 'uncountable'; readonly reason: Extract<KeyOutcome, { kind: 'uncountable' }>['reason'] }
  | { readonly kind: 'got'; readonly value: Uint8Array | null; readonly revision: number };

export type Rehearsal =
  | { readonly kind: 'one'; readonly results: readonly ExpectedResult[] }
  | { readonly kind: 'batch'; readonly results: readonly ExpectedResult[] }
  | { readonly kind: 'then' | 'otherwise'; readonly results: readonly ExpectedResult[] }
  | { readonly kind: 'abandoned'; readonly step: number; readonly result: ExpectedResult };

/** The state of a key, as far as decisions depend on it. */
interface State {
  readonly value: Uint8Array;
  readonly revision: number;
  readonly version: number;
  readonly createRevision: number;
}

/** What a command should do as the entry at `index`, by the state before it: written without a look at the core's own code. */
export function rehearse(
  command: WriteCommand,
  before: (key: Key) => Change | null,
  at: { readonly index: number; readonly lineageId: string },
): Rehearsal {
  const stage = new Stage(before, at);
  switch (command.kind) {
    case 'batch':
      return { kind: 'batch', results: command.steps.map((step) => stage.play(step)) };
    case 'transaction': {
      const kind = command.comparisons.every((comparison) => stage.compares(comparison)) ? 'then' : 'otherwise';
      const results: ExpectedResult[] = [];
      for (const [step, each] of command[kind].entries()) {
        const result = stage.play(each);
        if (result.kind === 'mismatch' || result.kind === 'uncountable') return { kind: 'abandoned', step, result };
        results.push(result);
      }
      return { kind, results };
    }
    default:
      return { kind: 'one', results: [stage.play(command)] };
  }
}

class Stage {
  readonly #before: (key: Key) => Change | null;
  readonly #at: { readonly index: number; readonly lineageId: string };
  readonly #changed = new Map<Key, State | null>();

  constructor(before: (key: Key) => Change | null, at: { readonly index: number; readonly lineageId: string }) {
    this.#before = before;
    this.#at = at;
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
    if (step.kind === 'get') return { kind: 'got', value: state?.value ?? null, revision: state?.revision ?? 0 };
    if (!holds(step.condition, state?.revision ?? null, this.#at.lineageId))
      return { kind: 'mismatch', current: state?.revision ?? null };
    switch (step.kind) {
      case 'put':
        return { kind: 'written', created: state === null, change: this.#set(step, step.value, state) };
      case 'delete':
        if (state === null) return { kind: 'absent' };
        this.#changed.set(step.key, null);
        return { kind: 'deleted', change: { key: step.key, value: null, createRevision: 0 } };
      case 'increment': {
        const text = state === null ? '0' : textOf(state.value);
        if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text) || !isOf64Bits(BigInt(text)))
          return { kind: 'uncountable', reason: 'not-a-number' };
        const value = BigInt(text) + step.by;
        if (!isOf64Bits(value)) return { kind: 'uncountable', reason: 'out-of-range' };
        const change = this.#set(step, new TextEncoder().encode(String(value)), state);
        return { kind: 'incremented', created: state === null, value, change };
      }
    }
  }

  #set({ key }: KeyCommand, value: Uint8Array, state: State | null): ExpectedChange {
    const createRevision = state === null ? this.#at.index : state.createRevision;
    this.#changed.set(key, { value, revision: this.#at.index, version: Infinity, createRevision });
    return { key, value, createRevision };
  }

  #state(key: Key): State | null {
    const changed = this.#changed.get(key);
    if (changed !== undefined) return changed;
    const change = this.#before(key);
    if (change === null || change.value === null) return null;
    const { value, index: revision, version, createRevision } = change;
    return { value, revision, version, createRevision };
  }
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
