import type { Socket } from 'node:net';

import { FastRequest, FastResponse, type ResponseOwner } from './exchange.ts';
import { HeadReader } from './head.ts';

/** Answers a request, now or later; whatever goes wrong with it is its own to handle. */
export type FastAnswerer = (request: FastRequest, response: FastResponse) => void;

/** The server that a connection belongs to. */
export interface FastServer {
  /** What an answer says of how long its connection may idle; null: each is the last of its connection. */
  readonly keepAliveSeconds: number | null;
  /** null: none of the targets that are answered here. */
  answererOf(target: string): FastAnswerer | null;
  /** Whether there is time for one more request now; if not, `onTurn` says when there is. */
  mayBegin(connection: FastConnection): boolean;
  /** `underWay`: requests of this connection that wait for their answers, this one included. */
  onRequest(response: FastResponse, answer: FastAnswerer, underWay: number): void;
  /** `node:http` goes on with it, and reads on where the last request ended. */
  onHandedOver(connection: FastConnection): void;
  /** The client sends nothing more, and what it sent ends within a request: there is nothing but a connection to answer. */
  onTruncated(connection: FastConnection): void;
  onClosed(connection: FastConnection): void;
}

/** A request with its body. What is longer is left to `node:http`, where arriving bodies count against their budget. */
const REQUEST_BYTES_MAX = 8192;
/** A longer body is kept by the store as it is, and would keep all that arrived with it. */
const LENT_BYTES_MAX = 2048;
const EMPTY = Buffer.alloc(0);
/** Beyond this nothing more is read until some are answered: refusals of too many requests wait their turn as well. */
const UNDER_WAY_MAX = 256;

/**
 * A connection that answers plain requests for the hottest routes by itself: whole ones of few bytes, in the form that clients
 * give them. Whatever else arrives, right or wrong, slow or long, hands the connection over to `node:http` for good, before
 * a byte of it is judged here: one place knows all of HTTP, and has its limits.
 */
export class FastConnection implements ResponseOwner {
  readonly socket: Socket;
  readonly #server: FastServer;
  readonly #heads = new HeadReader();
  /** In the order of their requests, which is that of the answers. */
  readonly #underWay: FastResponse[] = [];
  /** What no request was made of so far. */
  #unread: Buffer | null = null;
  /** `leaving`: what comes next is none for here, and waits until those before it are answered; `last`: nothing comes next. */
  #state: 'open' | 'leaving' | 'last' | 'gone' = 'open';
  #isTaking = false;
  /** There are requests in what is unread. */
  #isCutShort = false;
  #waitsForTurn = false;
  /** What is unread is one request, which waits for its turn. */
  #isOneUnread = false;
  #isPaused = false;
  #hasAnswered = false;
  /** The client sends nothing more, and may still read. */
  #hasEnded = false;
  /** Since the last request was answered, or another began to arrive. */
  #quietSweeps = 0;

