import { HttpConnection, type Address, type Answer, type ConnectionOwner } from './http-connection.ts';

export interface Reading {
  readonly key: string;
  /** When it was due, since the machine's clock began: its time counts from then. */
  readonly dueMs: number;
  readonly tookMs: number;
  readonly answer: Answer;
}

export interface ReaderOptions {
  readonly address: Address;
  readonly ratePerS: number;
  /** Of the reading with this number. */
  readonly keyOf: (number: number) => string;
  /** Header lines, each with its end. @default none */
  readonly headers?: string;
  /** @default 32 */
  readonly connections?: number;
}

/** Reads that arrive at a constant rate, whatever becomes of those before. Each is one GET under `/v1/keys/`. */
export class Reader implements ConnectionOwner {
  readonly readings: Reading[] = [];
  readonly #options: ReaderOptions;
  readonly #idle: HttpConnection[] = [];
  readonly #all: HttpConnection[] = [];
  readonly #underWay = new Map<HttpConnection, { readonly key: string; readonly dueMs: number }>();
  readonly #waiting: number[] = [];
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #begun = 0;
  #broken = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    for (let number = 0; number < (options.connections ?? 32); number += 1)
      this.#all.push(new HttpConnection(options.address, this));
    this.#timer = setInterval(() => this.#turn(), 1);
  }

  /** Connections that ended under a reading, or were never open. */
  get broken(): number {
    return this.#broken;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const connection of this.#all) connection.close();
  }

  onOpen(connection: HttpConnection): void {
    this.#use(connection);
  }

  onAnswer(connection: HttpConnection, answer: Answer): void {
    const asked = this.#underWay.get(connection);
    if (asked === undefined) return;
    this.#underWay.delete(connection);
    this.readings.push({ ...asked, tookMs: performance.timeOrigin + performance.now() - asked.dueMs, answer });
    if (connection.isOpen) this.#use(connection);
    else this.onEnd();
  }

  onEnd(): void {
    this.#broken += 1;
  }

  #turn(): void {
    const due = Math.floor(((performance.now() - this.#startedMs) * this.#options.ratePerS) / 1000);
    for (; this.#begun < due; this.#begun += 1) this.#waiting.push(this.#begun);
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      const number = this.#waiting.shift();
      if (number === undefined) {
        this.#idle.push(connection);
        return;
      }
      this.#send(connection, number);
    }
  }

  #use(connection: HttpConnection): void {
    const number = this.#waiting.shift();
    if (number === undefined) this.#idle.push(connection);
    else this.#send(connection, number);
  }

  #send(connection: HttpConnection, number: number): void {
    const key = this.#options.keyOf(number);
    const dueMs = performance.timeOrigin + this.#startedMs + (number * 1000) / this.#options.ratePerS;
    this.#underWay.set(connection, { key, dueMs });
    connection.send(`GET /v1/keys/${key} HTTP/1.1\r\nHost: kvstore\r\n${this.#options.headers ?? ''}\r\n`);
  }
}

/** p50, p99 and the longest, of times in milliseconds. */
export function summaryOf(tookMs: readonly number[]): {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
} {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
