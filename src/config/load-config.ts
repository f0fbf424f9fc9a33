import type { Config, ProcessName } from './config.ts';

export type LoadOutcome<P extends ProcessName> =
  | { readonly kind: 'config'; readonly config: Extract<Config, { process: P }> }
  /** `--help` was asked for. */
  | { readonly kind: 'help'; readonly text: string }
  /** The process must not start; the message names the option, the value and what is allowed. */
  | { readonly kind: 'invalid'; readonly message: string };

/** What was found out about the machine, for defaults that depend on it. */
export interface Machine {
  /** The memory that this process may use by its cgroup; null: no limit. */
  readonly memoryLimitBytes: number | null;
}

/** Compiles flags (they win), variables and defaults into the frozen configuration of one process. */
export declare function loadConfig<P extends ProcessName>(
  process: P,
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
  machine?: Machine,
): LoadOutcome<P>;