  constructor(socket: Socket, server: FastServer) {
    this.socket = socket;
    this.#server = server;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain);
    socket.on('close', this.#onClose).on('error', this.#onError);
  }

  get keepAliveSeconds(): number | null {
    return this.#server.keepAliveSeconds;
  }

  /**
   * Called about once a second. Who has sent nothing yet, or a part of a request, is handed over: `node:http` knows how long
   * that may last.
   */
  sweep(idleSweepsMax: number): void {
    if (this.#underWay.length > 0 || this.#isCutShort || this.#isPaused) return;
    this.#quietSweeps += 1;
    if (!this.#hasAnswered || this.#unread !== null) {
      if (this.#quietSweeps > 1) this.#handOver();
    } else if (this.#quietSweeps > idleSweepsMax) this.socket.destroySoon();
  }

  closeIfIdle(): void {
    if (this.#underWay.length === 0 && this.#unread === null) this.socket.destroySoon();
  }

  destroy(): void {
    this.socket.destroy();
  }

  onTurn(): void {
    this.#waitsForTurn = false;
    if (this.#state === 'open') this.#goOn();
  }

  /** Answers go out in the order of their requests. */
  onAnswered(): void {
    const { socket } = this;
    for (let response = this.#underWay[0]; response?.headersSent === true; response = this.#underWay[0]) {
      this.#underWay.shift();
      if (response.rest === null) socket.write(response.text, 'latin1');
      else {
        socket.cork();
        socket.write(response.text, 'latin1');
        socket.write(response.rest);
        socket.uncork();
      }
      this.#hasAnswered = true;
      this.#quietSweeps = 0;
      response.close('written');
      if (!response.isLast) continue;
      this.#state = 'last';
      this.#lose();
      socket.destroySoon();
      return;
    }
    this.#goOn();
  }

  readonly #onData = (chunk: Buffer): void => {
    // Who sends a request byte by byte is not heard from anew with each.
    if (this.#unread === null) this.#quietSweeps = 0;
    this.#unread = this.#unread === null ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#isOneUnread = false;
    if (this.#waitsForTurn) this.#goOn();
    else this.#take();
  };

  /** Makes requests of what has arrived, for as long as there is time and answers do not pile up. */
  #take(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    // Answers that go out at once make room for more.
    do this.#takeSome();
    while (this.#isCutShort && this.#hasRoom);
    this.#isTaking = false;
    this.#goOn();
  }

  #takeSome(): void {
    const bytes = this.#unread ?? EMPTY;
    const text = bytes.toString('latin1');
    let at = 0;
    this.#isCutShort = false;
    while (at < bytes.length) {
      const head = this.#heads.read(text, at);
      const size = typeof head === 'string' ? bytes.length - at : head.end - at + head.bodyBytes;
      const answer = typeof head === 'string' ? null : this.#server.answererOf(head.target);
      if (head === 'unusual' || size > REQUEST_BYTES_MAX || (head !== 'incomplete' && answer === null)) {
        this.#state = 'leaving';
        break;
      }
      if (head === 'incomplete' || answer === null || at + size > bytes.length) break;
      this.#isCutShort = !this.#mayTake || !this.#hasTurn();
      this.#isOneUnread = at + size === bytes.length;
      if (this.#isCutShort) break;
      const response = new FastResponse(this, new FastRequest(head, bodyOf(bytes, head.end, at + size)));
      at += size;
      // What is answered at once goes out together.
      if (at < bytes.length && this.socket.writableCorked === 0) this.socket.cork();
      this.#begin(response, answer);
    }
    this.#unread = at === bytes.length ? null : bytes.subarray(at);
    if (this.socket.writableCorked > 0) this.socket.uncork();
  }

  #hasTurn(): boolean {
    this.#waitsForTurn = !this.#server.mayBegin(this);
    return !this.#waitsForTurn;
  }

  #begin(response: FastResponse, answer: FastAnswerer): void {
    this.#quietSweeps = 0;
    this.#underWay.push(response);
    this.#server.onRequest(response, answer, this.#underWay.length);
  }

  get #mayTake(): boolean {
    const { socket } = this;
    return (
      this.#state === 'open' &&
      !this.#waitsForTurn &&
      this.#underWay.length < UNDER_WAY_MAX &&
      !socket.writableNeedDrain &&
      !socket.destroyed
    );
  }

  /** So much that it is worth while to look at what is unread once more. */
  get #hasRoom(): boolean {
    return this.#mayTake && this.#underWay.length <= UNDER_WAY_MAX / 2;
  }

  /** After whatever may have changed if more is read. */
  #goOn(): void {
    if (this.#isTaking) return;
    if (this.#hasRoom) {
      if (this.#isPaused) this.socket.resume();
      this.#isPaused = false;
      if (this.#isCutShort) {
        this.#take();
        return;
      }
    } else if (!this.#mayTake && !this.#isPaused && !(this.#waitsForTurn && this.#isOneUnread)) {
      // Who sends the next request when one is answered need not be held back for each that waits for its turn.
      this.#isPaused = true;
      this.socket.pause();
    }
    if (this.#underWay.length > 0) return;
    if (this.#state === 'leaving') this.#handOver();
    else if (this.#hasEnded && !this.#isCutShort) this.#end();
  }

  /** After whatever was under way. */
  #end(): void {
    if (this.#unread === null) this.socket.end();
    else if (this.#loseTruncated()) this.socket.destroy();
    else this.#server.onTruncated(this);
  }

  #handOver(): void {
    const { socket } = this;
    this.#state = 'gone';
    socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain);
    socket.off('close', this.#onClose).off('error', this.#onError);
    socket.pause();
    if (this.#unread !== null) socket.unshift(this.#unread);
    this.#server.onHandedOver(this);
    socket.resume();
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#goOn();
  };

  readonly #onDrain = (): void => {
    this.#goOn();
  };

  /** 'close' follows. */
  readonly #onError = (): void => undefined;

  readonly #onClose = (): void => {
    this.#state = 'gone';
    this.#lose();
    this.#loseTruncated();
    this.#server.onClosed(this);
  };

  /** Nobody will read their answers. */
  #lose(): void {
    for (const response of this.#underWay.splice(0)) response.close('lost');
  }

  /** A request whose body will never be whole is one all the same. */
  #loseTruncated(): boolean {
    if (this.#unread === null) return false;
    const head = this.#heads.read(this.#unread.toString('latin1'), 0);
    this.#unread = null;
    const answer = typeof head === 'string' ? null : this.#server.answererOf(head.target);
    if (typeof head === 'string' || answer === null) return false;
    this.#begin(new FastResponse(this, new FastRequest(head, null)), answer);
    this.#lose();
    return true;
  }
}

function bodyOf(bytes: Buffer, from: number, to: number): Buffer {
  const body = bytes.subarray(from, to);
  return body.length > LENT_BYTES_MAX ? Buffer.copyBytesFrom(body) : body;
}
