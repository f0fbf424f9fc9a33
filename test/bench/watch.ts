/**
 * What it takes until watchers are told: a local cluster of real processes, so many clients that watch one key (each a
 * connection of its own, from a process of their own), and so many writes a second to that key. The time is that from before
 * the write is sent to where a client has read the event: `node test/bench/watch.ts [watchers] [proxy|replica] [writes/s] [seconds]`.
 * Ten thousand need as many open files in two processes: `ulimit -n 20000`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Installation } from '../measure/installation.ts';
import { processorMsOf } from '../measure/linux.ts';
import { Asker } from '../measure/load/asker.ts';

const [watchers = 1000, through = 'proxy', writesPerS = 10, seconds = 60] = process.argv
  .slice(2)
  .map((text, place) => (place === 1 ? text : Number(text))) as [number?, string?, number?, number?];
const KEY = 'bench/watched';
/** Before the time in an event. */
const SENT = '"value":"at ';
/** Not all at once: a backlog of connections is not what is measured. */
const CONNECTS_PER_TURN = 50;
/** Before the first write that counts. */
const WARM_UP_MS = 2000;

/** Since the machine's clock began, the same in every process. */
const nowMs = (): number => performance.timeOrigin + performance.now();

interface Told {
  readonly latenciesMs: readonly number[];
  readonly events: number;
}

/** The process of the clients: says `watching`, and answers `report` with what they were told. */
async function watch(port: number): Promise<void> {
  const latenciesMs: number[] = [];
  let synced = 0;
  const request = `GET /v1/watch?key=${encodeURIComponent(KEY)} HTTP/1.1\r\nHost: bench\r\n\r\n`;
  const onread = {
    // One for all of them, and no stream: what the clients cost the machine is no part of what is measured.
    buffer: Buffer.alloc(65_536),
    callback(bytes: number, buffer: Uint8Array) {
      const atMs = nowMs();
      const text = Buffer.from(buffer.buffer, 0, bytes).toString('latin1');
      if (text.includes('event: synced')) synced += 1;
      for (let at = text.indexOf(SENT); at >= 0; at = text.indexOf(SENT, at + 1))
        latenciesMs.push(atMs - Number.parseFloat(text.slice(at + SENT.length)));
      return true;
    },
  };
  for (let number = 0; number < watchers; number += 1) {
    const socket = connect({ port, host: '127.0.0.1', onread }, () => socket.write(request));
    socket.on('error', (error) => {
      throw error;
    });
    if (number % CONNECTS_PER_TURN === 0) await wait(5);
  }
  while (synced < watchers) await wait(20);
  process.on('message', (message) => {
    if (message === 'forget') latenciesMs.length = 0;
    else process.send?.({ latenciesMs, events: latenciesMs.length } satisfies Told);
  });
  process.send?.('watching');
}

async function write(asker: Asker): Promise<number> {
  const startMs = performance.now();
  const { status } = await asker.put(`/v1/keys/${KEY}`, `at ${nowMs()}`);
  if (status !== 200 && status !== 201) throw new Error(`a write was answered with ${status}`);
  return performance.now() - startMs;
}

async function writeFor(asker: Asker, ms: number): Promise<number[]> {
  const tookMs: Promise<number>[] = [];
  for (const endMs = performance.now() + ms; performance.now() < endMs; await wait(1000 / writesPerS))
    tookMs.push(write(asker));
  return Promise.all(tookMs);
}

const percentile = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1);

const describe = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return `p50 ${percentile(sorted, 0.5)} ms, p99 ${percentile(sorted, 0.99)} ms, max ${percentile(sorted, 1)} ms`;
};

async function main(): Promise<void> {
  const installation = await Installation.start({});
  try {
    const [proxy] = installation.cluster.proxies;
    const leader = await installation.cluster.leader();
    const replica = installation.cluster.pods.find((pod) => pod !== leader);
    if (proxy === undefined || replica === undefined) throw new Error('no proxy, or no follower');
    const port = through === 'replica' ? replica.httpPort : proxy.port;
    const clients = fork(import.meta.filename, [String(watchers), through], {
      env: { ...process.env, BENCH_WATCH_PORT: String(port) },
    });
    await once(clients, 'message');
    const writer = new Asker({ host: '127.0.0.1', port: proxy.port });
    await writeFor(writer, WARM_UP_MS);
    await wait(500);
    clients.send('forget');
    const teller = through === 'replica' ? replica.server : proxy.server;
    const beforeMs = processorMsOf(teller.pid);
    const writes = await writeFor(writer, seconds * 1000);
    await wait(1000);
    const processor = processorMsOf(teller.pid) - beforeMs;
    clients.send('report');
    const [told] = (await once(clients, 'message')) as [Told];
    console.log(`${watchers} watchers at a ${through}, ${writes.length} writes in ${seconds} s`);
    console.log(`told: ${told.events} of ${watchers * writes.length}; ${describe(told.latenciesMs)}`);
    console.log(
      `processor time of the ${through}: ${((1000 * processor) / told.events).toFixed(1)} µs for each event told`,
    );
    console.log(`writes: ${describe(writes)}`);
    writer.close();
    clients.kill();
  } finally {
    await installation.end();
  }
}

const port = process.env['BENCH_WATCH_PORT'];
if (port === undefined) await main();
else await watch(Number(port));
