import type { Key } from '../../../core/base/key.ts';
import type { Version } from '../../../core/base/numbers.ts';
import type { StoredValue } from '../../../core/store/reads.ts';
import { keyOf, textOf } from '../../../protocol/http/key-path.ts';
import { lenientQuery, splitTarget } from '../../../protocol/http/query.ts';
import { getQuery, putBody } from '../../../protocol/http/schemas/earlier/main-service.ts';
import { canonicalInteger, notUnicode, validationDetail } from '../../../protocol/http/validation-detail.ts';
import { compileBody } from '../../../protocol/http/validators.ts';
import type { ApiContext } from '../context.ts';
import { send, sendDetail, sendJson, type RawHeaders } from '../respond.ts';
import type { DirectRoute, Route } from '../routes.ts';
import { sendInvalid } from './answers.ts';
import { badKey, boundedValue, keyAfter, modelOf, readModel } from './input.ts';
import { find, JSON_TYPE, putOf, TEXT, textOrRefusal, writeOne, type Found } from './values.ts';
import type { ApiRequest, ApiResponse } from '../exchange.ts';

/** The routes of the main earlier service; `GET /get/{key}` serves the one with versions as well. */
export const mainServiceRoutes: readonly (Route | DirectRoute)[] = [
  { pattern: '/put', match: '/put', direct: /^\/put$/, methods: { PUT: put } },
  // Of a # or a no-break space Express makes something of its own.
  {
    pattern: '/get/{key}',
    match: /^\/get\/[^/]+$/,
    direct: /^\/get\/[^/?#\xa0]+(?:\?[^#\xa0]*)?$/,
    methods: { GET: get },
  },
  { pattern: '/delete/{key}', match: /^\/delete\/[^/]+$/, methods: { DELETE: remove } },
];

const putModel = modelOf(putBody);
const checkGet = compileBody(getQuery, 'all');

async function put(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const body = await readModel(context, request, response, putModel);
  if (body === null) return;
  const pair = body.value as { readonly key: string; readonly value: string };
  const key = keyOf(pair.key);
  if (key === null) {
    sendInvalid(response, [badKey(['body', 'key'], pair.key)]);
    return;
  }
  if (!pair.value.isWellFormed()) {
    sendInvalid(response, [notUnicode(['body', 'value'], pair.value)]);
    return;
  }
  const value = boundedValue(context, response, pair.value);
  if (value === null) return;
  const written = await writeOne(context, request, putOf(key, value, TEXT));
  if (written.kind === 'failed') sendDetail(response, written.fault, written.headers);
  else sendJson(response, 200, { message: `Key '${pair.key}' added/updated successfully.` }, written.headers);
}

async function get(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const key = keyAfter('/get/', request, response);
  if (key === null) return;
  const query = lenientQuery(splitTarget(request.url ?? '').query);
  const wrong = checkGet(query);
  if (wrong.length > 0) {
    sendInvalid(
      response,
      wrong.slice(0, 1).map((error) => validationDetail(error, 'query')),
    );
    return;
  }
  const version = query['version'] === undefined ? null : canonicalInteger(query['version']);
  const result = await find(context, response, key, version === null ? null : versionOf(version));
  if (result === null) return;
  const { found, headers } = result;
  if (version !== null && (found === null || String(found.version) !== version))
    sendJson(response, 404, { detail: `Key '${textOf(key) ?? ''}' version ${version} not found` }, headers);
  else if (found === null) sendNoKey(response, headers);
  else sendFound(context, response, key, { ...result, found });
}

/** null: no version has such a number. */
function versionOf(digits: string): Version | null {
  const number = Number(digits);
  return Number.isSafeInteger(number) && number > 0 ? (number as Version) : null;
}

function sendFound(
  context: ApiContext,
  response: ApiResponse,
  key: Key,
  { found, servedBy, headers }: Found & { readonly found: StoredValue },
): void {
  const text = textOrRefusal(response, key, found, headers);
  if (text === null) return;
  const value = isJsonValue(found, text) ? text : JSON.stringify(text);
  const rest = JSON.stringify({
    version: found.version,
    timestamp: found.modifiedMs / 1000,
    source: 'cache',
    server_used: servedBy ?? context.serverName,
  });
  const body = `{"key":${JSON.stringify(textOf(key))},"value":${value},${rest.slice(1)}`;
  send(response, 200, ['Content-Type', 'application/json', ...headers], body);
}

/** What is said to be JSON, and is: whoever wrote it may have been mistaken. */
function isJsonValue({ contentType }: StoredValue, text: string): boolean {
  if (contentType?.replace(/\s*;.*$/s, '').toLowerCase() !== JSON_TYPE) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function remove(context: ApiContext, request: ApiRequest, response: ApiResponse): Promise<void> {
  const key = keyAfter('/delete/', request, response);
  if (key === null) return;
  const written = await writeOne(context, request, { kind: 'delete', key, condition: { kind: 'none' } });
  if (written.kind === 'failed') sendDetail(response, written.fault, written.headers);
  else if (written.outcome.kind === 'absent') sendNoKey(response, written.headers);
  else {
    const message = `Key '${textOf(key) ?? ''}' deleted successfully.`;
    sendJson(response, 200, { message, result: 'deleted' }, written.headers);
  }
}

function sendNoKey(response: ApiResponse, headers: RawHeaders): void {
  sendJson(response, 404, { detail: 'Key not found.' }, headers);
}
