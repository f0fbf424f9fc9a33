import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ENOUGH, type LastMessage, type Message, type OpenEndedPlan, type Outcome, type Plan } from './plan.ts';

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
export function runLoad(plan: Plan, options: RunLoadOptions = {}): Promise<Outcome> {
  return runProcess(plan, options, null);
}

/**
 * As {@link runLoad}; what is measured is what is begun while `work` goes on, which begins once the load has warmed up.
 *
 * @throws what `work` throws, too
 */
export function runLoadDuring(
  plan: OpenEndedPlan,
  work: () => Promise<void>,
  options: RunLoadOptions = {},
): Promise<Outcome> {
  return runProcess(plan, options, work);
}

async function runProcess(
  plan: Plan | OpenEndedPlan,
  { signal, onBegun, onStopping }: RunLoadOptions,
  work: (() => Promise<void>) | null,
): Promise<Outcome> {
  signal?.throwIfAborted();
  // A process group of its own: Ctrl-C in a terminal goes to whole groups, and it ends when this process says so.
  const child = fork(join(import.meta.dirname, 'generator.ts'), { detached: true });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  try {
    let last: LastMessage | null = null;
    const worked = Promise.withResolvers<null>();
    child.on('message', (message: Message) => {
      if (message.kind === 'stopping') onStopping?.();
      else if (message.kind === 'begun') {
        onBegun?.();
        work?.().then(() => {
          if (child.connected) child.send(ENOUGH);
          worked.resolve(null);
        }, worked.reject);
      } else last = message;
    });
    child.send(plan);
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    // Work that fails ends it; what the process then says of itself does not matter.
    const [code, by] = (await Promise.race([ended, worked.promise])) ?? (await ended);
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
