import { spawn } from 'node:child_process';

export interface KubectlOptions {
  /** null: the kubeconfig's current one. */
  readonly context: string | null;
  readonly namespace: string;
  /** With KUBECONFIG and PATH. */
  readonly env: NodeJS.ProcessEnv;
}

const COMMAND_WITHIN_MS = 300_000;

/** The command that operators use, for all that operators do. */
export class Kubectl {
  readonly #options: KubectlOptions;

  constructor(options: KubectlOptions) {
    this.#options = options;
  }

  /** For whoever lets it run on. */
  command(words: readonly string[]): {
    readonly program: string;
    readonly words: readonly string[];
    readonly env: NodeJS.ProcessEnv;
  } {
    const { context, namespace, env } = this.#options;
    const place = [...(context === null ? [] : ['--context', context]), '--namespace', namespace];
    return { program: 'kubectl', words: [...place, ...words], env };
  }

  /** What it printed. @throws Error with what it complained about. */
  run(command: readonly string[], input = ''): Promise<string> {
    const { program, words, env } = this.command(command);
    const child = spawn(program, words, { env, timeout: COMMAND_WITHIN_MS });
    let [said, complained] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
    // One that fails early closes it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(said);
        else reject(new Error(`kubectl ${command.join(' ')}: ${signal ?? `exit code ${String(code)}`}: ${complained}`));
      });
    });
  }
}
