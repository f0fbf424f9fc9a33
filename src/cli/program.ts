import { Command, Option } from 'commander';
import { durationMs, headerTextOf, oneMoreUrl } from './arguments.ts';
import { addAdmin } from './commands/admin.ts';
import { addBench } from './commands/bench.ts';
import { addCompletion } from './commands/completion.ts';
import { addContext } from './commands/context.ts';
import { addDel } from './commands/del.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExport } from './commands/export.ts';
import { addGet } from './commands/get.ts';
import { addHistory, addRevert } from './commands/history.ts';
import { addImport } from './commands/import.ts';
import { addIncr } from './commands/incr.ts';
import { addLs } from './commands/ls.ts';
import { addLatency } from './commands/latency.ts';
import { addLock } from './commands/lock.ts';
import { addPut } from './commands/put.ts';
import { addMap, addMembers, addStatus } from './commands/status.ts';
import { addTop } from './commands/top.ts';
import { addTtl } from './commands/ttl.ts';
import { addBatch, addTxn } from './commands/txn.ts';
import { addWatch } from './commands/watch.ts';
import { CONSISTENCIES } from './consistency.ts';
import { DEFAULT_TIMEOUT_MS, DEFAULT_URL, OUTPUTS } from './settings.ts';
import type { Terminal } from './terminal.ts';

const HELP_COLUMNS = 100;

const ABOUT_ALL = `
Values:    kv put k TEXT; - reads standard input, @FILE a file.
Variables: KV_URL, KV_TOKEN, KV_CONTEXT, KV_CONSISTENCY, KV_OUTPUT stand for the flags; KV_FENCE for --fence.
           KV_CONFIG names the file of contexts. NO_COLOR turns colours off.
Exit code: 0 done, 1 error, 2 usage, 3 no such key, 4 precondition failed, 5 not allowed, 6 unavailable,
           7 lock lost, 130 interrupted.
kv COMMAND --help says more, with examples; kv --version which release this is.`;

/** The tree of commands: what they are called, what they take, and their help. */
export function programOf(terminal: Terminal): Command {
  const program = new Command('kv')
    .description('The command line of kvstore, a replicated in-memory key-value store.')
    .usage('COMMAND [options]')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, 'kv: ')),
    })
    .configureHelp({ showGlobalOptions: true, styleTitle: (title) => title })
    .addOption(
      new Option('--url <url>', `of a proxy or replica; may be repeated (default: ${DEFAULT_URL})`).argParser(
        oneMoreUrl,
      ),
    )
    .addOption(
      new Option(
        '--token <token>',
        'sent to a gateway that asks for one; others see it in the list of processes: better in KV_TOKEN',
      ).argParser(headerTextOf),
    )
    .option('--context <name>', 'a store by its name: kv context --help')
    .addOption(
      new Option('--consistency <mode>', 'how recent what is read has to be (default: in-sync)').choices(CONSISTENCIES),
    )
    .addOption(
      new Option(
        '-o, --output <format>',
        'text for people, json, jsonl (a line for each), raw (default: text; raw when piped)',
      ).choices(OUTPUTS),
    )
    .addOption(
      new Option(
        '--timeout <time>',
        `for a request, with its repetitions (default: ${DEFAULT_TIMEOUT_MS / 1000}s)`,
      ).argParser(durationMs),
    )
    .addHelpText('after', ABOUT_ALL)
    .helpCommand(false);
  const add = (heading: string, adders: readonly ((parent: Command, terminal: Terminal) => void)[]): void => {
    program.commandsGroup(heading);
    for (const adder of adders) adder(program, terminal);
  };
  add('Keys:', [addGet, addPut, addDel, addLs, addHistory, addRevert, addIncr, addTtl]);
  add('Several keys:', [addTxn, addBatch, addWatch, addLock]);
  add('Data in and out:', [addImport, addExport]);
  add('The cluster:', [addStatus, addMembers, addMap, addTop, addLatency, addBench, addDoctor, addAdmin]);
  add('This command line:', [addContext, addCompletion]);
  program.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .summary('the same as COMMAND --help')
      .helpOption(false)
      .helpGroup('This command line:'),
  );
  return program;
}
