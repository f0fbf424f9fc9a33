import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { createApi } from '../../../../src/api/http/api.ts';
import { HttpServer } from '../../../../src/api/http/server.ts';
import { optionsUnderTest } from './api-under-test.ts';

/**
 * The hottest routes are answered without Express. Two servers that differ in that alone get the same bytes, and must send
 * the same, do the same and count the same.
 */
const ROUTINGS = ['direct', 'express'] as const;

async function serve(routing: (typeof ROUTINGS)[number]) {
  const options = optionsUnderTest();
  const server = new HttpServer({
    api: createApi(options, routing),
    limits: { connectionsMax: 100, pipelineMax: 16, requestTimeoutMs: 15_000, idleTimeoutMs: 75_000 },
    metrics: options.metrics,
    log: options.log,
    // What is pipelined behind an answer that closes the connection is carried out if it was begun before, on either side.
    turnMs: Infinity,
  });
  const port = Number((await server.listen({ host: '127.0.0.1', port: 0 })).split(':')[1]);
  return { ...options, server, port };
}

type Side = Awaited<ReturnType<typeof serve>>;
const sides: Side[] = [];
beforeEach(async () => {
  for (const routing of ROUTINGS) sides.push(await serve(routing));
});
afterEach(async () => {
  for (const { server } of sides.splice(0)) await server.close(0);
});

const WITHIN_MS = 10_000;

/** Everything that is answered until the server closes the connection; `talk` says what it is told. */
function told({ port }: Side, talk: (socket: Socket) => void | Promise<void>): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let received = '';
    const deadline = setTimeout(() => {
      reject(new Error(`the server has not closed the connection; received ${JSON.stringify(received)}`));
      socket.destroy();
    }, WITHIN_MS);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(received.replaceAll(/^Date: .*$/gm, 'Date: now'));
    });
    socket.on('connect', () => {
      Promise.resolve(talk(socket)).catch(reject);
    });
  });
}

/** What both sides have answered, and what they have done for it. */
async function bothTold(talk: (socket: Socket) => void | Promise<void>): Promise<readonly [Traces, Traces]> {
  const traces: Traces[] = [];
  for (const side of sides) {
    const { operations, metrics, log } = side;
    for (const list of [operations.reads, operations.writes, metrics.answered, metrics.limitsHit, log.errors])
      list.length = 0;
    const answers = await told(side, talk);
    // The last answer is counted when its connection has closed.
    await wait(0);
    const { reads, writes } = operations;
    const counted = [...metrics.answered].sort();
    traces.push({
      answers,
      reads: [...reads],
      writes: [...writes],
      counted,
      limitsHit: [...metrics.limitsHit],
      errors: log.errors.map(({ event, fields }) => `${event} ${String(fields?.['url'])} ${String(fields?.['error'])}`),
    });
  }
  return traces as unknown as readonly [Traces, Traces];
}

interface Traces {
  readonly answers: string;
  readonly reads: readonly unknown[];
  readonly writes: readonly unknown[];
  readonly counted: readonly string[];
  readonly limitsHit: readonly string[];
  readonly errors: readonly string[];
}

const statuses = ({ answers }: Traces): number[] =>
  [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));

interface Drawn {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string | null;
  readonly framing: 'length' | 'chunked';
}

const UUID = '5f0c1c3a-7e0b-4d0e-9b7e-0123456789ab';

