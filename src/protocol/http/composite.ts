import { isUtf8 } from 'node:buffer';

import { keyOf, keyOfBytes, textOf, type Key } from '../../core/base/key.ts';
import {
  TRANSACTION_PARTS_MAX,
  type BatchCommand,
  type Comparison,
  type Condition,
  type KeyOutcome,
  type Relation,
  type Step,
  type StepResult,
  type TransactionCommand,
} from '../../core/store/commands.ts';
import type { LogIndex } from '../../core/base/numbers.ts';
import type { StoredValue } from '../../core/store/reads.ts';
import { encodeTag, ifMatchCondition, ifNoneMatchCondition } from './entity-tags.ts';
import {
  durationText,
  IDLE_DESCRIPTION,
  idleOf,
  LIFETIME_DESCRIPTION,
  lifetimeOf,
  stayOfTouch,
  type TouchBody,
} from './lifetime.ts';
import { fault, statusOf, textOfFault, type Fault } from './problem.ts';

/** The JSON of batches and transactions, to commands and back. What the schemas can say they have said already. */

/** What is text in JSON is read as such under /v1/keys. */
const TEXT = 'text/plain; charset=utf-8';
const NONE: Condition = { kind: 'none' };
const UNLIMITED = { kind: 'unlimited' } as const;

interface KeyFields {
  readonly key?: string;
  readonly keyB64?: string;
}

interface ValueFields {
  readonly value?: string;
  readonly valueB64?: string;
}

interface ConditionFields {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

export interface StepBody {
  readonly get?: KeyFields;
  readonly put?: KeyFields &
    ValueFields &
    ConditionFields & {
      readonly contentType?: string;
      readonly ttl?: string | number;
      readonly idle?: string | number;
    };
  readonly touch?: KeyFields & ConditionFields & TouchBody;
  readonly delete?: KeyFields & ConditionFields;
  readonly incr?: KeyFields & ConditionFields & { readonly by?: number | string };
}

export interface ComparisonBody extends KeyFields, ValueFields {
  readonly revision?: number;
  readonly version?: number;
  readonly exists?: boolean;
  readonly etag?: string;
  readonly op?: '=' | '!=' | '<' | '>';
}

export interface BatchBody {
  readonly operations: readonly StepBody[];
}

export interface TxnBody {
  readonly if?: readonly ComparisonBody[];
  readonly then?: readonly StepBody[];
  readonly else?: readonly StepBody[];
}

export interface CompositeLimits {
  readonly valueBytesMax: number;
}

/** Thrown and caught here: a part deep inside that cannot be used. */
class Unusable extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.detail);
    this.fault = fault;
  }
}

const orFault = <T>(make: () => T): T | Fault => {
  try {
    return make();
  } catch (error) {
    if (error instanceof Unusable) return error.fault;
    throw error;
  }
};

export const batchOf = (body: BatchBody, limits: CompositeLimits): BatchCommand | Fault =>
  orFault(() => ({
    kind: 'batch',
    steps: body.operations.map((step, at) => stepOf(step, `operations[${at}]`, limits)),
  }));

export const transactionOf = (body: TxnBody, limits: CompositeLimits): TransactionCommand | Fault =>
  orFault(() => {
    const [comparisons, steps, others] = [body.if ?? [], body.then ?? [], body.else ?? []];
    const parts = comparisons.length + steps.length + others.length;
    if (parts > TRANSACTION_PARTS_MAX)
      throw unusable(`The transaction has ${parts} comparisons and operations; ${TRANSACTION_PARTS_MAX} are allowed.`);
    if (steps.length + others.length === 0) throw unusable('The transaction has nothing to do: give `then` or `else`.');
    return {
      kind: 'transaction',
      comparisons: comparisons.map((comparison, at) => comparisonOf(comparison, `if[${at}]`)),
      then: steps.map((step, at) => stepOf(step, `then[${at}]`, limits)),
      otherwise: others.map((step, at) => stepOf(step, `else[${at}]`, limits)),
    };
  });

const unusable = (detail: string): Unusable => new Unusable(fault('bad-request', detail));

