import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask } from './row.ts';
import { Stage } from './stage.ts';

/** One store: what is put by one service's route is read by every other's. */
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage.close());

/** A key that all services can have. */
const keyOf = (number: number): string => `72cf48f7-d604-4423-b012-${String(number).padStart(12, '0')}`;
let lastKey = 0;
const newKey = (): string => keyOf((lastKey += 1));

const writers: readonly (readonly [string, (key: string, text: string) => Promise<unknown>])[] = [
  ['S0 POST /put/{key}', (key, value) => ask(stage.proxy, `POST /put/${key}`, { value })],
  ['S0 PUT /put/{key}', (key, value) => ask(stage.proxy, `PUT /put/${key}`, { value })],
  ['S1 PUT /put', (key, value) => ask(stage.proxy, 'PUT /put', { key, value })],
  [
    'S3 PUT /api/v1/keys',
    (key, value) => ask(stage.proxy, `PUT /api/v1/keys?key=${key}&value=${encodeURIComponent(value)}`),
  ],
  ['S4 PUT /kv/{key} at the proxy', (key, value) => ask(stage.proxy, `PUT /kv/${key}`, { value })],
  ...[0, 1, 2].map(
    (node) =>
      [
        `S4 PUT /kv/{key} at kvstore ${node}`,
        (key: string, value: string) => ask(stage.nodes[node] ?? '', `PUT /kv/${key}`, { value }),
      ] as const,
  ),
  ['PUT /v1/keys', (key, value) => ask(stage.proxy, `PUT /v1/keys/${key}`, value, 'text/plain')],
];

/** The value as each route gives it. */
async function readings(key: string): Promise<Readonly<Record<string, unknown>>> {
  const json = async (request: string, base = stage.proxy): Promise<{ readonly value?: unknown }> =>
    JSON.parse((await ask(base, request)).text) as { readonly value?: unknown };
  return {
    S0S1: (await json(`GET /get/${key}`)).value,
    S2: (await json(`GET /get_value/${key.toUpperCase()}`)).value,
    S3: (await json(`GET /api/v1/keys?key=${key}`)).value,
    S4: (await json(`GET /kv/${key}`)).value,
    node0: (await json(`GET /kv/${key}`, stage.nodes[0])).value,
    node1: (await json(`GET /kv/${key}`, stage.nodes[1])).value,
    node2: (await json(`GET /kv/${key}`, stage.nodes[2])).value,
    native: (await ask(stage.proxy, `GET /v1/keys/${key}`)).text,
  };
}

const everywhere = (value: string): object => ({
  S0S1: value,
  S2: value,
  S3: value,
  S4: value,
  node0: value,
  node1: value,
  node2: value,
  native: value,
});

describe('text is the same text on every route', () => {
  test.each(writers)('written by %s', async (_name, write) => {
    for (const text of ['v', 'grün 🚀 "quoted" \\ \n', '{"a":1}', '42', 'null', '__proto__']) {
      const key = newKey();
      await write(key, text);
      expect(await readings(key)).toEqual(everywhere(text));
    }
  });
});

describe('other JSON is JSON where it was written, and its text everywhere else', () => {
  const cases: readonly (readonly [written: string, value: unknown])[] = [
    ['1', 1],
    ['1.0', 1],
    ['null', null],
    ['false', false],
    ['[1,2,{"a":"b"}]', [1, 2, { a: 'b' }]],
    ['{"b":1,"2":2,"1":{"__proto__":{"x":[]}}}', JSON.parse('{"b":1,"2":2,"1":{"__proto__":{"x":[]}}}')],
  ];
  test.each(cases)('%s', async (written, value) => {
    const key = newKey();
    await ask(stage.proxy, `POST /put/${key}`, `{"x":[],"value": ${written} }`);
    expect(await readings(key)).toEqual({ ...everywhere(written), S0S1: value });
  });

  test('numbers are those that were sent, to the last digit', async () => {
    const key = newKey();
    await ask(stage.proxy, `POST /put/${key}`, '{"value":[12345678901234567890.50,1e400,-0]}');
    expect((await ask(stage.proxy, `GET /get/${key}`)).text).toContain('"value":[12345678901234567890.50,1e400,-0],');
  });

  test('what is written under /v1 as JSON is JSON for S0, if it is any', async () => {
    const [good, bad] = [newKey(), newKey()];
    await ask(stage.proxy, `PUT /v1/keys/${good}`, ' {"a": 1}\n', 'application/json; charset=utf-8');
    await ask(stage.proxy, `PUT /v1/keys/${bad}`, '{"a":', 'application/json');
    expect(JSON.parse((await ask(stage.proxy, `GET /get/${good}`)).text)).toMatchObject({ value: { a: 1 } });
    expect(JSON.parse((await ask(stage.proxy, `GET /get/${bad}`)).text)).toMatchObject({ value: '{"a":' });
  });

  test('the last of two values counts, as JSON has it', async () => {
    const key = newKey();
    await ask(stage.proxy, `POST /put/${key}`, '{"value":{"value":3},"value":2,"other":{"value":1}}');
    expect(JSON.parse((await ask(stage.proxy, `GET /get/${key}`)).text)).toMatchObject({ value: 2 });
  });

  test('text that takes the place of JSON is text', async () => {
    const key = newKey();
    await ask(stage.proxy, `POST /put/${key}`, { value: { a: 1 } });
    await ask(stage.proxy, `PUT /kv/${key}`, { value: '{"a":1}' });
    expect(await readings(key)).toEqual(everywhere('{"a":1}'));
  });
});

