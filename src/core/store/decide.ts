import { unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, Version, WallMs } from '../base/numbers.ts';
import type { KeyEffect } from '../replication/entry.ts';
import {
  GOT_BYTES_MAX,
  type Comparison,
  type Condition,
  type DecidedOutcome,
  type IncrementCommand,
  type KeyCommand,
  type KeyOutcome,
  type PutCommand,
  type Relation,
  type TransactionCommand,
  type StepResult,
  type Step,
  type WriteCommand,
} from './commands.ts';
import type { StoredValue } from './reads.ts';
import type { Store } from './store.ts';

/** The newest state of a key, committed or not: what the leader decides against. */
export interface NewestState {
  /** null: the key has no value. */
  readonly current: StoredValue | null;
  /** The version that the key had last, deleted or not. */
  readonly lastVersion: Version;
}

/** The newest state of every key. */
export interface Newest {
  stateOf(key: Key): NewestState;
}

/** Where a decision stands: the entry that it becomes. */
export interface DecisionPlace {
  readonly index: LogIndex;
  readonly timeMs: WallMs;
  readonly lineageId: string;
}

export interface Decision {
  readonly effects: readonly KeyEffect[];
  readonly outcome: DecidedOutcome;
}

/** `uncommitted`: the newest change of the key that is not applied yet. */
export function newestState(store: Store, uncommitted: KeyEffect | undefined, key: Key): NewestState {
  if (uncommitted === undefined) return { current: store.get(key), lastVersion: store.lastVersion(key) };
  return afterwards(uncommitted);
}

const afterwards = (effect: KeyEffect): NewestState =>
  effect.kind === 'put'
    ? { current: effect.stored, lastVersion: effect.stored.version }
    : { current: null, lastVersion: effect.tombstone.version };

const NONE: readonly KeyEffect[] = [];
const OVERLONG: Decision = { effects: NONE, outcome: { kind: 'overlong' } };

/** What the command does as the entry at `place`: decided once, by the leader, and written down as effects. */
export function decide(command: WriteCommand, newest: Newest, place: DecisionPlace): Decision {
  switch (command.kind) {
    case 'put':
    case 'delete':
    case 'increment': {
      const { effect, outcome } = decideKey(command, newest.stateOf(command.key), place);
      return { effects: effect === null ? NONE : [effect], outcome };
    }
    case 'batch': {
      const draft = new Draft(newest, place);
      const results = command.steps.map((step) => draft.step(step));
      return draft.isOverlong ? OVERLONG : { effects: draft.effects, outcome: { kind: 'batch', results } };
    }
    case 'transaction':
      return decideTransaction(command, newest, place);
    default:
      return unreachable(command);
  }
}

function decideTransaction(command: TransactionCommand, newest: Newest, place: DecisionPlace): Decision {
  const holds = command.comparisons.every((comparison) => compares(comparison, newest, place.lineageId));
  const chose = holds ? 'then' : 'otherwise';
  const draft = new Draft(newest, place);
  const results: StepResult[] = [];
  for (const [step, command_] of command[chose].entries()) {
    const result = draft.step(command_);
    if (result.kind === 'mismatch' || result.kind === 'uncountable')
      return { effects: NONE, outcome: { kind: 'abandoned', chose, step, outcome: result } };
    results.push(result);
  }
  if (draft.isOverlong) return OVERLONG;
  return { effects: draft.effects, outcome: { kind: 'transaction', chose, results } };
}

/** Several things done in one entry: each sees what those before it have done. */
class Draft implements Newest {
  readonly effects: KeyEffect[] = [];
  #gotBytes = 0;
  readonly #newest: Newest;
  readonly #place: DecisionPlace;
  readonly #changed = new Map<Key, KeyEffect>();

  constructor(newest: Newest, place: DecisionPlace) {
    this.#newest = newest;
    this.#place = place;
  }

  get isOverlong(): boolean {
    return this.#gotBytes > GOT_BYTES_MAX;
  }

  stateOf(key: Key): NewestState {
    const changed = this.#changed.get(key);
    return changed === undefined ? this.#newest.stateOf(key) : afterwards(changed);
  }