function stepOf(step: StepBody, place: string, limits: CompositeLimits): Step {
  if (step.get !== undefined) return { kind: 'get', key: keyAt(step.get, `${place}.get`) };
  if (step.put !== undefined) {
    const at = `${place}.put`;
    const { value, isText } = valueAt(step.put, at);
    if (value.length > limits.valueBytesMax) {
      throw new Unusable(
        fault('too-large', `${at}: the value has ${value.length} bytes, and ${limits.valueBytesMax} are allowed.`),
      );
    }
    const contentType = step.put.contentType ?? (isText ? TEXT : null);
    const lifetime = step.put.ttl === undefined ? UNLIMITED : lifetimeOf(String(step.put.ttl));
    if (lifetime === null) throw unusable(`${at}: the ttl must be keep, or ${LIFETIME_DESCRIPTION}.`);
    const idle = step.put.idle === undefined ? UNLIMITED : idleOf(lifetimeOf(String(step.put.idle)));
    if (idle === null) throw unusable(`${at}: the idle time must be keep, or ${IDLE_DESCRIPTION}.`);
    return {
      kind: 'put',
      key: keyAt(step.put, at),
      value,
      contentType,
      condition: conditionAt(step.put, at),
      lifetime,
      idle,
    };
  }
  if (step.delete !== undefined) {
    const at = `${place}.delete`;
    return { kind: 'delete', key: keyAt(step.delete, at), condition: conditionAt(step.delete, at) };
  }
  if (step.touch !== undefined) {
    const at = `${place}.touch`;
    const stay = stayOfTouch(step.touch);
    if (typeof stay === 'string') throw unusable(`${at}: ${stay}`);
    return { kind: 'touch', key: keyAt(step.touch, at), ...stay, condition: conditionAt(step.touch, at) };
  }
  const at = `${place}.incr`;
  const incr = step.incr ?? {};
  return { kind: 'increment', key: keyAt(incr, at), by: integerAt(incr.by ?? 1, at), condition: conditionAt(incr, at) };
}

function keyAt({ key, keyB64 }: KeyFields, place: string): Key {
  if ((key === undefined) === (keyB64 === undefined)) throw unusable(`${place} needs one of key and keyB64.`);
  const found = key === undefined ? keyOfBytes(bytesOf(keyB64 ?? '', place)) : keyOf(key);
  if (found !== null) return found;
  throw new Unusable(fault('bad-key', `${place}: a key has 1 to 1024 bytes; text must be without lone surrogates.`));
}

function valueAt(
  { value, valueB64 }: ValueFields,
  place: string,
): { readonly value: Uint8Array; readonly isText: boolean } {
  if ((value === undefined) === (valueB64 === undefined)) throw unusable(`${place} needs one of value and valueB64.`);
  if (value === undefined) return { value: ownCopy(bytesOf(valueB64 ?? '', place)), isText: false };
  if (!value.isWellFormed()) throw unusable(`${place}: the value holds a lone surrogate; use valueB64 for bytes.`);
  return { value: ownCopy(Buffer.from(value)), isText: true };
}

/** A small buffer is a part of a pool of 8 KiB or more, which a value that is kept would keep too. */
const ownCopy = (bytes: Buffer): Uint8Array =>
  bytes.buffer.byteLength === bytes.byteLength ? bytes : Uint8Array.from(bytes);

function bytesOf(base64: string, place: string): Buffer {
  const bytes = Buffer.from(base64, 'base64');
  // Decoding passes over what it does not know.
  if (bytes.toString('base64') !== base64) throw unusable(`${place}: not base64 as RFC 4648 has it, with its padding.`);
  return bytes;
}

function conditionAt({ ifMatch, ifNoneMatch }: ConditionFields, place: string): Condition {
  if (ifMatch !== undefined && ifNoneMatch !== undefined)
    throw unusable(`${place}: ifMatch and ifNoneMatch cannot guard one write together.`);
  if (ifMatch !== undefined) return ifMatchCondition(ifMatch);
  return ifNoneMatch === undefined ? NONE : ifNoneMatchCondition(ifNoneMatch);
}

function integerAt(number: number | string, place: string): bigint {
  const value = BigInt(number);
  if (BigInt.asIntN(64, value) !== value) throw unusable(`${place}: ${number} does not fit into 64 bits.`);
  return value;
}

const RELATIONS: Readonly<Record<NonNullable<ComparisonBody['op']>, Relation>> = {
  '=': 'equal',
  '!=': 'unequal',
  '<': 'less',
  '>': 'greater',
};

function comparisonOf(body: ComparisonBody, place: string): Comparison {
  const key = keyAt(body, place);
  const named = (['revision', 'version', 'value', 'valueB64', 'exists', 'etag'] as const).filter(
    (name) => body[name] !== undefined,
  );
  const [kind] = named;
  if (kind === undefined || named.length > 1)
    throw unusable(`${place} needs one of revision, version, value, valueB64, exists and etag.`);
  const relation = RELATIONS[body.op ?? '='];
  if (kind === 'revision' || kind === 'version') return { kind, key, relation, number: body[kind] ?? 0 };
  if (relation !== 'equal' && relation !== 'unequal') throw unusable(`${place}: ${kind} is not ordered; use = or !=.`);
  const isEqual = relation === 'equal';
  switch (kind) {
    case 'value':
    case 'valueB64':
      return { kind: 'value', key, isEqual, value: valueAt(body, place).value };
    case 'exists':
      return { kind: 'condition', key, condition: { kind: body.exists === isEqual ? 'present' : 'absent' } };
    case 'etag':
      return {
        kind: 'condition',
        key,
        condition: isEqual ? ifMatchCondition(body.etag ?? '') : ifNoneMatchCondition(body.etag ?? ''),
      };
  }
}