test('bytes that are no text are refused by every route rather than replaced', async () => {
  const key = newKey();
  await ask(stage.proxy, `PUT /v1/keys/${key}`, Buffer.from([0xff, 0xfe]), 'application/octet-stream');
  for (const path of [`/get/${key}`, `/get_value/${key}`, `/api/v1/keys?key=${key}`, `/kv/${key}`]) {
    const { status, text } = await ask(stage.proxy, `GET ${path}`);
    expect([path, status, text]).toEqual([
      path,
      406,
      `{"detail":"The value of key '${key}' is not UTF-8. Read its bytes with GET /v1/keys/{key}."}`,
    ]);
  }
});

test('versions count the writes of all routes, and go on after a delete', async () => {
  const key = newKey();
  const put = async (): Promise<unknown> =>
    JSON.parse((await ask(stage.proxy, `POST /put/${key}`, { value: 'v' })).text);
  await ask(stage.proxy, 'PUT /put', { key, value: 'a' });
  await ask(stage.proxy, `PUT /kv/${key}`, { value: 'b' });
  expect(await put()).toMatchObject({ operation: 'update', version: 3, previous_version: 2 });
  await ask(stage.proxy, `DELETE /delete/${key}`);
  expect(await put()).toMatchObject({ operation: 'create', version: 5, previous_version: null, total_versions: 5 });
});

test('a key with a slash, a question mark, a NUL or a name of JavaScript is a key like others', async () => {
  for (const key of ['a/b', 'a?b', '__proto__', 'constructor', 'toString', 'a\0b', 'ü', '100%']) {
    const encoded = encodeURIComponent(key);
    await ask(stage.proxy, 'PUT /put', { key, value: `of ${key}` });
    const [got, byQuery, byWorker] = await Promise.all(
      [`/get/${encoded}`, `/api/v1/keys?key=${encoded}`, `/kv/${encoded}`].map((path) =>
        ask(stage.proxy, `GET ${path}`),
      ),
    );
    expect(JSON.parse(got?.text ?? '')).toMatchObject({ key, value: `of ${key}` });
    expect(JSON.parse(byQuery?.text ?? '')).toEqual({ key, value: `of ${key}` });
    expect(JSON.parse(byWorker?.text ?? '')).toEqual({ value: `of ${key}` });
  }
});

test('GET /keys gives every key, on more pages than one, on each process', async () => {
  const many = Array.from({ length: 2500 }, (_, number) => `many/${String(number).padStart(5, '0')}`);
  for (let from = 0; from < many.length; from += 1000) {
    const operations = many.slice(from, from + 1000).map((key) => ({ put: { key, value: '' } }));
    expect((await ask(stage.proxy, 'POST /v1/batch', { operations })).status).toBe(200);
  }
  const binary = { put: { keyB64: Buffer.from([0xff]).toString('base64'), value: '' } };
  await ask(stage.proxy, 'POST /v1/batch', { operations: [binary] });
  for (const base of [stage.proxy, ...stage.nodes]) {
    const { keys } = JSON.parse((await ask(base, 'GET /keys')).text) as { readonly keys: readonly string[] };
    expect(keys.filter((key) => key.startsWith('many/'))).toEqual(many);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.filter((key) => /[ÿ\ufffd]/.test(key))).toEqual([]);
  }
});

test('what the gateway tells is measured', async () => {
  interface Insights {
    readonly total_requests: number;
    readonly servers: Readonly<Record<string, { readonly requests: number; readonly latency_ms: number }>>;
  }
  const insights = async (): Promise<Insights> =>
    JSON.parse((await ask(stage.proxy, 'GET /insights')).text) as Insights;
  const stats = async (): Promise<{ readonly total_keys: number; readonly database_size_bytes: number }> =>
    JSON.parse((await ask(stage.proxy, 'GET /db/stats?server=kv-0')).text) as never;
  const [before, statsBefore] = [await insights(), await stats()];
  for (let number = 0; number < 10; number += 1)
    await ask(stage.proxy, 'PUT /put', { key: `measured/${number}`, value: 'v' });
  for (let number = 0; number < 20; number += 1) await ask(stage.proxy, 'GET /get/measured');
  const [after, statsAfter] = [await insights(), await stats()];
  // A slow machine makes the proxy ask a second replica now and then.
  expect(after.total_requests - before.total_requests).toBeGreaterThanOrEqual(30);
  const servers = Object.values(after.servers);
  expect(servers.reduce((sum, { requests }) => sum + requests, 0)).toBe(after.total_requests);
  for (const { latency_ms } of servers) expect(latency_ms).toBeGreaterThan(0);
  expect(statsAfter.total_keys - statsBefore.total_keys).toBe(10);
  expect(statsAfter.database_size_bytes - statsBefore.database_size_bytes).toBeGreaterThan(10 * 80);
});
