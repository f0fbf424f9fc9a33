import type { Command } from 'commander';
import type { Consistency } from '../../client/index.ts';
import { HEADER_TEXT } from '../arguments.ts';
import { CONTEXT_NAME, type Context, contextsFile, readContexts, writeContexts } from '../contexts.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import { aligned } from '../text.ts';
import type { Terminal } from '../terminal.ts';
import { valueOf } from '../value-input.ts';
import { addVerb, doing } from '../verb.ts';

const TOKEN_BYTES_MAX = 8192;

export function addContext(parent: Command, terminal: Terminal): void {
  const context = parent
    .command('context')
    .summary('stores by their names')
    .description(
      'Stores by their names, in a file that only its owner may read (KV_CONFIG, else ~/.config/kv/contexts.json).',
    );

  addVerb(context, {
    usage: 'set <name>',
    summary: 'make a context, or change one',
    description: `Makes a context of the address, the token and the consistency that are given, or changes just these of one that is there. The first
is in use at once.`,
    examples: ['kv context set prod --url https://kv.example.com', 'kv context set prod --token-from - < token.txt'],
  })
    .option(
      '--token-from <source>',
      'the token: - from standard input, @FILE from a file; stays out of the list of processes',
    )
    .action(
      doing(terminal, async (call, name: string, flags: { readonly tokenFrom?: string }, command: Command) => {
        const { url, token, consistency } = command.optsWithGlobals<{
          url?: readonly string[];
          token?: string;
          consistency?: Consistency;
        }>();
        if (!CONTEXT_NAME.test(name)) throw usage(`${name} is no name: letters, digits and . _ -, up to 64 of them.`);
        const { current, contexts } = readContexts(terminal);
        const before = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
        const where = url ?? before?.url;
        if (where === undefined) throw usage(`${name} is new: say with --url where it is.`);
        const secret = flags.tokenFrom === undefined ? token : await tokenFrom(flags.tokenFrom, call.terminal);
        const changed = {
          ...before,
          url: where,
          ...(secret === undefined ? {} : { token: secret }),
          ...(consistency === undefined ? {} : { consistency }),
        };
        writeContexts(terminal.env, { current: current ?? name, contexts: { ...contexts, [name]: changed } });
        terminal.note(
          `kv: context ${name} ${before === undefined ? 'made' : 'changed'} in ${contextsFile(terminal.env)}`,
        );
      }),
    );

  addVerb(context, {
    usage: 'use <name>',
    summary: 'use a context from now on',
    examples: ['kv context use prod'],
  }).action(
    doing(terminal, (_call, name: string) => {
      const before = readContexts(terminal);
      checkKnown(before.contexts, name);
      writeContexts(terminal.env, { ...before, current: name });
      return Promise.resolve();
    }),
  );

  addVerb(context, {
    usage: 'delete <name>',
    summary: 'delete a context',
    examples: ['kv context delete old'],
  }).action(
    doing(terminal, (_call, name: string) => {
      const { current, contexts } = readContexts(terminal);
      checkKnown(contexts, name);
      const others = Object.fromEntries(Object.entries(contexts).filter(([other]) => other !== name));
      writeContexts(terminal.env, { current: current === name ? null : current, contexts: others });
      return Promise.resolve();
    }),
  );

  addVerb(context, {
    usage: 'ls',
    summary: 'list contexts',
    description: 'Lists contexts; the one in use has a star. Tokens are not shown.',
    examples: ['kv context ls'],
  }).action(
    doing(terminal, async (call) => {
      const { current, contexts } = readContexts(terminal);
      const all = Object.entries(contexts);
      if (call.output.format === 'text') {
        terminal.out(aligned([['', 'NAME', 'URL', 'TOKEN', 'CONSISTENCY'], ...all.map(rowOf)]).join('\n'));
        return;
      }
      await call.output.many(all, ([name, { url, token, consistency = null }]) => ({
        json: () => ({ name, url, hasToken: token !== undefined, consistency, inUse: name === current }),
        text: () => name,
        raw: () => name,
      }));

      function rowOf([name, { url, token, consistency }]: readonly [string, Context]): string[] {
        const star = name === current ? '*' : '';
        return [star, name, url.join(','), token === undefined ? '' : 'has one', consistency ?? ''];
      }
    }),
  );
}

async function tokenFrom(source: string, terminal: Terminal): Promise<string> {
  if (source !== '-' && !source.startsWith('@')) throw usage('--token-from is - or @FILE.');
  const token = Buffer.from(await valueOf(source, terminal, TOKEN_BYTES_MAX))
    .toString()
    .trim();
  if (!HEADER_TEXT.test(token)) throw usage('The token is empty, or holds what cannot be sent.');
  return token;
}

function checkKnown(contexts: object, name: string): void {
  if (Object.hasOwn(contexts, name)) return;
  throw usage(`There is no context ${name}; kv context ls lists them.`);
}

const usage = (message: string): CommandFailure => new CommandFailure(EXIT.usage, message);
