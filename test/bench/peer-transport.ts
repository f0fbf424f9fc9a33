/**
 * Replicated writes through real sockets, without the core: a client keeps so many writes in flight to a leader, which
 * appends each turn's writes to two followers and answers when both have acknowledged. Four processes:
 * `node test/bench/peer-transport.ts [in flight] [seconds] [value bytes]`.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { peerClients } from '../../src/adapters/transport/peer-client.ts';
import { createTcpTransport } from '../../src/adapters/transport/tcp-transport.ts';
import type { Key } from '../../src/core/base/key.ts';
import { epoch, groupId, logIndex, version, wallMs, type LogIndex } from '../../src/core/base/numbers.ts';
import { Entry } from '../../src/core/replication/entry.ts';
import type { PeerMessage } from '../../src/core/replication/messages.ts';
import type { ClientRequestFrame, PeerFrame } from '../../src/core/routing/frames.ts';
import type { SessionId } from '../../src/core/store/commands.ts';
import type { PeerAnswer, PeerClient, PeerRequest, PeerWaiter } from '../../src/ports/peer-client.ts';
import type { PeerConnection, PeerConnectionHandler } from '../../src/ports/peers.ts';

const group = groupId(0);
const term = epoch(1);
const lineage = { number: 1, id: '2b1e6c9a-77f0-4d7c-8d1c-0a6f2b9f1e55.1' };
const silent = { debug: () => {}, info: () => {}, warn: console.warn, error: console.error };
const transport = createTcpTransport({ log: silent });
const peer = (message: PeerMessage): PeerFrame => ({ kind: 'peer', group, message });

async function follower(): Promise<string> {
  return transport.listen({ host: '127.0.0.1', port: 0 }, (connection) => ({
    onOpen: () => {},
    onFrames: (frames) => {
      const last = frames.at(-1);
      if (last?.kind !== 'peer' || last.message.kind !== 'append') return;
      const { round, prevIndex, entries } = last.message;
      const matchIndex = logIndex(prevIndex + entries.length);
      const state = {
        matchIndex,
        appliedIndex: matchIndex,
        sentMs: performance.now(),
        receivedBytes: 0,
        stopping: false,
        touches: [],
      };
      connection.send(peer({ kind: 'ack', epoch: term, lineage, round, ...state }));
    },
    onClose: () => {},
  }));
}

type Write = Extract<ClientRequestFrame, { kind: 'write' }>;

class Leader {
  readonly #links: PeerConnection[] = [];
  readonly #matched: LogIndex[] = [];
  readonly #uncommitted: { readonly write: Write; readonly from: PeerConnection; readonly index: LogIndex }[] = [];
  readonly #arrived: { readonly write: Write; readonly from: PeerConnection }[] = [];
  #lastIndex = 0;
  #round = 0;
  #turnIsDue = false;

  dial(address: string): void {
    const number = this.#links.length;
    this.#matched.push(logIndex(0));
    const handler: PeerConnectionHandler = {
      onOpen: () => {},
      onFrames: (frames) => {
        for (const frame of frames) {
          if (frame.kind === 'peer' && frame.message.kind === 'ack') this.#matched[number] = frame.message.matchIndex;
        }
        this.#schedule();
      },
      onClose: (_reason, detail) => console.error(detail),
    };
    this.#links.push(transport.dial(address, handler));
  }

  listen(): Promise<string> {
    return transport.listen({ host: '127.0.0.1', port: 0 }, (from) => ({
      onOpen: () => {},
      onFrames: (frames) => {
        for (const frame of frames) if (frame.kind === 'write') this.#arrived.push({ write: frame, from });
        this.#schedule();
      },
      onClose: () => {},
    }));
  }

  #schedule(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    setImmediate(() => {
      this.#takeTurn();
    });
  }

  #takeTurn(): void {
    this.#turnIsDue = false;
    const prevIndex = logIndex(this.#lastIndex);
    const entries = this.#arrived.map(({ write, from }) => {
      this.#lastIndex += 1;
      const index = logIndex(this.#lastIndex);
      this.#uncommitted.push({ write, from, index });
      return entryOf(index, write);
    });
    this.#arrived.length = 0;
    const commit = Math.min(...this.#matched);
    let committed = 0;
    for (const { write, from, index } of this.#uncommitted) {
      if (index > commit) break;
      committed += 1;
      const decided = { kind: 'written', version: version(1), created: true } as const;
      const outcome = { kind: 'committed', decided, revision: index, lineage, acks: 3, members: 3 } as const;
      from.send({ kind: 'writeAnswered', group, epoch: term, request: write.request, outcome });
    }
    this.#uncommitted.splice(0, committed);
    if (entries.length === 0) return;
    this.#round += 1;
    const times = { confirmedMs: performance.now(), timeMs: wallMs(Date.now()) };
    const round = { round: this.#round, fullRound: this.#round - 1, member: true, ...times };
    const position = { prevIndex, prevEpoch: term, commitIndex: logIndex(commit) };
    const append = peer({ kind: 'append', epoch: term, lineage, ...round, ...position, entries });
    for (const link of this.#links) link.send(append);
  }
}

function entryOf(index: LogIndex, { write: { id, settledThrough, command } }: Write): Entry {
  if (command.kind !== 'put') throw new Error(command.kind);
  const { key, value, contentType } = command;
  const timeMs = wallMs(Date.now());
  const place = {
    revision: index,
    version: version(1),
    createRevision: index,
    modifiedMs: timeMs,
    expiresAtMs: null,
    idleMs: null,
  };
  const effects = [{ kind: 'put', key, stored: { value, contentType, ...place } } as const];
  const outcome = { kind: 'written', version: version(1), created: true } as const;
  const body = { kind: 'write', request: id, settledThrough, idempotencyKey: null, effects, outcome } as const;
  return new Entry(index, term, timeMs, body);
}

/** One of those in flight: asks anew as soon as it is answered. */
class Writer implements PeerWaiter {
  static answered = 0;
  static readonly latenciesMs: number[] = [];
  readonly #client: PeerClient;
  readonly #value: Uint8Array;
  #number = 0;
  #sinceMs = 0;
  readonly #session: SessionId;

