import type { IncomingMessage, ServerResponse } from 'node:http';

import { fault, type Fault } from '../../protocol/http/problem.ts';
import type { ApiContext } from './context.ts';
import { hasContinuePending } from './continue.ts';
import type { ApiResponse } from './exchange.ts';
import { FastResponse } from './fast-path/exchange.ts';

export type Body =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  /** `size` is what Content-Length says; null if the limit was passed while the body arrived. */
  | { readonly kind: 'tooLarge'; readonly size: number | null }
  /** No room for it among the bodies in memory. */
  | { readonly kind: 'noRoom' }
  /** The client went away: there is nobody to answer. */
  | { readonly kind: 'aborted' };

export function tooLarge(size: number | null, bytesMax: number): Fault {
  const has = size === null ? `more than ${bytesMax}` : String(size);
  return fault('too-large', `The body has ${has} bytes, and ${bytesMax} are allowed.`);
}

const EMPTY = Buffer.alloc(0);

/**
 * The whole body of the request. Its bytes count against the budget of all bodies until the response is done. More than `bytesMax` is
 * refused by Content-Length before a byte is read, and else as soon as it is noticed; the rest is left to the caller
 * (`endUnread`).
 */
export function readBody(context: ApiContext, response: ApiResponse, bytesMax: number): Body | Promise<Body> {
  if (response instanceof FastResponse) return arrivedBody(context, response, bytesMax);
  const request = response.req;
  const declared = request.headers['content-length'];
  if (declared === undefined && request.headers['transfer-encoding'] === undefined) {
    return { kind: 'body', bytes: EMPTY };
  }
  const size = declared === undefined ? null : Number(declared);
  if (size !== null && size > bytesMax) return { kind: 'tooLarge', size };
  if (hasContinuePending(request)) response.writeContinue();
  return new Promise((resolve) => {
    new BodyReader(context, request, response, bytesMax, resolve).start();
  });
}

function arrivedBody({ bodyBudget, limits }: ApiContext, response: FastResponse, bytesMax: number): Body {
  const { body: bytes } = response.req;
  if (bytes === null) return { kind: 'aborted' };
  const size = bytes.length;
  if (size > bytesMax) return { kind: 'tooLarge', size };
  if (bodyBudget.used + size > limits.bodyBytesMax) return { kind: 'noRoom' };
  bodyBudget.used += size;
  response.on('close', () => {
    bodyBudget.used -= size;
  });
  return { kind: 'body', bytes };
}

class BodyReader {
  readonly #context: ApiContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #bytesMax: number;
  readonly #resolve: (body: Body) => void;
  #first: Buffer | null = null;
  /** Only for bodies that come in more than one piece. */
  #chunks: Buffer[] | null = null;
  #bytes = 0;

  constructor(
    context: ApiContext,
    request: IncomingMessage,
    response: ServerResponse,
    bytesMax: number,
    resolve: (body: Body) => void,
  ) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#bytesMax = bytesMax;
    this.#resolve = resolve;
  }

  start(): void {
    this.#response.once('close', this.#release);
    this.#request.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onClose);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    this.#context.bodyBudget.used += chunk.length;
    if (this.#bytes > this.#bytesMax) this.#settle({ kind: 'tooLarge', size: null });
    else if (this.#context.bodyBudget.used > this.#context.limits.bodyBytesMax) this.#settle({ kind: 'noRoom' });
    else if (this.#first === null) this.#first = chunk;
    else if (this.#chunks === null) this.#chunks = [this.#first, chunk];
    else this.#chunks.push(chunk);
  };

  readonly #onEnd = (): void => {
    const bytes = this.#chunks === null ? (this.#first ?? EMPTY) : Buffer.concat(this.#chunks, this.#bytes);
    this.#settle({ kind: 'body', bytes });
  };

  readonly #onClose = (): void => {
    this.#settle({ kind: 'aborted' });
  };

  readonly #release = (): void => {
    this.#context.bodyBudget.used -= this.#bytes;
  };

  #settle(body: Body): void {
    this.#request
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('close', this.#onClose)
      .off('error', this.#onClose);
    this.#first = null;
    this.#chunks = null;
    this.#resolve(body);
  }
}
