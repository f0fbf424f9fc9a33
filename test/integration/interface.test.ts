import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Installation } from '../measure/installation.ts';
import { until } from '../measure/until.ts';

/** What is more than single keys, through the proxy of a running installation, while its leader is killed. */
jest.setTimeout(120_000);

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start({});
});

afterAll(() => installation.end());

/** Of three members one may lose its memory at a time. */
beforeEach(async () => {
  await installation.untilInSync();
});

const proxy = (): string => installation.cluster.proxies[0]?.url ?? '';

const ask = (path: string, init: RequestInit = {}, base = proxy()): Promise<Response> =>
  fetch(base + path, { ...init, signal: AbortSignal.timeout(15_000) });

async function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const response = await ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer: unknown = await response.json();
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer as T;
}

const killLeader = async (): Promise<void> => {
  (await installation.leader()).server.kill('SIGKILL');
};

interface Got {
  readonly get: { readonly value: string; readonly revision: number } | null;
}

describe('transactions', () => {
  const ACCOUNTS = ['a', 'b', 'c', 'd'];
  const START = 100;

  interface Answer {
    readonly succeeded: boolean;
    readonly results: readonly Got[];
  }

  /** All accounts as of one moment. */
  async function balances(): Promise<Map<string, { value: number; revision: number }>> {
    const { results } = await post<Answer>('/v1/txn', {
      then: ACCOUNTS.map((name) => ({ get: { key: `acc/${name}` } })),
    });
    return new Map(
      ACCOUNTS.map((name, at) => {
        const found = results[at]?.get;
        return [name, { value: Number(found?.value), revision: found?.revision ?? 0 }];
      }),
    );
  }

  test('money that is moved is neither made nor lost, while the leader is killed', async () => {
    await post('/v1/batch', {
      operations: ACCOUNTS.map((name) => ({ put: { key: `acc/${name}`, value: String(START) } })),
    });
    let [moved, refused, looks] = [0, 0, 0];
    let isOver = false;

    async function move(from: string, to: string): Promise<void> {
      while (!isOver) {
        const before = await balances();
        const [source, target] = [before.get(from), before.get(to)];
        if (source === undefined || target === undefined) throw new Error('an account is gone');
        const { succeeded } = await post<Answer>('/v1/txn', {
          if: [
            { key: `acc/${from}`, revision: source.revision },
            { key: `acc/${to}`, value: String(target.value) },
          ],
          then: [
            { put: { key: `acc/${from}`, value: String(source.value - 1) } },
            { incr: { key: `acc/${to}`, by: 1 } },
          ],
        });
        if (succeeded) moved += 1;
        else refused += 1;
      }
    }

    async function look(): Promise<void> {
      while (!isOver) {
        const sum = [...(await balances()).values()].reduce((whole, { value }) => whole + value, 0);
        looks += 1;
        expect(sum).toBe(ACCOUNTS.length * START);
      }
    }

    const work = [move('a', 'b'), move('b', 'c'), move('c', 'a'), move('a', 'd'), look(), look()];
    await until('there is work', () => moved > 50);
    const before = moved;
    await killLeader();
    await until('there is work again', () => moved > before + 50);
    isOver = true;
    await Promise.all(work);
    expect(refused).toBeGreaterThan(0);
    expect(looks).toBeGreaterThan(0);
    const after = await balances();
    expect([...after.values()].reduce((whole, { value }) => whole + value, 0)).toBe(ACCOUNTS.length * START);
  });
});

test('a counter counts each request once, while the leader is killed', async () => {
  let counted = 0;
  let isOver = false;
  async function count(client: number): Promise<void> {
    for (let number = 0; !isOver; number += 1) {
      const headers = { 'idempotency-key': `count-${client}-${number}` };
      const response = await ask('/v1/keys/counter?incr=1', { method: 'POST', headers });
      expect(response.status).toBeLessThan(300);
      await response.text();
      counted += 1;
    }
  }
  const work = [0, 1, 2, 3].map(count);
  await until('it counts', () => counted > 100);
  const before = counted;
  await killLeader();
  await until('it counts again', () => counted > before + 100);
  isOver = true;
  await Promise.all(work);
  expect(await (await ask('/v1/keys/counter?consistency=linearizable')).text()).toBe(String(counted));
});

