import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { HeadReader } from '../../../../src/api/http/fast-path/head.ts';
import type { WriteResult } from '../../../../src/ports/data-operations.ts';
import type { FakeOperations } from './fake-operations.ts';
import { RawClient, serve } from './raw-client.ts';

const GET = 'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n';
const put = (key: string, value: string): string =>
  `PUT /v1/keys/${key} HTTP/1.1\r\nHost: x\r\nContent-Length: ${value.length}\r\n\r\n${value}`;
/** Of Node, by its header. */
const OF_NODE = 'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nX-Tab: a\tb\r\n\r\n';

describe('heads', () => {
  const read = (text: string, at = 0) => new HeadReader().read(text, at);

  test('a plain one is read', () => {
    const head = 'PUT /v1/keys/a?x=1 HTTP/1.1\r\nHost: here\r\nX-KV-TTL:  5m \r\nContent-Length: 3\r\n\r\n';
    expect(read(`..${head}abc`, 2)).toEqual({
      method: 'PUT',
      target: '/v1/keys/a?x=1',
      headers: { host: 'here', 'x-kv-ttl': '5m', 'content-length': '3' },
      end: 2 + head.length,
      bodyBytes: 3,
      isLast: false,
    });
  });

  test('the very headers of the request before are not read again, and others are', () => {
    const reader = new HeadReader();
    const first = reader.read('GET /v1/keys/a HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n', 0);
    const second = reader.read('DELETE /v1/keys/b HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n', 0);
    const third = reader.read('GET /v1/keys/a HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nX-KV-TTL: 1\r\n\r\n', 0);
    if (typeof first === 'string' || typeof second === 'string') throw new Error('not plain');
    expect(second).toMatchObject({ method: 'DELETE', target: '/v1/keys/b' });
    expect(second.headers).toBe(first.headers);
    expect(third).toMatchObject({ headers: { host: 'x', accept: '*/*', 'x-kv-ttl': '1' } });
  });

  test.each(['', 'G', 'GET /v1/keys/k HTTP/1.1\r', 'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n', GET.slice(0, -1)])(
    '%j goes on',
    (text) => {
      expect(read(text)).toBe('incomplete');
    },
  );

  test.each([
    'GET /v1/keys/k HTTP/1.0\r\nHost: x\r\n\r\n',
    'GET  /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n',
    'get /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n',
    'OPTIONS /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET http://h/v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /v1/keys/\xe9 HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nAccept: a\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost : x\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nX: a\tb\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nX: a\nY: b\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nX: \xe9\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n: no name\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n__proto__: x\r\n\r\n',
    'PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n',
    'PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    'GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X\r\n\r\n',
    'PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n',
    'PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\n',
    'PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n',
    'PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n',
    '\r\nGET /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n',
  ])('%j is for node:http', (text) => {
    expect(read(text)).toBe('unusual');
  });

  test('whatever is taken to be plain, node:http reads alike', async () => {
    const seen: { method: string; target: string; headers: IncomingHttpHeaders; body: string }[] = [];
    const node = createServer((request, response) => {
      const { method = '', url: target = '', headers } = request;
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
      request.on('end', () => {
        seen.push({ method, target, headers, body });
        response.end();
      });
    });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    const { port } = node.address() as AddressInfo;
    const name = fc.oneof(
      fc.constantFrom('Accept', 'If-Match', 'Content-Type', 'Cookie', 'X-KV-TTL', 'constructor', 'a', '~', 'Age'),
      fc.stringMatching(/^[!-9;-~]{1,8}$/),
    );
    const value = fc.oneof(fc.stringMatching(/^[ -~]{0,12}$/), fc.stringMatching(/^[\t -\xff]{0,4}$/));
    const line = fc.tuple(name, fc.constantFrom(':', ': ', ':  ', ' :'), value).map((parts) => parts.join(''));
    const request = fc.record({
      method: fc.constantFrom('GET', 'PUT', 'DELETE', 'POST', 'get'),
      target: fc.stringMatching(/^\/[!-~]{0,12}$/),
      lines: fc.array(line, { maxLength: 4 }),
      body: fc.stringMatching(/^[ -~]{0,8}$/),
    });
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(request, async ({ method, target, lines, body }) => {
        const all = [`${method} ${target} HTTP/1.1`, 'Host: x', ...lines, `Content-Length: ${body.length}`];
        const text = `${all.join('\r\n')}\r\n\r\n`;
        const head = read(text);
        if (typeof head === 'string') return;
        plain += 1;
        const client = new RawClient(port);
        client.send(text + body);
        await client.answers(1);
        client.socket.destroy();
        expect(seen.pop()).toMatchObject({ method, target, headers: head.headers, body });
      }),
      { numRuns: 500 },
    );
    node.closeAllConnections();
    node.close();
    expect(plain).toBeGreaterThan(50);
  });
});

