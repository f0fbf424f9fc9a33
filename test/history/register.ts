import { DECIMAL, type HistoryOperation } from './operation.ts';

/**
 * The model that histories are judged by: what the store promises of one key, and nothing of how it keeps it. A key has
 * a value or none, and the revision of the write that made it so; every write that takes effect has a higher revision
 * than the one before.
 *
 * A write whose outcome nobody learnt has a revision that nobody told. Its state carries what is known of that: the least
 * that it can be, and what it is not. Taking the least is never wrong: what comes later only asks for more.
 */
export interface KeyState {
  /** null: no value. */
  readonly value: string | null;
  /** The revision of the last write; only its lower bound if `isExact` is false. Without a value never more than that. */
  readonly revision: number;
  readonly isExact: boolean;
  /** Revisions above `revision` that the last write does not have, in order. */
  readonly excluded: readonly number[];
}

const NONE: readonly number[] = [];

/** A key that was never written. */
export const NEVER_WRITTEN: KeyState = { value: null, revision: 0, isExact: false, excluded: NONE };

/**
 * The state after the operation took effect with the outcome that it had; null if it cannot have. An `unknown` write is
 * taken to have done something: that it did nothing is for the search to suppose. What only looks, and tells nothing
 * new of the revision, returns the very state that it was given.
 */
export function step(state: KeyState, operation: HistoryOperation): KeyState | null {
  const { op, value, expect, outcome, revision } = operation;
  if (outcome === 'refused') return afterRefusal(state, operation);
  switch (op) {
    case 'get':
      if (state.value !== value) return null;
      return value === null || revision === null ? state : withRevision(state, revision);
    case 'put':
      return written(state, value, revision);
    case 'create':
      return state.value === null ? written(state, value, revision) : null;
    case 'cas':
      return writtenOver(state, expect, value, revision);
    case 'delete':
      if (expect !== null) return writtenOver(state, expect, null, revision);
      if (findsNothing(operation)) return state.value === null ? state : null;
      return state.value === null ? null : written(state, null, revision);
    case 'incr': {
      const sum = sumOf(state.value, operation.by ?? 1);
      return sum === null || (outcome === 'ok' && sum !== value) ? null : written(state, sum, revision);
    }
  }
}

/** Whether the operation leaves every key as it is, by its kind and outcome. */
export const isLook = (operation: HistoryOperation): boolean =>
  operation.op === 'get' || operation.outcome === 'refused' || findsNothing(operation);

const findsNothing = ({ op, outcome, revision }: HistoryOperation): boolean =>
  op === 'delete' && outcome === 'ok' && revision === null;

function afterRefusal(state: KeyState, { op, expect, revision }: HistoryOperation): KeyState | null {
  const standing = revision === null ? state : withRevision(state, revision);
  if (standing === null) return null;
  switch (op) {
    case 'create':
      return standing.value === null ? null : standing;
    case 'cas':
    case 'delete':
      return expect === null ? null : withoutRevision(standing, expect);
    case 'incr':
      return standing.value === null || DECIMAL.test(standing.value) ? null : standing;
    case 'put':
    case 'get':
      return null;
  }
}

function written(state: KeyState, value: string | null, told: number | null): KeyState | null {
  if (told !== null && told <= state.revision) return null;
  const revision = told ?? state.revision + 1;
  return { value, revision, isExact: told !== null && value !== null, excluded: NONE };
}

function writtenOver(
  state: KeyState,
  expect: number | null,
  value: string | null,
  told: number | null,
): KeyState | null {
  const matching = expect === null ? null : withRevision(state, expect);
  return matching === null ? null : written(matching, value, told);
}

/** The state, if the value that is there can have this revision. */
function withRevision(state: KeyState, revision: number): KeyState | null {
  if (state.value === null) return null;
  if (state.isExact) return state.revision === revision ? state : null;
  if (revision < state.revision || state.excluded.includes(revision)) return null;
  return { value: state.value, revision, isExact: true, excluded: NONE };
}

/** The state, if there is no value, or one that can have another revision than this. */
function withoutRevision(state: KeyState, revision: number): KeyState | null {
  if (state.value === null) return state;
  if (state.isExact) return state.revision === revision ? null : state;
  if (revision < state.revision || state.excluded.includes(revision)) return state;
  const excluded = [...state.excluded, revision].sort((a, b) => a - b);
  let least = state.revision;
  while (excluded[0] === least) {
    excluded.shift();
    least += 1;
  }
  return { value: state.value, revision: least, isExact: false, excluded };
}

function sumOf(value: string | null, by: number): string | null {
  if (value === null) return String(by);
  return DECIMAL.test(value) ? String(BigInt(value) + BigInt(by)) : null;
}

/** Whether all that can follow `other` can follow `state` too. */
export function covers(state: KeyState, other: KeyState): boolean {
  if (state.value !== other.value) return false;
  if (state.isExact) return other.isExact && state.revision === other.revision;
  if (state.revision > other.revision) return false;
  return state.excluded.every(
    (revision) =>
      revision < other.revision || (other.isExact ? revision !== other.revision : other.excluded.includes(revision)),
  );
}

/** Two states with the same text are the same. */
export const textOfState = ({ value, revision, isExact, excluded }: KeyState): string =>
  `${isExact ? '=' : '>'}${revision}${excluded.length === 0 ? '' : `!${excluded.join('!')}`}:${value ?? ''}${value === null ? '-' : '+'}`;