/** What became of one step: `revision` is that of the whole command. */
export function resultBody(result: StepResult, step: Step, revision: LogIndex, lineageId: string): object {
  const etag = encodeTag({ lineageId, revision });
  switch (result.kind) {
    case 'written':
      return { put: { revision, version: result.version, etag, created: result.created } };
    case 'incremented':
      return {
        incr: { value: String(result.value), revision, version: result.version, etag, created: result.created },
      };
    case 'deleted':
      return { delete: { deleted: 1, revision, version: result.version } };
    case 'absent':
      return step.kind === 'touch' ? { touch: null } : { delete: { deleted: 0 } };
    case 'touched':
      return {
        touch: { version: result.version, expiresAt: dateOf(result.expiresAtMs), idle: idleText(result.idleMs) },
      };
    case 'got':
      return { get: result.found === null ? null : envelopeOf(step.key, result.found, lineageId) };
    case 'mismatch':
    case 'uncountable': {
      const why = faultOfStep(result, step.key, lineageId);
      return { error: { code: why.code, detail: textOfFault(why) } };
    }
  }
}

/** As the step alone would have been answered with. */
export function statusOfResult(result: StepResult): number {
  switch (result.kind) {
    case 'written':
    case 'incremented':
      return result.created ? 201 : 200;
    case 'deleted':
    case 'touched':
      return 204;
    case 'absent':
      return 404;
    case 'got':
      return result.found === null ? 404 : 200;
    case 'mismatch':
      return statusOf('revision-mismatch');
    case 'uncountable':
      return statusOf(result.reason);
  }
}

export function faultOfStep(
  outcome: Extract<KeyOutcome, { kind: 'mismatch' | 'uncountable' }>,
  key: Key,
  lineageId: string,
): Fault {
  const name = JSON.stringify(textOf(key) ?? `${Buffer.from(key, 'latin1').toString('base64')} (base64)`);
  if (outcome.kind === 'uncountable') return fault(outcome.reason);
  const { current } = outcome;
  const standing =
    current === null ? 'it has no value' : `its tag is ${encodeTag({ lineageId, revision: current.revision })}`;
  return fault('revision-mismatch', `The key ${name} was not written: ${standing}.`);
}

/** One of the two. */
interface Named {
  readonly key?: string;
  readonly keyB64?: string;
}

/** One of the two. */
interface ShownValue {
  readonly value?: string;
  readonly valueB64?: string;
}

interface State {
  readonly revision: number;
  readonly version: number;
  readonly createRevision: number;
  readonly contentType: string | null;
  readonly expiresAt: string | null;
  readonly idle: string | null;
  readonly etag: string;
}

export interface Envelope extends Named, ShownValue, State {}

/** A value with what is known of it, for those who asked for JSON. */
export const envelopeOf = (key: Key, found: StoredValue, lineageId: string): Envelope => ({
  ...nameOf(key),
  ...shownValueOf(found),
  ...stateOf(found, lineageId),
});

/** Without the value. */
export const metadataOf = (key: Key, found: StoredValue, lineageId: string): object => ({
  ...nameOf(key),
  ...stateOf(found, lineageId),
});

function nameOf(key: Key): Named {
  const text = textOf(key);
  return text === null ? { keyB64: Buffer.from(key, 'latin1').toString('base64') } : { key: text };
}

export function shownValueOf({ value }: StoredValue): ShownValue {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return isUtf8(bytes) ? { value: bytes.toString('utf8') } : { valueB64: bytes.toString('base64') };
}

export function stateOf(found: StoredValue, lineageId: string): State {
  const { revision, version, createRevision, contentType } = found;
  const [expiresAt, idle] = [dateOf(found.expiresAtMs), idleText(found.idleMs)];
  return { revision, version, createRevision, contentType, expiresAt, idle, etag: encodeTag({ lineageId, revision }) };
}

const idleText = (idleMs: number | null): string | null => (idleMs === null ? null : durationText(idleMs));

/** null: never. */
const dateOf = (timeMs: number | null): string | null => (timeMs === null ? null : new Date(timeMs).toISOString());
