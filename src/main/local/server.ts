import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface ServerOptions {
  readonly name: string;
  /** The program, run by this very Node. */
  readonly program: string;
  /** Node's own, before the program. @default none */
  readonly nodeFlags?: readonly string[];
  /** What runs Node in its place, and becomes it: `ip netns exec NAME`, say. @default none */
  readonly launcher?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly restart: RestartPolicy;
  /** The longest wait before a process that ends again and again is replaced. @default 10000 */
  readonly backoffMaxMs?: number;
  /** After each start and each end. */
  readonly onChange: (server: Server, change: ServerChange) => void;
}

/** As of a container: `always` starts a new process in place of one that ended. */
export type RestartPolicy = 'always' | 'never';

export type ServerChange =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'ended'; readonly end: ServerEnd; readonly restartsInMs: number | null };

export interface ServerEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atMs: number;
}

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 10_000;
/** Who has run for this long begins again without a wait. */
const STEADY_MS = 10_000;

/**
 * One server process of a local cluster and its successors: the same name, address and environment, restarted as the
 * kubelet restarts a container (at once the first time, then after a growing wait).
 */
export class Server {
  readonly name: string;
  /** May be changed at any time; `never` leaves the next end an end. */
  restart: RestartPolicy;
  #options: ServerOptions;
  #process: ChildProcess | null = null;
  #lastEnd: ServerEnd | null = null;
  #starts = 0;
  #startedAtMs = 0;
  #quickEnds = 0;
  #restartTimer: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor(options: ServerOptions) {
    this.name = options.name;
    this.restart = options.restart;
    this.#options = options;
  }

  /** null while none runs. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  get lastEnd(): ServerEnd | null {
    return this.#lastEnd;
  }

  /** Whether another process will follow the one that ended. */
  get isToRestart(): boolean {
    return this.#restartTimer !== null;
  }

  /** Starts a process, unless one runs. */
  start(): void {
    if (this.#process !== null || this.#stopping) return;
    this.#cancelRestart();
    const log = openSync(this.#options.logFile, 'a');
    const { launcher = [], nodeFlags = [], program } = this.#options;
    const [command, ...words] = [...launcher, process.execPath, ...nodeFlags, program];
    const child = spawn(command, words, {
      env: { ...process.env, ...this.#options.env, KV_PARENT_PIPE: 'true' },
      stdio: ['pipe', log, log],
      // A process group of its own: Ctrl-C on a terminal goes to whole groups, and we end them in order.
      detached: true,
    });
    closeSync(log);
    this.#process = child;
    this.#starts += 1;
    this.#startedAtMs = Date.now();
    // What is written to a dead child's input fails, and that it is dead is told below.
    child.stdin?.on('error', () => undefined);
    child.once('error', () => this.#onEnd(child, null, null));
    child.once('exit', (exitCode, signal) => this.#onEnd(child, exitCode, signal));
    if (child.pid !== undefined) this.#options.onChange(this, { kind: 'started', pid: child.pid });
  }

  /** Sends a signal to the process that runs now; its pid, or null if there was none. */
  kill(signal: NodeJS.Signals): number | null {
    const pid = this.pid;
    this.#process?.kill(signal);
    return pid;
  }

  /** Ends it for good: SIGTERM, and SIGKILL for what is still there after `graceMs`. Resolves when it has ended. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#cancelRestart();
    const child = this.#process;
    if (child === null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    // One that is stopped (SIGSTOP) would not see the SIGTERM before the SIGKILL.
    child.kill('SIGCONT');
    const impatience = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(impatience);
  }

  #onEnd(child: ChildProcess, exitCode: number | null, signal: NodeJS.Signals | null): void {
    if (this.#process !== child) return;
    this.#process = null;
    const atMs = Date.now();
    this.#lastEnd = { exitCode, signal, atMs };
    this.#quickEnds = atMs - this.#startedAtMs < STEADY_MS ? this.#quickEnds + 1 : 0;
    const { backoffMaxMs = BACKOFF_MAX_MS } = this.#options;
    let restartsInMs: number | null = null;
    if (this.restart === 'always' && !this.#stopping) {
      restartsInMs = this.#quickEnds <= 1 ? 0 : Math.min(backoffMaxMs, BACKOFF_MIN_MS * 2 ** (this.#quickEnds - 2));
      this.#restartTimer = setTimeout(() => this.start(), restartsInMs);
    }
    this.#options.onChange(this, { kind: 'ended', end: this.#lastEnd, restartsInMs });
  }

  #cancelRestart(): void {
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    this.#restartTimer = null;
  }
}
