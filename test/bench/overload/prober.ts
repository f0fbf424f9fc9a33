import { Deque } from '../../../src/core/base/deque.ts';
import { HttpConnection, type Address, type Answer, type ConnectionOwner } from '../../measure/load/http-connection.ts';

export interface Probe {
  readonly dueMs: number;
  readonly tookMs: number;
  /** Whether it was what had been asked for, and no refusal. */
  readonly isAnswered: boolean;
}

export interface ProberOptions {
  readonly address: Address;
  /** The whole request, in ASCII. */
  readonly request: string;
}

const EVERY_MS = 20;
/** As many as pile up while one takes some seconds; then they wait for one another, and their times count from when they were due. */
const CONNECTIONS = 256;

/** Somebody else who uses the store meanwhile: one request after every so many milliseconds, whatever becomes of those before. */
export class Prober implements ConnectionOwner {
  readonly #probes: Probe[] = [];
  readonly #request: string;
  readonly #all: HttpConnection[];
  /** Used by turns, so that none is closed for being idle. */
  readonly #idle = new Deque<HttpConnection>();
  readonly #dueMs = new Map<HttpConnection, number>();
  readonly #waiting: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #nextMs = performance.now();

  constructor({ address, request }: ProberOptions) {
    this.#request = request;
    this.#all = Array.from({ length: CONNECTIONS }, () => new HttpConnection(address, this));
    this.#timer = setInterval(() => this.#turn(), 1);
  }

  /** Those that were due since then, in that order. */
  since(fromMs: number): readonly Probe[] {
    return this.#probes.filter(({ dueMs }) => dueMs >= fromMs).toSorted((a, b) => a.dueMs - b.dueMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const connection of this.#all) connection.close();
  }

  onOpen(connection: HttpConnection): void {
    this.#use(connection);
  }

  onAnswer(connection: HttpConnection, { status }: Answer): void {
    const dueMs = this.#dueMs.get(connection);
    if (dueMs === undefined) return;
    this.#dueMs.delete(connection);
    this.#probes.push({ dueMs, tookMs: performance.now() - dueMs, isAnswered: status < 300 });
    this.#use(connection);
  }

  /** What was under way on it is never answered, and no time says how long that took: the run shows nothing then. */
  onEnd(): void {
    throw new Error('a connection of the prober has ended');
  }

  #turn(): void {
    for (const nowMs = performance.now(); this.#nextMs <= nowMs; this.#nextMs += EVERY_MS)
      this.#waiting.push(this.#nextMs);
    for (let left = Math.min(this.#idle.length, this.#waiting.length); left > 0; left -= 1)
      this.#use(this.#idle.shift() as HttpConnection);
  }

  #use(connection: HttpConnection): void {
    const dueMs = this.#waiting.shift();
    if (dueMs === undefined) {
      this.#idle.push(connection);
      return;
    }
    this.#dueMs.set(connection, dueMs);
    connection.send(this.#request);
  }
}
