import { describe, expect, test } from '@jest/globals';

import { RawClient, serve } from './raw-client.ts';

const GET = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';

describe('bodies', () => {
  test('one above the limit is refused by its Content-Length, before it is asked for or sent', async () => {
    const { port, metrics, operations } = await serve();
    const client = new RawClient(port);
    client.send('PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 2097152\r\nExpect: 100-continue\r\n\r\n');
    expect(await client.answers(1)).toEqual([413]);
    expect(client.received).toContain('The body has 2097152 bytes, and 1000 are allowed.');
    expect(client.received).toContain('Connection: close');
    await client.close();
    expect(metrics.limitsHit).toEqual(['too-large']);
    expect(operations.writes).toEqual([]);
  });

  test('one that grows above the limit is refused while it arrives, and the answer is not lost in a reset', async () => {
    const { port } = await serve();
    const client = new RawClient(port);
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    client.send('PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    client.send(chunk.repeat(500));
    expect(await client.answers(1)).toEqual([413]);
    client.send(chunk.repeat(500));
    await client.close();
    expect(client.received).toContain('"code":"too-large"');
  });

  test('one in pieces arrives whole, and 100 Continue is said when it is wanted', async () => {
    const { port, operations } = await serve();
    const client = new RawClient(port);
    client.send('PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n');
    expect(await client.answers(1)).toEqual([100]);
    client.send('abc');
    client.send('def');
    expect(await client.answers(2)).toEqual([100, 201]);
    expect(operations.writes[0]?.command).toMatchObject({ value: Buffer.from('abcdef') });
  });

  test('together they are bounded, and give their room back', async () => {
    const { port, operations, metrics } = await serve({ connectionsMax: 200 });
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const put = `PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`;
    const clients = Array.from({ length: 101 }, () => new RawClient(port));
    for (const client of clients) client.send(put);
    const refused = (): RawClient[] => clients.filter((client) => client.received.includes('"code":"overloaded"'));
    await Promise.race(clients.map((client) => client.answers(1)));
    expect(refused()).toHaveLength(1);
    expect(metrics.limitsHit).toEqual(['overloaded']);
    open();
    await Promise.all(clients.map((client) => client.answers(1)));
    expect(refused()).toHaveLength(1);
    const again = new RawClient(port);
    again.send(put);
    expect(await again.answers(1)).toEqual([200]);
  });

  test('one whose client goes away writes nothing', async () => {
    const { port, operations, metrics, log } = await serve();
    const client = new RawClient(port);
    client.send('PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc');
    const other = new RawClient(port);
    other.send(GET);
    await other.answers(1);
    client.socket.destroy();
    const answered = 'PUT /v1/keys/{key} 499';
    for (let round = 0; round < 100 && !metrics.answered.includes(answered); round += 1) {
      other.send(GET);
      await other.answers(round + 2);
    }
    expect(metrics.answered).toContain(answered);
    expect(operations.writes).toEqual([]);
    expect(log.errors).toEqual([]);
  });

  test('one without Content-Type on PUT /put is taken for JSON', async () => {
    const { port } = await serve();
    const client = new RawClient(port);
    client.send('PUT /put HTTP/1.1\r\nHost: x\r\nContent-Length: 23\r\n\r\n{"key":"k","value":"v"}');
    expect(await client.answers(1)).toEqual([200]);
  });
});

describe('what is not HTTP', () => {
  test.each([
    ['garbage', '\x00\x01\x02\r\n\r\n', 400, 'bad-request'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost x\r\n\r\n', 400, 'bad-request'],
    [
      'two lengths',
      'PUT /put HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'bad-request',
    ],
    ['a long header', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  ])('%s gets its error and an end', async (_what, bytes, status, code) => {
    const { port } = await serve();
    const client = new RawClient(port);
    client.send(bytes);
    expect(await client.answers(1)).toEqual([status]);
    await client.close();
    expect(client.received).toContain(`"code":"${code}"`);
    expect(client.received).toContain('Content-Type: application/problem+json');
  });

  test('it does not land in the middle of an answer that is under way', async () => {
    const { port, operations } = await serve();
    operations.gate = new Promise(() => undefined);
    const client = new RawClient(port);
    client.send('GET /v1/keys/k HTTP/1.1\r\nHost: x\r\nX-Of-Node: \t\r\n\r\n\x00\x01\r\n\r\n');
    await client.close();
    expect(client.received).toBe('');
  });

  test('after a plain request it is answered when that is', async () => {
    const { port, operations } = await serve();
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const client = new RawClient(port);
    client.send('GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n\x00\x01\r\n\r\n');
    const other = new RawClient(port);
    other.send(GET);
    await other.answers(1);
    expect(client.received).toBe('');
    open();
    expect(await client.answers(2)).toEqual([404, 400]);
    await client.close();
  });
});

describe('connections', () => {
  test('a client that never ends its headers or its body gets 408 and is closed', async () => {
    const { port, metrics } = await serve({ requestTimeoutMs: 300 });
    const headers = new RawClient(port);
    headers.send('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const body = new RawClient(port);
    body.send('PUT /put HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab');
    const silent = new RawClient(port);
    await headers.close();
    await body.close();
    await silent.close();
    expect(headers.received).toContain('HTTP/1.1 408 Request Timeout');
    expect(headers.received).toContain('"code":"request-timeout"');
    expect(metrics.limitsHit).toContain('request-timeout');
  });

  test('headers count by their bytes only: a condition behind 2,500 others is heeded', async () => {
    const { port, operations } = await serve();
    const client = new RawClient(port);
    const others = 'a:\r\n'.repeat(2500);
    client.send(`PUT /v1/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n${others}If-Match: "1-d1-1"\r\n\r\nv`);
    expect(await client.answers(1)).toEqual([412]);
    expect(operations.writes.map(({ command }) => command)).toMatchObject([{ condition: { kind: 'match' } }]);
  });

  test('an expectation that nobody knows is passed over', async () => {
    const { port } = await serve();
    const client = new RawClient(port);
    client.send('GET /livez HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n');
    expect(await client.answers(1)).toEqual([200]);
  });

  test('a Content-Type that is given twice is refused, not halved', async () => {
    const { port, operations } = await serve();
    const client = new RawClient(port);
    const twice = 'Content-Type: text/plain\r\ncontent-type: text/html\r\nContent-Length: 1\r\n\r\n1';
    for (const target of ['PUT /v1/keys/k', 'POST /v1/keys/k', 'PATCH /v1/keys/k', 'POST /v1/batch'])
      client.send(`${target} HTTP/1.1\r\nHost: x\r\n${twice}`);
    expect(await client.answers(4)).toEqual([400, 400, 400, 400]);
    expect(client.received.split('The header Content-Type is given twice.')).toHaveLength(5);
    expect(operations.writes).toEqual([]);
  });

  test('one above the number is closed at once, and those before it work on', async () => {
    const { port, metrics } = await serve({ connectionsMax: 1 });
    const first = new RawClient(port);
    first.send(GET);
    await first.answers(1);
    const second = new RawClient(port);
    await second.close();
    first.send(GET);
    expect(await first.answers(2)).toEqual([200, 200]);
    expect(metrics.limitsHit).toEqual(['connections']);
  });

  test('a pipeline is answered in order, and what exceeds it is refused, not dropped', async () => {
    const { port, operations, metrics } = await serve({ pipelineMax: 4 });
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const client = new RawClient(port);
    client.send('GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(6));
    const other = new RawClient(port);
    other.send(GET);
    await other.answers(1);
    open();
    expect(await client.answers(6)).toEqual([404, 404, 404, 404, 429, 429]);
    expect(metrics.limitsHit).toEqual(['too-many-requests', 'too-many-requests']);
    client.send(GET);
    expect((await client.answers(7)).at(-1)).toBe(200);
  });

  test('while the server drains, every answer is the last of its connection', async () => {
    const { port, server } = await serve();
    const client = new RawClient(port);
    client.send(GET);
    await client.answers(1);
    server.drain();
    client.send(GET);
    expect(await client.answers(2)).toEqual([200, 200]);
    await client.close();
    expect(client.received).toContain('Connection: close');
    const late = new RawClient(port);
    late.send(GET);
    expect(await late.answers(1)).toEqual([200]);
  });

  test('a server that listens no more still answers on the connections that it has, once each', async () => {
    const { port, server } = await serve();
    const idle = new RawClient(port);
    idle.send(GET);
    await idle.answers(1);
    server.stopListening();
    const late = new RawClient(port);
    await late.until('refused', () => late.closed);
    idle.send(GET);
    expect(await idle.answers(2)).toEqual([200, 200]);
    await idle.until('closed by the server', () => idle.closed);
    await server.close(60_000);
  });

  test('closing waits for requests that are under way, within its grace', async () => {
    const { port, server, operations } = await serve();
    let open: () => void = () => undefined;
    operations.gate = new Promise((resolve) => (open = resolve));
    const client = new RawClient(port);
    client.send('GET /v1/keys/k HTTP/1.1\r\nHost: x\r\n\r\n');
    const other = new RawClient(port);
    other.send(GET);
    await other.answers(1);
    const closed = server.close(60_000);
    await other.close();
    open();
    expect(await client.answers(1)).toEqual([404]);
    await closed;
  });
});
