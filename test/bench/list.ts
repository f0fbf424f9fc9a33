/**
 * Pages of lists over HTTP: a local cluster of real processes that holds a million keys (or as many as the first argument
 * says), and 5000 pages of 100 keys by prefix, one after another, from the proxy and from a replica; beside them as many reads
 * of single keys.
 */
import { Installation } from '../measure/installation.ts';
import { Asker } from '../measure/load/asker.ts';
import { fill } from '../measure/load/fill.ts';
import { summaryOf } from '../measure/load/reader.ts';

const keys = Number(process.argv[2] ?? 1_000_000);
const PAGES = 5000;
const WARM_UP = 2000;

/** Ten thousand folders of a hundred; scattered, as keys come. */
const keyOf = (number: number): string => {
  const place = (number * 7_368_787) % keys;
  return `app/${String(Math.floor(place / 100)).padStart(7, '0')}/${String(place % 100).padStart(2, '0')}`;
};

async function timed(
  times: number,
  asker: Asker,
  pathOf: (at: number) => string,
  isRight: (body: string) => boolean,
): Promise<string> {
  const tookMs: number[] = [];
  for (let at = -WARM_UP; at < times; at += 1) {
    const path = pathOf(at + WARM_UP);
    const begun = performance.now();
    const { status, body } = await asker.get(path);
    if (at >= 0) tookMs.push(performance.now() - begun);
    if (status !== 200 || !isRight(body)) throw new Error(`${path}: ${status} ${body.slice(0, 200)}`);
  }
  const { p50, p99, max } = summaryOf(tookMs);
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, longest ${max.toFixed(1)} ms`;
}

const installation = await Installation.start({ env: { KV_MEMORY_MAX: '3GiB' } });
try {
  const [proxy] = installation.cluster.proxies;
  const [follower] = await installation.followers();
  if (proxy === undefined || follower === undefined) throw new Error('no proxy, or no follower');
  await fill({ url: proxy.url, keys, keyOf, say: console.log });
  await installation.untilQuiet();
  const folders = Math.floor(keys / 100);
  for (const [name, port] of [
    ['proxy', Number(new URL(proxy.url).port)],
    ['replica', follower.httpPort],
  ] as const) {
    const asker = new Asker({ host: '127.0.0.1', port });
    const prefixOf = (at: number): string => `app/${String((at * 7919) % folders).padStart(7, '0')}/`;
    const isPage = (body: string): boolean => (JSON.parse(body) as { readonly keys: unknown[] }).keys.length === 100;
    const page = (at: number): string => `/v1/keys?limit=100&prefix=${encodeURIComponent(prefixOf(at))}`;
    console.log(`${name}: a page of 100 among ${keys} keys: ${await timed(PAGES, asker, page, isPage)}`);
    const single = (at: number): string => `/v1/keys/${prefixOf(at)}07`;
    console.log(`${name}: a single key: ${await timed(PAGES, asker, single, (body) => body.startsWith('value'))}`);
    asker.close();
  }
} finally {
  await installation.end();
}
