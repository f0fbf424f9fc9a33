import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Key } from '../../core/base/key.ts';
import type { Condition } from '../../core/store/commands.ts';
import type { StoredValue } from '../../core/store/reads.ts';
import { keyOf, textOf } from '../../protocol/http/key-path.ts';
import { faultOfRead, faultOfWrite } from '../../protocol/http/outcomes.ts';
import { fault } from '../../protocol/http/problem.ts';
import { lenientQuery, lenientSegment, splitTarget } from '../../protocol/http/query.ts';
import { getQuery, putBody } from '../../protocol/http/schemas/earlier.ts';
import {
  bodyDetails,
  canonicalInteger,
  invalidJson,
  keyTooLong,
  missingBody,
  notAnObject,
  notUnicode,
  validationDetail,
  type ValidationDetail,
} from '../../protocol/http/validation-detail.ts';
import { compileBody } from '../../protocol/http/validators.ts';
import type { ApiContext } from './context.ts';
import { bufferOf } from './keys.ts';
import { readBody, tooLarge } from './request-body.ts';
import { send, sendDetail, sendJson } from './respond.ts';
import type { Handler, Route } from './routes.ts';
import { refusalOf } from './unavailable.ts';

/** The routes of the main earlier service, with its bodies and status codes to the letter. */
export const earlierRoutes: readonly Route[] = [
  { pattern: '/put', match: '/put', methods: { PUT: put } },
  { pattern: '/get/{key}', match: /^\/get\/[^/]+$/, methods: { GET: get } },
  { pattern: '/delete/{key}', match: /^\/delete\/[^/]+$/, methods: { DELETE: remove } },
  { pattern: '/put/', match: '/put/', methods: redirecting('PUT') },
  { pattern: '/get/{key}/', match: /^\/get\/[^/]+\/$/, methods: redirecting('GET') },
  { pattern: '/delete/{key}/', match: /^\/delete\/[^/]+\/$/, methods: redirecting('DELETE') },
];

/** FastAPI sends a path that ends in a slash too many to the one without it. */
function redirecting(method: string): Record<string, Handler> {
  return { [method]: redirect };
}

function redirect(_context: ApiContext, request: IncomingMessage, response: ServerResponse): void {
  const { path, query } = splitTarget(request.url ?? '');
  send(response, 307, ['Location', path.slice(0, -1) + (query === '' ? '' : `?${query}`)], '');
}

const NO_CONDITION: Condition = { kind: 'none' };
/** What is written here is text, and read as such under /v1. */
const TEXT = 'text/plain; charset=utf-8';

const checkPut = compileBody(putBody, 'all');
const checkGet = compileBody(getQuery, 'all');
const PUT_FIELDS = Object.keys(putBody.properties);

/** JSON may spell each byte of a value with six characters (`\u0001`), and needs some beside it. */
const JSON_BYTES_PER_VALUE_BYTE = 6;
const JSON_OVERHEAD_BYTES = 16_384;

async function put(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { valueBytesMax } = context.limits;
  const bodyBytesMax = valueBytesMax * JSON_BYTES_PER_VALUE_BYTE + JSON_OVERHEAD_BYTES;
  const body = await readBody(context, request, response, bodyBytesMax);
  switch (body.kind) {
    case 'aborted':
      return;
    case 'tooLarge':
      context.metrics.limitHit('too-large');
      sendDetail(response, tooLarge(body.size, bodyBytesMax));
      return;
    case 'noRoom':
      context.metrics.limitHit('overloaded');
      sendDetail(response, fault('overloaded'));
      return;
    case 'body':
      await putParsed(context, request, response, body.bytes);
  }
}

async function putParsed(
  context: ApiContext,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  if (body.length === 0) {
    sendInvalid(response, [missingBody]);
    return;
  }
  if (!isUtf8(body)) {
    sendUnparsable(response);
    return;
  }
  const text = body.toString('utf8');
  if (!isJson(request.headers['content-type'])) {
    sendInvalid(response, [notAnObject(text)]);
    return;
  }
  const json = withoutByteOrderMark(text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    const detail = invalidJson(json);
    if (detail === null) sendUnparsable(response);
    else sendInvalid(response, [detail]);
    return;
  }
  const errors = checkPut(parsed);
  if (errors.length > 0) {
    sendInvalid(response, bodyDetails(errors, PUT_FIELDS));
    return;
  }
  const pair = parsed as { readonly key: string; readonly value: string };
  const key = keyOf(pair.key);
  if (key === null) {
    sendInvalid(response, [badKey(['body', 'key'], pair.key)]);
    return;
  }
  if (!pair.value.isWellFormed()) {
    sendInvalid(response, [notUnicode(['body', 'value'], pair.value)]);
    return;
  }
  const value = Buffer.from(pair.value);
  if (value.length > context.limits.valueBytesMax) {
    context.metrics.limitHit('too-large');
    sendDetail(response, tooLarge(value.length, context.limits.valueBytesMax));
    return;
  }
  const result = await context.operations.write(
    { kind: 'put', key, value, contentType: TEXT, condition: NO_CONDITION, lifetime: { kind: 'unlimited' } },
    { idempotencyKey: null },
  );
  if (result.kind === 'unavailable') sendDetail(response, refusalOf(result, context.metrics));
  else if (result.outcome.kind !== 'committed')
    sendDetail(response, faultOfWrite(result.outcome), usedServer(result.servedBy));
  else
    sendJson(response, 200, { message: `Key '${pair.key}' added/updated successfully.` }, usedServer(result.servedBy));
}

