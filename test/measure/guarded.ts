import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

export interface Guarded {
  kill(): Promise<void>;
}

export interface GuardedOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** What it prints is appended there. */
  readonly logFile: string;
}

/**
 * A server that cannot outlive this process, not even when it is killed: its shell reads a pipe that only this process
 * holds open, and ends the server at the pipe's end.
 */
export function startGuarded({ program, args, logFile }: GuardedOptions): Guarded {
  const log = openSync(logFile, 'a');
  const script = '"$@" & child=$!; cat >&2; kill -KILL "$child"; wait "$child"';
  const shell = spawn('sh', ['-c', script, 'sh', program, ...args], {
    stdio: ['pipe', log, log],
    // Ctrl-C in a terminal goes to the whole process group; whoever started it decides in which order things end.
    detached: true,
  });
  closeSync(log);
  const ended = once(shell, 'close');
  return {
    async kill() {
      shell.stdin?.end();
      await ended;
    },
  };
}
