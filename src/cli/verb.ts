import type { Command } from 'commander';
import { Invocation } from './invocation.ts';
import type { Terminal } from './terminal.ts';

export interface VerbText {
  /** With its arguments, as commander writes them: `put <key> <value>`. */
  readonly usage: string;
  /** In the list of commands. */
  readonly summary: string;
  /** In its own help; the summary if there is no more to say. */
  readonly description?: string;
  readonly examples: readonly string[];
}

/** A command, whose help ends with examples. */
export function addVerb(parent: Command, { usage, summary, description, examples }: VerbText): Command {
  const verb = parent
    .command(usage)
    .summary(summary)
    .description(paragraphs(description ?? sentence(summary)));
  const shown = examples.map((example) => `  $ ${example}`).join('\n');
  return verb.addHelpText('after', `\nExamples:\n${shown}`);
}

type Work = (call: Invocation, ...given: unknown[]) => Promise<void>;

/** What a command does, as commander calls it, with arguments, options and the command itself: the invocation comes first. */
export const doing =
  (terminal: Terminal, work: (call: Invocation, ...given: never[]) => Promise<void>) =>
  async (...given: unknown[]): Promise<void> => {
    await (work as Work)(new Invocation(given.at(-1) as Command, terminal), ...given);
  };

/** Lines of the sources are no lines of the help: it is wrapped anew. */
const paragraphs = (text: string): string => text.replace(/([^\n])\n(?!\n)/g, '$1 ');

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
