import { connect, type Socket } from 'node:net';
import type { Address } from '../../measure/load/http-connection.ts';
import { checkHttp, httpAnswerIn } from './http-answer.ts';
import { WrongAnswer } from './request.ts';
import type { PlannedRequest } from './requests.ts';

export interface PipelineOwner {
  /** It may be sent requests. */
  onOpen(pipeline: Pipeline): void;
  onAnswer(pipeline: Pipeline, request: PlannedRequest, sinceMs: number): void;
  /** @param code - of the error */
  onRefusal(pipeline: Pipeline, code: string, sinceMs: number): void;
  /** All that had come is told. */
  onTurn(pipeline: Pipeline): void;
  /** A wrong answer, or a connection that ended: no run survives it. */
  onFailure(reason: string): void;
}

/** Answers are read there, so that all connections share it. */
const RECEIVED = Buffer.allocUnsafeSlow(256 * 1024);
const REFUSALS: readonly number[] = [429, 503];
const CODE = /"code":"([^"]+)"/;

/** One HTTP connection with several requests under way, which are answered in their order, or refused. */
export class Pipeline {
  readonly #owner: PipelineOwner;
  readonly #socket: Socket;
  /** Under way, with when they were sent: a ring of as many as there may be. */
  readonly #requests: (PlannedRequest | null)[];
  readonly #sinceMs: Float64Array;
  #first = 0;
  #underWay = 0;
  /** The beginning of an answer. */
  #held: Buffer | null = null;
  #isClosed = false;

  constructor(address: Address, underWayMax: number, owner: PipelineOwner) {
    this.#owner = owner;
    this.#requests = Array.from({ length: underWayMax }, () => null);
    this.#sinceMs = new Float64Array(underWayMax);
    const callback = (length: number): boolean => {
      this.#onData(length);
      return true;
    };
    this.#socket = connect({ ...address, noDelay: true, onread: { buffer: RECEIVED, callback } });
    this.#socket.once('connect', () => owner.onOpen(this));
    this.#socket.on('error', (error) => this.#fail(`a connection broke: ${error.message}`));
    this.#socket.once('close', () => this.#fail('a connection was closed by the server'));
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** In one write. No more than there is room for. */
  send(requests: readonly PlannedRequest[]): void {
    const nowMs = performance.now();
    for (const request of requests) {
      const place = (this.#first + this.#underWay) % this.#requests.length;
      this.#requests[place] = request;
      this.#sinceMs[place] = nowMs;
      this.#underWay += 1;
    }
    this.#socket.write(
      requests.length === 1 && requests[0] !== undefined
        ? requests[0].bytes
        : Buffer.concat(requests.map(({ bytes }) => bytes)),
    );
  }

  /** The owner hears no more of it. */
  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  #onData(length: number): void {
    if (this.#isClosed) return;
    const read = RECEIVED.subarray(0, length);
    let bytes = this.#held === null ? read : Buffer.concat([this.#held, read]);
    this.#held = null;
    try {
      while (bytes.length > 0) {
        const taken = this.#takeAnswer(bytes);
        if (taken === 0) break;
        bytes = bytes.subarray(taken);
      }
    } catch (error) {
      if (!(error instanceof WrongAnswer)) throw error;
      return this.#fail(error.message);
    }
    // Copied: where it was read, others read.
    if (bytes.length > 0) this.#held = Buffer.from(bytes);
    this.#owner.onTurn(this);
  }

  /** Its length; 0: it is not all there. */
  #takeAnswer(bytes: Buffer): number {
    const [request, sinceMs] = [this.#requests[this.#first] ?? null, this.#sinceMs[this.#first] ?? NaN];
    if (request === null || this.#underWay === 0)
      throw new WrongAnswer('there was an answer, and nothing had been asked');
    const answer = httpAnswerIn(bytes, bytes.length, request);
    if (answer === null) return 0;
    const isRefused = REFUSALS.includes(answer.status);
    if (!isRefused) checkHttp(bytes, answer, request);
    this.#requests[this.#first] = null;
    this.#first = (this.#first + 1) % this.#requests.length;
    this.#underWay -= 1;
    if (isRefused) {
      const code = CODE.exec(bytes.toString('latin1', answer.bodyFrom, answer.end))?.[1] ?? `${answer.status}`;
      this.#owner.onRefusal(this, code, sinceMs);
    } else this.#owner.onAnswer(this, request, sinceMs);
    return answer.end;
  }

  #fail(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#owner.onFailure(reason);
  }
}
