import type { Command } from 'commander';
import { programOf } from './program.ts';

/** `docs/reference/cli.md`: what `--help` says of each command. `npm run docs` writes it. */
export function cliReference(): string {
  let text = '';
  const program = programOf({
    out: (shown) => (text += `${shown}\n`),
    write: () => Promise.resolve(),
    note: () => undefined,
    draw: () => undefined,
    ask: null,
    input: { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }) },
    env: {},
    isTerminal: { input: false, out: false, notes: false },
    size: () => ({ columns: 100, rows: 24 }),
    signal: new AbortController().signal,
  });
  const helpOf = (command: Command): string => {
    text = '';
    // Said once, of `kv` itself.
    command.configureHelp({ showGlobalOptions: false, styleTitle: (title) => title }).outputHelp();
    return text.trimEnd();
  };
  const sections = commandsIn(program, 'kv').map(
    ({ command, path }) => `## ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`,
  );
  return `# The command line\n\nMade by \`npm run docs\` from what \`--help\` says. \`./run.sh kv …\` runs it without an installation.\n\n${sections.join('\n')}`;
}

function commandsIn(command: Command, path: string): { readonly command: Command; readonly path: string }[] {
  return [{ command, path }, ...command.commands.flatMap((child) => commandsIn(child, `${path} ${child.name()}`))];
}
