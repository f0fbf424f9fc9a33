import type { IncomingMessage, ServerResponse } from 'node:http';

import { LIST_ITEMS_MAX, type ListPlace, type SessionToken } from '../../../core/store/reads.ts';
import { textOf } from '../../../protocol/http/key-path.ts';
import { faultOfRead } from '../../../protocol/http/outcomes.ts';
import { retryAfterOf, statusOf, type Fault } from '../../../protocol/http/problem.ts';
import { workerPutBody } from '../../../protocol/http/schemas/earlier/workers.ts';
import { notUnicode } from '../../../protocol/http/validation-detail.ts';
import type { ApiContext } from '../context.ts';
import { send, sendDetail, sendJson, type RawHeaders } from '../respond.ts';
import type { Route } from '../routes.ts';
import { refusalOf } from '../unavailable.ts';
import { sendInvalid, usedServer } from './answers.ts';
import { boundedValue, keyAfter, modelOf, readModel } from './input.ts';
import { find, putOf, TEXT, textOrRefusal, writeOne } from './values.ts';

/** What a worker of the service with a controller did, here on the proxy and on each kvstore. */
export const workerValueRoutes: readonly Route[] = [
  { pattern: '/kv/{key}', match: /^\/kv\/[^/]+$/, methods: { GET: get, PUT: put } },
  { pattern: '/keys', match: '/keys', methods: { GET: listKeys } },
];

const putModel = modelOf(workerPutBody);

async function get(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = keyAfter('/kv/', request, response);
  if (key === null) return;
  const result = await find(context, response, key);
  if (result === null) return;
  const { found, headers } = result;
  if (found === null) {
    sendJson(response, 404, { detail: 'not found' }, headers);
    return;
  }
  const value = textOrRefusal(response, key, found, headers);
  if (value !== null) sendJson(response, 200, { value }, headers);
}

async function put(context: ApiContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = keyAfter('/kv/', request, response);
  if (key === null) return;
  const body = await readModel(context, request, response, putModel);
  if (body === null) return;
  const { value } = body.value as { readonly value: string };
  if (!value.isWellFormed()) {
    sendInvalid(response, [notUnicode(['body', 'value'], value)]);
    return;
  }
  const bytes = boundedValue(context, response, value);
  if (bytes === null) return;
  const written = await writeOne(context, request, putOf(key, bytes, TEXT));
  if (written.kind === 'written') sendJson(response, 200, { result: 'ok', acks: written.acks }, written.headers);
  else if (statusOf(written.fault.code) === 503) sendWriteFailed(response, written.fault, written.headers);
  else sendDetail(response, written.fault, written.headers);
}

/**
 * In the service's words, which leave it open, as it did, whether the write is there. Its workers told how many had
 * acknowledged; here nobody is told of a write before all have.
 */
function sendWriteFailed(response: ServerResponse, { code }: Fault, headers: RawHeaders): void {
  const seconds = retryAfterOf(code);
  const retryAfter = seconds === null ? [] : ['Retry-After', String(seconds)];
  sendJson(response, 503, { detail: 'write failed; acks=0' }, [...headers, ...retryAfter]);
}

/** A page of keys, or why there is none. */
type Page =
  | {
      readonly kind: 'page';
      /** As JSON strings. Binary keys have no place in an answer of text. */
      readonly keys: readonly string[];
      readonly next: ListPlace | null;
      readonly seen: SessionToken;
      readonly headers: RawHeaders;
    }
  | { readonly kind: 'failed'; readonly fault: Fault; readonly headers: RawHeaders };

/** All keys, however many: pages are read as the client takes them, so that no more than one is in memory. */
async function listKeys(context: ApiContext, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  const first = await pageAfter(context, null, null);
  if (first.kind === 'failed') {
    sendDetail(response, first.fault, first.headers);
    return;
  }
  const begin = `{"keys":[${first.keys.join(',')}`;
  const headers = ['Content-Type', 'application/json', ...first.headers];
  if (first.next === null) {
    send(response, 200, headers, `${begin}]}`);
    return;
  }
  response.writeHead(200, headers);
  await writeOut(response, begin);
  let isEmpty = first.keys.length === 0;
  let last = first;
  while (last.next !== null && !response.destroyed) {
    const page = await pageAfter(context, last.next, last.seen);
    if (page.kind === 'failed') {
      // Half a list must not look like a whole one: the client sees an answer that was cut off.
      context.log.warn('list-of-keys-cut-off', { code: page.fault.code });
      response.destroy();
      return;
    }
    const text = page.keys.join(',');
    await writeOut(response, isEmpty || text === '' ? text : `,${text}`);
    isEmpty &&= text === '';
    last = page;
  }
  response.end(']}');
}

async function pageAfter(context: ApiContext, after: ListPlace | null, token: SessionToken | null): Promise<Page> {
  const selection = { prefix: '', delimiter: null, after, limit: LIST_ITEMS_MAX, withValues: false };
  const result = await context.operations.read({ kind: 'list', selection, mode: 'in-sync', token });
  if (result.kind === 'unavailable') return { kind: 'failed', fault: refusalOf(result, context.metrics), headers: [] };
  const { outcome, servedBy } = result;
  const headers = usedServer(servedBy);
  if (outcome.kind === 'read') throw new TypeError('a list was answered as a read of one key');
  if (outcome.kind !== 'listed') return { kind: 'failed', fault: faultOfRead(outcome), headers };
  const keys: string[] = [];
  for (const item of outcome.items) {
    const text = item.kind === 'key' ? textOf(item.key) : null;
    if (text !== null) keys.push(JSON.stringify(text));
  }
  const { next, lineage, revision } = outcome;
  return { kind: 'page', keys, next, seen: { lineage, revision }, headers };
}

/** Resolves when the client has taken enough of it for more, or is gone. */
async function writeOut(response: ServerResponse, text: string): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle);
      resolve();
    };
    response.on('drain', settle).on('close', settle);
  });
}
