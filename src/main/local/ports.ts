import { createServer } from 'node:net';

/**
 * Ports for servers that come back on the same one. Not those that the system gives for port 0: they are of the range
 * for outgoing connections, so that another connection could take one while its server is down, and a client that dials
 * a dead port of that range can even be connected to itself.
 */
export class FreePorts {
  static readonly #FIRST = 20_000;
  static readonly #COUNT = 10_000;
  readonly #given = new Set<number>();

  async take(): Promise<number> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      // Chance keeps two runs, started together, from choosing the same.
      const port = FreePorts.#FIRST + Math.floor(Math.random() * FreePorts.#COUNT);
      if (this.#given.has(port)) continue;
      this.#given.add(port);
      if (await isFree(port)) return port;
    }
    throw new Error('no free port between 20000 and 29999');
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve(true)));
  });
}
