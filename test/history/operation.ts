/**
 * One operation of a client, as histories are kept: one line of JSON for each (history-file.ts). The fields up to
 * `revision` are always there, so that other checkers can read the file; the others help the checks of R12's modes.
 */
export interface HistoryOperation {
  readonly client: number;
  readonly op: OperationName;
  readonly key: string;
  /**
   * What was written, or what was read; null for a key without a value. An `incr` has the sum, as decimal text, once it
   * is told. Values written to a key never repeat, but for those of counters.
   */
  readonly value: string | null;
  /** The revision that a `cas` or a conditional `delete` requires. */
  readonly expect: number | null;
  /** Of a `get`: `linearizable`, or null for one of the other modes, which `consistency` names. */
  readonly mode: 'linearizable' | null;
  /** Microseconds of one monotonic clock, the same for all clients. */
  readonly start: number;
  /** When the outcome was known, or the client gave up; null if it never did. */
  readonly end: number | null;
  readonly outcome: OperationOutcome;
  /**
   * Of a write that took effect: the revision that it made. Of a `get`: the revision of the value, null without one. Of
   * a `delete` that succeeded: null if the key had no value. Of a refused write: the revision that stood in its way, if
   * the answer named one. Null as well where the answer did not say.
   */
  readonly revision: number | null;

  /** The mode of a `get` that is not linearizable. */
  readonly consistency?: 'in-sync' | 'session' | 'eventual';
  /** The lineage that the answer named. */
  readonly lineage?: HistoryLineage | null;
  /** The version of the key that the answer named: writes that took effect on it, deletes included. */
  readonly version?: number | null;
  /** The replica that answered. */
  readonly servedBy?: string | null;
  /** The session state that the client sent along; null: it sent none. */
  readonly token?: SessionState | null;
  /** The session state that came back: a read shows the key as of this revision, whether or not it has a value. */
  readonly seen?: SessionState | null;
  /** The lineage that `expect` is of (entity tags name it): in another one the condition holds of nothing. */
  readonly expectLineage?: HistoryLineage | null;
  /** What an `incr` adds; 1 if it is not there. */
  readonly by?: number;
}

export const OPERATION_NAMES = ['put', 'get', 'delete', 'create', 'cas', 'incr'] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];

/**
 * `refused`: a condition did not hold, and nothing was written. `failed`: certainly not applied. `unknown`: applied once
 * at some time after the start, perhaps long after the end, or never.
 */
export const OPERATION_OUTCOMES = ['ok', 'refused', 'failed', 'unknown'] as const;
export type OperationOutcome = (typeof OPERATION_OUTCOMES)[number];

export const OTHER_MODES = ['in-sync', 'session', 'eventual'] as const;

/** By number and id, or by a name; only numbers can be put in order. */
export type HistoryLineage = { readonly number: number; readonly id: string } | string;

export interface SessionState {
  readonly lineage: HistoryLineage;
  readonly revision: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Why this is no operation, in words; null if it is one. Fields that nobody knows are let through. */
export function reasonAgainst(candidate: unknown): string | null {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) return 'not an object';
  const fields = candidate as Fields;
  const fault = FIELDS.find(({ name, holds, isOptional }) =>
    isOptional && fields[name] === undefined ? false : !holds(fields[name]),
  );
  if (fault !== undefined) return `${fault.name} must be ${fault.what}`;
  return reasonAgainstTogether(candidate as HistoryOperation);
}

