import { setTimeout as wait } from 'node:timers/promises';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Installation } from '../measure/installation.ts';
import { until } from '../measure/until.ts';

jest.setTimeout(120_000);

let installation: Installation;
beforeAll(async () => {
  // So little that a reader which takes nothing is soon left behind.
  installation = await Installation.start({ proxies: 2, env: { KV_LOG_BYTES_MAX: '4Mi' } });
});
afterAll(() => installation.end());

interface Seen {
  readonly event: string;
  readonly id: string;
  readonly data: { readonly key?: string; readonly value?: string; readonly revision?: number };
}

/** A client that comes again with the last id whenever its stream ends, as a browser does. */
class Watching {
  readonly seen: Seen[] = [];
  /** Answers that were no stream. */
  readonly refusals: number[] = [];
  streams = 0;
  response: IncomingMessage | null = null;
  readonly #urls: readonly string[];
  readonly #query: string;
  #isWanted = true;

  constructor(urls: readonly string[], query: string) {
    this.#urls = urls;
    this.#query = query;
    this.#connect();
  }

  get synced(): boolean {
    return this.seen.some(({ event }) => event === 'synced');
  }

  values(): string[] {
    return this.seen.flatMap(({ event, data }) => (event === 'put' ? [data.value ?? ''] : []));
  }

  end(): void {
    this.#isWanted = false;
    this.response?.destroy();
  }

  #connect(): void {
    const last = this.seen.findLast(({ id }) => id !== '')?.id;
    const headers = last === undefined ? {} : { 'Last-Event-ID': last };
    const url = this.#urls[this.streams % this.#urls.length] ?? '';
    this.streams += 1;
    const request = get(`${url}/v1/watch?${this.#query}`, { headers, agent: false }, (response) => {
      this.response = response;
      if (response.statusCode !== 200) this.refusals.push(response.statusCode ?? 0);
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      });
      response.on('error', () => undefined);
    });
    request.on('error', () => undefined);
    request.on('close', () => {
      if (this.#isWanted) setTimeout(() => this.#connect(), 20);
    });
  }

  #take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    );
    const event = fields.get('event');
    if (event !== undefined)
      this.seen.push({
        event,
        id: fields.get('id') ?? '',
        data: JSON.parse(fields.get('data') ?? '{}') as Seen['data'],
      });
  }
}

const proxyUrl = (place = 0) => installation.cluster.proxies[place]?.url ?? '';
const replicaUrls = () => installation.cluster.pods.map(({ ip, httpPort }) => `http://${ip}:${httpPort}`);

async function put(key: string, value: string): Promise<void> {
  const response = await fetch(`${proxyUrl()}/v1/keys/${key}`, { method: 'PUT', body: value });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${response.status} for ${value}`);
}

const metricOf = async (url: string, name: string) => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.]+)$`, 'm').exec(text)?.[1]);
};

describe('R19: watches while leaders are killed', () => {
  test('every watcher is told every write once, in order; through proxies it does not even notice', async () => {
    const [one, two] = [proxyUrl(0), proxyUrl(1)];
    const throughProxies = Array.from(
      { length: 100 },
      (_, place) => new Watching([place % 2 === 0 ? one : two], 'prefix=w/'),
    );
    const atReplicas = Array.from({ length: 12 }, (_, place) => {
      const urls = replicaUrls();
      return new Watching([...urls.slice(place % 3), ...urls.slice(0, place % 3)], 'prefix=w/');
    });
    const all = [...throughProxies, ...atReplicas];
    try {
      await until('all are watching', () => all.every(({ synced }) => synced));
      // One watch of the range for each proxy, however many clients it has.
      expect([
        await metricOf(one, 'kvstore_proxy_watchers'),
        await metricOf(one, 'kvstore_proxy_upstream_watches'),
      ]).toEqual([50, 1]);
      const written: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        for (let number = 0; number < 60; number += 1) {
          const value = `${round}.${number}`;
          await put(`w/${number % 7}`, value);
          written.push(value);
          if (number === 20) (await installation.cluster.leader())?.server.kill('SIGKILL');
        }
        await installation.untilInSync();
      }
      await until('all have been told', () => all.every((watching) => watching.values().length >= written.length));
      for (const watching of all) expect(watching.values()).toEqual(written);
      for (const { streams, refusals } of throughProxies) expect([streams, refusals]).toEqual([1, []]);
      expect(atReplicas.some(({ streams }) => streams > 1)).toBe(true);
    } finally {
      for (const watching of all) watching.end();
    }
  });
});

describe('R19: the state comes first', () => {
  test('and with what follows it makes the very state that there is', async () => {
    for (let number = 0; number < 30; number += 1) await put(`s/${number}`, `old ${number}`);
    const watchings = [proxyUrl(), ...replicaUrls()].map((url) => new Watching([url], 'prefix=s/&snapshot=true'));
    try {
      for (let number = 0; number < 30; number += 3) await put(`s/${number}`, `new ${number}`);
      await fetch(`${proxyUrl()}/v1/keys/s/1`, { method: 'DELETE' });
      const due = new Map(
        Array.from({ length: 30 }, (_, number) => [`s/${number}`, `${number % 3 === 0 ? 'new' : 'old'} ${number}`]),
      );
      due.delete('s/1');
      const stateOf = ({ seen }: Watching) => {
        const state = new Map<string, string>();
        for (const { event, data } of seen)
          if (event === 'put') state.set(data.key ?? '', data.value ?? '');
          else if (event === 'delete') state.delete(data.key ?? '');
        return state;
      };
      const isThere = (watching: Watching) => watching.synced && watching.seen.some(({ event }) => event === 'delete');
      await until('all are told', () => watchings.every(isThere));
      for (const watching of watchings) expect(stateOf(watching)).toEqual(due);
    } finally {
      for (const watching of watchings) watching.end();
    }
  });
});

describe('R19: a reader that is too slow', () => {
  test('is told so and ends, and neither writers nor other readers wait for it', async () => {
    const slow = [proxyUrl(), ...replicaUrls()].map((url) => new Watching([url], 'key=slow'));
    const fast = new Watching([proxyUrl()], 'key=slow');
    try {
      await until('all are watching', () => [...slow, fast].every(({ synced }) => synced));
      for (const { response } of slow) response?.pause();
      const big = 'x'.repeat(100_000);
      const tookMs: number[] = [];
      for (let number = 0; number < 200; number += 1) {
        const startMs = performance.now();
        await put('slow', `${number} ${big}`);
        tookMs.push(performance.now() - startMs);
      }
      await until('the fast one has all', () => fast.values().length === 200);
      expect(tookMs.sort((a, b) => a - b)[100]).toBeLessThan(100);
      await wait(200);
      for (const { response } of slow) response?.resume();
      await until('the slow ones are told', () =>
        slow.every(({ seen }) => seen.some(({ event }) => event === 'overflow')),
      );
      // Whoever comes again with the last id is told that what follows is gone.
      await until('they are refused', () => slow.every(({ refusals }) => refusals.includes(410)));
    } finally {
      for (const watching of [...slow, fast]) watching.end();
    }
  });
});
