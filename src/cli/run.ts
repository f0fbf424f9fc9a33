import { CommanderError, type Command } from 'commander';
import { isKvError } from '../client/index.ts';
import { CommandFailure, EXIT, QuietEnd } from './exit-code.ts';
import { failureOf } from './failures.ts';
import { programOf } from './program.ts';
import type { Terminal } from './terminal.ts';
import { visible } from './text.ts';

/** The command line. Resolves with the exit code; whatever is to be said was said. `release`: what `kv --version` tells. */
export async function runCli(argv: readonly string[], terminal: Terminal, release: string): Promise<number> {
  const program = programOf(terminal);
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  // Not an option of the tree: there, kv get K --version N means something else.
  if (argv.length === 1 && argv[0] === '--version') {
    terminal.out(release);
    return EXIT.ok;
  }
  let path = 'kv';
  program.hook('preAction', (_, command) => {
    path = pathOf(command);
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return endOf(error, { path, terminal });
  }
}

/** Says what went wrong, and with which code that ends. */
function endOf(error: unknown, { path, terminal }: { readonly path: string; readonly terminal: Terminal }): number {
  if (error instanceof QuietEnd) return error.exitCode;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : usageEnd(error, terminal);
  const failure = isKvError(error) ? failureOf(error) : error;
  // Whatever was cut short: that is why.
  const { aborted } = terminal.signal;
  const reason: unknown = terminal.signal.reason;
  if (aborted && (error === reason || isKvError(error) || isAbort(error))) return reason as number;
  if (!(failure instanceof CommandFailure)) throw error;
  // A part of it may be what somebody else has answered.
  terminal.note(`kv: ${visible(failure.message)}`);
  if (failure.exitCode === EXIT.usage) terminal.note(`${path} --help shows how it is used.`);
  return failure.exitCode;
}

/** Commander has said what is wrong. */
function usageEnd({ code }: CommanderError, terminal: Terminal): number {
  if (code === 'commander.unknownOption') terminal.note('What begins with a dash and is no option stands behind --.');
  if (code !== 'commander.help') terminal.note('kv COMMAND --help shows how a command is used.');
  return EXIT.usage;
}

const isAbort = (error: unknown): boolean => (error as Partial<Error> | null)?.name === 'AbortError';

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
