import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** An API server that answers what a test tells it to, faults included. */
export class ScriptedApi {
  readonly requests: SeenRequest[] = [];
  /** Connections that were ever made. */
  connections = 0;
  answer: Answer = status(500);
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: 'http' | 'https';
  #port = 0;

  constructor(tls?: TlsOptions) {
    this.#scheme = tls === undefined ? 'http' : 'https';
    const onRequest = (incoming: IncomingMessage, response: ServerResponse): void =>
      void this.#onRequest(incoming, response);
    this.#server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Again after `close`: on the same port. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  resetConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  async #onRequest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk as string;
    const { pathname, searchParams } = new URL(incoming.url ?? '', this.url);
    const request = {
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body,
    };
    this.requests.push(request);
    this.answer(response, request);
  }
}

export const json =
  (code: number, body: unknown): Answer =>
  (response) => {
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

/** As Kubernetes says no. */
export const status = (code: number, reason = ''): Answer =>
  json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: `said ${code}`, reason, code });

export const reset: Answer = (response) => (response.socket as Socket).resetAndDestroy();

export const silence: Answer = () => undefined;

/** Promises an answer, then breaks off. */
export const truncated: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{"kind":');
  setImmediate(() => response.destroy());
};

/** The answers in order; the last one stays. */
export function inOrder(...answers: readonly Answer[]): Answer {
  let next = 0;
  return (response, request) => {
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    answer?.(response, request);
  };
}

/** One answer for lists and one for watches. */
export const listThenWatch =
  (list: Answer, watch: Answer): Answer =>
  (response, request) =>
    request.query.get('watch') === 'true' ? watch(response, request) : list(response, request);

/** A watch that stays open; what is sent through `send` reaches every open one. */
export class OpenWatches {
  readonly #responses = new Set<ServerResponse>();

  readonly answer: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    this.#responses.add(response);
    response.on('close', () => this.#responses.delete(response));
  };

  get count(): number {
    return this.#responses.size;
  }

  send(type: string, object: unknown): void {
    this.write(`${JSON.stringify({ type, object })}\n`);
  }

  write(text: string | Buffer): void {
    for (const response of this.#responses) response.write(text);
  }

  /** In good order, as at the end of timeoutSeconds. */
  end(): void {
    for (const response of this.#responses) response.end();
  }
}
