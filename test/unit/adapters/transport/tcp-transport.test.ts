import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { encodePreface, SUPPORTED_VERSIONS } from '../../../../src/protocol/peer/preface.ts';
import { Bench, closed, numbersOf, question, RecordingHandler, until } from './sockets.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(async () => {
  await bench.end();
});

/** A listener that is not of the peer protocol. */
async function strangeServer(onSocket: (socket: Socket) => void): Promise<{ address: string; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

test('frames travel both ways, in order, once both sides have spoken', async () => {
  const address = await bench.listen(bench.transport());
  const dialler = new RecordingHandler();
  const connection = bench.transport().dial(address, dialler);
  expect(dialler.opened).toBe(0);
  // Sent before the connection stands: waits for it.
  connection.send(question(1));
  await until('the connection stands', () => dialler.opened === 1);
  for (let number = 2; number <= 100; number++) connection.send(question(number));
  await until('all arrived', () => (bench.accepted[0]?.frames.length ?? 0) === 100);
  expect(numbersOf(bench.accepted[0]?.frames ?? [])).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  bench.accepted[0]?.connection?.send(question(7));
  await until('the answer came', () => dialler.frames.length === 1);
  expect(connection.bufferedBytes).toBe(0);
  expect(connection.remoteAddress).toBe(address);
});

test('everything that is sent in one turn leaves in one write and arrives as one batch', async () => {
  const address = await bench.listen(bench.transport());
  const dialler = new RecordingHandler();
  const connection = bench.transport().dial(address, dialler);
  await until('the connection stands', () => dialler.opened === 1);
  let waiting = 0;
  for (let number = 0; number < 500; number++) {
    const now = connection.send(question(number));
    expect(now).toBeGreaterThan(waiting);
    waiting = now;
  }
  expect(connection.bufferedBytes).toBe(waiting);
  await until('all arrived', () => (bench.accepted[0]?.frames.length ?? 0) === 500);
  expect(bench.accepted[0]?.batches).toHaveLength(1);
});

test('IPv6 addresses work, in brackets', async () => {
  const address = await bench.listen(bench.transport(), '::1');
  expect(address).toMatch(/^\[::1\]:\d+$/);
  const dialler = new RecordingHandler();
  bench.transport().dial(address, dialler);
  await until('the connection stands', () => dialler.opened === 1);
  expect(bench.accepted[0]?.connection?.remoteAddress).toMatch(/^\[::1\]:\d+$/);
});

test('nobody listens: refused; not an address, or nobody speaks: lost; never before dial has returned', async () => {
  const listener = bench.transport();
  const address = await bench.listen(listener);
  await listener.close();
  const mute = await strangeServer(() => {});
  const dialler = bench.transport({ dialTimeoutMs: 60 });
  const endOf = async (target: string): Promise<string | undefined> => {
    const handler = new RecordingHandler();
    dialler.dial(target, handler);
    expect(handler.closes).toHaveLength(0);
    await until(`${target} ends`, () => handler.closes.length === 1);
    expect(handler.opened).toBe(0);
    return handler.closes[0]?.reason;
  };
  expect(await endOf(address)).toBe('refused');
  expect(await endOf(address.replace('127.0.0.1', 'localhost'))).toBe('refused');
  expect(await endOf('no address')).toBe('lost');
  expect(await endOf('127.0.0.1:0')).toBe('lost');
  expect(await endOf(mute.address)).toBe('lost');
  mute.close();
});

test('a port that is taken rejects listen', async () => {
  const address = await bench.listen(bench.transport());
  const port = Number(address.split(':')[1]);
  await expect(bench.listen(bench.transport(), '127.0.0.1', port)).rejects.toThrow('EADDRINUSE');
});

test('after close on this side nothing is told any more; the other side hears of it and gets what was sent', async () => {
  const address = await bench.listen(bench.transport());
  const dialler = new RecordingHandler();
  const connection = bench.transport().dial(address, dialler);
  await until('the connection stands', () => dialler.opened === 1 && bench.accepted.length === 1);
  const other = bench.accepted[0] as RecordingHandler;
  connection.send(question(1));
  connection.close('enough');
  connection.close('twice');
  expect(connection.send(question(2))).toBe(0);
  await until('the other side hears of it', () => other.closes.length === 1);
  expect(numbersOf(other.frames)).toEqual([1]);
  expect(other.closes[0]?.reason).toBe('lost');
  expect(dialler.closes).toHaveLength(0);
});

test('a connection may be closed while it is being made, and while frames are handed over', async () => {
  const address = await bench.listen(bench.transport());
  const never = new RecordingHandler();
  bench.transport().dial(address, never).close('changed my mind');

  const dialler = new RecordingHandler();
  const connection = bench.transport().dial(address, dialler);
  await until('the connection stands', () => dialler.opened === 1);
  const other = bench.accepted.find((handler) => handler.closes.length === 0) as RecordingHandler;
  dialler.onFrames = (frames) => {
    dialler.batches.push(frames);
    connection.close('seen enough');
  };
  other.connection?.send(question(1));
  await until('the other side hears of it', () => other.closes.length === 1);
  expect(dialler.closes).toHaveLength(0);
  expect(never.opened + never.closes.length).toBe(0);
});

test('a side of another version is told apart, and the reason names both', async () => {
  const address = await bench.listen(bench.transport({ versions: { first: 4, last: 6 } }));
  const dialler = new RecordingHandler();
  bench.transport().dial(address, dialler);
  await until('the dialler hears why', () => dialler.closes.length === 1);
  const reason = /no common version: the other side speaks (1 to 1, this one 4 to 6|4 to 6, this one 1 to 1)/;
  expect(dialler.closes[0]?.detail).toMatch(reason);
  await until('a reason is logged', () => bench.log.lines.some((line) => reason.test(String(line.fields['reason']))));
  expect(bench.accepted).toHaveLength(0);
});

test('garbage closes its own connection, with a logged reason, and nobody else notices', async () => {
  const address = await bench.listen(bench.transport({ prefaceTimeoutMs: 100 }));
  const dialler = new RecordingHandler();
  const connection = bench.transport().dial(address, dialler);
  await until('the connection stands', () => dialler.opened === 1);

  const preface = Buffer.from(encodePreface(SUPPORTED_VERSIONS));
  const strangers = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.alloc(100_000, 0xff),
    Buffer.concat([preface, Buffer.from([0xff, 0xff, 0xff, 0xff, 1])]),
    Buffer.concat([preface, Buffer.from([0, 0, 0, 3, 99, 0, 0])]),
    Buffer.concat([preface, Buffer.from([0, 0, 0, 4, 35, 0, 0, 0x80])]),
  ];
  for (const bytes of strangers) {
    const socket = await bench.raw(address);
    // Nobody reads on: what the transport says meanwhile must not keep it from ending.
    socket.resume();
    socket.write(bytes);
    await closed(socket);
  }
  const reasons = bench.log.lines.filter((line) => line.level === 'warn').map((line) => String(line.fields['reason']));
  expect(reasons).toEqual([
    expect.stringMatching(/not those of the peer protocol/),
    expect.stringMatching(/not those of the peer protocol/),
    expect.stringMatching(/a frame of 4294967295 bytes/),
    expect.stringMatching(/unknown type of frame: 99/),
    expect.stringMatching(/ends within request number/),
  ]);
  connection.send(question(1));
  await until('the good connection goes on', () => bench.accepted[0]?.frames.length === 1);
});

