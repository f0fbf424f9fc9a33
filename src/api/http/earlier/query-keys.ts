import type { IncomingMessage, ServerResponse } from 'node:http';

import { keyOf } from '../../../protocol/http/key-path.ts';
import type { ApiContext } from '../context.ts';
import { sendDetail, sendJson, type RawHeaders } from '../respond.ts';
import type { Route } from '../routes.ts';
import { sendInvalid } from './answers.ts';
import { badKey, boundedValue, requiredParameters } from './input.ts';
import { find, putOf, TEXT, textOrRefusal, writeOne } from './values.ts';

/** The routes of the service that takes keys and values in the query. */
export const queryKeyRoutes: readonly Route[] = [
  { pattern: '/api/v1/keys', match: '/api/v1/keys', methods: { GET: get, PUT: put } },
];

async function get(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const given = requiredParameters(['key'], request, response);
  if (given === null) return;
  const key = keyOf(given.key);
  if (key === null) {
    // The service has an empty key like any other, which is never found here.
    if (given.key === '') sendNoKey(response, []);
    else sendInvalid(response, [badKey(['query', 'key'], given.key)]);
    return;
  }
  const result = await find(context, response, key);
  if (result === null) return;
  const { found, headers } = result;
  // An empty value is none to this service.
  if (found === null || found.value.length === 0) {
    sendNoKey(response, headers);
    return;
  }
  const value = textOrRefusal(response, key, found, headers);
  if (value !== null) sendJson(response, 200, { key: given.key, value }, headers);
}

async function put(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const given = requiredParameters(['key', 'value'], request, response);
  if (given === null) return;
  const key = keyOf(given.key);
  if (key === null) {
    sendInvalid(response, [badKey(['query', 'key'], given.key)]);
    return;
  }
  const value = boundedValue(context, response, given.value);
  if (value === null) return;
  const written = await writeOne(context, request, putOf(key, value, TEXT));
  if (written.kind === 'failed') sendDetail(response, written.fault, written.headers);
  else sendJson(response, 200, null, written.headers);
}

function sendNoKey(response: ServerResponse, headers: RawHeaders): void {
  sendJson(response, 404, null, headers);
}
