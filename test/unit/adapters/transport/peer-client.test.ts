import { afterEach, expect, test } from '@jest/globals';
import { peerClients, type PeerClientOptions } from '../../../../src/adapters/transport/peer-client.ts';
import type { Key } from '../../../../src/core/base/key.ts';
import type { Epoch, GroupId, LogIndex } from '../../../../src/core/base/numbers.ts';
import type { PeerFrame } from '../../../../src/core/routing/frames.ts';
import type {
  PeerAnswer,
  PeerClient,
  PeerClientState,
  PeerRequest,
  PeerWaiter,
} from '../../../../src/ports/peer-client.ts';
import type { PeerConnection, PeerConnectionHandler, PeerTransport } from '../../../../src/ports/peers.ts';
import { Bench, until } from './sockets.ts';

const group = 0 as GroupId;
const epoch = 1 as Epoch;
const lineage = { number: 1, id: 'lineage' };

const readOf = (key: string): PeerRequest => ({
  kind: 'read',
  group,
  epoch,
  read: { kind: 'key', key: key as Key, mode: 'in-sync', token: null },
});

class RecordingWaiter implements PeerWaiter {
  readonly answers: PeerAnswer[] = [];

  onSettled(answer: PeerAnswer): void {
    this.answers.push(answer);
  }

  /** What it was told, in short; it must be told once. */
  get told(): string | null {
    expect(this.answers.length).toBeLessThanOrEqual(1);
    const [answer] = this.answers;
    if (answer === undefined) return null;
    return answer.kind === 'failed' ? `${answer.code}, ${answer.sent ? 'sent' : 'not sent'}` : answer.kind;
  }
}

function readAnswered(request: number): PeerFrame {
  return {
    kind: 'readAnswered',
    group,
    epoch,
    request,
    outcome: { kind: 'read', remainingMs: null, found: null, lineage, revision: request as LogIndex },
  };
}

/** A transport without sockets: the test says what happens to each connection that was dialled. */
class ScriptedTransport implements PeerTransport {
  readonly dials: ScriptedConnection[] = [];

  dial(address: string, handler: PeerConnectionHandler): PeerConnection {
    const connection = new ScriptedConnection(address, handler);
    this.dials.push(connection);
    return connection;
  }

  listen(): Promise<string> {
    throw new Error('not in this script');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get last(): ScriptedConnection {
    return this.dials.at(-1) as ScriptedConnection;
  }
}

class ScriptedConnection implements PeerConnection {
  readonly remoteAddress: string;
  readonly handler: PeerConnectionHandler;
  readonly bufferedBytes = 0;
  readonly sent: PeerFrame[] = [];
  closedFor: string | null = null;

  constructor(address: string, handler: PeerConnectionHandler) {
    this.remoteAddress = address;
    this.handler = handler;
  }

  send(frame: PeerFrame): number {
    this.sent.push(frame);
    return 0;
  }

  close(reason: string): void {
    this.closedFor = reason;
  }

  get requests(): readonly number[] {
    return this.sent.map((frame) => (frame.kind === 'peer' ? -1 : frame.request));
  }
}

let transport: ScriptedTransport;
let states: PeerClientState[];
let client: PeerClient;

function open(options: PeerClientOptions = {}): PeerClient {
  transport = new ScriptedTransport();
  states = [];
  client = peerClients(transport, { restMinMs: 4, restMaxMs: 8, ...options })('host:1', {
    onStateChange: (changed) => {
      states.push(changed.state);
    },
  });
  return client;
}

function ask(key = 'k', timeoutMs = 5000): RecordingWaiter {
  const waiter = new RecordingWaiter();
  client.request(readOf(key), waiter, timeoutMs);
  expect(waiter.answers).toHaveLength(0);
  return waiter;
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  client.close();
});

test('requests wait for the connection, then go out in order, and answers may come in any', async () => {
  open();
  const first = ask();
  const second = ask();
  await endOfTurn();
  expect(transport.last.sent).toHaveLength(0);
  transport.last.handler.onOpen();
  expect(transport.last.requests).toEqual([1, 2]);
  transport.last.handler.onFrames([readAnswered(2)]);
  expect([first.told, second.told]).toEqual([null, 'readAnswered']);
  transport.last.handler.onFrames([readAnswered(1)]);
  expect(first.told).toBe('readAnswered');
  expect(client.waiting).toBe(0);
});

