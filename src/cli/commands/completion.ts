import { Argument, type Command } from 'commander';
import { completionFor, SHELLS, type Shell } from '../completions.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

export function addCompletion(parent: Command, terminal: Terminal): void {
  addVerb(parent, {
    usage: 'completion',
    summary: 'completion for a shell',
    description: 'Prints a script by which a shell completes commands and options.',
    examples: [
      'source <(kv completion bash)',
      'kv completion zsh > "${fpath[1]}/_kv"',
      'kv completion fish > ~/.config/fish/completions/kv.fish',
    ],
  })
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .action(doing(terminal, (_call, shell: Shell) => terminal.write(completionFor(shell, parent))));
}
