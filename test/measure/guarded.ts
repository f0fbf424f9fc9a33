import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';

export interface Guarded {
  /** Resolves when its process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Nothing happens if it has ended. */
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
}

export interface GuardedOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** What it prints is appended there. */
  readonly logFile: string;
}

/**
 * A server that cannot outlive this process, not even when it is killed: a shell reads a pipe that only this process
 * holds open, and ends the server at the pipe's end.
 */
export function startGuarded({ program, args, logFile }: GuardedOptions): Guarded {
  const log = openSync(logFile, 'a');
  // Ctrl-C in a terminal goes to the whole process group; whoever started it decides in which order things end.
  const server = spawn(program, args, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const script = 'read -r _; kill -KILL "$1"';
  const guard =
    server.pid === undefined
      ? null
      : spawn('sh', ['-c', script, 'sh', String(server.pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const ended = new Promise<void>((resolve) => {
    const onEnd = (): void => {
      // Before anything else can have its pid.
      guard?.kill('SIGKILL');
      resolve();
    };
    server.once('exit', onEnd);
    server.once('error', (error) => {
      appendFileSync(logFile, `${error.message}\n`);
      onEnd();
    });
  });
  return {
    ended,
    signal: (name) => void server.kill(name),
    async kill() {
      server.kill('SIGKILL');
      await ended;
    },
  };
}