  constructor(client: PeerClient, value: Uint8Array, session: SessionId) {
    this.#client = client;
    this.#value = value;
    this.#session = session;
  }

  ask(): void {
    this.#number += 1;
    this.#sinceMs = performance.now();
    const key = `user:${(this.#number * 7919) % 1_000_000}` as Key;
    const condition = { kind: 'none' } as const;
    const lifetime = { kind: 'unlimited' } as const;
    const command = {
      kind: 'put',
      key,
      value: this.#value,
      contentType: 'text/plain',
      condition,
      lifetime,
      idle: lifetime,
    } as const;
    const id = { session: this.#session, number: this.#number };
    const write = { id, settledThrough: this.#number - 1, idempotencyKey: null, command } as const;
    const request: PeerRequest = { kind: 'write', group, epoch: term, hop: 'direct', write };
    this.#client.request(request, this, 10_000);
  }

  onSettled(answer: PeerAnswer): void {
    if (answer.kind !== 'writeAnswered') throw new Error(JSON.stringify(answer));
    Writer.answered += 1;
    if (Writer.answered % 16 === 0) Writer.latenciesMs.push(performance.now() - this.#sinceMs);
    this.ask();
  }
}

async function run(inFlight: number, seconds: number, valueBytes: number): Promise<void> {
  const children: ChildProcess[] = [];
  const start = async (...args: readonly string[]): Promise<{ child: ChildProcess; address: string }> => {
    const child = fork(import.meta.filename, args);
    children.push(child);
    const [address] = (await once(child, 'message')) as [string];
    return { child, address };
  };
  const followers = [await start('follower'), await start('follower')];
  const leader = await start('leader', ...followers.map(({ address }) => address));
  const client = peerClients(transport)(leader.address, null);
  for (let i = 0; i < inFlight; i++)
    new Writer(client, new Uint8Array(valueBytes), `session-${i % 8}` as SessionId).ask();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  Writer.latenciesMs.length = 0;
  const before = Writer.answered;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsedS = (performance.now() - startMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const rate = (Writer.answered - before) / elapsedS;
  const sorted = Writer.latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  const clientCpu = ((cpu.user + cpu.system) / 1e6 / elapsedS).toFixed(2);
  console.log(
    `${inFlight} in flight: ${rate.toFixed(0)} writes/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, client's CPU ${clientCpu}`,
  );
  for (const child of children) child.kill();
  client.close();
  process.exit();
}

const [role, ...args] = process.argv.slice(2);
if (role === 'follower') {
  process.send?.(await follower());
} else if (role === 'leader') {
  const leader = new Leader();
  for (const address of args) leader.dial(address);
  process.send?.(await leader.listen());
} else {
  await run(Number(role ?? 64), Number(args[0] ?? 5), Number(args[1] ?? 32));
}
