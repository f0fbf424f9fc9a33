import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Installation } from '../measure/installation.ts';

/** Older versions, at every replica of a running installation and through its proxy, while leaders are killed. */
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
const everywhere = (): string[] => [
  proxy(),
  ...installation.cluster.pods.map(({ ip, httpPort }) => `http://${ip}:${httpPort}`),
];

const ask = (path: string, init: RequestInit = {}, base = proxy()): Promise<Response> =>
  fetch(base + path, { ...init, signal: AbortSignal.timeout(15_000) });

interface Version {
  readonly version: number;
  readonly revision: number;
  readonly value: string;
}

async function put(key: string, value: string): Promise<{ version: number; revision: number }> {
  const { status, headers } = await ask(`/v1/keys/${key}`, { method: 'PUT', body: value });
  if (status !== 200 && status !== 201) throw new Error(`${status} for ${value}`);
  return { version: Number(headers.get('x-kv-version')), revision: Number(headers.get('x-kv-revision')) };
}

async function historyOf(key: string, base: string): Promise<readonly Version[]> {
  const answer = await ask(`/v1/keys/${key}?history=true&values=true`, {}, base);
  const { versions } = (await answer.json()) as { versions: readonly Version[] };
  return versions.map(({ version, revision, value }) => ({ version, revision, value }));
}

/** Its status, and its body where that is a value. */
async function read(path: string, base = proxy()): Promise<unknown> {
  const answer = await ask(path, {}, base);
  const text = await answer.text();
  return answer.status === 200 ? text : answer.status;
}

describe('R20: older versions', () => {
  test('are the same everywhere, at replicas that have come back with a snapshot, too', async () => {
    const written: Version[] = [];
    for (let number = 1; number <= 15; number += 1) {
      const value = `value ${number}`;
      written.push({ ...(await put('h/k', value)), value });
      if (number === 5 || number === 10) {
        (await installation.leader()).server.kill('SIGKILL');
        await installation.untilInSync();
      }
    }
    expect(written.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    await installation.untilInSync();
    const kept = written.slice(-8).reverse();
    for (const base of everywhere()) {
      expect(await historyOf('h/k', base)).toEqual(kept);
      for (const { version, revision, value } of kept) {
        expect(await read(`/v1/keys/h/k?version=${version}`, base)).toBe(value);
        expect(await read(`/v1/keys/h/k?revision=${revision}&consistency=linearizable`, base)).toBe(value);
      }
      expect(await read('/v1/keys/h/k?version=7', base)).toBe(410);
      expect(await read('/v1/keys/h/k?version=16', base)).toBe(404);
    }
  });

  test('are gone with their key, and the numbers go on', async () => {
    await put('h/gone', 'a');
    await put('h/gone', 'b');
    await (await ask('/v1/keys/h/gone', { method: 'DELETE' })).text();
    expect((await put('h/gone', 'c')).version).toBe(4);
    for (const base of everywhere()) {
      expect(await historyOf('h/gone', base)).toMatchObject([{ version: 4, value: 'c' }]);
      for (const version of [1, 2, 3]) expect(await read(`/v1/keys/h/gone?version=${version}`, base)).toBe(410);
    }
  });

  test('answer clients of the service with versions', async () => {
    for (const value of ['one', 'two', 'three'])
      await (
        await ask('/put/versioned', {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ value }),
        })
      ).text();
    const answer = await ask('/get/versioned?version=2');
    expect(await answer.json()).toMatchObject({ key: 'versioned', value: 'two', version: 2 });
    expect(await read('/get/versioned?version=4')).toBe(404);
    const { servers } = (await (await ask('/servers')).json()) as { servers: readonly string[] };
    const stats = await (await ask(`/db/stats?server=${servers[0]}`)).json();
    const { total_keys, total_versions } = stats as { total_keys: number; total_versions: number };
    expect(total_versions).toBeGreaterThan(total_keys + 5);
  });
});
