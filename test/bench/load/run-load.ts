import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { LastMessage, Message, Outcome, Plan } from './plan.ts';

export interface RunLoadOptions {
  readonly signal?: AbortSignal;
  /** Called when what is measured begins. */
  readonly onBegun?: () => void;
  /** Called when it sends no more, while the last answers are still to come. */
  readonly onStopping?: () => void;
}

/**
 * Runs a load in a process of its own, which nothing else has warmed up or filled.
 *
 * @throws if an answer was wrong, a connection ended, or nobody answered; and when it is aborted
 */
export async function runLoad(plan: Plan, options: RunLoadOptions = {}): Promise<Outcome> {
  const { signal, onBegun, onStopping } = options;
  signal?.throwIfAborted();
  // A process group of its own: Ctrl-C in a terminal goes to whole groups, and it ends when this process says so.
  const child = fork(join(import.meta.dirname, 'generator.ts'), { detached: true });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  try {
    let last: LastMessage | null = null;
    child.on('message', (message: Message) => {
      if (message.kind === 'begun') onBegun?.();
      else if (message.kind === 'stopping') onStopping?.();
      else last = message;
    });
    child.send(plan);
    const [code, by] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    signal?.throwIfAborted();
    return outcomeOf(last, `the load generator ended with ${code ?? by ?? 'nothing'}, and said nothing`);
  } finally {
    signal?.removeEventListener('abort', kill);
    kill();
  }
}

function outcomeOf(message: LastMessage | null, otherwise: string): Outcome {
  if (message === null) throw new Error(otherwise);
  if (message.kind === 'failed') throw new Error(message.reason);
  return message.outcome;
}
