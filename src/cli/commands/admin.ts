import { InvalidArgumentError, Option, type Command } from 'commander';
import { OBJECTIONS, type Objection } from '../../core/election/recovery.ts';
import { adminRecover } from '../admin-recover.ts';
import { CommandFailure, EXIT } from '../exit-code.ts';
import { isObjection } from '../recovery-plan.ts';
import type { Terminal } from '../terminal.ts';
import { addVerb, doing } from '../verb.ts';

interface RecoverFlags {
  readonly replica?: string;
  readonly despite: readonly Objection[];
  readonly yes?: true;
  readonly dryRun?: true;
}

export function addAdmin(parent: Command, terminal: Terminal): void {
  const admin = parent
    .command('admin')
    .summary('admin recover: where only an operator can go on')
    .description('For operators.');
  addVerb(admin, {
    usage: 'recover',
    summary: 'begin a new history with the data of one replica',
    description: `Shows what each replica has, which one would go on, and what would be lost; asks; then has that replica begin a new
lineage with its data, and waits until writes are taken. docs/guides/recovery.md says when.

Whoever answers at a --url names the others; those that cannot be reached from here need one of their own.`,
    examples: ['kv admin recover --dry-run', 'kv admin recover --url http://10.0.0.5:8000 --replica kvstore-1'],
  })
    .option('--replica <name>', "this one, by its pod's name, instead of the one with the most")
    .addOption(
      new Option('--despite <objection>', 'set an objection aside; may be repeated')
        .choices(OBJECTIONS)
        .argParser((text: string, before: readonly string[]) => [...before, objectionOf(text)])
        .default([], 'none'),
    )
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show')
    .action(
      doing(terminal, async (call, { replica, despite, yes, dryRun }: RecoverFlags) => {
        if (yes && dryRun) throw new CommandFailure(EXIT.usage, '--yes and --dry-run contradict each other.');
        const { urls } = call.settings;
        const { format } = call.output;
        const consent = dryRun ? 'show' : yes ? 'go' : 'ask';
        const isJson = format === 'json' || format === 'jsonl';
        await adminRecover(
          { urls, replica: replica ?? null, despite, consent, output: isJson ? 'json' : 'text' },
          terminal,
        );
      }),
    );
}

function objectionOf(text: string): Objection {
  if (!isObjection(text)) throw new InvalidArgumentError(`It is one of ${OBJECTIONS.join(', ')}.`);
  return text;
}
