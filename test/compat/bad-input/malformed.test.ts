import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { ask } from '../row.ts';
import { Stage } from '../stage.ts';
import { answerIn, tell } from './wire.ts';

/** What is no HTTP, or HTTP that two readers would read differently: it is refused, or the connection closed, and others notice nothing. */
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(() => stage.close());

const PUT = 'PUT /v1/keys/smuggled HTTP/1.1\r\nHost: x\r\n';
const CHUNKED = `${PUT}Transfer-Encoding: chunked\r\n\r\n`;
/** A whole request that would be a second one, if the first ended before it. */
const SMUGGLED = `${PUT}Content-Length: 1\r\n\r\nv`;

/** `closed`: most of these are wrong in the body, when the request may be under way, and an answer could land in the middle of its own. */
const REFUSED: readonly (readonly [what: string, bytes: string | Buffer, status: number | 'closed'])[] = [
  ['no HTTP', 'How do you do?\r\n\r\n', 400],
  ['TLS', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0xff]), 400],
  ['zeros', Buffer.alloc(64), 400],
  ['a method that is none', 'FETCH /v1/keys/a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['a tunnel', 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n', 'closed'],
  ['no path', 'GET HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a version that is none', 'GET / HTTP/1.9\r\nHost: x\r\n\r\n', 400],
  ['no Host', 'GET /v1/keys/a HTTP/1.1\r\n\r\n', 400],
  ['a blank before the colon', `${PUT}Content-Length : 1\r\n\r\nv`, 400],
  ['a header without a name', `${PUT}: 1\r\n\r\n`, 400],
  ['a header that goes on in the next line', `${PUT}If-Match: "1-a",\r\n "2-a"\r\n\r\n`, 400],
  ['a header that a line feed ends', `${PUT}X-KV-TTL: 60\nX-Other: 1\r\n\r\n`, 400],
  ['a header that a carriage return ends', `${PUT}X-KV-TTL: 60\rX-Other: 1\r\n\r\n`, 400],
  ['a length that is no number', `${PUT}Content-Length: one\r\n\r\nv`, 400],
  ['a length with a sign', `${PUT}Content-Length: +1\r\n\r\nv`, 400],
  ['a length below zero', `${PUT}Content-Length: -1\r\n\r\n`, 400],
  ['a length beyond 64 bits', `${PUT}Content-Length: 99999999999999999999\r\n\r\nv`, 400],
  ['two lengths', `${PUT}Content-Length: 1\r\nContent-Length: 2\r\n\r\nvv`, 400],
  ['one length twice', `${PUT}Content-Length: 1, 1\r\n\r\nv`, 400],
  ['a length beside chunks', `${PUT}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  ['chunks beside a length', `${PUT}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  ['an encoding that is not known', `${PUT}Transfer-Encoding: gzip\r\n\r\nv`, 'closed'],
  ['chunks that are not the last encoding', `${PUT}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, 400],
  ['a chunk whose length is no number', `${CHUNKED}one\r\nv\r\n0\r\n\r\n`, 'closed'],
  ['a chunk whose length is below zero', `${CHUNKED}-1\r\nv\r\n0\r\n\r\n`, 'closed'],
  ['a chunk whose length is beyond 64 bits', `${CHUNKED}fffffffffffffffff\r\nv\r\n`, 'closed'],
  ['a chunk that is longer than its length', `${CHUNKED}1\r\nvvv\r\n0\r\n\r\n`, 'closed'],
  ['10,000 headers', `GET /v1/keys/a HTTP/1.1\r\nHost: x\r\n${'a: 1\r\n'.repeat(10_000)}\r\n`, 431],
  ['a name of 20 KB', `GET /v1/keys/a HTTP/1.1\r\nHost: x\r\n${'a'.repeat(20_000)}: 1\r\n\r\n`, 431],
  ['a line without an end', `GET /${'a'.repeat(100_000)}`, 431],
  ['10,000 trailers', `${CHUNKED}1\r\nv\r\n0\r\n${'a: 1\r\n'.repeat(10_000)}\r\n`, 'closed'],
];

describe.each(['proxy', 'kvstore'] as const)('sent to a %s', (process) => {
  const base = (): string => (process === 'proxy' ? stage.proxy : (stage.nodes[0] ?? ''));

  test.each(REFUSED)('%s: refused, or closed', async (_what, bytes, status) => {
    const received = await tell(base(), Buffer.from(bytes as string, 'latin1'));
    if (status === 'closed') {
      expect(received).toEqual(Buffer.alloc(0));
      return;
    }
    // One answer, and it is the last of the connection.
    expect(received.toString('latin1').match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
    expect(answerIn(received)?.headers['connection']).toBe('close');
  });

  const HALVES: readonly (readonly [what: string, bytes: string])[] = [
    ['nothing', ''],
    ['half a request line', 'PUT /v1/keys/smug'],
    ['half a header', `${PUT}Content-Le`],
    ['headers without their end', `${PUT}Content-Length: 1\r\n`],
    ['half a body', `${PUT}Content-Length: 10\r\n\r\nhalf`],
    ['half of the chunks', `${CHUNKED}4\r\nhalf\r\n`],
    [
      'half a body of JSON',
      `POST /v1/txn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"then":[`,
    ],
  ];
  test.each(HALVES)('%s, and then its end: refused, or closed without a word', async (_what, bytes) => {
    const received = await tell(base(), Buffer.from(bytes), { then: 'end' });
    expect(received.toString('latin1').match(/HTTP\/1\.1 \d+/g) ?? ['closed']).toEqual([
      bytes === '' ? 'closed' : expect.stringMatching(/^(?:HTTP\/1\.1 400|closed)$/),
    ]);
  });

  test.each(HALVES)('%s, and then a reset: nothing comes of it', async (_what, bytes) => {
    expect(await tell(base(), Buffer.from(bytes), { then: 'reset' })).toEqual(Buffer.alloc(0));
  });
});

/** Whatever it was, the others are served, and nothing of it was done. */
afterEach(async () => {
  for (const base of [stage.proxy, ...stage.nodes]) {
    expect((await ask(base, 'GET /livez')).status).toBe(200);
    expect((await ask(base, 'GET /v1/keys/smuggled')).status).toBe(404);
  }
});