  apply(command: KeyCommand): KeyOutcome {
    const { effect, outcome } = decideKey(command, this.stateOf(command.key), this.#place);
    if (effect !== null) {
      this.effects.push(effect);
      this.#changed.set(effect.key, effect);
    }
    return outcome;
  }

  step(step: Step): StepResult {
    if (step.kind !== 'get') return this.apply(step);
    const found = this.stateOf(step.key).current;
    this.#gotBytes += found?.value.length ?? 0;
    return { kind: 'got', found };
  }
}

interface KeyDecision {
  readonly effect: KeyEffect | null;
  readonly outcome: KeyOutcome;
}

function decideKey(command: KeyCommand, state: NewestState, place: DecisionPlace): KeyDecision {
  const { current } = state;
  if (!holds(command.condition, current?.revision ?? null, place.lineageId)) {
    const seen = current === null ? null : { revision: current.revision, version: current.version };
    return { effect: null, outcome: { kind: 'mismatch', current: seen } };
  }
  switch (command.kind) {
    case 'put': {
      const effect = putEffect(command, state, place);
      return { effect, outcome: { kind: 'written', version: effect.stored.version, created: current === null } };
    }
    case 'delete': {
      if (current === null) return { effect: null, outcome: { kind: 'absent' } };
      const version = nextVersion(state);
      return {
        effect: { kind: 'delete', key: command.key, tombstone: { version, revision: place.index } },
        outcome: { kind: 'deleted', version },
      };
    }
    case 'increment':
      return increment(command, state, place);
    default:
      return unreachable(command);
  }
}

function putEffect(
  { key, value, contentType }: Pick<PutCommand, 'key' | 'value' | 'contentType'>,
  state: NewestState,
  { index, timeMs }: DecisionPlace,
): Extract<KeyEffect, { kind: 'put' }> {
  const stored: StoredValue = {
    value,
    contentType,
    revision: index,
    version: nextVersion(state),
    createRevision: state.current?.createRevision ?? index,
    modifiedMs: timeMs,
  };
  return { kind: 'put', key, stored };
}

const nextVersion = (state: NewestState): Version => (state.lastVersion + 1) as Version;

/** As of a counter that nobody has given another. */
const COUNTER_CONTENT_TYPE = 'text/plain';
/** A sign and nineteen digits are the longest. */
const COUNTER_BYTES_MAX = 20;
const COUNTER = /^(?:0|-?[1-9]\d{0,18})$/;

function increment(command: IncrementCommand, state: NewestState, place: DecisionPlace): KeyDecision {
  const { current } = state;
  const before = current === null ? 0n : counterOf(current.value);
  if (before === null) return { effect: null, outcome: { kind: 'uncountable', reason: 'not-a-number' } };
  const value = before + command.by;
  if (BigInt.asIntN(64, value) !== value)
    return { effect: null, outcome: { kind: 'uncountable', reason: 'out-of-range' } };
  const contentType = current === null ? COUNTER_CONTENT_TYPE : current.contentType;
  const effect = putEffect({ key: command.key, value: digitsOf(value), contentType }, state, place);
  const { version } = effect.stored;
  return { effect, outcome: { kind: 'incremented', version, created: current === null, value } };
}

/** null: it is none. Every number is written in one way only. */
function counterOf(value: Uint8Array): bigint | null {
  if (value.length > COUNTER_BYTES_MAX) return null;
  const digits = String.fromCharCode(...value);
  if (!COUNTER.test(digits)) return null;
  const number = BigInt(digits);
  return BigInt.asIntN(64, number) === number ? number : null;
}

const digitsOf = (value: bigint): Uint8Array => Uint8Array.from(String(value), (digit) => digit.charCodeAt(0));

function compares(comparison: Comparison, newest: Newest, lineageId: string): boolean {
  const { current } = newest.stateOf(comparison.key);
  switch (comparison.kind) {
    case 'revision':
    case 'version':
      return relates(current?.[comparison.kind] ?? 0, comparison.relation, comparison.number);
    case 'value':
      return (current !== null && sameBytes(current.value, comparison.value)) === comparison.isEqual;
    case 'condition':
      return holds(comparison.condition, current?.revision ?? null, lineageId);
    default:
      return unreachable(comparison);
  }
}

function relates(number: number, relation: Relation, to: number): boolean {
  switch (relation) {
    case 'equal':
      return number === to;
    case 'unequal':
      return number !== to;
    case 'less':
      return number < to;
    case 'greater':
      return number > to;
    default:
      return unreachable(relation);
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

function holds(condition: Condition, revision: LogIndex | null, lineageId: string): boolean {
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
    default:
      return unreachable(condition);
  }
}
