import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { page, tableOf } from '../../unit/docs/pages.ts';
import { ask } from '../row.ts';
import { Stage } from '../stage.ts';
import { differences, type RedisExchange } from './differences.ts';
import { commandsOf, MOCK_REACH, REDIS_REACH, type Reach } from './draws.ts';
import { KvstoreSide } from './kvstore-side.ts';
import { mockFaults } from './mock-faults.ts';
import { RedisSide } from './redis-side.ts';
import { missingRedis, openMock, RedisError, startRedis, type Redis, type Reply } from './redis.ts';
import { follow } from './sequence.ts';

/** Our store and Redis are asked the same, and answer the same. What they answer otherwise stands in tables, with the reason. */
const RUNS = Number(process.env['KV_ORACLE_RUNS'] ?? 40);
/** Of sequences in which values end: each waits for that. */
const TIMED_RUNS = Math.ceil(RUNS / 2);
const WITHIN_MS = 60_000 + RUNS * 3000;
/** Printed by fast-check when something fails. */
const SEED = process.env['KV_ORACLE_SEED'];

/** Shorter than any moment that a row tells of. */
const ROW_MS_MAX = 400;
const TRIES_MAX = 10;

let stage: Stage;
let namespaces = 0;
const newNamespace = (): string => `n${(namespaces += 1)}`;

beforeAll(async () => {
  stage = await Stage.open();
}, WITHIN_MS);

afterAll(() => stage.close());

function oracle(
  name: string,
  reach: Reach,
  open: () => Redis | Promise<Redis>,
  shown: (redis: () => Redis) => void,
): void {
  describe(name, () => {
    let redis: Redis | undefined;
    beforeAll(async () => {
      redis = await open();
    }, WITHIN_MS);
    afterAll(() => redis?.close());
    const opened = (): Redis => {
      if (redis === undefined) throw new Error(`${name} has not been started`);
      return redis;
    };

    test.each([
      ['strings, counters, lifetimes, batches, transactions and lists', 'stands', RUNS, kindsOf(reach)],
      ['values end in both', 'goes by', TIMED_RUNS, ['ended']],
    ] as const)(
      'random sequences: %s',
      async (_name, time, numRuns, kinds) => {
        const seen = new Set<string>();
        const property = fc.asyncProperty(commandsOf({ reach, time }), async (commands) => {
          const namespace = `${newNamespace()}/`;
          const ours = new KvstoreSide([stage.proxy, ...stage.nodes], namespace);
          try {
            await follow(commands, { ours, theirs: new RedisSide(opened(), namespace) }, seen);
          } finally {
            ours.close();
          }
        });
        await fc.assert(property, { numRuns, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
        // Else nothing much was compared.
        expect([...seen]).toEqual(expect.arrayContaining([...kinds]));
      },
      WITHIN_MS,
    );

    shown(opened);
  });
}

/** What a few hundred commands are answered with. */
const kindsOf = (reach: Reach): string[] => [
  ...['created', 'replaced', 'unmet', 'touched', 'deleted', 'absent', 'value', 'left', 'created true', 'created false'],
  ...['succeeded true', 'succeeded false', 'listed'],
  ...(reach === REDIS_REACH ? ['not-a-number', 'out-of-range', 'undone'] : []),
];

oracle('ioredis-mock', MOCK_REACH, openMock, (mock) => {
  test.each(mockFaults)('fault: $name', ({ mock: exchanges }) => repliesAre(mock(), exchanges));
});

const missing = missingRedis();
if (missing === null) {
  oracle('Redis', REDIS_REACH, startRedis, (redis) => {
    test.each(differences)('difference: $name', (row) => repliesAre(redis(), row.redis));
    test.each(mockFaults)('not its fault: $name', (row) => repliesAre(redis(), row.redis));
  });
} else {
  // In CI it is not left out: what is missing is missed.
  const missed = process.env['CI'] === undefined ? test.skip : test;
  missed(`Redis answers the same, and the differences are its own: ${missing}`, () => {
    throw new Error(missing);
  });
}

test.each(differences)('difference: $name: ours', ({ kvstore }) =>
  inTime(async (key) => {
    const exchanges = kvstore(key);
    const answers: object[] = [];
    for (const [request, body, , headers = {}] of exchanges) answers.push(await answerTo(request, body, headers));
    return () => {
      const expected = exchanges.map(([request, , answer, headers = {}]) => ({ request, answer, headers }));
      expect(answers).toEqual(expected);
    };
  }),
);

test('the tables in the documents are these', () => {
  const rows = (path: string, heads: readonly string[]) => tableOf(page(path), heads);
  expect(rows('docs/reference/redis.md', ['difference', 'why'])).toEqual(
    differences.map(({ name, why }) => [name, why]),
  );
  expect(rows('docs/decisions/0038-oracle.md', ['fault', 'what the sequences do'])).toEqual(
    mockFaults.map(({ name, instead }) => [name, instead]),
  );
});

const repliesAre = (redis: Redis, row: (key: string) => readonly RedisExchange[]): Promise<void> =>
  inTime(async (key) => {
    const exchanges = row(key);
    const got: unknown[] = [];
    for (const [command] of exchanges) {
      const words = typeof command === 'string' ? command.split(' ') : command;
      got.push([command, readable(await redis.one(words))]);
    }
    return () => {
      expect(got).toEqual(exchanges);
    };
  });

/** Some rows tell of a moment: where the machine was too slow for it, the row is asked again, of another key. */
async function inTime(attempt: (key: string) => Promise<() => void>): Promise<void> {
  let compare: () => void;
  let from: number;
  let tries = 0;
  do {
    from = performance.now();
    compare = await attempt(newNamespace());
    tries += 1;
  } while (performance.now() - from > ROW_MS_MAX && tries < TRIES_MAX);
  compare();
}

async function answerTo(request: string, body: unknown, named: Readonly<Record<string, string>>): Promise<object> {
  const { status, text, headers } = await ask(stage.proxy, request, body);
  const said = status < 400 ? text : (JSON.parse(text) as { code: string }).code;
  return {
    request,
    answer: `${status} ${said}`.trim(),
    headers: Object.fromEntries(Object.keys(named).map((name) => [name, headers.get(name)])),
  };
}

const readable = (reply: Reply): unknown => {
  if (reply instanceof RedisError) return reply.message;
  return Array.isArray(reply) ? reply.map(readable) : reply;
};
