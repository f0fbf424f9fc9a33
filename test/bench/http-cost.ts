/**
 * What a request costs the process that answers it, in processor time, beside a bare `node:http` server and a bare Express app that send the
 * same headers and body: `npm run bench -- http-cost`, or with a number of rounds, of replicas, and a part of the works' names
 * (`http-cost 40 1 GET`). Processor time, since the wall clock tells of whatever else runs on the machine; and in many short rounds, one row
 * after the other, since what else runs makes requests dearer as well: it cools the caches of all rows alike. Linux.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Installation } from '../measure/installation.ts';
import { HttpConnection, type Address, type Answer, type ConnectionOwner } from '../measure/load/http-connection.ts';

const CONNECTIONS = 64;
const KEYS = 10_000;
const VALUE = 'v'.repeat(64);
const ROUND_MS = 150;
/** Until V8 has compiled what there is to compile. */
const WARM_UP_ANSWERS = 20_000;
/** As our servers' default. */
const KEEP_ALIVE_MS = 75_000;
/** What `node:http` adds by itself. */
const OWN_HEADERS = new Set(['date', 'connection', 'keep-alive']);

interface Process {
  readonly pid: number;
  readonly address: Address;
}

interface Row {
  readonly name: string;
  /** The row that it is compared with. */
  readonly ceiling: string;
  readonly process: Process;
  readonly load: Load;
  /** Microseconds for each request, in each round. */
  readonly costs: number[];
}

/** Each connection sends its next request when the one before is answered, for as long as a round takes. */
class Load implements ConnectionOwner {
  readonly #requestOf: (number: number) => string;
  readonly #idle: HttpConnection[] = [];
  readonly #connections: readonly HttpConnection[];
  #sent = 0;
  #answers = 0;
  #sendsUntilMs = 0;
  #onIdle: (() => void) | null = null;

  constructor(address: Address, requestOf: (number: number) => string) {
    this.#requestOf = requestOf;
    this.#connections = Array.from({ length: CONNECTIONS }, () => new HttpConnection(address, this));
  }

  /** How many requests it was that were answered. */
  async round(ms: number): Promise<number> {
    this.#answers = 0;
    this.#sendsUntilMs = performance.now() + ms;
    const ended = new Promise<void>((resolve) => (this.#onIdle = resolve));
    for (const connection of this.#idle.splice(0)) this.#send(connection);
    await ended;
    return this.#answers;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  onOpen(connection: HttpConnection): void {
    this.#send(connection);
  }

  onAnswer(connection: HttpConnection, answer: Answer): void {
    if (answer.status >= 300) throw new Error(`answered with ${answer.status}: ${answer.body}`);
    this.#answers += 1;
    if (performance.now() < this.#sendsUntilMs) this.#send(connection);
    else if (this.#idle.push(connection) === CONNECTIONS) this.#onIdle?.();
  }

  onEnd(_connection: HttpConnection, ending: string): void {
    throw new Error(`a connection ended: ${ending}`);
  }

  #send(connection: HttpConnection): void {
    connection.send(this.#requestOf((this.#sent += 1)));
  }
}

const keyOf = (number: number): string => `bench-${String((number * 7919) % KEYS).padStart(10, '0')}`;
const withBody = (line: string, body: string, type: string): string =>
  `${line} HTTP/1.1\r\nHost: bench\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`;

/** In this order, so that what is read was written. `at`: where in a group of several. */
const WORKS = [
  { work: 'PUT', at: 'leader', requestOf: (number: number) => withBody(`PUT /v1/keys/${keyOf(number)}`, VALUE, '') },
  {
    work: 'GET',
    at: 'follower',
    requestOf: (number: number) => `GET /v1/keys/${keyOf(number)} HTTP/1.1\r\nHost: bench\r\n\r\n`,
  },
  {
    work: 'PUT /put',
    at: 'leader',
    requestOf: (number: number) =>
      withBody('PUT /put', JSON.stringify({ key: keyOf(number), value: VALUE }), 'Content-Type: application/json\r\n'),
  },
  {
    work: 'GET /get',
    at: 'follower',
    requestOf: (number: number) => `GET /get/${keyOf(number)} HTTP/1.1\r\nHost: bench\r\n\r\n`,
  },
] as const;

/** A server that gives this very answer to whatever it is asked, once it has read it. */
interface Template {
  readonly kind: 'node' | 'express';
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

function listenerOf({ kind, status, headers, body }: Template): RequestListener {
  const answer: RequestListener = (request, response) => {
    const end = (): void => {
      response.writeHead(status, headers as string[]);
      response.end(body, 'latin1');
    };
    if (request.method === 'GET') end();
    else request.on('data', () => undefined).on('end', end);
  };
  if (kind === 'node') return answer;
  const app = express();
  app.disable('x-powered-by');
  app.all(/^\/(?:v1\/keys\/|get\/|put$)/, answer);
  return app;
}

async function serveCeiling(template: Template): Promise<void> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, listenerOf(template));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
  process.on('disconnect', () => process.exit());
}

const ceilings: ChildProcess[] = [];

async function startCeiling(template: Template): Promise<Process> {
  const args = [import.meta.filename, 'ceiling', JSON.stringify(template)];
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  ceilings.push(child);
  const [port] = (await once(child, 'message')) as [number];
  return { pid: child.pid ?? NaN, address: { host: '127.0.0.1', port } };
}

function templateOf(kind: Template['kind'], { status, head, body }: Answer): Template {
  const headers: string[] = [];
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (!OWN_HEADERS.has(name.toLowerCase())) headers.push(name, line.slice(colon + 1).trim());
  }
  return { kind, status, headers, body };
}

function answerTo(address: Address, request: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const connection: HttpConnection = new HttpConnection(address, {
      onOpen: () => {
        connection.send(request);
      },
      onAnswer: (_connection, answer) => {
        connection.close();
        resolve(answer);
      },
      onEnd: (_connection, ending) => {
        reject(new Error(`a connection ended: ${ending}`));
      },
    });
  });
}

/** Of all its threads, in microseconds. */
function processorUsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ns = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return ns.reduce((sum, each) => sum + Number(each), 0) / 1000;
}