describe('a time to live', () => {
  const statusAt = async (base: string, mode: string, headers: Record<string, string> = {}): Promise<number> => {
    const response = await ask(`/v1/keys/mortal?consistency=${mode}`, { headers }, base);
    await response.text();
    return response.status;
  };
  const replicas = (): string[] => installation.pods.map(({ httpPort }) => `http://127.0.0.1:${httpPort}`);

  test('ends on every replica, though nobody writes any more', async () => {
    const begun = performance.now();
    const put = await ask('/v1/keys/mortal', { method: 'PUT', headers: { 'x-kv-ttl': '1s' }, body: 'v' });
    const acknowledged = performance.now();
    // A follower that has not yet heard of the commit has no key either: with the token 404 says that it is over.
    const session = { 'x-kv-session': put.headers.get('x-kv-session') ?? '' };
    const gone = new Map<string, number>();
    await until(
      'it is gone everywhere',
      async () => {
        for (const base of replicas()) {
          if ((await statusAt(base, 'session', session)) === 404 && !gone.has(base)) gone.set(base, performance.now());
        }
        return gone.size === 3;
      },
      { everyMs: 10 },
    );
    for (const at of gone.values()) {
      expect(at - begun).toBeGreaterThan(1000);
      expect(at - acknowledged).toBeLessThan(4000);
    }
    expect(await statusAt(proxy(), 'linearizable')).toBe(404);
  });

  test('outlives the leader, and ends under the next one', async () => {
    const begun = performance.now();
    await ask('/v1/keys/mortal', { method: 'PUT', headers: { 'x-kv-ttl': '4s' }, body: 'v' });
    await killLeader();
    await until('the next one leads', async () => (await statusAt(proxy(), 'linearizable')) === 200, { everyMs: 10 });
    await until('it is gone', async () => (await statusAt(proxy(), 'linearizable')) === 404, { everyMs: 10 });
    // The log's time may gain a twentieth on the clock.
    expect(performance.now() - begun).toBeGreaterThan(3700);
  });

  test('is as long as the last touch says', async () => {
    const headers = { 'content-type': 'application/json' };
    await ask('/v1/keys/mortal', { method: 'PUT', headers: { 'x-kv-ttl': '1h' }, body: 'v' });
    const touched = await ask('/v1/keys/mortal', { method: 'PATCH', headers, body: '{"ttl":"500ms"}' });
    expect(touched.status).toBe(204);
    const begun = performance.now();
    await until('it is gone', async () => (await statusAt(proxy(), 'linearizable')) === 404, { everyMs: 10 });
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

describe('lists', () => {
  interface Page {
    readonly keys: readonly { readonly key?: string; readonly keyB64?: string; readonly value?: string }[];
    readonly folders: readonly { readonly prefix: string }[];
    readonly revision: number;
    readonly oneRevision: boolean;
    readonly watchFrom: string;
    readonly cursor?: string;
  }

  async function pageOf(query: string, base = proxy(), headers: Record<string, string> = {}): Promise<Page> {
    const response = await ask(`/v1/keys?${query}`, { headers }, base);
    const answer: unknown = await response.json();
    if (response.status !== 200) throw new Error(`${query}: ${response.status} ${JSON.stringify(answer)}`);
    return answer as Page;
  }

  async function pagesOf(query: string, base = proxy()): Promise<Page[]> {
    const pages: Page[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: Page = await pageOf(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`, base);
      pages.push(page);
      cursor = page.cursor;
    }
    return pages;
  }

  const putAll = (names: readonly string[]): Promise<unknown> =>
    post('/v1/batch', { operations: names.map((key) => ({ put: { key, value: key } })) });
  const namesOf = (pages: readonly Page[]): string[] => pages.flatMap(({ keys }) => keys.map(({ key = '' }) => key));

  test('are the same by the proxy and by every replica, with folders, values and keys that no path carries', async () => {
    await putAll(['list/b', 'list/a/1', 'list/a/2', 'list/__proto__', 'list/../x', 'list/ü']);
    await post('/v1/batch', {
      operations: [{ put: { keyB64: Buffer.from('list/\xff', 'latin1').toString('base64'), value: 'v' } }],
    });
    const replicas = installation.pods.map(({ httpPort }) => `http://127.0.0.1:${httpPort}`);
    for (const base of [proxy(), ...replicas]) {
      const page = await pageOf('prefix=list/&delimiter=/&values=true&consistency=linearizable', base);
      expect(page.keys.map(({ key, keyB64, value }) => [key ?? keyB64, value])).toEqual([
        ['list/__proto__', 'list/__proto__'],
        ['list/b', 'list/b'],
        ['list/ü', 'list/ü'],
        ['bGlzdC//', 'v'],
      ]);
      expect(page.folders).toEqual([{ prefix: 'list/../' }, { prefix: 'list/a/' }]);
      expect([page.oneRevision, page.cursor]).toEqual([true, undefined]);
    }
  });

  test('that are paged while others write, and the leader is killed, have every key that stays once, in order', async () => {
    const stays = Array.from({ length: 300 }, (_, at) => `pages/${String(at).padStart(3, '0')}`);
    await putAll(stays);
    let [written, isOver] = [0, false];
    async function writeBetween(client: number): Promise<void> {
      for (let at = 0; !isOver; at = (at + 7) % 300) {
        const path = `/v1/keys/pages/${String(at).padStart(3, '0')}-${client}`;
        await (await ask(path, { method: 'PUT', body: 'x' })).text();
        await (await ask(path, { method: 'DELETE' })).text();
        written += 1;
      }
    }
    const work = [0, 1].map(writeBetween);
    let mixed = 0;
    async function look(): Promise<void> {
      const pages = await pagesOf('prefix=pages/&limit=20');
      const names = namesOf(pages);
      expect(names).toEqual([...new Set(names)].sort());
      expect(names.filter((name) => !name.includes('-'))).toEqual(stays);
      const [first] = pages;
      expect(new Set(pages.map(({ watchFrom }) => watchFrom)).size).toBe(1);
      for (const { revision, oneRevision } of pages) {
        expect(revision).toBeGreaterThanOrEqual(first?.revision ?? Infinity);
        if (oneRevision) expect(revision).toBe(first?.revision);
        else mixed += 1;
      }
    }
    await until('there are writes', () => written > 20);
    for (let round = 0; round < 5; round += 1) await look();
    await killLeader();
    for (let round = 0; round < 5; round += 1) await look();
    isOver = true;
    await Promise.all(work);
    expect(mixed).toBeGreaterThan(0);
  });

  test('show what a session has written, at whichever replica', async () => {
    for (let round = 0; round < 20; round += 1) {
      const put = await ask(`/v1/keys/session-list/${round}`, { method: 'PUT', body: 'v' });
      const session = { 'x-kv-session': put.headers.get('x-kv-session') ?? '' };
      const page = await pageOf('prefix=session-list/&consistency=session', proxy(), session);
      expect(page.keys).toHaveLength(round + 1);
    }
  });

  test('a prefix is deleted whole or not at all, by whom of two it may', async () => {
    await putAll(Array.from({ length: 900 }, (_, at) => `clear/${at}`));
    const clear = (query: string) => ask(`/v1/keys?prefix=clear/&${query}`, { method: 'DELETE' });
    expect(await (await clear('dryRun=true')).json()).toMatchObject({ count: 900 });
    expect((await clear('expect=899')).status).toBe(412);
    const answers = await Promise.all([clear('expect=900'), clear('expect=900')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect(namesOf(await pagesOf('prefix=clear/&consistency=linearizable'))).toEqual([]);
  });
});
