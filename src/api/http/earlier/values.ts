import { isUtf8 } from 'node:buffer';

import type { Key } from '../../../core/base/key.ts';
import type { Version } from '../../../core/base/numbers.ts';
import type { DeleteCommand, KeyOutcome, PutCommand } from '../../../core/store/commands.ts';
import type { StoredValue } from '../../../core/store/reads.ts';
import { textOf } from '../../../protocol/http/key-path.ts';
import { faultOfRead, faultOfWrite } from '../../../protocol/http/outcomes.ts';
import { fault, type Fault } from '../../../protocol/http/problem.ts';
import type { ApiContext } from '../context.ts';
import { fenced, STALE } from '../fence.ts';
import { bufferOf } from '../keys.ts';
import { sendDetail, type RawHeaders } from '../respond.ts';
import { refusalOf } from '../unavailable.ts';
import { usedServer } from './answers.ts';
import type { ApiRequest, ApiResponse } from '../exchange.ts';

/**
 * One store behind the routes of five services, two of whose wrote text only, and one any JSON. Text is stored as it
 * is, so that every route reads it. Other JSON is stored as its text, with its own type: the route that took it gives it
 * back as JSON, those that know text only give the text.
 */
export const TEXT = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json';

/** What one read found, and who answered. */
export interface Found {
  readonly found: StoredValue | null;
  readonly servedBy: string | null;
  readonly headers: RawHeaders;
}

/** The value that stands, or one that stood (R20). null: it could not be read, and the answer that says so is on its way. */
export async function find(
  context: ApiContext,
  response: ApiResponse,
  key: Key,
  version: Version | null = null,
): Promise<Found | null> {
  const terms = { mode: 'in-sync', token: null } as const;
  const result = await context.operations.read(
    version === null
      ? { kind: 'key', key, ...terms }
      : { kind: 'past', key, at: { kind: 'version', version }, ...terms },
  );
  if (result.kind === 'unavailable') {
    sendDetail(response, refusalOf(result, context.metrics));
    return null;
  }
  const { outcome, servedBy } = result;
  const headers = usedServer(servedBy);
  if (outcome.kind === 'read') return { found: outcome.found, servedBy, headers };
  if (outcome.kind === 'past')
    return { found: outcome.past.kind === 'found' ? outcome.past.stored : null, servedBy, headers };
  if (outcome.kind === 'listed') throw new TypeError('a read of one key was answered as a list');
  sendDetail(response, faultOfRead(outcome), headers);
  return null;
}

/** A value as text; null if it is none, which is then answered: to replace its bytes would falsify it. */
export function textOrRefusal(response: ApiResponse, key: Key, found: StoredValue, headers: RawHeaders): string | null {
  const value = bufferOf(found.value);
  if (isUtf8(value)) return value.toString('utf8');
  sendDetail(response, fault('not-text', `The value of key '${textOf(key) ?? ''}' is not UTF-8.`), headers);
  return null;
}

/** A committed write, or why there is none. */
export type Written =
  | {
      readonly kind: 'written';
      readonly outcome: KeyOutcome;
      readonly acks: number;
      readonly headers: RawHeaders;
    }
  | { readonly kind: 'failed'; readonly fault: Fault; readonly headers: RawHeaders };

/** The fence is ours, and is heeded all the same. */
export async function writeOne(
  context: ApiContext,
  request: ApiRequest,
  asked: PutCommand | DeleteCommand,
): Promise<Written> {
  const command = fenced(request, asked);
  if ('code' in command) return { kind: 'failed', fault: command, headers: [] };
  const result = await context.operations.write(command, { idempotencyKey: null });
  if (result.kind === 'unavailable') return { kind: 'failed', fault: refusalOf(result, context.metrics), headers: [] };
  const { outcome, servedBy } = result;
  const headers = usedServer(servedBy);
  if (outcome.kind !== 'committed') return { kind: 'failed', fault: faultOfWrite(outcome), headers };
  const { decided, acks } = outcome;
  if (decided.kind === 'stale') return { kind: 'failed', fault: STALE, headers };
  if (decided.kind !== 'written' && decided.kind !== 'deleted' && decided.kind !== 'absent')
    throw new TypeError(`a write of one key was answered as a ${decided.kind}`);
  return { kind: 'written', outcome: decided, acks, headers };
}

/** A put without conditions, of a value that stays. */
export const putOf = (key: Key, value: Uint8Array, contentType: string): PutCommand => ({
  kind: 'put',
  key,
  value,
  contentType,
  condition: { kind: 'none' },
  lifetime: { kind: 'unlimited' },
  idle: { kind: 'unlimited' },
});
