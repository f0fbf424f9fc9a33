import { connect, type Socket } from 'node:net';
import type { Address } from './http-connection.ts';

export interface WatchersOptions {
  readonly key: string;
  /** Where each goes in turn when it is turned away, or its stream has ended. */
  readonly addresses: readonly Address[];
}

/** So that not the backlog of the listening socket is what is tried. */
const CONNECTS_PER_TURN = 50;
const TURN_MS = 5;
const REST_MS = 200;

/**
 * Many who watch one key, whose values are numbers that grow by 1. Each goes on by `Last-Event-ID` wherever it is taken, and notes
 * every number that it is not told, is told twice, or in another order.
 */
export class Watchers {
  readonly #options: WatchersOptions;
  readonly #watchers: Watcher[] = [];

  constructor(options: WatchersOptions) {
    this.#options = options;
  }

  /** Resolves when each has been told all there was. */
  async gather(count: number): Promise<void> {
    for (let number = 0; number < count; number += 1) {
      this.#watchers.push(new Watcher(this.#options));
      if (number % CONNECTS_PER_TURN === 0) await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    }
  }

  get synced(): number {
    return this.#count(({ isSynced }) => isSynced);
  }

  /** How many have been told `number`. */
  toldOf(number: number): number {
    return this.#count(({ last }) => last !== null && last >= number);
  }

  /** How often a stream ended and was gone on with. */
  get resumed(): number {
    return this.#watchers.reduce((sum, { resumed }) => sum + resumed, 0);
  }

  get faults(): readonly string[] {
    return this.#watchers.flatMap(({ faults }) => faults);
  }

  leave(): void {
    for (const watcher of this.#watchers) watcher.leave();
  }

  #count(is: (watcher: Watcher) => boolean): number {
    return this.#watchers.reduce((sum, watcher) => sum + (is(watcher) ? 1 : 0), 0);
  }
}

class Watcher {
  readonly faults: string[] = [];
  last: number | null = null;
  isSynced = false;
  resumed = 0;
  readonly #options: WatchersOptions;
  #place = 0;
  #lastId: string | null = null;
  #socket: Socket | null = null;
  #received = '';
  #hasLeft = false;

  constructor(options: WatchersOptions) {
    this.#options = options;
    this.#connect();
  }

  leave(): void {
    this.#hasLeft = true;
    this.#socket?.destroy();
  }

  #connect(): void {
    const { addresses, key } = this.#options;
    const address = addresses[this.#place % addresses.length];
    if (address === undefined) throw new Error('no address was given');
    const resume = this.#lastId === null ? '' : `Last-Event-ID: ${this.#lastId}\r\n`;
    if (this.#lastId !== null) this.resumed += 1;
    this.#received = '';
    const socket = connect({ ...address, noDelay: true }, () => {
      socket.write(`GET /v1/watch?key=${encodeURIComponent(key)} HTTP/1.1\r\nHost: kvstore\r\n${resume}\r\n`);
    });
    this.#socket = socket;
    socket.setEncoding('latin1');
    // 'close' follows, and says all that matters.
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => {
      this.#onText(text);
    });
    socket.once('close', () => {
      if (this.#hasLeft) return;
      this.#place += 1;
      setTimeout(() => this.#connect(), REST_MS * Math.random());
    });
  }

  #onText(text: string): void {
    this.#received += text;
    if (this.#received.startsWith('HTTP/1.1 ') && !this.#received.startsWith('HTTP/1.1 200')) {
      if (this.#received.includes('\r\n\r\n')) this.#socket?.destroy();
      return;
    }
    for (let end = this.#received.indexOf('\n\n'); end >= 0; end = this.#received.indexOf('\n\n')) {
      this.#onEvent(this.#received.slice(0, end));
      this.#received = this.#received.slice(end + 2);
    }
  }

  /** The sizes of chunks may stand between events, and never within one. */
  #onEvent(event: string): void {
    const id = /^id: (.*)$/m.exec(event)?.[1];
    if (id !== undefined) this.#lastId = id;
    if (event.includes('event: synced')) this.isSynced = true;
    const told = /"value":"([0-9]+)"/.exec(event)?.[1];
    if (told === undefined) return;
    const number = Number(told);
    if (this.last !== null && number !== this.last + 1) this.faults.push(`told ${number} behind ${this.last}`);
    this.last = number;
  }
}
