import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

export interface ChildEnd {
  /** As a shell would say it. */
  readonly exitCode: number;
  /** Why there was no child; null: there was. */
  readonly reason: string | null;
}

const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** A command that somebody else wrote, until its end. */
export class Child {
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  readonly #isGroup: boolean;

  /** `group`: what it starts is stopped with it; a terminal's Ctrl-C does not reach it then. */
  constructor(
    command: string,
    args: readonly string[],
    options: {
      readonly env: Readonly<Record<string, string | undefined>>;
      /** null: that of this process. */
      readonly input: Uint8Array | null;
      readonly group: boolean;
    },
  ) {
    this.#isGroup = options.group;
    this.#process = spawn(command, args, {
      env: { ...options.env },
      stdio: [options.input === null ? 'inherit' : 'pipe', 'inherit', 'inherit'],
      detached: options.group,
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('error', ({ code, message }: NodeJS.ErrnoException) => {
        resolve({
          exitCode: code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE,
          reason: code === 'ENOENT' ? 'there is no such command' : message,
        });
      });
      this.#process.once('exit', (code, signal) => {
        resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), reason: null });
      });
    });
    // Whoever does not read what it is given needs not.
    this.#process.stdin?.on('error', () => undefined);
    if (options.input !== null) this.#process.stdin?.end(options.input);
  }

  stop(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(this.#isGroup ? -pid : pid, signal);
    } catch {
      // It has just ended.
    }
  }
}
