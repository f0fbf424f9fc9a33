import { Deque } from '../../../src/core/base/deque.ts';
import {
  headerOf,
  HttpConnection,
  type Address,
  type Answer,
  type ConnectionOwner,
  type Ending,
} from './http-connection.ts';
import type { Ledger } from './ledger.ts';
import { Pauses, type Pause } from './pauses.ts';

export interface OpenLoopOptions {
  /** Proxies that the client knows; it spreads its connections over those that take them. */
  readonly addresses: readonly Address[];
  readonly ratePerS: number;
  readonly ledger: Ledger;
  /** Writes beyond them wait at the client, and their time counts from when they were due. @default 128 */
  readonly connections?: number;
}

/** An answer of 5xx, or a connection that broke under a request. */
export interface Failure {
  readonly atMs: number;
  readonly status: number;
  /** The error's code, or how the connection ended. */
  readonly code: string;
  readonly isProblem: boolean;
}

/** An address that refused, or said that it is closing, is left alone for so long if there is another. */
const REST_MS = 1000;
const RECONNECT_MS = 20;

/**
 * Writes that arrive at a constant rate, whatever becomes of those before: a pause of the servers is seen at its full
 * length, and so are the writes that pile up in it. Nothing is repeated: a write is answered, or it has failed. (Sending
 * it again after a break would be right only with an Idempotency-Key, and would hide what this client is to see.)
 *
 * A write that was never sent, because its connection was refused, takes another.
 */
export class OpenLoop implements ConnectionOwner {
  readonly failures: Failure[] = [];
  readonly #options: OpenLoopOptions;
  readonly #ledger: Ledger;
  readonly #connectionsMax: number;
  readonly #restUntilMs: Map<Address, number>;
  /** Opening, idle or in use. */
  readonly #connections = new Set<HttpConnection>();
  readonly #underWay = new Map<HttpConnection, number>();
  readonly #idle = new Deque<HttpConnection>();
  readonly #backlog = new Deque<number>();
  readonly #startedMs = performance.now();
  readonly #pauses = new Pauses(this.#startedMs);
  readonly #timer: NodeJS.Timeout;
  #reconnect: NodeJS.Timeout | null = null;
  #begun = 0;
  #lastTurnMs = this.#startedMs;
  #longestStallMs = 0;
  #nextAddress = 0;
  #state: 'running' | 'stopped' = 'running';