async function get(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = splitTarget(request.url ?? '');
  const key = keyIn(response, target.path.slice('/get/'.length));
  if (key === null) return;
  const query = lenientQuery(target.query);
  const wrong = checkGet(query);
  if (wrong.length > 0) {
    sendInvalid(
      response,
      wrong.slice(0, 1).map((error) => validationDetail(error, 'query')),
    );
    return;
  }
  const result = await context.operations.read({ kind: 'key', key, mode: 'in-sync', token: null });
  if (result.kind === 'unavailable') {
    sendDetail(response, refusalOf(result, context.metrics));
    return;
  }
  const { outcome, servedBy } = result;
  if (outcome.kind !== 'read') {
    sendDetail(response, faultOfRead(outcome), usedServer(servedBy));
    return;
  }
  const version = query['version'] === undefined ? null : canonicalInteger(query['version']);
  const { found } = outcome;
  if (version !== null && (found === null || String(found.version) !== version)) {
    sendJson(response, 404, { detail: `Key '${textOf(key)}' version ${version} not found` }, usedServer(servedBy));
  } else if (found === null) {
    sendNoKey(response, servedBy);
  } else {
    sendFound(context, response, key, found, servedBy);
  }
}

function sendFound(
  context: ApiContext,
  response: ServerResponse,
  key: Key,
  found: StoredValue,
  servedBy: string | null,
): void {
  const value = bufferOf(found.value);
  if (!isUtf8(value)) {
    sendDetail(response, fault('not-text', `The value of key '${textOf(key)}' is not UTF-8.`), usedServer(servedBy));
    return;
  }
  sendJson(
    response,
    200,
    {
      key: textOf(key),
      value: value.toString('utf8'),
      version: found.version,
      timestamp: found.modifiedMs / 1000,
      source: 'cache',
      server_used: servedBy ?? context.serverName,
    },
    usedServer(servedBy),
  );
}

async function remove(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = keyIn(response, splitTarget(request.url ?? '').path.slice('/delete/'.length));
  if (key === null) return;
  const result = await context.operations.write(
    { kind: 'delete', key, condition: NO_CONDITION },
    { idempotencyKey: null },
  );
  if (result.kind === 'unavailable') {
    sendDetail(response, refusalOf(result, context.metrics));
    return;
  }
  const { outcome, servedBy } = result;
  if (outcome.kind !== 'committed') sendDetail(response, faultOfWrite(outcome), usedServer(servedBy));
  else if (outcome.decided.kind === 'absent') sendNoKey(response, servedBy);
  else {
    const message = `Key '${textOf(key)}' deleted successfully.`;
    sendJson(response, 200, { message, result: 'deleted' }, usedServer(servedBy));
  }
}

/** The key in a segment of a path; null if it cannot be one, which is then answered. */
function keyIn(response: ServerResponse, segment: string): Key | null {
  const text = lenientSegment(segment);
  if (text === null) {
    sendInvalid(response, [notUnicode(['path', 'key'], segment)]);
    return null;
  }
  const key = keyOf(text);
  if (key === null) sendInvalid(response, [badKey(['path', 'key'], text)]);
  return key;
}

function badKey(loc: ValidationDetail['loc'], text: string): ValidationDetail {
  return text.isWellFormed() ? keyTooLong(loc, text) : notUnicode(loc, text);
}

function sendNoKey(response: ServerResponse, servedBy: string | null): void {
  sendJson(response, 404, { detail: 'Key not found.' }, usedServer(servedBy));
}

/** FastAPI's words where a body is not UTF-8, or nested beyond reason. */
function sendUnparsable(response: ServerResponse): void {
  sendJson(response, 400, { detail: 'There was an error parsing the body' });
}

function sendInvalid(response: ServerResponse, details: readonly ValidationDetail[]): void {
  sendJson(response, 422, { detail: details.map(withShownInput) });
}

/** Beyond this, an input is not sent back: it would cost more than it explains. */
const INPUT_CHARACTERS_MAX = 10_000;

function withShownInput(detail: ValidationDetail): ValidationDetail {
  try {
    if (JSON.stringify(detail.input).length <= INPUT_CHARACTERS_MAX) return detail;
  } catch {
    // Nested too deeply to be written.
  }
  return { ...detail, input: null };
}

const usedServer = (servedBy: string | null): readonly string[] =>
  servedBy === null ? [] : ['X-Server-Used', servedBy];

/** Without a Content-Type a body is taken for JSON, as FastAPI did when these clients were written. */
function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^\s*application\/(?:[^;\s]*\+)?json\s*(?:;|$)/i.test(contentType);
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