test('all requests of a turn are sent together at its end', async () => {
  open();
  transport.last.handler.onOpen();
  ask();
  await Promise.resolve();
  ask();
  expect(transport.last.sent).toHaveLength(0);
  await endOfTurn();
  expect(transport.last.requests).toEqual([1, 2]);
});

test('as many requests as may wait, and not one more', async () => {
  open({ requestsMax: 2 });
  transport.last.handler.onOpen();
  const waiters = [ask(), ask(), ask()];
  await endOfTurn();
  expect(waiters.map((waiter) => waiter.told)).toEqual([null, null, 'overloaded, not sent']);
  transport.last.handler.onFrames([readAnswered(1)]);
  const next = ask();
  await endOfTurn();
  expect(next.told).toBeNull();
});

test('as many bytes as may wait, and not one more', async () => {
  open({ bytesMax: 2000 });
  transport.last.handler.onOpen();
  const waiters = [ask('x'.repeat(1000)), ask('x'.repeat(1000)), ask('x')];
  await endOfTurn();
  expect(waiters.map((waiter) => waiter.told)).toEqual([null, 'overloaded, not sent', null]);
});

test('when the connection is lost, what was sent may have been seen; what was not has not', async () => {
  open();
  transport.last.handler.onOpen();
  const sent = ask();
  await endOfTurn();
  const unsent = ask();
  transport.last.handler.onClose('lost', 'gone');
  expect([sent.told, unsent.told]).toEqual(['lost, sent', 'lost, not sent']);
});

test('while it rests between two attempts requests fail at once; then it dials again', async () => {
  open();
  const waiting = ask();
  transport.last.handler.onClose('refused', 'nobody listens');
  expect(waiting.told).toBe('refused, not sent');
  expect(client.state).toBe('resting');
  const resting = ask();
  await endOfTurn();
  expect(resting.told).toBe('lost, not sent');
  await until('it dials again', () => transport.dials.length === 2);
  expect(client.state).toBe('connecting');
  const next = ask();
  transport.last.handler.onOpen();
  transport.last.handler.onFrames([readAnswered(2)]);
  expect(next.told).toBe('readAnswered');
  expect(states).toEqual(['resting', 'connecting', 'open']);
});

test('a request that is made on being told of a loss is not taken for one of the lost', async () => {
  open();
  transport.last.handler.onOpen();
  const again = new RecordingWaiter();
  client.request(readOf('k'), { onSettled: () => client.request(readOf('k'), again, 5000) }, 5000);
  await endOfTurn();
  transport.last.handler.onClose('lost', 'gone');
  await endOfTurn();
  expect(again.told).toBe('lost, not sent');
});

test('a request that no frame can hold fails alone', async () => {
  open();
  transport.last.handler.onOpen();
  const { last } = transport;
  const send = last.send.bind(last);
  last.send = (frame) => {
    if (frame.kind === 'read' && frame.request === 2) throw new Error('too long');
    return send(frame);
  };
  const waiters = [ask(), ask(), ask()];
  await endOfTurn();
  last.handler.onFrames([readAnswered(1), readAnswered(3)]);
  expect(waiters.map((waiter) => waiter.told)).toEqual(['readAnswered', 'unencodable, not sent', 'readAnswered']);
});

test('a request times out; its answer, when it comes after all, is dropped', async () => {
  open();
  transport.last.handler.onOpen();
  const short = ask('k', 20);
  const long = ask('k', 60_000);
  await until('it has timed out', () => short.answers.length === 1);
  expect(short.told).toBe('timeout, sent');
  transport.last.handler.onFrames([readAnswered(1), readAnswered(2)]);
  expect([short.told, long.told]).toEqual(['timeout, sent', 'readAnswered']);
});