test('who does not speak in time is cut off: silence, and a byte now and then', async () => {
  const address = await bench.listen(bench.transport({ prefaceTimeoutMs: 150 }));
  const silent = await bench.raw(address);
  const slow = await bench.raw(address);
  const preface = encodePreface(SUPPORTED_VERSIONS);
  let sent = 0;
  const dribble = setInterval(() => {
    if (sent < 4) slow.write(preface.subarray(sent, ++sent));
  }, 10);
  silent.resume();
  slow.resume();
  await Promise.all([closed(silent), closed(slow)]);
  clearInterval(dribble);
  expect(bench.accepted).toHaveLength(0);
  expect(bench.log.lines.filter((line) => /in time/.test(String(line.fields['reason'])))).toHaveLength(2);
});

test('a reset is a lost connection', async () => {
  const address = await bench.listen(bench.transport());
  const socket = await bench.raw(address);
  socket.write(encodePreface(SUPPORTED_VERSIONS));
  await until('it is accepted', () => bench.accepted.length === 1);
  socket.resetAndDestroy();
  await until('the loss is told', () => bench.accepted[0]?.closes.length === 1);
  expect(bench.accepted[0]?.closes[0]?.reason).toBe('lost');
});

test('a half-closed connection is closed', async () => {
  const address = await bench.listen(bench.transport());
  const socket = await bench.raw(address);
  socket.write(encodePreface(SUPPORTED_VERSIONS));
  await until('it is accepted', () => bench.accepted.length === 1);
  socket.end();
  await until('the end is told', () => bench.accepted[0]?.closes.length === 1);
  expect(bench.accepted[0]?.closes[0]).toEqual({ reason: 'lost', detail: 'the other side closed the connection' });
});

