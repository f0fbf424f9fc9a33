/**
 * Pages of lists over HTTP: a local cluster of real processes that holds a million keys (or as many as the first argument
 * says), and 5000 pages of 100 keys by prefix, one after another, from the proxy and from a replica; beside them as many reads
 * of single keys. They are asked for by a process of its own, which makes no garbage: what a client's collections cost is its
 * own affair.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Installation } from '../measure/installation.ts';
import { fill } from '../measure/load/fill.ts';
import { summaryOf } from '../measure/load/reader.ts';
import { Connection } from './load/connection.ts';
import { judgeHttp } from './load/http-answer.ts';
import type { Request } from './load/request.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const PAGE_KEYS = 100;
const folders = Math.floor(keys / PAGE_KEYS);
const PAGES = 5000;
/** Until V8 has compiled what there is to compile: its compiler takes processors from the servers. */
const WARM_UP = 6000;
/** A prime: the next is far from the one before. */
const STRIDE = 7919;

const folderOf = (number: number): string => `app/${String(number).padStart(7, '0')}/`;

/** So many keys to each folder; scattered, as keys come. */
const keyOf = (number: number): string => {
  const place = (number * 7_368_787) % keys;
  return `${folderOf(Math.floor(place / PAGE_KEYS))}${String(place % PAGE_KEYS).padStart(2, '0')}`;
};

/** What the client's process is told. */
interface Task {
  readonly port: number;
  readonly what: string;
}

const question = (path: string, expected: string, times: number): Request => ({
  bytes: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`),
  operations: 1,
  commands: 1,
  expected: Buffer.from(expected),
  times,
});

const questions: Readonly<Record<string, (folder: string) => Request>> = {
  [`a page of ${PAGE_KEYS}`]: (folder: string) =>
    question(
      `/v1/keys?limit=${PAGE_KEYS}&prefix=${encodeURIComponent(folder)}`,
      `"key":${JSON.stringify(folder).slice(0, -1)}`,
      PAGE_KEYS,
    ),
  'a single key': (folder: string) => question(`/v1/keys/${folder}07`, 'value', 1),
};

/** The client's process: asks one question after the other, and says how long each took. */
async function ask({ port, what }: Task): Promise<Float64Array> {
  const tookMs = new Float64Array(PAGES);
  const make = questions[what];
  if (make === undefined) throw new Error(`nobody asks for ${what}`);
  const asked = Array.from({ length: WARM_UP + PAGES }, (_, at) => make(folderOf((at * STRIDE) % folders)));
  let answered = 0;
  const { promise, resolve, reject } = Promise.withResolvers<null>();
  const next = (connection: Connection): void => {
    const request = asked[answered];
    if (request === undefined) resolve(null);
    else connection.send(request, performance.now());
  };
  const connection = new Connection({ host: '127.0.0.1', port }, judgeHttp, {
    onOpen: next,
    onAnswer(connection) {
      if (answered >= WARM_UP) tookMs[answered - WARM_UP] = performance.now() - connection.sinceMs;
      answered += 1;
      next(connection);
    },
    onFailure: (reason) => reject(new Error(reason)),
  });
  await promise;
  connection.close();
  return tookMs;
}

async function timed(task: Task): Promise<string> {
  const client = fork(import.meta.filename, [String(keys), JSON.stringify(task)], { serialization: 'advanced' });
  const [tookMs] = (await once(client, 'message')) as [Float64Array];
  const { p50, p99, max } = summaryOf([...tookMs]);
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, longest ${max.toFixed(1)} ms`;
}

async function main(): Promise<void> {
  const installation = await Installation.start({ env: { KV_MEMORY_MAX: '3GiB' } });
  try {
    const [proxy] = installation.cluster.proxies;
    const [follower] = await installation.followers();
    if (proxy === undefined || follower === undefined) throw new Error('no proxy, or no follower');
    await fill({ url: proxy.url, keys, keyOf, say: console.log });
    await installation.untilQuiet();
    for (const [name, port] of Object.entries({ proxy: proxy.port, replica: follower.httpPort })) {
      for (const what of Object.keys(questions))
        console.log(`${name}: ${what} among ${keys} keys: ${await timed({ port, what })}`);
    }
  } finally {
    await installation.end();
  }
}

const task = process.argv[3];
if (task === undefined) await main();
else process.send?.(await ask(JSON.parse(task) as Task));