test('a request that timed out before the connection stood is never sent', async () => {
  open();
  const short = ask('k', 20);
  await until('it has timed out', () => short.answers.length === 1);
  expect(short.told).toBe('timeout, not sent');
  ask();
  transport.last.handler.onOpen();
  expect(transport.last.requests).toEqual([2]);
});

test('nothing heard for long while requests wait: the connection is given up', async () => {
  open({ silenceMs: 40 });
  transport.last.handler.onOpen();
  const waiter = ask('k', 60_000);
  await until('it is given up', () => waiter.answers.length === 1);
  expect(waiter.told).toBe('lost, sent');
  expect(transport.dials[0]?.closedFor).toMatch(/nothing heard/);
});

test.each<[string, PeerFrame]>([
  [
    'an answer of another kind',
    { kind: 'sessionAnswered', group, epoch, request: 1, outcome: { kind: 'opened', session: 's' as never } },
  ],
  ['a request', { kind: 'status', group, epoch, request: 1 }],
  [
    'a message between replicas',
    { kind: 'peer', group, message: { kind: 'question', number: 1, from: 'a/b/c' as never } },
  ],
])('%s where an answer is due ends the connection', async (_name, frame) => {
  open();
  transport.last.handler.onOpen();
  const waiter = ask();
  await endOfTurn();
  transport.last.handler.onFrames([frame, readAnswered(1)]);
  expect(waiter.told).toBe('lost, sent');
  expect(transport.last.closedFor).not.toBeNull();
});

test('close settles everything, in a later turn, and nothing is told afterwards', async () => {
  open();
  transport.last.handler.onOpen();
  const sent = ask();
  await endOfTurn();
  const unsent = ask();
  client.close();
  const late = ask();
  await endOfTurn();
  expect([sent.told, unsent.told, late.told]).toEqual(['closed, sent', 'closed, not sent', 'closed, not sent']);
  expect(client.state).toBe('closed');
  expect(states).toEqual(['open']);
});

test('a client may be closed by whoever is told an answer or a change of state', async () => {
  open();
  transport.last.handler.onOpen();
  client.request(readOf('k'), { onSettled: () => client.close() }, 5000);
  const other = ask();
  await endOfTurn();
  transport.last.handler.onFrames([readAnswered(1), readAnswered(2)]);
  await endOfTurn();
  expect(other.told).toBe('closed, sent');
});

test('the rests grow while attempts fail', async () => {
  open({ restMinMs: 1, restMaxMs: 1000 });
  const startMs = performance.now();
  for (let attempt = 1; attempt <= 6; attempt++) {
    await until('it dials', () => transport.dials.length === attempt);
    transport.last.handler.onClose('refused', 'nobody listens');
  }
  // At least half of 1 + 2 + 4 + 8 + 16.
  expect(performance.now() - startMs).toBeGreaterThan(15);
});

test('over real sockets: thousands of requests at once, a loss in the middle, and all are settled once', async () => {
  const bench = new Bench();
  let answered = 0;
  const listen = (port: number): Promise<string> => {
    const server = bench.transport();
    return server.listen({ host: '127.0.0.1', port }, (connection) => ({
      onOpen: () => {},
      onFrames: (frames) => {
        for (const frame of frames) {
          if (frame.kind !== 'read') throw new Error(frame.kind);
          connection.send(readAnswered(frame.request));
          answered += 1;
          // The very answer may be lost with the connection.
          if (answered === 3000) void server.close();
        }
      },
      onClose: () => {},
    }));
  };
  const address = await listen(0);
  transport = new ScriptedTransport();
  client = peerClients(bench.transport())(address, null);
  const waiters: RecordingWaiter[] = [];
  for (let i = 0; i < 5000; i++) {
    waiters.push(ask(`key-${i}`));
    if (i % 50 === 0) await endOfTurn();
  }
  await until('all are settled', () => waiters.every((waiter) => waiter.answers.length === 1));
  expect(waiters.filter((waiter) => waiter.told === 'readAnswered').length).toBeLessThanOrEqual(3000);
  await listen(Number(address.split(':')[1]));
  await until('the client is back', () => client.state === 'open');
  const next = ask();
  await until('it is answered', () => next.told === 'readAnswered');
  await bench.end();
});
