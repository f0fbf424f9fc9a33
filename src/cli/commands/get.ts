import type { Command } from 'commander';
import { valueForms } from '../entry-forms.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import { visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

export function addGet(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'get <key>',
    summary: 'print a value',
    description: 'Prints a value: its bytes as they are when piped. Ends with 3 if there is none.',
    examples: ['kv get app/theme', 'kv get photo > photo.jpg', 'kv get app/theme -o json | jq .revision'],
  }).action(
    doing(terminal, async (call, key: string) => {
      const entry = await call.client.get(key);
      if (entry === null) throw noSuchKey(key);
      await call.output.one(valueForms(entry));
    }),
  );
}

export const noSuchKey = (key: string): CommandFailure =>
  new CommandFailure(EXIT.noSuchKey, `There is no key ${visibleLine(key)}.`);