  constructor(options: OpenLoopOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#connectionsMax = options.connections ?? 128;
    this.#restUntilMs = new Map(options.addresses.map((address) => [address, 0]));
    this.#fillConnections();
    this.#timer = setInterval(() => {
      this.#turn();
    }, 1);
  }

  get acknowledged(): number {
    return this.#pauses.acknowledged;
  }

  /** How long this process itself was away from its work: a pause that is no longer may be its own. */
  get longestStallMs(): number {
    return this.#longestStallMs;
  }

  get lastAckMs(): number {
    return this.#pauses.lastAckMs;
  }

  get waiting(): number {
    return this.#underWay.size + this.#backlog.length;
  }

  /** The longest stretch without an acknowledgement that touches the time since `fromMs`; the one that lasts, too. */
  worstPause(fromMs = 0): Pause {
    return this.#pauses.worst({
      fromMs,
      toMs: this.#state === 'running' ? performance.now() : this.#pauses.lastAckMs,
    });
  }

  /** No further writes; resolves when those that were begun are settled. Then closes. */
  async stop(withinMs = 20_000): Promise<void> {
    if (this.#state === 'stopped') return;
    clearInterval(this.#timer);
    const deadlineMs = performance.now() + withinMs;
    while (this.waiting > 0 && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 10));
    this.close();
  }

  /** Ends it at once: what is under way has an unknown outcome. */
  close(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    clearInterval(this.#timer);
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    for (const write of this.#underWay.values()) {
      this.#fail(write, 0, 'no answer', { isProblem: false, mayHaveLanded: true });
    }
    this.#underWay.clear();
    for (let write = this.#backlog.shift(); write !== undefined; write = this.#backlog.shift()) {
      this.#fail(write, 0, 'never sent', { isProblem: false, mayHaveLanded: false });
    }
    for (const connection of this.#connections) connection.close();
  }

  onOpen(connection: HttpConnection): void {
    this.#use(connection);
  }

  onAnswer(connection: HttpConnection, answer: Answer): void {
    const write = this.#underWay.get(connection);
    if (write === undefined) return;
    this.#underWay.delete(connection);
    if (answer.status < 300) this.#acknowledge(write, answer);
    else {
      const { code, outcome } = problemOf(answer);
      const mayHaveLanded = outcome === 'unknown' || code === null;
      this.#fail(write, answer.status, code ?? 'no problem+json', { isProblem: code !== null, mayHaveLanded });
    }
    if (connection.isOpen) this.#use(connection);
    else {
      this.#connections.delete(connection);
      this.#rest(connection.address);
      this.#fillConnections();
    }
  }

  onEnd(connection: HttpConnection, ending: Ending): void {
    this.#connections.delete(connection);
    const write = this.#underWay.get(connection);
    if (write !== undefined) {
      this.#underWay.delete(connection);
      this.#fail(write, 0, `connection ${ending}`, { isProblem: false, mayHaveLanded: true });
    }
    // One that was closed while idle is in the deque still, and dropped when its turn comes.
    if (ending === 'refused') {
      this.#rest(connection.address);
      this.#reconnect ??= setTimeout(() => {
        this.#reconnect = null;
        this.#fillConnections();
      }, RECONNECT_MS);
    } else this.#fillConnections();
  }

  #turn(): void {
    const nowMs = performance.now();
    this.#longestStallMs = Math.max(this.#longestStallMs, nowMs - this.#lastTurnMs);
    this.#lastTurnMs = nowMs;
    const due = Math.floor(((nowMs - this.#startedMs) * this.#options.ratePerS) / 1000);
    for (; this.#begun < due; this.#begun += 1) {
      // Its time is when it was due, not when we came round to it.
      const write = this.#ledger.begin(this.#startedMs + (this.#begun * 1000) / this.#options.ratePerS);
      const connection = this.#takeIdle();
      if (connection === null) this.#backlog.push(write);
      else this.#send(connection, write);
    }
  }

  #takeIdle(): HttpConnection | null {
    for (;;) {
      // The one that has been idle longest: all are used by turns, and hear soon of a server that is closing.
      const connection = this.#idle.shift();
      if (connection === undefined) return null;
      if (connection.isOpen) return connection;
    }
  }

  #use(connection: HttpConnection): void {
    const write = this.#backlog.shift();
    if (write === undefined) this.#idle.push(connection);
    else this.#send(connection, write);
  }

  #send(connection: HttpConnection, write: number): void {
    this.#underWay.set(connection, write);
    const value = this.#ledger.valueOf(write);
    connection.send(
      `PUT /v1/keys/${this.#ledger.keyOf(write)} HTTP/1.1\r\nHost: kvstore\r\nContent-Type: text/plain\r\n` +
        `Content-Length: ${value.length}\r\n\r\n${value}`,
    );
  }

  #acknowledge(write: number, answer: Answer): void {
    const atMs = performance.now();
    this.#pauses.acknowledge(atMs);
    const version = Number(headerOf(answer.head, 'x-kv-version'));
    this.#ledger.settle(write, { outcome: 'acknowledged', status: answer.status, version, atMs });
  }

  #fail(
    write: number,
    status: number,
    code: string,
    { isProblem, mayHaveLanded }: { readonly isProblem: boolean; readonly mayHaveLanded: boolean },
  ): void {
    const atMs = performance.now();
    this.failures.push({ atMs, status, code, isProblem });
    this.#ledger.settle(write, { outcome: mayHaveLanded ? 'unknown' : 'refused', status, version: 0, atMs });
  }

  #rest(address: Address): void {
    this.#restUntilMs.set(address, performance.now() + REST_MS);
  }

  #fillConnections(): void {
    if (this.#state === 'stopped') return;
    while (this.#connections.size < this.#connectionsMax) {
      this.#connections.add(new HttpConnection(this.#chooseAddress(), this));
    }
  }

  /** By turns, of those that rest only if there is no other. */
  #chooseAddress(): Address {
    const nowMs = performance.now();
    const all = this.#options.addresses;
    const awake = all.filter((address) => (this.#restUntilMs.get(address) ?? 0) <= nowMs);
    const from = awake.length > 0 ? awake : all;
    const address = from[this.#nextAddress % from.length];
    if (address === undefined) throw new Error('no address was given');
    this.#nextAddress += 1;
    return address;
  }
}

/** A body that is no problem+json has no code. */
function problemOf(answer: Answer): { readonly code: string | null; readonly outcome: string | null } {
  if (headerOf(answer.head, 'content-type')?.startsWith('application/problem+json') !== true) {
    return { code: null, outcome: null };
  }
  const problem = JSON.parse(answer.body) as { readonly code?: string; readonly outcome?: string };
  return { code: problem.code ?? null, outcome: problem.outcome ?? null };
}
