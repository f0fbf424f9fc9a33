import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from './installation.ts';
import type { Kubectl } from './kubectl.ts';

const LOOK_EVERY_MS = 500;

/** What every pod logs, to its end: with the pod its log is gone, and the last lines are the ones that matter. */
export class LogKeeper {
  readonly #installation: Installation;
  readonly #kubectl: Kubectl;
  readonly #folder: string;
  /** By pod and restart. */
  readonly #followed = new Map<string, ChildProcess>();
  #timer: NodeJS.Timeout;
  #stopped = false;

  constructor(options: { readonly installation: Installation; readonly kubectl: Kubectl; readonly folder: string }) {
    this.#installation = options.installation;
    this.#kubectl = options.kubectl;
    this.#folder = options.folder;
    mkdirSync(this.#folder, { recursive: true });
    this.#timer = setTimeout(() => void this.#look(), 0);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const follower of this.#followed.values()) follower.kill('SIGTERM');
  }

  async #look(): Promise<void> {
    try {
      for (const app of ['kvstore', 'kvstore-proxy'] as const) {
        for (const { name, started, restarts } of await this.#installation.pods(app)) {
          const life = `${name}.${restarts}`;
          const follower = this.#followed.get(life);
          // One that ended well has seen the container's end.
          if (this.#stopped) return;
          if (started && (follower === undefined || (follower.exitCode ?? 0) > 0)) this.#follow(name, life);
        }
      }
    } catch {
      // The API server is away: whom it knows is seen when it is back.
    }
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  #follow(pod: string, life: string): void {
    const log = openSync(join(this.#folder, `${life}.log`), 'a');
    const command = this.#kubectl.command(['logs', '--follow', pod]);
    const { program, words, env } = command;
    this.#followed.set(life, spawn(program, words, { env, stdio: ['ignore', log, 'ignore'] }));
    closeSync(log);
  }
}
