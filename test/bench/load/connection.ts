import { connect, type Socket } from 'node:net';
import type { Address } from '../../measure/load/http-connection.ts';
import { WrongAnswer, type Judge, type Request } from './request.ts';

export interface ConnectionOwner {
  /** It may be sent a request. */
  onOpen(connection: Connection): void;
  onAnswer(connection: Connection, request: Request): void;
  /** A wrong answer, or a connection that ended: no run survives it. */
  onFailure(reason: string): void;
}

/** Answers are read there and judged before the next is read, so that all connections share it. */
const RECEIVED = Buffer.allocUnsafeSlow(256 * 1024);

/**
 * One connection that has one request under way at most, whatever the protocol: bytes that were made before go out, and
 * what comes back is judged where it was read. Where an answer does not come in one piece it is put together first.
 */
export class Connection {
  /** When the request that is under way was sent, or was due. */
  sinceMs = 0;
  readonly #owner: ConnectionOwner;
  readonly #judge: Judge;
  readonly #socket: Socket;
  #request: Request | null = null;
  /** Pieces of an answer; null: there was none so far. */
  #pieces: Buffer | null = null;
  #held = 0;
  #isClosed = false;

  constructor(address: Address, judge: Judge, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#judge = judge;
    const callback = (length: number): boolean => {
      this.#onData(length);
      return true;
    };
    this.#socket = connect({ ...address, noDelay: true, onread: { buffer: RECEIVED, callback } });
    this.#socket.once('connect', () => owner.onOpen(this));
    this.#socket.on('error', (error) => this.#fail(`a connection broke: ${error.message}`));
    this.#socket.once('close', () => this.#fail('a connection was closed by the server'));
  }

  send(request: Request, sinceMs: number): void {
    this.#request = request;
    this.sinceMs = sinceMs;
    this.#socket.write(request.bytes);
  }

  /** The owner hears no more of it. */
  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #onData(length: number): void {
    if (this.#isClosed) return;
    const request = this.#request;
    if (request === null) return this.#fail('there was an answer, and nothing had been asked');
    const bytes = this.#held === 0 ? RECEIVED : this.#put(length);
    const end = this.#held === 0 ? length : this.#held;
    try {
      const answer = this.#judge(bytes, end, request);
      if (answer === 0) {
        if (this.#held === 0) this.#put(length);
        return;
      }
      if (answer < end) return this.#fail('there was more than one answer to a request');
    } catch (error) {
      if (!(error instanceof WrongAnswer)) throw error;
      return this.#fail(error.message);
    }
    this.#held = 0;
    this.#request = null;
    this.#owner.onAnswer(this, request);
  }

  /** Appends what was read to what is held. */
  #put(length: number): Buffer {
    const needed = this.#held + length;
    if (this.#pieces === null || this.#pieces.length < needed) {
      const larger = Buffer.allocUnsafeSlow(2 * needed);
      this.#pieces?.copy(larger, 0, 0, this.#held);
      this.#pieces = larger;
    }
    RECEIVED.copy(this.#pieces, this.#held, 0, length);
    this.#held = needed;
    return this.#pieces;
  }

  #fail(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#owner.onFailure(reason);
  }
}
