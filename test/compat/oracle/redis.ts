import { isUtf8 } from 'node:buffer';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis as Client } from 'ioredis';
import MockClient from 'ioredis-mock';
import { bufferOf, type Bytes } from './commands.ts';

/** A command: its name, and what follows it. */
export type Words = readonly Bytes[];

export class RedisError extends Error {}

/** Numbers are in decimal: those of 64 bits are none of JavaScript's. */
export type Reply = Bytes | null | RedisError | readonly Reply[];

/** Errors are replies, too. */
export interface Redis {
  one(words: Words): Promise<Reply>;
  /** In one MULTI. */
  together(commands: readonly Words[]): Promise<readonly Reply[]>;
  close(): Promise<void>;
}

const PROGRAM = process.env['REDIS_SERVER'] ?? 'redis-server';
/** The first one with GETDEL. */
const VERSION_MIN = [6, 2] as const;
const READY_WITHIN_MS = 10_000;

/** Why there is no Redis to be asked; null: there is one. */
export function missingRedis(): string | null {
  const { error, stdout } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return `${PROGRAM} is not installed (Debian: apt-get install redis-server)`;
  const [, major = 0, minor = 0] = (/ v=(\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  const isOld = major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1]);
  return isOld ? `${PROGRAM} is ${major}.${minor}, and ${VERSION_MIN.join('.')} or newer is needed` : null;
}

/** A server of its own, that nobody else can reach: without a port, and without a file to keep anything in. */
export async function startRedis(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-redis-'));
  const path = join(folder, 'socket');
  const options = { port: '0', unixsocket: path, save: '', appendonly: 'no', dir: folder };
  const server = spawn(
    PROGRAM,
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    {
      stdio: 'ignore',
    },
  );
  const ended = once(server, 'exit');
  const from = performance.now();
  const client = new Client({
    path,
    stringNumbers: true,
    // It is not there at once.
    retryStrategy: () => (performance.now() - from < READY_WITHIN_MS ? 20 : null),
    maxRetriesPerRequest: null,
  });
  client.on('error', () => undefined);
  await client.ping();
  const one = async ([name = '', ...rest]: Words): Promise<Reply> =>
    client.callBuffer(name, ...rest.map(bufferOf)).then(replyOf, (error: unknown) => {
      if ((error as Error).name === 'ReplyError') return errorOf(error);
      throw error;
    });
  return {
    one,
    async together(commands) {
      const [, ...replies] = await Promise.all([['MULTI'], ...commands, ['EXEC']].map(one));
      return replies.at(-1) as readonly Reply[];
    },
    async close() {
      client.disconnect();
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** ioredis-mock: the same interface, without a server, and with faults of its own. */
export function openMock(): Redis {
  const client = new MockClient();
  const commands = client as unknown as Readonly<
    Record<string, (...rest: readonly (string | Buffer)[]) => Promise<unknown>>
  >;
  const one = async ([name = '', ...rest]: Words): Promise<Reply> => {
    const command = commands[`${name.toLowerCase()}Buffer`];
    if (command === undefined) throw new Error(`ioredis-mock has no ${name}`);
    return command(...rest.map(textOrBuffer)).then(replyOf, errorOf);
  };
  return {
    one,
    // One after the other: nobody else is there, and its own MULTI rejects every reply where one is an error.
    async together(together) {
      const replies: Reply[] = [];
      for (const words of together) replies.push(await one(words));
      return replies;
    },
    close() {
      client.disconnect();
      return Promise.resolve();
    },
  };
}

/** It knows its own words only as strings, and bytes that are no text only as they are. */
function textOrBuffer(bytes: Bytes): string | Buffer {
  const buffer = bufferOf(bytes);
  return isUtf8(buffer) ? buffer.toString('utf8') : buffer;
}

function replyOf(reply: unknown): Reply {
  if (reply === null) return null;
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (Array.isArray(reply)) return reply.map(replyOf);
  if (reply instanceof Error) return errorOf(reply);
  if (typeof reply === 'string' || typeof reply === 'number') return String(reply);
  throw new Error(`a reply that is not known: ${JSON.stringify(reply)}`);
}

const errorOf = (error: unknown): RedisError => new RedisError((error as Error).message);
