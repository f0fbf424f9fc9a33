import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Message, Outcome, Plan } from './plan.ts';

/**
 * Runs a load in a process of its own, which nothing else has warmed up or filled.
 *
 * @throws if an answer was wrong, a connection ended, or nobody answered; and when it is aborted
 */
export async function runLoad(plan: Plan, signal?: AbortSignal): Promise<Outcome> {
  signal?.throwIfAborted();
  // A process group of its own: Ctrl-C in a terminal goes to whole groups, and it ends when this process says so.
  const child = fork(join(import.meta.dirname, 'generator.ts'), { detached: true });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  try {
    let message: Message | null = null;
    child.once('message', (said: Message) => (message = said));
    child.send(plan);
    const [code, by] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    signal?.throwIfAborted();
    return outcomeOf(message, `the load generator ended with ${code ?? by ?? 'nothing'}, and said nothing`);
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
  }
}

function outcomeOf(message: Message | null, otherwise: string): Outcome {
  if (message === null) throw new Error(otherwise);
  if (message.kind === 'failed') throw new Error(message.reason);
  return message.outcome;
}
