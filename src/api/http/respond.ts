import type { IncomingMessage, ServerResponse } from 'node:http';

import {
  problemOf,
  PROBLEM_MEDIA_TYPE,
  retryAfterOf,
  statusOf,
  textOfFault,
  type Fault,
} from '../../protocol/http/problem.ts';
import type { ApiResponse } from './exchange.ts';
import { FastResponse } from './fast-path/exchange.ts';

/** Names and values by turns, as `writeHead` takes them without making an object of them. */
export type RawHeaders = readonly string[];

const NO_HEADERS: RawHeaders = [];

/**
 * Node sends headers and a string in one write, but headers and a buffer in two pieces; below this a copy costs less.
 * latin1 is the bytes as they are.
 */
const ONE_WRITE_BYTES_MAX = 4096;

/** `body` null: none, and no Content-Length either (204, 304). */
export function send(response: ApiResponse, status: number, headers: RawHeaders, body: Buffer | string | null): void {
  if (response instanceof FastResponse) {
    response.answer(status, headers, body);
    return;
  }
  if (body === null) {
    response.writeHead(status, headers as string[]);
    response.end();
    return;
  }
  const request = response.req;
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const all = [...headers, 'Content-Length', String(length)];
  if (!request.complete && hasLongBody(request)) {
    endUnread(request, response, status, all, body);
    return;
  }
  response.writeHead(status, all);
  if (length === 0) response.end();
  else if (typeof body === 'string') response.end(body);
  else if (length <= ONE_WRITE_BYTES_MAX) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
}

export function sendJson(response: ApiResponse, status: number, body: unknown, headers: RawHeaders = NO_HEADERS): void {
  send(response, status, ['Content-Type', 'application/json', ...headers], JSON.stringify(body));
}

/** As RFC 9457 says it. */
export function sendProblem(
  response: ApiResponse,
  fault: Fault,
  headers: RawHeaders = NO_HEADERS,
  more: Readonly<Record<string, unknown>> = {},
): void {
  const all = ['Content-Type', PROBLEM_MEDIA_TYPE, 'Cache-Control', 'no-store', ...headers, ...retryAfter(fault)];
  send(response, statusOf(fault.code), all, JSON.stringify({ ...problemOf(fault), ...more }));
}

/** As the clients of the earlier services know errors. */
export function sendDetail(response: ApiResponse, fault: Fault, headers: RawHeaders = NO_HEADERS): void {
  sendJson(response, statusOf(fault.code), { detail: textOfFault(fault) }, [...headers, ...retryAfter(fault)]);
}

function retryAfter(fault: Fault): RawHeaders {
  const seconds = retryAfterOf(fault.code);
  return seconds === null ? NO_HEADERS : ['Retry-After', String(seconds)];
}

/** A rest of a body that is known to be no longer than this is read and dropped, and the connection goes on. */
const DROPPED_BYTES_MAX = 65_536;
const LINGER_MS = 1000;
const LINGER_BYTES_MAX = 32 * 2 ** 20;

function hasLongBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  if (length !== undefined) return Number(length) > DROPPED_BYTES_MAX;
  return request.headers['transfer-encoding'] !== undefined;
}

/**
 * Answers while the body still arrives. Closing at once would make the kernel reset the connection, and the client would
 * lose the answer in it. So the answer goes out whole, and the connection is read and dropped for a while before it is
 * closed.
 */
function endUnread(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: RawHeaders,
  body: Buffer | string,
): void {
  response.writeHead(status, [...headers, 'Connection', 'close']);
  response.write(body);
  let dropped = 0;
  const end = (): void => {
    clearTimeout(timer);
    request.off('data', drop).off('end', end).off('close', end);
    response.end();
  };
  const drop = (chunk: Buffer): void => {
    dropped += chunk.length;
    if (dropped > LINGER_BYTES_MAX) end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.on('data', drop).on('end', end).on('close', end).resume();
}
