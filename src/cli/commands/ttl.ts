import { Option, type Command } from 'commander';
import { ttlOf } from '../arguments.ts';
import { EXIT, CommandFailure } from '../exit-code.ts';
import { durationText } from '../text.ts';
import type { KvStay, Ttl } from '../../client/index.ts';
import type { Invocation } from '../invocation.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { noSuchKey } from './get.ts';
import { withWriteOptions } from './put.ts';

export function addTtl(parent: Command, terminal: Terminal): void {
  const verb = addVerb(parent, {
    usage: 'ttl <key> [time]',
    summary: 'show or set how long a value stays',
    description: `Shows how long a value stays, or sets it, or how long unused; none: for ever. Ends with 3 if there is no value. What is left is
told by this machine's clock, and the end by the store's. To show it is to read it.`,
    examples: ['kv ttl session/1', 'kv ttl session/1 30m', 'kv ttl session/1 none', 'kv ttl session/1 --idle 10m'],
  });
  verb.addOption(
    new Option('--idle <time>', 'it goes when it has not been read or written for so long; none: it stays').argParser(
      (text) => (text === 'none' ? null : ttlOf(text)),
    ),
  );
  withWriteOptions(verb).action(
    doing(terminal, async (call, key: string, time: string | undefined, flags: TtlFlags) => {
      const { idempotencyKey, idle } = flags;
      if (time === undefined && idle === undefined) {
        await show(call, key);
        return;
      }
      const ttl = time === undefined ? {} : { ttl: time === 'none' ? null : parsed(time) };
      const stay = { ...ttl, ...(idle === undefined ? {} : { idle }) } as KvStay;
      const found = await call.client.touch(key, stay, idempotencyKey === undefined ? {} : { idempotencyKey });
      if (!found) throw noSuchKey(key);
    }),
  );
}

interface TtlFlags {
  readonly idempotencyKey?: string;
  readonly idle?: Ttl | null;
}

async function show(call: Invocation, key: string): Promise<void> {
  const entry = await call.client.get(key);
  if (entry === null) throw noSuchKey(key);
  const { expiresAt, idle } = entry;
  const leftMs = expiresAt === null ? null : Math.max(0, expiresAt.getTime() - Date.now());
  const stays = leftMs === null ? 'for ever' : `${durationText(leftMs)}, until ${expiresAt?.toISOString() ?? ''}`;
  await call.output.one({
    json: () => ({ key, ttlMs: leftMs, expiresAt, idle }),
    text: () => (idle === null ? stays : `${stays}; unused for ${idle} at most`),
    raw: () => (leftMs === null ? 'none' : `${leftMs}ms`),
  });
}

function parsed(time: string) {
  try {
    return ttlOf(time);
  } catch (error) {
    throw new CommandFailure(EXIT.usage, `${time}: ${(error as Error).message} none: for ever.`);
  }
}
