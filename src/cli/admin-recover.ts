import type { Objection } from '../core/election/recovery.ts';
import { CommandFailure, EXIT } from './exit-code.ts';
import { planRecovery, type RecoveryPlan } from './recovery-plan.ts';
import { recoveryTable } from './recovery-table.ts';
import { askToRecover, findReplicas, takesWrites, type Found } from './replica-admin.ts';
import type { Terminal } from './terminal.ts';

export interface AdminRecoverOptions {
  readonly urls: readonly string[];
  /** By its pod's name, or its id; null: the one with the most. */
  readonly replica: string | null;
  readonly despite: readonly Objection[];
  /** `show` ends before anything is done, `ask` asks a person, `go` does not. */
  readonly consent: 'show' | 'ask' | 'go';
  readonly output: 'text' | 'json';
}

/** How long the others may take to come back into the set. */
const WRITABLE_MS = 30_000;

/** Shows what each replica has and what would be lost, asks, and has one of them begin a new lineage (R13). */
export async function adminRecover(options: AdminRecoverOptions, terminal: Terminal): Promise<void> {
  const { output, consent } = options;
  const found = await findReplicas(options.urls);
  if (found.reached.length === 0) {
    const faults = [...found.faults, ...found.unreached.map(({ podName, reason }) => `${podName}: ${reason}`)];
    throw new CommandFailure(
      EXIT.unavailable,
      `No replica answers. ${faults.join('; ')}. Give the address of a proxy or, one for each, of the replicas' HTTP ports: --url http://HOST:PORT.`,
    );
  }
  const show = (text: string): void => {
    if (output === 'text') terminal.out(text);
    else terminal.note(text);
  };
  show(recoveryTable(found));
  const plan = planRecovery(found, options);
  show(describePlan(plan));
  if (consent === 'show') {
    if (output === 'json') terminal.out(JSON.stringify(document(found, plan)));
    return;
  }
  if (consent === 'ask') await askPerson(plan, terminal);

  const { chosen, request } = plan;
  const answer = await askToRecover(chosen, request);
  if (answer.kind === 'problem') {
    const { problem } = answer;
    throw new CommandFailure(problem.status === 503 ? EXIT.unavailable : EXIT.precondition, problem.detail);
  }
  if (answer.kind === 'lost') {
    throw new CommandFailure(
      EXIT.unavailable,
      `${chosen.podName} was asked and did not answer (${answer.reason}): it may have begun. Look again.`,
    );
  }
  const { lineage, epoch } = answer;
  const begun = `Lineage ${lineage.number}.${lineage.id} has begun: ${chosen.podName} leads epoch ${epoch}.`;
  show(begun);
  if (!(await takesWrites(chosen, { withinMs: WRITABLE_MS, signal: terminal.signal }))) {
    throw new CommandFailure(
      EXIT.unavailable,
      `${begun} But writes are not taken after ${WRITABLE_MS / 1000} s: the set waits for enough members (KV_MIN_IN_SYNC). Start other replicas; /v1/cluster shows them.`,
    );
  }
  show('Writes are taken again.');
  if (output === 'json') terminal.out(JSON.stringify({ ...document(found, plan), begun: { lineage, epoch } }));
}

async function askPerson({ chosen }: RecoveryPlan, { ask }: Terminal): Promise<void> {
  if (ask === null) {
    throw new CommandFailure(
      EXIT.usage,
      'There is no terminal to ask at. To go on without being asked, add --yes; to look only, --dry-run.',
    );
  }
  const typed = await ask(`To go on, type the replica's name (${chosen.podName}): `);
  if (typed.trim() !== chosen.podName) throw new CommandFailure(EXIT.error, 'That is not its name. Nothing was done.');
}

function describePlan({ chosen, losses }: RecoveryPlan): string {
  const { holding } = chosen.view;
  const has = holding.lineage === null ? 'which has no data' : `with its ${chosen.view.keys} keys`;
  const lines = [
    `A new lineage would begin at ${chosen.podName}, ${has}. All other replicas take its data for theirs.`,
    ...(losses.length === 0 ? ['None of the replicas has more than it.'] : losses.map((loss) => `- ${loss}`)),
  ];
  return `\n${lines.join('\n')}`;
}

const document = ({ reached, unreached }: Found, { chosen, losses }: RecoveryPlan) => ({
  replicas: reached.map(({ podName, url, view }) => ({ podName, url, ...view })),
  unreached,
  chosen: chosen.view.replica,
  losses,
});
