import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';

import type { ErrorCode } from '../../core/base/errors.ts';
import { fault, problemOf, PROBLEM_MEDIA_TYPE, type Fault } from '../../protocol/http/problem.ts';
import type { Limit, Log } from '../../ports/telemetry.ts';
import type { Api } from './api.ts';
import type { ApiMetrics } from './context.ts';
import { markContinuePending } from './continue.ts';
import { FastConnection, type FastAnswerer, type FastServer } from './fast-path/connection.ts';
import type { FastResponse } from './fast-path/exchange.ts';
import type { ApiResponse } from './exchange.ts';
import { sendProblem } from './respond.ts';
import { Turns } from './turns.ts';

export interface ServerLimits {
  /** Connections at once; further ones are closed at once. */
  readonly connectionsMax: number;
  /** Requests of one connection that wait for their answers; further ones get 429 `too-many-requests`. */
  readonly pipelineMax: number;
  /** The whole request has arrived within this time, its headers within 10 s of it, or it gets 408 and is closed. */
  readonly requestTimeoutMs: number;
  /** A connection without a request is closed after this time. */
  readonly idleTimeoutMs: number;
}

export interface ServerOptions {
  readonly api: Api;
  readonly limits: ServerLimits;
  readonly metrics: Pick<ApiMetrics, 'limitHit'>;
  readonly log: Log;
  /** For so long requests are begun in one turn of the event loop; the others wait for the next. @default 10 */
  readonly turnMs?: number;
}

const TURN_MS = 10;
const HEADERS_TIMEOUT_MAX_MS = 10_000;
/** How often Node looks for requests that are late. */
const CHECKING_INTERVAL_MS = 1000;
/** Request line and headers: a key of 1024 bytes, all of them percent-encoded, and room for everything else. */
const HEADER_BYTES_MAX = 16_384;

/** They are about the process, not about what it serves: a kubelet that waits with a crowd would take the pod for dead. */
const PROBES: ReadonlySet<string> = new Set(['/livez', '/readyz']);

/** Requests of a connection that wait for their answer. */
const waiting = Symbol('waiting');
type CountedSocket = Socket & { [waiting]?: number };

