import { connect, type Socket } from 'node:net';

import { afterEach } from '@jest/globals';

import { HttpServer, type ServerLimits } from '../../../../src/api/http/server.ts';
import { apiUnderTest } from './api-under-test.ts';

const limits: ServerLimits = { connectionsMax: 100, pipelineMax: 4, requestTimeoutMs: 15_000, idleTimeoutMs: 75_000 };

const ended: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** A server of the API, until the test ends. */
export async function serve(change: Partial<ServerLimits> = {}) {
  const under = apiUnderTest();
  const server = new HttpServer({
    api: under.whole,
    limits: { ...limits, ...change },
    metrics: under.metrics,
    log: under.log,
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  ended.push(() => server.close(0));
  return { ...under, server, port: Number(address.split(':')[1]) };
}

/** A client that says exactly what it is told to. */
export class RawClient {
  received = '';
  closed = false;
  readonly socket: Socket;
  readonly #waiters = new Set<() => void>();

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      this.#changed();
    });
    this.socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
    this.socket.on('error', () => undefined);
    ended.push(() => {
      this.socket.destroy();
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Within 10 s. */
  until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(deadline);
        this.#waiters.delete(look);
        resolve();
      };
      const deadline = setTimeout(() => {
        this.#waiters.delete(look);
        reject(new Error(`waited for ${what}, received ${JSON.stringify(this.received)}`));
      }, 10_000);
      this.#waiters.add(look);
      look();
    });
  }

  async answers(count: number): Promise<number[]> {
    await this.until(`${count} answers`, () => this.#statuses().length >= count);
    return this.#statuses();
  }

  #changed(): void {
    for (const look of this.#waiters) look();
  }

  close(): Promise<void> {
    return this.until('the connection to close', () => this.closed);
  }

  #statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));
  }
}
