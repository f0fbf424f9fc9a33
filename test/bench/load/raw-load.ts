import { Deque } from '../../../src/core/base/deque.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Load, LoadOptions } from './load.ts';
import { beatSingly } from './metronome.ts';
import type { Judge } from './request.ts';
import type { PlannedRequest } from './requests.ts';

/** Connections that are opened at once: it is not the backlog of the listening socket that is tried. */
const OPEN_AT_ONCE = 128;
const TURN_MS = 1;
/** What waits for a connection in the end is still sent for so long. */
const DRAIN_MS_MAX = 5000;

/** Requests over sockets of our own, one under way on each. */
export class RawLoad implements Load, ConnectionOwner {
  readonly #options: LoadOptions;
  readonly #judge: Judge;
  readonly #connections: Connection[] = [];
  readonly #idle = new Deque<Connection>();
  /** When those were due that wait for a connection. */
  readonly #backlog = new Deque<number>();
  #phase: 'opening' | 'filling' | 'running' | 'ending' = 'opening';
  #opened = 0;
  #filled = 0;
  #startedMs = 0;
  #begun = 0;
  #endBeat: () => void = () => undefined;
  /** Of the phase: called when nothing is under way any more. */
  #settled: () => void = () => undefined;

  constructor(options: LoadOptions, judge: Judge) {
    this.#options = options;
    this.#judge = judge;
  }

  async open(): Promise<void> {
    await this.#untilIdle(() => this.#openMore());
  }

  async fill(): Promise<void> {
    this.#phase = 'filling';
    await this.#untilIdle(() => this.#useIdle());
  }

  start(): void {
    const { pace } = this.#options.plan;
    this.#phase = 'running';
    this.#startedMs = performance.now();
    if (pace.kind !== 'open') this.#useIdle();
    else if (pace.singly === true) this.#endBeat = beatSingly(pace.ratePerS, () => this.#turn());
    else {
      const timer = setInterval(() => this.#turn(), TURN_MS);
      this.#endBeat = () => clearInterval(timer);
    }
  }

  async stop(): Promise<void> {
    this.#phase = 'ending';
    this.#endBeat();
    const giveUp = setTimeout(() => this.#giveUp(), DRAIN_MS_MAX);
    await this.#untilIdle(() => undefined);
    clearTimeout(giveUp);
    for (const connection of this.#connections) connection.close();
  }

  onOpen(connection: Connection): void {
    this.#opened += 1;
    this.#openMore();
    this.#rest(connection);
  }

  onAnswer(connection: Connection, request: PlannedRequest): void {
    this.#options.tally.add(request.operations, connection.sinceMs);
    this.#use(connection);
    // Answers come more often than the timer does: what fell due meanwhile goes out now.
    this.#turn();
  }

  onFailure(reason: string): void {
    this.#options.onFailure(reason);
  }

  #openMore(): void {
    const { plan } = this.#options;
    while (this.#connections.length < Math.min(plan.connections, this.#opened + OPEN_AT_ONCE)) {
      this.#connections.push(new Connection(plan.address, this.#judge, this));
    }
  }

  /** Sends what is next on it, if anything is. */
  #use(connection: Connection): void {
    const { requests, plan } = this.#options;
    if (this.#phase === 'filling') {
      const request = requests.puts[this.#filled];
      this.#filled += 1;
      if (request === undefined) this.#rest(connection);
      else connection.send(request, performance.now());
    } else if (this.#phase === 'running' && plan.pace.kind === 'closed') {
      connection.send(requests.next(), performance.now());
    } else {
      // In an open loop; what was due before the end is sent after it, too.
      const dueMs = this.#backlog.shift();
      if (dueMs === undefined) this.#rest(connection);
      else connection.send(requests.next(), dueMs);
    }
  }

  #rest(connection: Connection): void {
    this.#idle.push(connection);
    if (this.#idle.length === this.#options.plan.connections) this.#settled();
  }

  #useIdle(): void {
    for (let left = this.#idle.length; left > 0; left -= 1) this.#use(this.#idle.shift() as Connection);
  }

  #turn(): void {
    const { pace } = this.#options.plan;
    if (pace.kind !== 'open' || this.#phase !== 'running') return;
    const due = Math.floor(((performance.now() - this.#startedMs) * pace.ratePerS) / 1000);
    for (; this.#begun < due; this.#begun += 1) {
      this.#backlog.push(this.#startedMs + (this.#begun * 1000) / pace.ratePerS);
      const connection = this.#idle.shift();
      if (connection !== undefined) this.#use(connection);
    }
  }

  /** What still waits for a connection has taken at least as long as until now. */
  #giveUp(): void {
    for (let dueMs = this.#backlog.shift(); dueMs !== undefined; dueMs = this.#backlog.shift()) {
      this.#options.tally.add(1, dueMs);
    }
  }

  async #untilIdle(begin: () => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#settled = resolve;
      begin();
      if (this.#idle.length === this.#options.plan.connections) resolve();
    });
    this.#settled = () => undefined;
  }
}
