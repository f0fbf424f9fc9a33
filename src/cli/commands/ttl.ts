import type { Command } from 'commander';
import { ttlOf } from '../arguments.ts';
import { EXIT, CommandFailure } from '../exit-code.ts';
import { durationText } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { noSuchKey } from './get.ts';
import { withWriteOptions } from './put.ts';

export function addTtl(parent: Command, terminal: Terminal): void {
  const verb = addVerb(parent, {
    usage: 'ttl <key> [time]',
    summary: 'show or set how long a value stays',
    description: `Shows how long a value stays, or sets it; none: for ever. Ends with 3 if there is no value. What is left is told by this machine's
clock, and the end by the store's.`,
    examples: ['kv ttl session/1', 'kv ttl session/1 30m', 'kv ttl session/1 none'],
  });
  withWriteOptions(verb).action(
    doing(
      terminal,
      async (call, key: string, time: string | undefined, flags: { readonly idempotencyKey?: string }) => {
        if (time !== undefined) {
          const { idempotencyKey } = flags;
          const ttl = time === 'none' ? null : parsed(time);
          const found = await call.client.touch(key, ttl, idempotencyKey === undefined ? {} : { idempotencyKey });
          if (!found) throw noSuchKey(key);
          return;
        }
        const entry = await call.client.get(key);
        if (entry === null) throw noSuchKey(key);
        const { expiresAt } = entry;
        const leftMs = expiresAt === null ? null : Math.max(0, expiresAt.getTime() - Date.now());
        await call.output.one({
          json: () => ({ key, ttlMs: leftMs, expiresAt }),
          text: () =>
            leftMs === null ? 'for ever' : `${durationText(leftMs)}, until ${expiresAt?.toISOString() ?? ''}`,
          raw: () => (leftMs === null ? 'none' : `${leftMs}ms`),
        });
      },
    ),
  );
}

function parsed(time: string) {
  try {
    return ttlOf(time);
  } catch (error) {
    throw new CommandFailure(EXIT.usage, `${time}: ${(error as Error).message} none: for ever.`);
  }
}
