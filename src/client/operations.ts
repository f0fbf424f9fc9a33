import type { Condition, KvStay, Ttl } from './options.ts';
import type { KvErrorCode } from './kv-error.ts';
import { entryOf, type Envelope, type KvEntry } from './kv-entry.ts';
import { comparedFields, keyFields, valueFields, type KvKey, type KvValue } from './values.ts';

/** One thing of several that a transaction does. */
export type TxnOperation =
  | { readonly get: { readonly key: KvKey } }
  | {
      readonly put: {
        readonly key: KvKey;
        readonly value: KvValue;
        readonly contentType?: string;
        /** `keep`: as long as what stood there before. Without one it stays for ever. */
        readonly ttl?: Ttl | 'keep';
        /** It goes when it has not been read or written for so long. */
        readonly idle?: Ttl | 'keep';
      };
    }
  | { readonly touch: { readonly key: KvKey } & KvStay }
  | { readonly delete: { readonly key: KvKey } }
  /** 1 without `by`. */
  | { readonly incr: { readonly key: KvKey; readonly by?: number | bigint } };

type Guarded<Operation> = Operation extends { readonly get: unknown }
  ? Operation
  : { readonly [Name in keyof Operation]: Operation[Name] & Condition };

/** One thing of several that a batch does, each under a condition of its own. */
export type BatchOperation = Guarded<TxnOperation>;

/** What a write has made. */
export interface KvWritten {
  readonly etag: string;
  readonly revision: number;
  readonly version: number;
  /** Whether there was no value before. */
  readonly created: boolean;
}

export interface KvCounted extends KvWritten {
  /** The sum. */
  readonly value: bigint;
}

export interface KvTouched {
  readonly version: number;
  /** By the store's clock; null: it stays. */
  readonly expiresAt: Date | null;
  /** How long it stays unused; null: for ever. */
  readonly idle: Ttl | null;
}

/** What became of an operation, under its name. */
export type OperationResult<Operation> = Operation extends { readonly get: unknown }
  ? { readonly get: KvEntry | null }
  : Operation extends { readonly put: unknown }
    ? { readonly put: KvWritten }
    : Operation extends { readonly touch: unknown }
      ? { readonly touch: KvTouched | null }
      : Operation extends { readonly delete: unknown }
        ? { readonly delete: { readonly deleted: boolean } }
        : Operation extends { readonly incr: unknown }
          ? { readonly incr: KvCounted }
          : never;

/** Beside it the HTTP status that the operation alone would have had; `error` if it was not done. */
export type BatchResult<Operation> = Operation extends unknown
  ? ({ readonly status: number; readonly error?: undefined } & OperationResult<Operation>) | Undone<Operation>
  : never;

interface Failed {
  readonly status: number;
  readonly error: { readonly code: KvErrorCode; readonly detail: string };
}

type Undone<Operation> = Failed & { readonly [Name in keyof OperationResult<Operation>]?: undefined };

export type OperationResults<Operations extends readonly unknown[]> = {
  readonly [At in keyof Operations]: OperationResult<Operations[At]>;
};

export type BatchResults<Operations extends readonly unknown[]> = {
  readonly [At in keyof Operations]: BatchResult<Operations[At]>;
};

/** What has to hold of a key for `then`. */
export type KvComparison = { readonly key: KvKey } & (
  | { readonly revision: number; readonly op?: '=' | '!=' | '<' | '>' }
  | { readonly version: number; readonly op?: '=' | '!=' | '<' | '>' }
  | { readonly value: KvValue; readonly op?: '=' | '!=' }
  | { readonly etag: string; readonly op?: '=' | '!=' }
  | { readonly exists: boolean }
);

export interface Txn<Then extends readonly TxnOperation[], Else extends readonly TxnOperation[]> {
  /** All of them; none always hold. */
  readonly if?: readonly KvComparison[];
  readonly then?: Then;
  readonly else?: Else;
}

/** Which of the two lists was carried out, and what came of it. */
export type TxnResult<Then extends readonly TxnOperation[], Else extends readonly TxnOperation[]> =
  | { readonly succeeded: true; readonly revision: number; readonly results: OperationResults<Then> }
  | { readonly succeeded: false; readonly revision: number; readonly results: OperationResults<Else> };

/** As it travels. */
export function operationBody(operation: TxnOperation | BatchOperation): object {
  if ('get' in operation) return { get: keyFields(operation.get.key) };
  if ('put' in operation) {
    const { key, value, contentType, ...rest } = operation.put;
    return { put: { ...rest, ...keyFields(key), ...valueFields(value, contentType) } };
  }
  if ('touch' in operation) {
    const { key, ...rest } = operation.touch;
    return { touch: { ...rest, ...keyFields(key) } };
  }
  if ('delete' in operation) {
    const { key, ...rest } = operation.delete;
    return { delete: { ...rest, ...keyFields(key) } };
  }
  const { key, by = 1, ...rest } = operation.incr;
  return { incr: { ...rest, ...keyFields(key), by: String(by) } };
}

export function keyOfOperation(operation: TxnOperation | BatchOperation): KvKey {
  if ('get' in operation) return operation.get.key;
  if ('put' in operation) return operation.put.key;
  if ('touch' in operation) return operation.touch.key;
  return 'delete' in operation ? operation.delete.key : operation.incr.key;
}

export const txnBody = (txn: Txn<readonly TxnOperation[], readonly TxnOperation[]>): object => ({
  if: (txn.if ?? []).map(comparisonBody),
  then: (txn.then ?? []).map(operationBody),
  else: (txn.else ?? []).map(operationBody),
});

function comparisonBody(comparison: KvComparison): object {
  const { key, ...rest } = comparison;
  if (!('value' in rest)) return { ...rest, ...keyFields(key) };
  const { value, ...relation } = rest;
  return { ...relation, ...comparedFields(value), ...keyFields(key) };
}

interface ResultBody {
  readonly get?: Envelope | null;
  readonly touch?: { readonly version: number; readonly expiresAt: string | null; readonly idle: Ttl | null } | null;
  readonly delete?: { readonly deleted: 0 | 1 };
  readonly incr?: KvWritten & { readonly value: string };
}

/** With values in the place of their JSON. */
export function resultOf(body: ResultBody): object {
  const { get, touch, incr } = body;
  if (get !== undefined) return { ...body, get: get === null ? null : entryOf(get) };
  if (touch !== undefined) return { ...body, touch: touch === null ? null : touchedOf(touch) };
  if (body.delete !== undefined) return { ...body, delete: { deleted: body.delete.deleted === 1 } };
  return incr === undefined ? body : { ...body, incr: { ...incr, value: BigInt(incr.value) } };
}

const touchedOf = ({ version, expiresAt, idle }: NonNullable<ResultBody['touch']>): KvTouched => ({
  version,
  expiresAt: expiresAt === null ? null : new Date(expiresAt),
  idle,
});
