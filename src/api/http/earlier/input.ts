import { isUtf8 } from 'node:buffer';

import type { Key } from '../../../core/base/key.ts';
import { keyOf } from '../../../protocol/http/key-path.ts';
import { isTooDeep } from '../../../protocol/http/json-source.ts';
import type { JsonSchema } from '../../../protocol/http/operation.ts';
import { fault } from '../../../protocol/http/problem.ts';
import { lenientParameter, lenientSegment, splitTarget } from '../../../protocol/http/query.ts';
import {
  bodyDetails,
  emptyKey,
  invalidJson,
  keyTooLong,
  missingBody,
  missingParameter,
  notAnObject,
  notUnicode,
  type ValidationDetail,
} from '../../../protocol/http/validation-detail.ts';
import { compileBody } from '../../../protocol/http/validators.ts';
import type { ApiContext } from '../context.ts';
import { readBody, tooLarge } from '../request-body.ts';
import { sendDetail } from '../respond.ts';
import { sendInvalid, sendUnparsable } from './answers.ts';
import type { ApiRequest, ApiResponse } from '../exchange.ts';

/** What a route takes as its body: an object with these fields, and any others. */
export interface Model {
  readonly fields: readonly string[];
  readonly check: ReturnType<typeof compileBody>;
}

export function modelOf(schema: JsonSchema & { readonly properties: object }): Model {
  return { fields: Object.keys(schema.properties), check: compileBody(schema, 'all') };
}

/** JSON may spell each byte of a value with six characters (`\u0001`), and needs some beside it. */
const JSON_BYTES_PER_VALUE_BYTE = 6;
const JSON_OVERHEAD_BYTES = 16_384;

/** A body that is as its model says: what it stands for, and its text. */
export interface ParsedBody {
  readonly value: unknown;
  readonly json: string;
}

/** null: the answer is on its way, or there is nobody to answer. */
export async function readModel(
  context: ApiContext,
  request: ApiRequest,
  response: ApiResponse,
  model: Model,
): Promise<ParsedBody | null> {
  const { valueBytesMax } = context.limits;
  const bodyBytesMax = valueBytesMax * JSON_BYTES_PER_VALUE_BYTE + JSON_OVERHEAD_BYTES;
  const body = await readBody(context, response, bodyBytesMax);
  switch (body.kind) {
    case 'aborted':
      return null;
    case 'tooLarge':
      context.metrics.limitHit('too-large');
      sendDetail(response, tooLarge(body.size, bodyBytesMax));
      return null;
    case 'noRoom':
      context.metrics.limitHit('overloaded');
      sendDetail(response, fault('overloaded'));
      return null;
    case 'body': {
      const parsed = parse(body.bytes, request.headers['content-type'], model);
      if (parsed === 'unparsable') sendUnparsable(response);
      else if ('json' in parsed) return parsed;
      else sendInvalid(response, parsed);
      return null;
    }
  }
}

function parse(
  body: Buffer,
  contentType: string | undefined,
  model: Model,
): ParsedBody | readonly ValidationDetail[] | 'unparsable' {
  if (body.length === 0) return [missingBody];
  if (!isUtf8(body)) return 'unparsable';
  const text = body.toString('utf8');
  if (!isJson(contentType)) return [notAnObject(text)];
  const json = withoutByteOrderMark(text);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    const detail = invalidJson(json);
    return detail === null ? 'unparsable' : [detail];
  }
  if (isTooDeep(json)) return 'unparsable';
  const errors = model.check(value);
  return errors.length > 0 ? bodyDetails(errors, model.fields) : { value, json };
}

/** The value's bytes; null if they are more than may be, which is then answered. */
export function boundedValue(context: ApiContext, response: ApiResponse, text: string): Buffer | null {
  const value = Buffer.from(text);
  const { valueBytesMax } = context.limits;
  if (value.length <= valueBytesMax) return value;
  context.metrics.limitHit('too-large');
  sendDetail(response, tooLarge(value.length, valueBytesMax));
  return null;
}

/** What follows `prefix` in the path, escapes undone; null if it is no text, which is then answered. */
export function segmentAfter(prefix: string, request: ApiRequest, response: ApiResponse, name: string): string | null {
  const segment = splitTarget(request.url ?? '').path.slice(prefix.length);
  const text = lenientSegment(segment);
  if (text === null) sendInvalid(response, [notUnicode(['path', name], segment)]);
  return text;
}

/** The key that follows `prefix` in the path; null if there can be none like it, which is then answered. */
export function keyAfter(prefix: string, request: ApiRequest, response: ApiResponse): Key | null {
  const text = segmentAfter(prefix, request, response, 'key');
  if (text === null) return null;
  const key = keyOf(text);
  if (key === null) sendInvalid(response, [badKey(['path', 'key'], text)]);
  return key;
}

/** Those parameters of the query that a route must be given; null if one is missing or no text, which is then answered. */
export function requiredParameters<Name extends string>(
  names: readonly Name[],
  request: ApiRequest,
  response: ApiResponse,
): Readonly<Record<Name, string>> | null {
  const { query } = splitTarget(request.url ?? '');
  const wrong: ValidationDetail[] = [];
  const values = {} as Record<Name, string>;
  for (const name of names) {
    const given = lenientParameter(query, name);
    if (given.kind === 'text') values[name] = given.text;
    else wrong.push(given.kind === 'missing' ? missingParameter(name) : notUnicode(['query', name], given.raw));
  }
  if (wrong.length === 0) return values;
  sendInvalid(response, wrong);
  return null;
}

/** Why a text is no key. */
export function badKey(loc: ValidationDetail['loc'], text: string): ValidationDetail {
  if (text === '') return emptyKey(loc);
  return text.isWellFormed() ? keyTooLong(loc, text) : notUnicode(loc, text);
}

/** Without a Content-Type a body is taken for JSON, as FastAPI did when these clients were written. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^\s*application\/(?:[^;\s]*\+)?json\s*(?:;|$)/i.test(contentType);
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
