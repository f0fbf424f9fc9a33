import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeSessionToken } from '../../../src/protocol/http/session-token.ts';
import { logIndex } from '../../../src/core/base/numbers.ts';

export interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly atMs: number;
}

export type Reply = (response: ServerResponse, request: IncomingMessage) => void;

/** Answers each request with the next of its replies, and the last again and again; keeps what it was sent. */
export class FakeStore {
  readonly received: Received[] = [];
  replies: Reply[] = [];
  connections = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', () => (this.connections += 1));
  }

  static async start(...replies: Reply[]): Promise<FakeStore> {
    const store = new FakeStore();
    store.replies = replies;
    await new Promise<void>((resolve) => store.#server.listen(0, '127.0.0.1', resolve));
    return store;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get last(): Received {
    const last = this.received.at(-1);
    if (last === undefined) throw new Error('nothing was received');
    return last;
  }

  async end(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', url: target = '', headers } = request;
    this.received.push({ method, target, headers, body, atMs: performance.now() });
    const reply = this.replies.length > 1 ? this.replies.shift() : this.replies[0];
    reply?.(response, request);
  }
}

export const reply =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Reply =>
  (response) =>
    void response.writeHead(status, headers).end(body);

export const json = (body: unknown, headers: Readonly<Record<string, string>> = {}): Reply =>
  reply(200, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(body));

export const problem = (
  status: number,
  body: { readonly code: string; readonly retryable?: boolean; readonly outcome?: 'unknown' },
  headers: Readonly<Record<string, string>> = {},
): Reply => reply(status, { 'Content-Type': 'application/problem+json', ...headers }, JSON.stringify(body));

export const written = reply(201, { ETag: '"7-l"', 'X-KV-Revision': '7', 'X-KV-Version': '1' });
export const noKey = problem(404, { code: 'no-key' });
/** Nothing was written, and the wait that it asks for is none. */
export const noLeader = problem(503, { code: 'no-leader', retryable: true }, { 'Retry-After': '0' });

export const envelope = {
  key: 'k',
  value: 'v',
  revision: 7,
  version: 1,
  createRevision: 7,
  contentType: 'text/plain',
  expiresAt: null,
  idle: null,
  etag: '"7-l"',
};

/** As a process that is killed. */
export const reset: Reply = (response) => response.socket?.resetAndDestroy();
export const silence: Reply = () => undefined;

/** Begins a success, and breaks off. */
export const half: Reply = (response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000', ETag: '"7-l"' });
  response.write('{"key":', () => response.socket?.destroy());
};

export const tokenOf = (revision: number, number = 1): string =>
  encodeSessionToken({ lineage: { number, id: `d${number}` }, revision: logIndex(revision) });