async function measureRound({ process: { pid }, load, costs }: Row): Promise<void> {
  const beforeUs = processorUsOf(pid);
  const answers = await load.round(ROUND_MS);
  costs.push((processorUsOf(pid) - beforeUs) / answers);
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** The rows of one work, each warm. */
async function rowsOf(installation: Installation, { work, at, requestOf }: (typeof WORKS)[number]): Promise<Row[]> {
  const leader = await installation.leader();
  const pod = at === 'leader' ? leader : ((await installation.followers())[0] ?? leader);
  const [proxy] = installation.cluster.proxies;
  if (proxy === undefined) throw new Error('there is no proxy');
  const processOf = (pid: number | null, port: number): Process => ({
    pid: pid ?? NaN,
    address: { host: '127.0.0.1', port },
  });
  const replica = processOf(pod.server.pid, pod.httpPort);
  const answer = await answerTo(replica.address, requestOf(1));
  const processes = {
    'bare node:http': await startCeiling(templateOf('node', answer)),
    'bare Express': await startCeiling(templateOf('express', answer)),
    replica,
    proxy: processOf(proxy.server.pid, proxy.port),
  };
  const rows: Row[] = [];
  for (const [name, process] of Object.entries(processes)) {
    const load = new Load(process.address, requestOf);
    rows.push({ name: `${work}, ${name}`, ceiling: `${work}, bare node:http`, process, load, costs: [] });
    for (let answers = 0; answers < WARM_UP_ANSWERS;) answers += await load.round(ROUND_MS);
  }
  return rows;
}

function report(rows: readonly Row[]): void {
  for (const { name, ceiling, costs } of rows) {
    const bare = rows.find((row) => row.name === ceiling)?.costs ?? [];
    const [own, ratio] = [medianOf(costs), medianOf(bare) / medianOf(costs)];
    console.log(`${name.padEnd(24)} ${own.toFixed(1).padStart(6)} µs   ${ratio.toFixed(2)} × bare node:http`);
  }
}

async function measure(rounds: number, replicas: number, part: string): Promise<void> {
  const installation = await Installation.start({ replicas });
  try {
    for (const work of WORKS) {
      // Those of a work that is left out as well: the next one reads what it has written.
      const rows = await rowsOf(installation, work);
      if (work.work.includes(part)) {
        for (let round = 0; round < rounds; round += 1) for (const row of rows) await measureRound(row);
        report(rows);
      }
      for (const { load } of rows) load.close();
      for (const child of ceilings.splice(0)) child.kill();
    }
  } finally {
    for (const child of ceilings) child.kill();
    await installation.end();
  }
}

const [first, second, third] = process.argv.slice(2);
if (first === 'ceiling') await serveCeiling(JSON.parse(second ?? '') as Template);
else await measure(Number(first ?? 40), Number(second ?? 3), third ?? '');