test('who reads nothing is cut off when too much waits for it', async () => {
  const address = await bench.listen(bench.transport({ outboundBytesMax: 4 * 2 ** 20 }));
  const socket = await bench.raw(address);
  socket.pause();
  socket.write(encodePreface(SUPPORTED_VERSIONS));
  await until('it is accepted', () => bench.accepted.length === 1);
  const handler = bench.accepted[0] as RecordingHandler;
  const text = 'x'.repeat(4000);
  const answer = { kind: 'refused', code: 'not-leader', leaderHint: text } as const;
  let waiting = 0;
  await until('it is cut off', () => {
    for (let i = 0; i < 100; i++) {
      const frame = { kind: 'writeAnswered', group: 0, epoch: 1, request: i, outcome: answer };
      waiting = Math.max(waiting, handler.connection?.send(frame as never) ?? 0);
    }
    return handler.closes.length === 1;
  });
  expect(handler.closes[0]?.detail).toMatch(/bytes that the other side does not take/);
  expect(waiting).toBeLessThan(4 * 2 ** 20 + 10_000);
});

test('a listener that fails costs its connection only, and is logged', async () => {
  const address = await bench.listen(bench.transport());
  const dialler = new RecordingHandler();
  dialler.onFrames = () => {
    throw new Error('a bug');
  };
  bench.transport().dial(address, dialler);
  await until('the connection stands', () => dialler.opened === 1 && bench.accepted.length === 1);
  bench.accepted[0]?.connection?.send(question(1));
  await until('it is closed', () => dialler.closes.length === 1);
  expect(bench.log.lines.filter((line) => line.level === 'error')).toHaveLength(1);
});

test('connections beyond the limit are refused and counted; those that are there stay', async () => {
  let refused = 0;
  const onConnectionRefused = (): void => {
    refused += 1;
  };
  const address = await bench.listen(bench.transport({ connectionsMax: 2, onConnectionRefused }));
  const diallers = [new RecordingHandler(), new RecordingHandler(), new RecordingHandler()];
  const transport = bench.transport();
  for (const dialler of diallers) {
    transport.dial(address, dialler);
    await until('it stands or falls', () => dialler.opened + dialler.closes.length === 1);
  }
  expect(diallers.map((dialler) => dialler.opened)).toEqual([1, 1, 0]);
  expect(refused).toBe(1);
});

test('2,000 idle connections disturb nobody, cost little and are gone in time', async () => {
  const address = await bench.listen(bench.transport({ connectionsMax: 4000, prefaceTimeoutMs: 500 }));
  const sockets: Socket[] = [];
  for (let i = 0; i < 2000; i += 100) {
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => bench.raw(address)))));
  }
  const ended = Promise.all(sockets.map((socket) => closed(socket.resume())));
  const dialler = new RecordingHandler();
  const connection = bench.transport().dial(address, dialler);
  await until('a good connection stands', () => dialler.opened === 1);
  connection.send(question(1));
  await until('its frame arrives', () => bench.accepted[0]?.frames.length === 1);
  await ended;
  // A scanner does not fill the log.
  expect(bench.log.lines.filter((line) => line.level === 'warn').length).toBeLessThanOrEqual(20);
});

test('close ends every connection and the listener, and resolves', async () => {
  const listener = bench.transport();
  const address = await bench.listen(listener);
  const dialler = new RecordingHandler();
  bench.transport().dial(address, dialler);
  await until('the connection stands', () => dialler.opened === 1);
  await bench.raw(address);
  await listener.close();
  await until('the other side hears of it', () => dialler.closes.length === 1);
  expect(bench.accepted[0]?.closes).toHaveLength(0);
  const again = new RecordingHandler();
  bench.transport().dial(address, again);
  await until('nobody listens', () => again.closes[0]?.reason === 'refused');
});