export class HttpServer implements FastServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #turns: Turns;
  /** What `node:http` does with a new connection. */
  readonly #takeConnection: (this: Server, socket: Socket) => void;
  /** Those that `node:http` knows nothing of. */
  readonly #fast = new Set<FastConnection>();
  readonly #keepAliveS: number;
  #sweeping: NodeJS.Timeout | null = null;
  readonly #onResponseClose: (this: ServerResponse) => void;
  /** Responses that are not done. */
  readonly #underWay = new Set<ServerResponse>();
  #state: 'open' | 'draining' | 'closing' = 'open';

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#turns = new Turns(options.turnMs ?? TURN_MS);
    // One function for all responses, not one for each.
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- inside, `this` is the response
    const server = this;
    this.#onResponseClose = function () {
      server.#onDone(this);
    };
    const { requestTimeoutMs, idleTimeoutMs, connectionsMax } = options.limits;
    this.#keepAliveS = Math.floor(idleTimeoutMs / 1000);
    this.#server = createServer({
      headersTimeout: Math.min(requestTimeoutMs, HEADERS_TIMEOUT_MAX_MS),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      noDelay: true,
    });
    this.#server.maxConnections = connectionsMax;
    // Their bytes are limited. Of more than 2,000 Node would drop the last without a word, and a condition with them.
    this.#server.maxHeadersCount = 0;
    [this.#takeConnection] = this.#server.listeners('connection') as [(this: Server, socket: Socket) => void];
    this.#server.off('connection', this.#takeConnection);
    this.#server.on('connection', this.#onConnection);
    this.#server.on('request', this.#onRequest);
    this.#server.on('checkContinue', this.#onCheckContinue);
    // Nothing that might be expected beside that is worth an answer of its own, which would be Node's and in no document.
    this.#server.on('checkExpectation', this.#onRequest);
    this.#server.on('clientError', this.#onClientError);
    this.#server.on('drop', this.#onDrop);
  }

  /** Connections now. */
  get connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }

  /** Resolves with the bound address, `host:port`, an IPv6 host in brackets. An empty host is every address. */
  listen(options: { readonly host: string; readonly port: number }): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const where = options.host === '' ? { port: options.port } : options;
      this.#server.listen({ ...where, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        this.#sweeping = setInterval(this.#sweep, CHECKING_INTERVAL_MS).unref();
        const { address, family, port } = this.#server.address() as AddressInfo;
        resolve(family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`);
      });
    });
  }

  /**
   * From now on every answer is the last of its connection, so that clients go elsewhere by themselves. New connections
   * are still taken: whoever balances the load may not know yet.
   */
  drain(): void {
    if (this.#state === 'open') this.#state = 'draining';
    for (const response of this.#underWay) response.shouldKeepAlive = false;
  }

  /** Those on which nothing is under way now. Clients that use theirs have long been told, if this comes after a drain. */
  closeIdleConnections(): void {
    this.#server.closeIdleConnections();
    for (const connection of this.#fast) connection.closeIfIdle();
  }

  /**
   * Takes no more connections; those that there are stay, and learn from their next answer that it was the last. A
   * connection that is closed while a request is on its way to it makes a failed request, one that is told makes none.
   */
  stopListening(): void {
    this.drain();
    // Of `net`: that of `http` closes idle connections at once.
    NetServer.prototype.close.call(this.#server);
  }

  /** Takes no more connections, lets those with a request finish for `graceMs`, and cuts what is left then. */
  close(graceMs: number): Promise<void> {
    this.drain();
    this.#state = 'closing';
    return new Promise((resolve) => {
      const cut = setTimeout(() => {
        this.#server.closeAllConnections();
        for (const connection of this.#fast) connection.destroy();
      }, graceMs);
      for (const connection of this.#fast) connection.closeIfIdle();
      // Closes idle connections, too.
      this.#server.close(() => {
        clearTimeout(cut);
        if (this.#sweeping !== null) clearInterval(this.#sweeping);
        resolve();
      });
    });
  }

  /** Of what the fast path answers; null: each answer is the last of its connection. */
  get keepAliveSeconds(): number | null {
    return this.#state === 'open' ? this.#keepAliveS : null;
  }

  answererOf(target: string): FastAnswerer | null {
    return this.#options.api.directAnswererOf(target);
  }

  onRequest(response: FastResponse, answer: FastAnswerer, underWay: number): void {
    if (underWay <= this.#options.limits.pipelineMax) answer(response.req, response);
    else this.#refuseOneMore(response);
  }

  mayBegin(connection: FastConnection): boolean {
    if (this.#turns.mayBegin()) return true;
    this.#turns.wait(() => {
      connection.onTurn();
    });
    return false;
  }

  onHandedOver(connection: FastConnection): void {
    this.#fast.delete(connection);
    this.#takeConnection.call(this.#server, connection.socket);
  }

  onTruncated({ socket }: FastConnection): void {
    this.#onClientError(new Error('the connection ends within a request'), socket);
  }

  onClosed(connection: FastConnection): void {
    this.#fast.delete(connection);
  }

  readonly #onConnection = (socket: Socket): void => {
    this.#fast.add(new FastConnection(socket, this));
  };

  readonly #sweep = (): void => {
    const idleSweepsMax = Math.ceil(this.#options.limits.idleTimeoutMs / CHECKING_INTERVAL_MS);
    for (const connection of this.#fast) connection.sweep(idleSweepsMax);
  };

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const socket: CountedSocket = request.socket;
    const count = (socket[waiting] ?? 0) + 1;
    socket[waiting] = count;
    this.#underWay.add(response);
    response.on('close', this.#onResponseClose);
    if (this.#state !== 'open') response.shouldKeepAlive = false;
    if (count <= this.#options.limits.pipelineMax) {
      const { listener } = this.#options.api;
      if (PROBES.has(request.url ?? '') || this.#turns.mayBegin()) listener(request, response);
      else {
        this.#turns.wait(() => {
          listener(request, response);
        });
      }
    } else this.#refuseOneMore(response);
  };

  /** A connection on which answers pile up is not read any more, so that these refusals are bounded as well. */
  #refuseOneMore(response: ApiResponse): void {
    this.#options.metrics.limitHit('too-many-requests');
    sendProblem(response, fault('too-many-requests'));
  }

  #onDone(response: ServerResponse): void {
    this.#underWay.delete(response);
    const socket: CountedSocket = response.req.socket;
    const count = (socket[waiting] ?? 1) - 1;
    socket[waiting] = count;
    // Its answer was begun before anybody thought of closing, and so did not announce it.
    if (this.#state === 'closing' && count === 0) socket.destroySoon();
  }

  readonly #onCheckContinue = (request: IncomingMessage, response: ServerResponse): void => {
    markContinuePending(request);
    this.#onRequest(request, response);
  };

  readonly #onDrop = (): void => {
    this.#options.metrics.limitHit('connections');
  };

  /** What arrived is not HTTP, or came too late: there is no request to answer, only a connection. */
  readonly #onClientError = (error: NodeJS.ErrnoException, socket: CountedSocket): void => {
    const refusal = faultOfClientError(error);
    if (refusal === null || !socket.writable || (socket[waiting] ?? 0) > 0) {
      // Another answer is under way on this connection, and this one would land in its middle.
      socket.destroy();
      return;
    }
    this.#options.log.debug('http-connection-refused', { code: error.code, peer: socket.remoteAddress });
    this.#options.metrics.limitHit(refusal.code);
    socket.end(rawResponse(refusal), () => socket.destroy());
  };
}

/** null: the client is gone, and nobody would read an answer. */
function faultOfClientError(error: NodeJS.ErrnoException): Fault<Limit & ErrorCode> | null {
  const { code } = error;
  if (code === 'ECONNRESET' || code === 'EPIPE') return null;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return fault('request-timeout');
  if (code === 'HPE_HEADER_OVERFLOW') {
    return fault('headers-too-large', `Request line and headers have more than ${HEADER_BYTES_MAX} bytes.`);
  }
  return fault('bad-request', 'What arrived on this connection is not a valid HTTP/1.1 request.');
}

function rawResponse(refusal: Fault): string {
  const problem = problemOf(refusal);
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