/** Each read keeps the processor for so long. */
function readSlowly(operations: FakeOperations, ms: number): void {
  const read = operations.read.bind(operations);
  operations.read = (request) => {
    for (const untilMs = performance.now() + ms; performance.now() < untilMs;);
    return read(request);
  };
}

describe('a connection', () => {
  test('however its bytes are cut, the answers are the same', async () => {
    const { port } = await serve();
    const first = new RawClient(port);
    first.send(put('cut', 'value'));
    expect(await first.answers(1)).toEqual([201]);
    const bytes = put('cut', 'value') + GET.replace('/k ', '/cut ') + OF_NODE.replace('/k ', '/cut ');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length - 1), { maxLength: 4 }), async (cuts) => {
        const client = new RawClient(port);
        let from = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          client.send(bytes.slice(from, cut));
          from = cut;
          await new Promise(setImmediate);
        }
        expect(await client.answers(3)).toEqual([200, 200, 200]);
        client.socket.destroy();
        expect(client.received.split('\r\n\r\nvalue')).toHaveLength(3);
      }),
      { numRuns: 60 },
    );
  });

  test('answers in the order of its requests, whichever is done first', async () => {
    const { port, operations } = await serve();
    const open: (() => void)[] = [];
    operations.write = (): Promise<WriteResult> =>
      new Promise((resolve) => {
        const number = open.length;
        open.push(() => {
          resolve({ kind: 'unavailable', code: 'no-leader', outcome: 'none', detail: `write ${number}` });
        });
      });
    const client = new RawClient(port);
    client.send(put('a', '1') + put('b', '2') + put('c', '3'));
    const other = new RawClient(port);
    other.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.answers(1);
    open[2]?.();
    open[1]?.();
    other.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.answers(2);
    expect(client.received).toBe('');
    open[0]?.();
    expect(await client.answers(3)).toEqual([503, 503, 503]);
    const said = [...client.received.matchAll(/[Ww]rite (\d)/g)].map(([, number]) => number);
    expect(said).toEqual(['0', '1', '2']);
  });

  test('that sends more requests than are answered is not read on, and loses none', async () => {
    const { port, operations, metrics } = await serve({ pipelineMax: 4 });
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const client = new RawClient(port);
    client.send(GET.repeat(3000));
    while (metrics.limitsHit.length === 0) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(metrics.limitsHit.length).toBeLessThan(300);
    open();
    expect(await client.answers(3000)).toHaveLength(3000);
  });

  test('that does not read its answers gets no more of them', async () => {
    const { port, operations } = await serve({ pipelineMax: 1000 });
    const client = new RawClient(port);
    client.send(put('k', 'v'.repeat(1000)));
    await client.answers(1);
    const created = client.received.length;
    client.send(GET);
    await client.answers(2);
    const answerLength = client.received.length - created;
    client.socket.pause();
    const asked = 20_000;
    for (let sent = 0; sent < asked; sent += 1000) client.send(GET.repeat(1000));
    let before = -1;
    while (operations.reads.length !== before) {
      before = operations.reads.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(before).toBeLessThan(asked);
    client.socket.resume();
    const length = created + (1 + asked) * answerLength;
    await client.until('all answers', () => client.received.length >= length);
    expect(client.received).toHaveLength(length);
  });

  test('waits for its turn with all others, but for probes', async () => {
    const { port, operations } = await serve({ pipelineMax: 1000 });
    readSlowly(operations, 1);
    const clients = Array.from({ length: 20 }, () => new RawClient(port));
    const probe = new RawClient(port);
    probe.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await probe.answers(1);
    for (const client of clients) client.send(GET.repeat(10) + OF_NODE.repeat(5));
    probe.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await probe.answers(2);
    expect(operations.reads.length).toBeLessThan(300);
    for (const client of clients) expect(await client.answers(15)).toEqual(new Array(15).fill(404));
    expect(operations.reads).toHaveLength(300);
  });

  test('that waits for its turn when its client has said everything is answered, and ends', async () => {
    const { port, operations } = await serve({ pipelineMax: 1000 });
    readSlowly(operations, 2);
    const clients = Array.from({ length: 20 }, () => new RawClient(port));
    for (const client of clients.slice(0, 15)) client.socket.end(GET);
    // `node:http` drops what it has not answered when a client has said everything.
    for (const client of clients.slice(15, 18)) client.send(GET + OF_NODE + GET);
    clients[18]?.socket.end(GET.repeat(3) + GET.slice(0, -2));
    clients[19]?.send(GET);
    clients[19]?.send(GET.repeat(200));
    for (const [at, client] of clients.slice(0, 18).entries()) {
      const asked = at < 15 ? 1 : 3;
      expect(await client.answers(asked)).toEqual(new Array(asked).fill(404));
      if (at < 15) await client.close();
    }
    expect(await clients[18]?.answers(4)).toEqual([404, 404, 404, 400]);
    await clients[18]?.close();
    expect(await clients[19]?.answers(201)).toEqual(new Array(201).fill(404));
    expect(operations.reads).toHaveLength(15 + 3 * 4 + 201);
  });

  test('goes on at node:http where its plain requests end, and is counted once', async () => {
    const { port, metrics, server } = await serve();
    const client = new RawClient(port);
    client.send(GET + OF_NODE + GET + put('large', 'v'.repeat(900)));
    expect(await client.answers(4)).toEqual([404, 404, 404, 201]);
    expect(metrics.answered.filter((answer) => answer.startsWith('GET'))).toHaveLength(3);
    expect(await server.connections).toBe(1);
  });

  test('that ends within a body has asked, and within its headers has not', async () => {
    const { port, metrics, operations } = await serve();
    const body = new RawClient(port);
    body.socket.end(put('k', 'value').slice(0, -1));
    await body.close();
    expect(metrics.answered).toEqual(['PUT /v1/keys/{key} 499']);
    expect(operations.writes).toEqual([]);
    const headers = new RawClient(port);
    headers.socket.end(GET.slice(0, -2));
    expect(await headers.answers(1)).toEqual([400]);
    await headers.close();
  });

  test('whose client has said everything gets its answers, and ends', async () => {
    const { port, operations } = await serve();
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const client = new RawClient(port);
    client.socket.end(GET + GET);
    const other = new RawClient(port);
    other.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.answers(1);
    open();
    expect(await client.answers(2)).toEqual([404, 404]);
    await client.close();
  });

  test('that is left before its answer is counted so', async () => {
    const { port, operations, metrics } = await serve();
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const client = new RawClient(port);
    client.send(put('k', 'v') + GET);
    const other = new RawClient(port);
    other.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.answers(1);
    client.socket.resetAndDestroy();
    const left = (): string[] => metrics.answered.filter((answer) => answer.endsWith('499'));
    for (let round = 2; round < 100 && left().length < 2; round += 1) {
      other.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
      await other.answers(round);
    }
    expect(left()).toEqual(['PUT /v1/keys/{key} 499', 'GET /v1/keys/{key} 499']);
    open();
  });

  test('that gets a request byte by byte is given up as node:http gives it up', async () => {
    const { port, metrics } = await serve({ requestTimeoutMs: 300 });
    const client = new RawClient(port);
    client.send(GET);
    await client.answers(1);
    const bytes = `GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nX-Slow: ${'s'.repeat(900)}`;
    const feed = setInterval(() => {
      client.send(bytes.charAt(client.socket.bytesWritten - GET.length));
    }, 20);
    await client.close();
    clearInterval(feed);
    expect(client.received).toContain('HTTP/1.1 408 Request Timeout');
    expect(metrics.limitsHit).toEqual(['request-timeout']);
  });

  test('that idles is closed, and one with a request under way is not', async () => {
    const { port, operations } = await serve({ idleTimeoutMs: 1000 });
    const idle = new RawClient(port);
    idle.send(GET);
    await idle.answers(1);
    expect(idle.received).toContain('Keep-Alive: timeout=1\r\n');
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const busy = new RawClient(port);
    busy.send(GET);
    await idle.close();
    expect(busy.closed).toBe(false);
    open();
    expect(await busy.answers(1)).toEqual([404]);
  });

  test('that idles while the server closes ends at once; one with a request under way when it is answered, in so many words', async () => {
    const { port, operations, server } = await serve();
    const idle = new RawClient(port);
    idle.send(GET);
    await idle.answers(1);
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const busy = new RawClient(port);
    busy.send(GET + GET);
    const other = new RawClient(port);
    other.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.answers(1);
    const closed = server.close(60_000);
    await idle.close();
    open();
    expect(await busy.answers(1)).toEqual([404]);
    expect(busy.received).toContain('Connection: close');
    await closed;
  });

  test('is cut at the end of the grace', async () => {
    const { port, operations, server } = await serve();
    operations.gate = new Promise(() => undefined);
    const client = new RawClient(port);
    client.send(GET);
    const other = new RawClient(port);
    other.send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    await other.answers(1);
    await server.close(50);
    await client.close();
    expect(client.received).toBe('');
  });
});
