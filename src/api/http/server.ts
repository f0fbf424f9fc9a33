import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';

import type { ErrorCode } from '../../core/base/errors.ts';
import { fault, problemOf, PROBLEM_MEDIA_TYPE, type Fault } from '../../protocol/http/problem.ts';
import type { Limit, Log } from '../../ports/telemetry.ts';
import type { ApiMetrics } from './context.ts';
import { markContinuePending } from './continue.ts';
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
  readonly listener: RequestListener;
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

/** Requests of a connection that wait for their answer. */
const waiting = Symbol('waiting');
type CountedSocket = Socket & { [waiting]?: number };

export class HttpServer {
  readonly #server: Server;
  readonly #options: ServerOptions;
  readonly #turns: Turns;
  readonly #onResponseClose: (this: ServerResponse) => void;
  /** Responses that are not done. */
  readonly #underWay = new Set<ServerResponse>();
  #state: 'open' | 'draining' | 'closing' = 'open';

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#turns = new Turns(options.listener, options.turnMs ?? TURN_MS);
    // One function for all responses, not one for each.
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- inside, `this` is the response
    const server = this;
    this.#onResponseClose = function () {
      server.#onDone(this);
    };
    const { requestTimeoutMs, idleTimeoutMs, connectionsMax } = options.limits;
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
      }, graceMs);
      // Closes idle connections, too.
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const socket: CountedSocket = request.socket;
    const count = (socket[waiting] ?? 0) + 1;
    socket[waiting] = count;
    this.#underWay.add(response);
    response.on('close', this.#onResponseClose);
    if (this.#state !== 'open') response.shouldKeepAlive = false;
    if (count <= this.#options.limits.pipelineMax) {
      this.#turns.take(request, response);
      return;
    }
    // Node stops reading a connection on which answers pile up, so that these refusals are bounded as well.
    this.#options.metrics.limitHit('too-many-requests');
    sendProblem(response, fault('too-many-requests'));
  };

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