/** What the fields say must fit together: a checker would else judge something that nobody meant. */
function reasonAgainstTogether(operation: HistoryOperation): string | null {
  const { op, value, expect, mode, start, end, outcome, revision } = operation;
  if (end !== null && end < start) return 'end must not be before start';
  if (end === null && (outcome === 'ok' || outcome === 'refused')) return `an operation that is ${outcome} has an end`;
  if (expect !== null && op !== 'cas' && op !== 'delete') return `a ${op} expects no revision`;
  if (revision !== null && (outcome === 'failed' || outcome === 'unknown')) {
    return `an operation that is ${outcome} was told no revision`;
  }
  switch (op) {
    case 'put':
    case 'create':
    case 'cas':
      if (value === null) return `a ${op} writes a value`;
      if (op === 'cas' && expect === null) return 'a cas expects a revision';
      if (op === 'put' && outcome === 'refused') return 'a put has no condition to be refused by';
      return null;
    case 'delete':
      if (value !== null) return 'a delete has no value';
      if (expect === null && outcome === 'refused') return 'only a delete that expects a revision is refused';
      if (expect !== null && outcome === 'ok' && revision === null) {
        return 'a delete that expected a revision has deleted something, and says at which revision';
      }
      return null;
    case 'incr':
      if (outcome === 'ok' && (value === null || !DECIMAL.test(value))) return 'an incr that is ok has a decimal value';
      return null;
    case 'get':
      if (outcome === 'refused') return 'a get has no condition to be refused by';
      if (mode !== null && operation.consistency !== undefined) return 'a linearizable get has no other consistency';
      if (outcome === 'ok' && value === null && revision !== null) return 'a get without a value has no revision';
      return null;
  }
}

/** Whole numbers as the store writes them. */
export const DECIMAL = /^(?:0|-?[1-9][0-9]*)$/;

const isText = (field: unknown): boolean => typeof field === 'string';
const isTime = (field: unknown): boolean => typeof field === 'number' && Number.isFinite(field);
const isWhole = (field: unknown): boolean => Number.isSafeInteger(field);
const isNatural = (field: unknown): boolean => isWhole(field) && (field as number) >= 0;
const isPositive = (field: unknown): boolean => isWhole(field) && (field as number) > 0;
const isOneOf = (names: readonly string[]) => (field: unknown) => names.includes(field as string);
const orNull = (holds: (field: unknown) => boolean) => (field: unknown) => field === null || holds(field);

function isLineage(field: unknown): boolean {
  if (typeof field === 'string') return true;
  if (typeof field !== 'object' || field === null) return false;
  const { number, id } = field as Fields;
  return isPositive(number) && isText(id);
}

function isSessionState(field: unknown): boolean {
  if (typeof field !== 'object' || field === null) return false;
  const { lineage, revision } = field as Fields;
  return isLineage(lineage) && isNatural(revision);
}

interface Field {
  readonly name: keyof HistoryOperation;
  readonly what: string;
  readonly holds: (field: unknown) => boolean;
  readonly isOptional?: true;
}

const FIELDS: readonly Field[] = [
  { name: 'client', what: 'a whole number from 0', holds: isNatural },
  { name: 'op', what: `one of ${OPERATION_NAMES.join(', ')}`, holds: isOneOf(OPERATION_NAMES) },
  { name: 'key', what: 'text', holds: isText },
  { name: 'value', what: 'text or null', holds: orNull(isText) },
  { name: 'expect', what: 'a revision or null', holds: orNull(isPositive) },
  { name: 'mode', what: '"linearizable" or null', holds: orNull(isOneOf(['linearizable'])) },
  { name: 'start', what: 'microseconds', holds: isTime },
  { name: 'end', what: 'microseconds or null', holds: orNull(isTime) },
  { name: 'outcome', what: `one of ${OPERATION_OUTCOMES.join(', ')}`, holds: isOneOf(OPERATION_OUTCOMES) },
  { name: 'revision', what: 'a revision or null', holds: orNull(isPositive) },
  { name: 'consistency', what: `one of ${OTHER_MODES.join(', ')}`, holds: isOneOf(OTHER_MODES), isOptional: true },
  { name: 'lineage', what: '{number, id}, text or null', holds: orNull(isLineage), isOptional: true },
  { name: 'version', what: 'a whole number above 0, or null', holds: orNull(isPositive), isOptional: true },
  { name: 'servedBy', what: 'text or null', holds: orNull(isText), isOptional: true },
  { name: 'token', what: '{lineage, revision} or null', holds: orNull(isSessionState), isOptional: true },
  { name: 'seen', what: '{lineage, revision} or null', holds: orNull(isSessionState), isOptional: true },
  { name: 'expectLineage', what: '{number, id}, text or null', holds: orNull(isLineage), isOptional: true },
  { name: 'by', what: 'a whole number', holds: isWhole, isOptional: true },
];
