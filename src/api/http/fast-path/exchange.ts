import { STATUS_CODES } from 'node:http';

import { httpDate } from '../../../protocol/http/http-date.ts';
import type { FastHeaders, Head } from './head.ts';

/** The part of `IncomingMessage` that handlers know. */
export class FastRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: FastHeaders;
  /** All of it; null: the client left before that. */
  readonly body: Buffer | null;
  /** The client wants no further answer on this connection. */
  readonly isLast: boolean;

  constructor({ method, target, headers, isLast }: Head, body: Buffer | null) {
    this.method = method;
    this.url = target;
    this.headers = headers;
    this.body = body;
    this.isLast = isLast;
  }
}

/** Whose connection it is that a response goes to. */
export interface ResponseOwner {
  /** Of the connection that goes on after an answer; null: the next answer is its last. */
  readonly keepAliveSeconds: number | null;
  onAnswered(): void;
  /** Its connection is of no use any more. */
  destroy(): void;
}

type CloseListener = (this: FastResponse) => void;

/** Beyond this a body is written beside its headers and not copied to their end. */
const ONE_TEXT_BYTES_MAX = 4096;
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;

/** Answered at once and in whole, or never. The part of `ServerResponse` that handlers know, and `answer`. */
export class FastResponse {
  readonly req: FastRequest;
  readonly #owner: ResponseOwner;
  readonly #onClose: CloseListener[] = [];
  #state: 'open' | 'answered' | 'written' | 'lost' = 'open';
  statusCode = 200;
  /** One character for each byte. */
  text = '';
  /** What follows the text. */
  rest: Buffer | null = null;
  isLast = false;

  constructor(owner: ResponseOwner, request: FastRequest) {
    this.#owner = owner;
    this.req = request;
  }

  get headersSent(): boolean {
    return this.#state !== 'open';
  }

  get writableFinished(): boolean {
    return this.#state === 'written';
  }

  /** Called once, when its bytes were written or there is nobody to write them to. */
  on(_event: 'close', listener: CloseListener): this {
    this.#onClose.push(listener);
    return this;
  }

  destroy(): void {
    this.#owner.destroy();
  }

  /**
   * As `respond.ts` says it: `headers` are names and values by turns, `body` null is none, and no Content-Length either.
   *
   * @throws TypeError for a header whose value would end its line.
   */
  answer(status: number, headers: readonly string[], body: Buffer | string | null): void {
    if (this.#state === 'lost') return;
    if (this.#state !== 'open') throw new TypeError('a request was answered twice');
    const keepAliveSeconds = this.req.isLast ? null : this.#owner.keepAliveSeconds;
    let text = statusLine(status);
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const [name = '', value = ''] = [headers[at], headers[at + 1]];
      if (FORBIDDEN.test(value))
        throw new TypeError(`the header ${name} cannot have the value ${JSON.stringify(value)}`);
      text += `${name}: ${value}\r\n`;
    }
    const bytes = typeof body === 'string' ? latin1Of(body) : body;
    if (bytes !== null) text += `Content-Length: ${bytes.length}\r\n`;
    text += `Date: ${httpDate(Date.now())}\r\n`;
    text +=
      keepAliveSeconds === null
        ? 'Connection: close\r\n\r\n'
        : `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveSeconds}\r\n\r\n`;
    if (bytes !== null && this.req.method !== 'HEAD') {
      if (typeof bytes === 'string') text += bytes;
      else if (bytes.length <= ONE_TEXT_BYTES_MAX) text += bytes.toString('latin1');
      else this.rest = bytes;
    }
    this.text = text;
    this.statusCode = status;
    this.isLast = keepAliveSeconds === null;
    this.#state = 'answered';
    this.#owner.onAnswered();
  }

  /** Of the owner: its bytes are on their way, or never will be. */
  close(how: 'written' | 'lost'): void {
    this.#state = how;
    for (const listener of this.#onClose) listener.call(this);
  }
}

/** The bytes of its UTF-8, one character each. */
function latin1Of(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

const statusLines = new Map<number, string>();

function statusLine(status: number): string {
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
    statusLines.set(status, line);
  }
  return line;
}
