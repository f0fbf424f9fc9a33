import { unreachable } from '../base/assert.ts';
import type { Key } from '../base/key.ts';
import type { LogIndex, WallMs } from '../base/numbers.ts';
import type { KeyEffect } from '../replication/entry.ts';
import {
  COUNTER_BYTES_MAX,
  GOT_BYTES_MAX,
  type Comparison,
  type Condition,
  type IncrementCommand,
  type KeyCommand,
  type KeyOutcome,
  type Lifetime,
  type PutCommand,
  type Relation,
  type TransactionCommand,
  type StepResult,
  type Step,
  type DataCommand,
} from './commands.ts';
import { deletePrefix } from './delete-prefix.ts';
import {
  afterwards,
  deleteEffect,
  expireEffect,
  isDue,
  nextVersion,
  type Decision,
  type DecisionPlace,
  type Newest,
  type NewestKeys,
  type NewestState,
} from './newest.ts';
import type { Stay, StoredValue } from './reads.ts';

const NONE: readonly KeyEffect[] = [];
const FOR_EVER: Stay = { expiresAtMs: null, idleMs: null };
const OVERLONG: Decision = { effects: NONE, outcome: { kind: 'overlong' } };

/** What the command does as the entry at `place`: decided once, by the leader, and written down as effects. */
export function decide(command: DataCommand, newest: NewestKeys, place: DecisionPlace): Decision {
  switch (command.kind) {
    case 'put':
    case 'delete':
    case 'increment':
    case 'touch': {
      const state = newest.stateOf(command.key);
      if (state.current === null || !isDue(state.current, place.timeMs)) {
        const { effect, outcome } = decideKey(command, state, place);
        return { effects: effect === null ? NONE : [effect], outcome };
      }
      const draft = new Draft(newest, place);
      return { outcome: draft.apply(command), effects: draft.effects };
    }
    case 'batch': {
      const draft = new Draft(newest, place);
      const results = command.steps.map((step) => draft.step(step));
      return draft.isOverlong ? OVERLONG : { effects: draft.effects, outcome: { kind: 'batch', results } };
    }
    case 'transaction':
      return decideTransaction(command, newest, place);
    case 'deletePrefix':
      return deletePrefix(command, newest, place);
    default:
      return unreachable(command);
  }
}

function decideTransaction(command: TransactionCommand, newest: Newest, place: DecisionPlace): Decision {
  const holds = command.comparisons.every((comparison) => compares(comparison, newest, place));
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

/** What is done in one entry: each step sees what those before it have done. */
class Draft implements Newest {
  readonly effects: KeyEffect[] = [];
  #gotBytes = 0;
  readonly #newest: Newest;
  readonly #place: DecisionPlace;
  readonly #changed = new Map<Key, NewestState>();

  constructor(newest: Newest, place: DecisionPlace) {
    this.#newest = newest;
    this.#place = place;
  }

  get isOverlong(): boolean {
    return this.#gotBytes > GOT_BYTES_MAX;
  }

  stateOf(key: Key): NewestState {
    return this.#changed.get(key) ?? this.#newest.stateOf(key);
  }

  apply(command: KeyCommand): KeyOutcome {
    const state = this.#withoutWhatIsDue(command.key);
    const { effect, outcome } = decideKey(command, state, this.#place);
    if (effect !== null) this.#add(effect, state);
    return outcome;
  }

  step(step: Step): StepResult {
    if (step.kind !== 'get') return this.apply(step);
    const found = this.#withoutWhatIsDue(step.key).current;
    this.#gotBytes += found?.value.length ?? 0;
    return { kind: 'got', found };
  }

  /** R17: what is due goes first, as an effect of its own, so that everybody sees it go. */
  #withoutWhatIsDue(key: Key): NewestState {
    const state = this.stateOf(key);
    if (state.current === null || !isDue(state.current, this.#place.timeMs)) return state;
    return this.#add(expireEffect(key, state, this.#place.index), state);
  }

  #add(effect: KeyEffect, before: NewestState): NewestState {
    const state = afterwards(effect, () => before);
    this.effects.push(effect);
    this.#changed.set(effect.key, state);
    return state;
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
      const effect = putEffect(command, state, place, stayOf(command, current, place.timeMs));
      return { effect, outcome: { kind: 'written', version: effect.stored.version, created: current === null } };
    }
    case 'delete': {
      if (current === null) return { effect: null, outcome: { kind: 'absent' } };
      const effect = deleteEffect(command.key, state, place.index);
      return { effect, outcome: { kind: 'deleted', version: effect.tombstone.version } };
    }
    case 'increment':
      return increment(command, state, place);
    case 'touch': {
      if (current === null) return { effect: null, outcome: { kind: 'absent' } };
      const stay = stayOf(command, current, place.timeMs);
      return {
        effect: { kind: 'touch', key: command.key, ...stay },
        outcome: { kind: 'touched', version: current.version, ...stay },
      };
    }
    default:
      return unreachable(command);
  }
}

function stayOf(
  { lifetime, idle }: Pick<PutCommand, 'lifetime' | 'idle'>,
  current: StoredValue | null,
  timeMs: WallMs,
): Stay {
  return {
    expiresAtMs: limitOf(lifetime, current?.expiresAtMs ?? null, (ms) => (timeMs + ms) as WallMs),
    idleMs: limitOf(idle, current?.idleMs ?? null, (ms) => ms),
  };
}

function limitOf<T>(lifetime: Lifetime, before: T | null, limited: (ms: number) => T): T | null {
  switch (lifetime.kind) {
    case 'unlimited':
      return null;
    case 'kept':
      return before;
    case 'limited':
      return limited(lifetime.ms);
    default:
      return unreachable(lifetime);
  }
}

function putEffect(
  { key, value, contentType }: Pick<PutCommand, 'key' | 'value' | 'contentType'>,
  state: NewestState,
  { index, timeMs }: DecisionPlace,
  { expiresAtMs, idleMs }: Stay,
): Extract<KeyEffect, { kind: 'put' }> {
  const stored: StoredValue = {
    value,
    contentType,
    revision: index,
    version: nextVersion(state),
    createRevision: state.current?.createRevision ?? index,
    modifiedMs: timeMs,
    expiresAtMs,
    idleMs,
  };
  return { kind: 'put', key, stored };
}

/** As of a counter that nobody has given another. */
const COUNTER_CONTENT_TYPE = 'text/plain';
const COUNTER = /^(?:0|-?[1-9]\d{0,18})$/;

function increment(command: IncrementCommand, state: NewestState, place: DecisionPlace): KeyDecision {
  const { current } = state;
  const before = current === null ? 0n : counterOf(current.value);
  if (before === null) return { effect: null, outcome: { kind: 'uncountable', reason: 'not-a-number' } };
  const value = before + command.by;
  if (BigInt.asIntN(64, value) !== value)
    return { effect: null, outcome: { kind: 'uncountable', reason: 'out-of-range' } };
  const contentType = current === null ? COUNTER_CONTENT_TYPE : current.contentType;
  const made = { key: command.key, value: digitsOf(value), contentType };
  const effect = putEffect(made, state, place, current ?? FOR_EVER);
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

function compares(comparison: Comparison, newest: Newest, { timeMs, lineageId }: DecisionPlace): boolean {
  const { current: standing } = newest.stateOf(comparison.key);
  const current = standing === null || isDue(standing, timeMs) ? null : standing;
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

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

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