const byte = fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x7f);
/** What may stand in a request line, one character a byte. */
const raw = fc.array(byte, { maxLength: 6 }).map((codes) => String.fromCharCode(...codes));
const escape = fc.integer({ min: 0, max: 255 }).map((code) => `%${code.toString(16).padStart(2, '0')}`);
const keyPart = fc.oneof(
  fc.constantFrom('k', 'app/theme', 'a.b', '..', '.', '/', '', '%', '%zz', '#', '?'),
  raw,
  escape,
);
const keyText = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('k', 'app/theme', 'text', UUID, UUID.toUpperCase(), UUID.replace('-4', '-1')),
  },
  { weight: 3, arbitrary: fc.array(keyPart, { maxLength: 3 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(1024), 'x'.repeat(1025)) },
);
const prefix = fc.constantFrom(
  ...[
    '/v1/keys/',
    '/v1/keys/',
    '/v1/keys/',
    '/get/',
    '/get/',
    '/get_value/',
    '/put',
    '/put/',
    '/v1/keys',
    '/V1/keys/',
    '//v1/keys/',
  ],
  ...['http://host/v1/keys/', 'http://host/get/', '/get', '/delete/', '/v1', '*'],
);
const pair = fc.constantFrom(
  ...['consistency=session', 'consistency=linearizable', 'consistency=never', 'version=1', 'version=x', 'version=%31'],
  ...[
    'revision=1',
    'history=true',
    'values=true',
    'incr=5',
    'incr=x',
    'x=1',
    'a=%zz',
    '',
    '=',
    '#',
    '\xa0',
    'version=2/3',
  ],
);
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.array(pair, { maxLength: 3 }).map((pairs) => `?${pairs.join('&')}`),
);
const HEADERS = [
  'Accept: application/vnd.kv+json',
  'Accept: */*',
  'If-Match: *',
  'If-Match: "1-d1-1"',
  'If-Match: x',
  'If-None-Match: *',
  'If-None-Match: W/"2-d1-1"',
  'X-KV-TTL: 60',
  'X-KV-TTL: keep',
  'X-KV-TTL: -1',
  'X-KV-Idle: 30m',
  'X-KV-Session: AQAAAAAAAAEAAAAAAAABZDEtMQ',
  'X-KV-Session: AQAAAAAAAAEAAAAAAAABZDItMQ',
  'X-KV-Session: none',
  'Content-Type: text/plain',
  'Content-Type: application/json',
  'content-type: a/b',
  'Content-Encoding: gzip',
  'Idempotency-Key: once',
  'Idempotency-Key: a b',
  'X-KV-Fence: lock:12',
  'X-KV-Fence: lock',
  'Content-Range: bytes 0-1/2',
  'If-Unmodified-Since: now',
  'Expect: 100-continue',
  'Expect: tea',
  'Origin: http://elsewhere',
  'Upgrade: h2c',
];
const header = fc.constantFrom(...HEADERS);
const body = fc.oneof(
  fc.constant(null),
  fc.constantFrom(
    '',
    'dark',
    '\xff\x00',
    '{"key":"k","value":"v"}',
    '{"key":1}',
    '{',
    '{"ttl":"5m"}',
    'v'.repeat(1001),
  ),
);

const drawn: fc.Arbitrary<Drawn> = fc.record({
  method: fc.constantFrom(
    ...['GET', 'GET', 'HEAD', 'PUT', 'PUT', 'DELETE', 'POST', 'PATCH', 'OPTIONS', 'PROPFIND', 'TRACE'],
  ),
  target: fc.tuple(prefix, keyText, query).map((parts) => parts.join('')),
  headers: fc.array(header, { maxLength: 3 }),
  body,
  framing: fc.constantFrom('length', 'length', 'chunked'),
});

