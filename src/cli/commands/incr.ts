import type { Command } from 'commander';
import { bigIntOf } from '../arguments.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { withWriteOptions } from './put.ts';

export function addIncr(parent: Command, terminal: Terminal): void {
  const verb = addVerb(parent, {
    usage: 'incr <key>',
    summary: 'add to a counter',
    description: 'Adds to a counter of 64 bits, and prints the sum. Where there is none, it was 0.',
    examples: ['kv incr visits', 'kv incr stock -5'],
  }).argument('[by]', 'how much (default: 1)', bigIntOf);
  withWriteOptions(verb).action(
    doing(
      terminal,
      async (call, key: string, by: bigint | undefined, { idempotencyKey }: { readonly idempotencyKey?: string }) => {
        const counted = await call.client.incr(key, by ?? 1n, idempotencyKey === undefined ? {} : { idempotencyKey });
        const value = String(counted.value);
        // A number of JSON would not be exact everywhere.
        await call.output.one({ json: () => ({ ...counted, value }), text: () => value, raw: () => value });
      },
    ),
  );
}
