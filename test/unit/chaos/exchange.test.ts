import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Exchange } from '../../chaos/load/exchange.ts';
import { until } from '../../measure/until.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const HOST = '127.0.0.1';

/** Answers when told to. */
interface Target {
  readonly address: { readonly host: string; readonly port: number };
  readonly sockets: Socket[];
  readonly requests: string[];
}

let servers: Server[] = [];
let exchange = new Exchange();

beforeEach(() => {
  servers = [];
  exchange = new Exchange();
});

afterEach(() => {
  exchange.close();
  for (const server of servers) server.close();
});

async function target(): Promise<Target> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => requests.push(bytes.toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen({ host: HOST, port: 0 }, resolve));
  return { address: { host: HOST, port: (server.address() as { port: number }).port }, sockets, requests };
}

async function answered(of: Target, request: string): Promise<void> {
  const reply = exchange.ask(of.address, request, 5000);
  await until('it has arrived', () => of.requests.includes(request), { everyMs: 2 });
  of.sockets.at(-1)?.write(ANSWER);
  expect(await reply).toMatchObject({ kind: 'answer', answer: { status: 200, body: 'hi' } });
}

test('a connection is kept for the next request to the same target', async () => {
  const one = await target();
  await answered(one, 'first');
  await answered(one, 'second');
  expect(one.sockets).toHaveLength(1);
});

test('the end of an idle connection says nothing of the request that waits on another', async () => {
  const [one, other] = [await target(), await target()];
  await answered(one, 'first');
  const reply = exchange.ask(other.address, 'second', 5000);
  await until('it has arrived', () => other.requests.length > 0, { everyMs: 2 });
  const idle = one.sockets[0] as Socket;
  const isClosed = new Promise((resolve) => idle.once('close', resolve));
  idle.destroy();
  await isClosed;
  other.sockets[0]?.write(ANSWER);
  expect(await reply).toMatchObject({ kind: 'answer' });
});

test('an answer that comes after the client gave up is nobody’s answer', async () => {
  const one = await target();
  expect(await exchange.ask(one.address, 'first', 50)).toEqual({ kind: 'gaveUp' });
  one.sockets[0]?.write(ANSWER.replace('hi', 'no'));
  await answered(one, 'second');
});

test('how a request ends without an answer is told', async () => {
  const one = await target();
  const reply = exchange.ask(one.address, 'first', 5000);
  await until('it has arrived', () => one.requests.length > 0, { everyMs: 2 });
  one.sockets[0]?.destroy();
  expect(await reply).toEqual({ kind: 'ended', ending: 'unanswered' });

  for (const server of servers) server.close();
  await until('nobody listens', () => servers.every((server) => !server.listening));
  expect(await exchange.ask(one.address, 'second', 5000)).toEqual({ kind: 'ended', ending: 'refused' });
});