function bytesOf({ method, target, headers, body: text, framing }: Drawn, connection: 'keep-alive' | 'close'): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: x', ...headers, `Connection: ${connection}`];
  if (text === null) return `${lines.join('\r\n')}\r\n\r\n`;
  if (framing === 'length') return `${[...lines, `Content-Length: ${text.length}`].join('\r\n')}\r\n\r\n${text}`;
  const chunks = text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`;
  return `${[...lines, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n${chunks}0\r\n\r\n`;
}

const LAST = 'GET /v1/keys/never-written HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

test('whatever is asked, and however it is said, the answer is that of Express, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(drawn, { minLength: 1, maxLength: 6 }), async (requests) => {
      for (const request of requests) {
        const [direct, express] = await bothTold((socket) => {
          socket.write(bytesOf(request, 'close'), 'latin1');
        });
        expect(direct).toEqual(express);
      }
    }),
    { numRuns: 300 },
  );
});

test('each header by itself, with each method', async () => {
  const seen = new Set<number>();
  for (const target of ['/v1/keys/k', '/get/k', '/put']) {
    for (const method of ['PUT', 'GET', 'HEAD', 'POST', 'PATCH', 'DELETE']) {
      for (const one of ['X-Unknown: 1', ...HEADERS]) {
        const text = method === 'GET' || method === 'HEAD' ? null : target === '/put' ? '{"key":"k","value":"v"}' : 'v';
        const request: Drawn = { method, target, headers: [one], body: text, framing: 'length' };
        const [direct, express] = await bothTold((socket) => {
          socket.write(bytesOf(request, 'close'), 'latin1');
        });
        expect(direct).toEqual(express);
        for (const status of statuses(direct)) seen.add(status);
      }
    }
  }
  expect([...seen]).toEqual(expect.arrayContaining([100, 200, 201, 204, 304, 400, 404, 405, 409, 410, 412, 415]));
});

test('on one connection, one after the other', async () => {
  const requests = [
    'PUT /v1/keys/fresh HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nv',
    'GET /v1/keys/fresh HTTP/1.1\r\nHost: x\r\n\r\n',
    'PUT /put HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{"key":"m","value":"w"}',
    'GET /get/m HTTP/1.1\r\nHost: x\r\n\r\n',
    'HEAD /v1/keys/fresh HTTP/1.1\r\nHost: x\r\n\r\n',
    'DELETE /v1/keys/fresh HTTP/1.1\r\nHost: x\r\n\r\n',
  ];
  const [direct, express] = await bothTold(async (socket) => {
    for (const request of requests) {
      socket.write(request);
      await new Promise((resolve) => socket.once('data', resolve));
    }
    socket.write(LAST);
  });
  expect(statuses(direct)).toEqual([201, 200, 200, 200, 200, 204, 404]);
  expect(direct).toEqual(express);
});

describe('a body', () => {
  const head = (length: number, more = ''): string =>
    `PUT /v1/keys/slow HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${length}\r\n\r\n`;

  test('that comes in pieces', async () => {
    const [direct, express] = await bothTold(async (socket) => {
      for (const piece of [head(6).slice(0, 40), head(6).slice(40), 'ab', 'cd', 'ef', LAST]) {
        socket.write(piece);
        await wait(5);
      }
    });
    expect(statuses(direct)).toEqual([201, 404]);
    expect(direct).toEqual(express);
  });

  test('that is waited for with 100 Continue', async () => {
    const [direct, express] = await bothTold(async (socket) => {
      socket.write(head(3, 'Expect: 100-continue\r\n'));
      await new Promise((resolve) => socket.once('data', resolve));
      socket.write(`new${LAST}`);
    });
    expect(statuses(direct)).toEqual([100, 201, 404]);
    expect(direct).toEqual(express);
  });

  test('that is refused before it is sent', async () => {
    const [direct, express] = await bothTold((socket) => {
      socket.write(head(1001, 'Expect: 100-continue\r\n'));
    });
    expect(statuses(direct)).toEqual([413]);
    expect(direct).toEqual(express);
  });

  test('that is far too long, and is sent all the same', async () => {
    const [direct, express] = await bothTold((socket) => {
      socket.write(head(100_000) + 'x'.repeat(100_000));
    });
    expect(statuses(direct)).toEqual([413]);
    expect(direct).toEqual(express);
  });

  test('whose client goes away in its middle', async () => {
    const [direct, express] = await bothTold(async (socket) => {
      socket.write(`${head(6)}abc`);
      await wait(20);
      socket.destroy();
      await wait(20);
    });
    expect(direct).toEqual({
      answers: '',
      reads: [],
      writes: [],
      counted: ['PUT /v1/keys/{key} 499'],
      limitsHit: [],
      errors: [],
    });
    expect(direct).toEqual(express);
  });
});

test.each(['/v1/keys/k', '/get/k'])('a fault of ours at %s, at once or later', async (target) => {
  const request = `GET ${target} HTTP/1.1\r\nHost: x\r\n`;
  for (const broken of [
    () => {
      throw new Error('broken');
    },
    () => Promise.reject(new Error('broken')),
  ]) {
    for (const { operations } of sides) operations.read = broken;
    const [direct, express] = await bothTold((socket) => {
      socket.write(`${request}\r\n${request}Connection: close\r\n\r\n`);
    });
    expect(statuses(direct)).toEqual([500, 500]);
    expect(direct.errors).toEqual(Array(2).fill(`http-request-failed ${target} Error: broken`));
    expect(direct).toEqual(express);
  }
});
