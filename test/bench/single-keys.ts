/**
 * Plain writes and reads of single keys, as fast as 64 connections get their answers: a local cluster of real processes, `PUT` at the leader, then
 * `GET` at a follower, each for so many seconds (5, or the first argument), 16-byte keys and 64-byte values. To compare two builds
 * run them in turns, several times each: `npm run bench -- single-keys` in both.
 */
import { Installation } from '../measure/installation.ts';
import { HttpConnection, type Address, type Answer, type ConnectionOwner } from '../measure/load/http-connection.ts';
import { summaryOf } from '../measure/load/reader.ts';

const seconds = Number(process.argv[2] ?? 5);
const CONNECTIONS = 64;
const KEYS = 10_000;
const WARM_UP_MS = 1000;
const VALUE = 'v'.repeat(64);

/** Each connection sends its next request when the one before is answered. */
class ClosedLoop implements ConnectionOwner {
  readonly tookMs: number[] = [];
  readonly #requestOf: (number: number) => string;
  readonly #sentMs = new Map<HttpConnection, number>();
  readonly #connections: readonly HttpConnection[];
  readonly #countsFromMs = performance.now() + WARM_UP_MS;
  #sent = 0;

  constructor(address: Address, requestOf: (number: number) => string) {
    this.#requestOf = requestOf;
    this.#connections = Array.from({ length: CONNECTIONS }, () => new HttpConnection(address, this));
  }

  onOpen(connection: HttpConnection): void {
    this.#sentMs.set(connection, performance.now());
    connection.send(this.#requestOf((this.#sent += 1)));
  }

  onAnswer(connection: HttpConnection, answer: Answer): void {
    if (answer.status >= 300) throw new Error(`answered with ${answer.status}: ${answer.body}`);
    const nowMs = performance.now();
    if (nowMs >= this.#countsFromMs) this.tookMs.push(nowMs - (this.#sentMs.get(connection) ?? NaN));
    this.onOpen(connection);
  }

  onEnd(_connection: HttpConnection, ending: string): void {
    throw new Error(`a connection ended: ${ending}`);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

async function run(what: string, address: Address, requestOf: (number: number) => string): Promise<void> {
  const loop = new ClosedLoop(address, requestOf);
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS + 1000 * seconds));
  const { length } = loop.tookMs;
  loop.close();
  const { p50, p99 } = summaryOf(loop.tookMs);
  console.log(`${what}: ${Math.round(length / seconds)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
}

const keyOf = (number: number): string => `bench/${String((number * 7919) % KEYS).padStart(10, '0')}`;

const installation = await Installation.start({});
try {
  const leader = await installation.leader();
  const [follower] = await installation.followers();
  if (follower === undefined) throw new Error('there is no follower');
  const addressOf = (port: number): Address => ({ host: '127.0.0.1', port });
  await run('PUT at the leader', addressOf(leader.httpPort), (number) => {
    return `PUT /v1/keys/${keyOf(number)} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${VALUE.length}\r\n\r\n${VALUE}`;
  });
  await installation.untilQuiet();
  await run(
    'GET at a follower',
    addressOf(follower.httpPort),
    (number) => `GET /v1/keys/${keyOf(number)} HTTP/1.1\r\nHost: bench\r\n\r\n`,
  );
} finally {
  await installation.end();
}
