import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Prng } from '../../simulation/prng.ts';

/** What an API server, or what stands before it, does to a request now and then. */
export const API_FAULTS = ['conflict', 'too-many-requests', 'internal-error', 'landed', 'late', 'dropped'] as const;
export type ApiFault = (typeof API_FAULTS)[number];

export interface ApiFaultPlan {
  /** Of the requests that meet a fault. */
  readonly share: number;
  readonly faults: readonly ApiFault[];
}

export interface ApiLayerOptions {
  readonly upstream: { readonly host: string; readonly port: number };
  readonly random: Prng;
  /** A Lease as the API server has just stored it. */
  readonly onLease: (lease: string) => void;
}

export const CONTROL_PATH = '/-/faults';
const LATE_MS_MAX = 3000;
const NONE: ApiFaultPlan = { share: 0, faults: [] };

/**
 * Stands between the pods and the embedded API server and spoils what passes: answers in its stead (a conflict that there
 * was not, 429, 500), loses the answer of a request that has landed, loses a request, or lets it land when its sender has
 * long given up (R1: in doubt). Its plan is read and written over HTTP as well, at {@link CONTROL_PATH}.
 */
export class ApiLayer {
  readonly #options: ApiLayerOptions;
  readonly #server: Server;
  readonly #counts: Record<ApiFault, number> = Object.fromEntries(API_FAULTS.map((fault) => [fault, 0])) as Record<
    ApiFault,
    number
  >;
  #plan = NONE;

  constructor(options: ApiLayerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  listen(address: { readonly host: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address, resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (request.url === CONTROL_PATH) {
      if (request.method === 'PUT') this.#plan = JSON.parse(body.toString()) as ApiFaultPlan;
      response.end(JSON.stringify(this.#counts));
      return;
    }
    const fault = this.#faultFor(request);
    if (fault !== null) this.#counts[fault] += 1;
    switch (fault) {
      case 'conflict':
        return answer(response, 409, 'Conflict', 'the object has been modified');
      case 'too-many-requests':
        response.setHeader('Retry-After', '1');
        return answer(response, 429, 'TooManyRequests', 'the server has received too many requests');
      case 'internal-error':
        return answer(response, 500, 'InternalError', 'etcdserver: request timed out');
      case 'dropped':
        return;
      case 'late':
        // Its sender may have gone by then; the request is here, and lands all the same.
        setTimeout(() => this.#forward(request, body, response), this.#options.random.below(LATE_MS_MAX));
        return;
      case 'landed':
        return this.#forward(request, body, null);
      case null:
        return this.#forward(request, body, response);
    }
  }

  #faultFor(request: IncomingMessage): ApiFault | null {
    const { random } = this.#options;
    if (this.#plan.share === 0 || !random.chance(this.#plan.share)) return null;
    // Only a replace can meet a conflict; a watch has no one answer to lose.
    const possible = this.#plan.faults.filter((fault) => fault !== 'conflict' || request.method === 'PUT');
    if (possible.length === 0 || request.url?.includes('watch=') === true) return null;
    return random.pick(possible);
  }

  /** `response` null: the answer is lost, and its sender waits for it. */
  #forward(request: IncomingMessage, body: Buffer, response: ServerResponse | null): void {
    const { upstream, onLease } = this.#options;
    const { url = '/', method = 'GET', headers } = request;
    const sent = httpRequest({ ...upstream, path: url, method, headers, agent: false });
    sent.once('error', () => response?.destroy());
    sent.once('response', (from) => {
      response?.writeHead(from.statusCode ?? 500, from.headers);
      const isStored =
        /\/leases(\/|$)/.test(url) &&
        (method === 'PUT' || method === 'POST') &&
        from.statusCode !== undefined &&
        from.statusCode < 300;
      if (isStored)
        bodyOf(from).then(
          (stored) => onLease(stored.toString()),
          () => undefined,
        );
      if (response === null) from.resume();
      else {
        from.pipe(response);
        from.once('error', () => response.destroy());
        // A watch that nobody reads any more.
        response.once('close', () => sent.destroy());
      }
    });
    sent.end(body);
  }
}

function answer(response: ServerResponse, code: number, reason: string, message: string): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  response.end(JSON.stringify(status));
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
