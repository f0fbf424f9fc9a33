import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { contestants } from '../../bench/contestants/contestants.ts';
import { HOST, single, type Contestant, type Running } from '../../bench/contestants/contestant.ts';
import { GET_HEADERS, PUT_HEADERS } from '../../bench/contestants/servers/headers.ts';
import { runSuite, type RunOptions } from '../../bench/suites/run-suites.ts';
import type { Lane, Suite } from '../../bench/suites/suite.ts';

jest.setTimeout(60_000);

const options = (given: Pick<RunOptions, 'contestants'>): RunOptions => ({
  rounds: 1,
  seconds: 0.3,
  company: 'together',
  signal: new AbortController().signal,
  say: () => undefined,
  ...given,
});

const suiteOf = (lanes: Suite['lanes']): Suite => ({ what: 'a try', figure: 'operations', lanes, goals: [] });

describe('a store', () => {
  let kvstore: Running;

  beforeAll(async () => {
    kvstore = await contestants.kvstore.start();
  });

  afterAll(() => kvstore.end());

  test('answers rightly in every dialect, and so does Redis where it is installed', async () => {
    const ours: Contestant = {
      ...contestants.kvstore,
      start: () => Promise.resolve({ ...kvstore, end: () => Promise.resolve() }),
    };
    const lane = {
      contestant: 'ours',
      at: 'leader',
      dialect: 'native',
      getShare: 0,
      keys: 200,
      connections: 8,
    } as const;
    const redis = { ...lane, contestant: 'redis', dialect: 'redis' } as const;
    const open = { kind: 'open', ratePerS: 500 } as const;
    const lanes = {
      put: lane,
      batch: { ...lane, dialect: 'batch' },
      'a read of what was written in batches': { ...lane, at: 'replica', getShare: 1, keys: 300, filledBy: 'batch' },
      'linearizable get': { ...lane, at: 'replica', dialect: 'linearizable', getShare: 1 },
      'earlier routes': { ...lane, at: 'proxy', dialect: 'earlier', getShare: 0.5 },
      'open loop': { ...lane, at: 'proxy', getShare: 0.7, pace: open },
      'large values': { ...lane, getShare: 0.5, keys: 8, valueBytes: 1024 ** 2 },
      'fan-out': { ...lane, contestant: 'fanOut', dialect: 'earlier', getShare: 0.5 },
      redis: { ...redis, getShare: 0.5, pace: open },
      'redis, replica': { ...redis, at: 'replica', getShare: 1 },
    } satisfies Readonly<Record<string, Lane>>;
    const taking = { ours, fanOut: contestants['fan-out'], redis: contestants.redis };
    const report = await runSuite('lanes', suiteOf(lanes), options({ contestants: taking }));
    const missing = contestants.redis.missing();
    for (const { name, contestant, figure } of report.lanes) {
      if (name.startsWith('redis') && missing !== null) expect([contestant, figure]).toEqual([missing, null]);
      else expect([name, (figure?.median ?? 0) > 0]).toEqual([name, true]);
    }
    const batch = report.lanes.find(({ name }) => name === 'batch')?.outcomes[0];
    expect((batch?.operations ?? 0) / (batch?.requests ?? 1)).toBe(100);
  });

  test('sends the headers that the bare servers send', async () => {
    const { host, port } = await kvstore.addressOf('leader');
    const url = `http://${host}:${port}/v1/keys/headers`;
    const put = await fetch(url, { method: 'PUT', body: 'value' });
    const get = await fetch(url);
    await get.arrayBuffer();
    const common = ['content-length', 'date', 'connection', 'keep-alive'];
    const sent = (response: Response) => [...response.headers].filter(([name]) => !common.includes(name));
    for (const [response, flat] of [
      [put, PUT_HEADERS],
      [get, GET_HEADERS],
    ] as const) {
      const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), flat[at + 1] ?? '']] : []));
      const names = (all: readonly (readonly string[])[]) => all.map(([name]) => name).toSorted();
      // Revisions and epochs have a digit more or less.
      const bytes = (all: readonly (readonly string[])[]) => all.flat().join('').length;
      expect(names(sent(response))).toEqual(names(pairs));
      expect(Math.abs(bytes(sent(response)) - bytes(pairs))).toBeLessThan(20);
    }
  });
});

describe('who gives a wrong answer makes the run fail:', () => {
  const lane = { contestant: 'wrong', at: 'leader', dialect: 'native', getShare: 0, keys: 1, connections: 2 } as const;
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

  test.each<readonly [string, Lane, string | null, string]>([
    [
      'a status',
      lane,
      'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n',
      'was answered with "HTTP/1.1 503',
    ],
    ['a value', { ...lane, getShare: 1 }, OK, '"GET /v1/keys/bench-0000000000'],
    ['two answers', lane, OK + OK, 'more than one answer'],
    ['an end', lane, null, 'a connection was closed by the server'],
    ['a copy too few', { ...lane, dialect: 'redis' }, '+OK\r\n:1\r\n', 'was answered with "+OK\\r\\n:1\\r\\n"'],
  ])('%s', async (_, wrongLane, answer, reason) => {
    const server = await answering(answer);
    const { port } = server.address() as { readonly port: number };
    const start = () =>
      Promise.resolve(
        single(port, '1', async () => {
          await once(server.close(), 'close');
        }),
      );
    const wrong: Contestant = { title: 'wrong', missing: () => null, start };
    await expect(runSuite('suite', suiteOf({ wrong: wrongLane }), options({ contestants: { wrong } }))).rejects.toThrow(
      reason,
    );
    expect(server.listening).toBe(false);
  });
});

/** null: it closes the connection. */
async function answering(answer: string | null): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => (answer === null ? socket.destroy() : socket.write(answer)));
  });
  await once(server.listen(0, HOST), 'listening');
  return server;
}
