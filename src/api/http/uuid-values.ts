import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Key } from '../../core/base/key.ts';
import { faultOfRead } from '../../protocol/http/outcomes.ts';
import { fault } from '../../protocol/http/problem.ts';
import { lenientSegment, splitTarget } from '../../protocol/http/query.ts';
import type { ApiContext } from './context.ts';
import { datasetValue } from './dataset-value.ts';
import { bufferOf } from './keys.ts';
import { sendDetail, sendJson } from './respond.ts';
import type { Route } from './routes.ts';
import { refusalOf } from './unavailable.ts';

/** The route of the earlier service whose keys are UUIDs: the data file first, then the store. */
export const uuidValueRoutes: readonly Route[] = [
  { pattern: '/get_value/{key}', match: /^\/get_value\/[^/]+$/, methods: { GET: get } },
];

const PREFIX = '/get_value/';
/** Version 4, with dashes or without. */
const UUID = /^([0-9a-f]{8})(-?)([0-9a-f]{4})\2(4[0-9a-f]{3})\2([89ab][0-9a-f]{3})\2([0-9a-f]{12})$/i;

async function get(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const segment = splitTarget(request.url ?? '').path.slice(PREFIX.length);
  const input = lenientSegment(segment) ?? segment;
  const [, a, , b, c, d, e] = UUID.exec(input) ?? [];
  if (a === undefined) {
    const detail = { type: 'uuid_parsing', loc: ['path', 'key'], msg: 'Input should be a valid UUID', input };
    sendJson(response, 422, { detail: [detail] });
    return;
  }
  const key = [a, b, c, d, e].join('-').toLowerCase() as Key;
  const inFile = await datasetValue(context, response, key);
  if (inFile === null) return;
  if (inFile.value === null) await sendStored(context, response, key);
  else sendJson(response, 200, { key, value: inFile.value }, inFile.headers);
}

async function sendStored(context: ApiContext, response: ServerResponse, key: Key): Promise<void> {
  const result = await context.operations.read({ kind: 'key', key, mode: 'in-sync', token: null });
  if (result.kind === 'unavailable') {
    sendDetail(response, refusalOf(result, context.metrics));
    return;
  }
  const { outcome, servedBy } = result;
  const headers = servedBy === null ? [] : ['X-Server-Used', servedBy];
  if (outcome.kind !== 'read') {
    sendDetail(response, faultOfRead(outcome), headers);
    return;
  }
  const value = outcome.found === null ? null : bufferOf(outcome.found.value);
  // An empty value was none to the earlier service.
  if (value === null || value.length === 0) sendJson(response, 404, { detail: 'Key not found' }, headers);
  else if (isUtf8(value)) sendJson(response, 200, { key, value: value.toString('utf8') }, headers);
  else sendDetail(response, fault('not-text', `The value of key '${key}' is not UTF-8.`), headers);
}
