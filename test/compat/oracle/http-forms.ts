import { isUtf8 } from 'node:buffer';

import {
  bufferOf,
  bytesOf,
  leftOf,
  type Answer,
  type Bytes,
  type Comparison,
  type Found,
  type Left,
  type Lifetime,
  type StepAnswer,
} from './commands.ts';

/** How keys, values, lifetimes and comparisons are said over HTTP, and what results say. */

export type Json = Readonly<Record<string, unknown>>;

export interface Envelope {
  readonly key?: string;
  readonly keyB64?: string;
  readonly value?: string;
  readonly valueB64?: string;
  readonly expiresAt: string | null;
}

export interface StepResult {
  readonly status?: number;
  readonly get?: Envelope | null;
  readonly put?: { readonly created: boolean };
  readonly touch?: object | null;
  readonly delete?: { readonly deleted: 0 | 1 };
  readonly incr?: { readonly value: string; readonly created: boolean };
  readonly error?: { readonly code: string };
}

/** The others go through batches: URL parsers drop such segments, and a path is text. */
export function canTravel(key: Bytes): boolean {
  return isUtf8(bufferOf(key)) && !key.split('/').some((segment) => segment === '.' || segment === '..');
}

export const pathOf = (key: Bytes): string => `/v1/keys/${key.split('/').map(encoded).join('/')}`;
export const encoded = (text: Bytes): string => encodeURIComponent(bufferOf(text).toString('utf8'));

export const keyIn = (key: Bytes): Json => textIn('key', key);
export const valueIn = (value: Bytes): Json => textIn('value', value);

function textIn(name: 'key' | 'value', bytes: Bytes): Json {
  const buffer = bufferOf(bytes);
  return isUtf8(buffer) ? { [name]: buffer.toString('utf8') } : { [`${name}B64`]: buffer.toString('base64') };
}

export function comparison(is: Comparison['is']): Json {
  if (is === 'absent' || is === 'present') return { exists: is === 'present' };
  return 'equalTo' in is ? valueIn(is.equalTo) : { ...valueIn(is.otherThan), op: '!=' };
}

export function spelled(lifetime: Exclude<Lifetime, 'unlimited'>): string {
  if (lifetime === 'kept') return 'keep';
  return lifetime % 1000 === 0 ? String(lifetime / 1000) : `${lifetime}ms`;
}

export function answerOf(result: StepResult | undefined): StepAnswer {
  if (result?.status === 412) return 'unmet';
  if (result?.error?.code === 'not-a-number' || result?.error?.code === 'out-of-range') return result.error.code;
  if (result?.get != null) return foundIn(result.get);
  if (result?.get === null || result?.touch === null || result?.delete?.deleted === 0) return 'absent';
  if (result?.delete !== undefined) return 'deleted';
  if (result?.touch !== undefined) return 'touched';
  if (result?.incr !== undefined) return { sum: result.incr.value, created: result.incr.created };
  if (result?.put !== undefined) return result.put.created ? 'created' : 'replaced';
  throw new Error(`a result that is not known: ${JSON.stringify(result)}`);
}

export const foundIn = ({ value, valueB64, expiresAt }: Envelope): Found => ({
  value: bytesIn(value, valueB64),
  left: expiresAt === null ? 'unlimited' : leftOf(Date.parse(expiresAt) - Date.now()),
});

export const bytesIn = (text: string | undefined, base64: string | undefined): Bytes =>
  text === undefined ? Buffer.from(base64 ?? '', 'base64').toString('latin1') : bytesOf(text);

export const leftOfHeader = (seconds: string | undefined): Left =>
  seconds === undefined ? 'unlimited' : leftOf(Number(seconds) * 1000);

export const leftAlone = (answer: StepAnswer): Answer => ({
  left: typeof answer === 'object' && 'left' in answer ? answer.left : 'absent',
});
