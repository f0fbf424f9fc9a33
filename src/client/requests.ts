import type { Answer, Effect } from './exchange.ts';
import type { Condition, WriteOptions } from './options.ts';
import type { KvWritten } from './operations.ts';
import { badAnswer } from './problems.ts';
import { encodedName } from './targets.ts';

export const ENVELOPE = { Accept: 'application/vnd.kv+json' };
export const JSON_BODY = { 'Content-Type': 'application/json' };

type Headers = Readonly<Record<string, string>>;

export function effectOf({ idempotencyKey }: WriteOptions): Effect {
  if (idempotencyKey === undefined) return { kind: 'write', idempotencyKey: crypto.randomUUID(), isDrawn: true };
  return { kind: 'write', idempotencyKey: idempotencyKey === false ? null : idempotencyKey, isDrawn: false };
}

export function conditionHeaders({ ifMatch, ifNoneMatch }: Condition): Headers {
  return {
    ...(ifMatch === undefined ? {} : { 'If-Match': ifMatch }),
    ...(ifNoneMatch === undefined ? {} : { 'If-None-Match': ifNoneMatch }),
  };
}

export const fenceHeaders = ({ fence }: WriteOptions): Headers =>
  fence === undefined ? {} : { 'X-KV-Fence': `${encodedName(fence.name)}:${fence.fencingToken}` };

/**
 * What a write has made, as the headers of its answer say.
 * @throws KvError `bad-answer`
 */
export function writtenOf(answer: Answer | null, effect: Effect): KvWritten {
  const etag = answer?.headers.get('etag') ?? null;
  if (answer === null || etag === null) throw badAnswer(answer, effect);
  const { headers, status } = answer;
  const [revision, version] = [Number(headers.get('x-kv-revision')), Number(headers.get('x-kv-version'))];
  return { etag, revision, version, created: status === 201 };
}

/**
 * An object with that field.
 * @throws KvError `bad-answer` for what is none
 */
export function jsonOf(answer: Answer | null, effect: Effect, field: string): unknown {
  if (answer === null) throw badAnswer(answer, effect);
  try {
    const body = JSON.parse(answer.text) as unknown;
    if (Object.hasOwn(body as object, field)) return body;
  } catch (cause) {
    throw badAnswer(answer, effect, cause);
  }
  throw badAnswer(answer, effect);
}
