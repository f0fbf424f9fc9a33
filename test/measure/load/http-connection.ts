import { connect, type Socket } from 'node:net';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Answer {
  readonly status: number;
  /** Status line and headers, as they came. */
  readonly head: string;
  /** One character for each byte. */
  readonly body: string;
}

/** Why a connection ended, as far as a request under way is concerned. */
export type Ending =
  /** It was never open: nothing was sent. */
  | 'refused'
  /** No byte of an answer has arrived. */
  | 'unanswered'
  /** In the middle of an answer. */
  | 'cut';

export interface ConnectionOwner {
  /** Connected, and may be sent a request. */
  onOpen(connection: HttpConnection): void;
  /** The request is answered; `isOpen` says whether the connection takes another. */
  onAnswer(connection: HttpConnection, answer: Answer): void;
  onEnd(connection: HttpConnection, ending: Ending): void;
}

/**
 * A client's side of one keep-alive HTTP/1.1 connection, one request at a time. It knows only what our servers send
 * (Content-Length, or no body), and so costs a fraction of a general client: on a machine that also runs the servers,
 * what the client takes is taken from them.
 */
export class HttpConnection {
  readonly address: Address;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  #state: 'connecting' | 'open' | 'last-answer' | 'closed' = 'connecting';
  #received = '';

  constructor(address: Address, owner: ConnectionOwner) {
    this.address = address;
    this.#owner = owner;
    this.#socket = connect({ ...address, noDelay: true });
    this.#socket.once('connect', () => {
      this.#state = 'open';
      owner.onOpen(this);
    });
    this.#socket.on('data', (chunk) => {
      this.#onData(chunk);
    });
    // 'close' follows, and says all that matters.
    this.#socket.on('error', () => undefined);
    this.#socket.once('close', () => {
      this.#onClose();
    });
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** A whole request, one character for each byte. */
  send(request: string): void {
    this.#socket.write(request, 'latin1');
  }

  /** Ends it; the owner hears no more of it. */
  close(): void {
    this.#state = 'closed';
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received += chunk.toString('latin1');
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const length = Number(headerOf(head, 'content-length') ?? 0);
    const end = headEnd + 4 + length;
    if (this.#received.length < end) return;
    const body = this.#received.slice(headEnd + 4, end);
    this.#received = '';
    if (headerOf(head, 'connection')?.toLowerCase() === 'close') {
      this.#state = 'last-answer';
      this.#socket.destroy();
    }
    this.#owner.onAnswer(this, { status: Number(head.slice(9, 12)), head, body });
  }

  #onClose(): void {
    const state = this.#state;
    this.#state = 'closed';
    if (state === 'closed') return;
    const ending = state === 'connecting' ? 'refused' : this.#received === '' ? 'unanswered' : 'cut';
    this.#owner.onEnd(this, ending);
  }
}

/** null: not sent. */
export function headerOf(head: string, name: string): string | null {
  const pattern = (patterns[name] ??= new RegExp(`\\r\\n${name}: *([^\\r\\n]*)`, 'i'));
  return pattern.exec(head)?.[1] ?? null;
}

const patterns: Record<string, RegExp> = {};
