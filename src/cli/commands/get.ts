import { Option, type Command } from 'commander';
import { wholeNumber } from '../arguments.ts';
import { valueForms } from '../entry-forms.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import { visibleLine } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';
import { contradiction } from './put.ts';

export interface PastFlags {
  readonly version?: number;
  readonly revision?: number;
}

export function addGet(parent: Command, terminal: Terminal): void {
  const verb = addVerb(parent, {
    usage: 'get <key>',
    summary: 'print a value',
    description: `Prints a value: its bytes as they are when piped. With --version or --revision it is one that stood there before, as far as the store
keeps them; kv history lists them. Ends with 3 if there is none.`,
    examples: [
      'kv get app/theme',
      'kv get photo > photo.jpg',
      'kv get app/theme -o json | jq .revision',
      'kv get app/theme --version 3',
    ],
  });
  withPastOptions(verb).action(
    doing(terminal, async (call, key: string, flags: PastFlags) => {
      const entry = await call.client.get(key, placeOf(flags));
      if (entry === null) throw noSuchKey(key);
      await call.output.one(valueForms(entry));
    }),
  );
}

const NUMBER = wholeNumber({ min: 1, max: 1e15 - 1 });

export function withPastOptions(verb: Command): Command {
  return verb
    .addOption(new Option('--version <number>', 'the version with this number').argParser(NUMBER))
    .addOption(new Option('--revision <number>', 'the version that was the newest at this revision').argParser(NUMBER));
}

/** As the client takes it. */
export function placeOf({
  version,
  revision,
}: PastFlags): { readonly version?: number } | { readonly revision?: number } {
  if (version !== undefined && revision !== undefined) throw contradiction('--version', '--revision');
  if (version !== undefined) return { version };
  return revision === undefined ? {} : { revision };
}

export const noSuchKey = (key: string): CommandFailure =>
  new CommandFailure(EXIT.noSuchKey, `There is no key ${visibleLine(key)}.`);
