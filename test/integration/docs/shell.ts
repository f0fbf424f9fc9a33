import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { compileCache } from '../../../src/main/local/bundle.ts';

const root = resolve(import.meta.dirname, '../../..');
const cli = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'src/main/cli.ts')];

/** What the pages call, and what is known here of each call: failures are told apart from what is printed. */
const PREAMBLE = `
curl() { command curl --no-progress-meter --max-time 20 --write-out '\\n%{stderr}outcome %{http_code}\\n' "$@"; }
kv() { ${cli.map((word) => `'${word}'`).join(' ')} "$@"; local code=$?; [ $code = 0 ] || echo "outcome $code" >&2; return $code; }
`;

const END = '-- the end of a block --';

export interface Ran {
  readonly out: string;
  /** The status of each request by curl, and each exit code of kv that is not 0, in their order. */
  readonly outcomes: readonly string[];
  /** What was said on standard error besides. */
  readonly complaints: string;
}

/** One shell for a page, so that a block knows the variables of those before it. */
export class Shell {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kvstore-docs-'));
  readonly #env: NodeJS.ProcessEnv;
  readonly #bash: ChildProcess;
  readonly #streams: ChildProcess[] = [];
  #out = '';
  #errors = '';
  #told = '';

  constructor(url: string) {
    this.#env = { ...process.env, HOME: this.#folder, KV_URL: url, NODE_COMPILE_CACHE: compileCache };
    this.#bash = this.#start(['-s'], (out) => (this.#out += out));
    this.#bash.stderr?.on('data', (text: Buffer) => (this.#errors += text.toString()));
    this.#bash.stdin?.write(PREAMBLE);
  }

  async run(code: string): Promise<Ran> {
    this.#out = '';
    this.#errors = '';
    // Whoever reads standard input would else read the blocks to come.
    this.#bash.stdin?.write(`{\n${code}\n} </dev/null\necho '${END}'\necho '${END}' >&2\n`);
    await this.#until('the block has ended', () => this.#out.includes(END) && this.#errors.includes(END));
    const [out = ''] = this.#out.split(END);
    const lines = this.#errors.split('\n').filter((line) => line !== '' && line !== END);
    return {
      out,
      outcomes: lines.flatMap((line) => /^outcome (\d+)$/.exec(line)?.[1] ?? []),
      // What kv tells people beside its results is no failure.
      complaints: lines.filter((line) => !/^(?:outcome |kv: )/.test(line)).join('\n'),
    };
  }

  /** Goes on beside what is run from now on; ready when it has an answer. */
  async stream(code: string): Promise<void> {
    this.#told = '';
    const child = this.#start(['-c', `exec ${code.trim().replace(/^curl /, 'curl --no-progress-meter ')}`], (out) => {
      this.#told += out;
    });
    this.#streams.push(child);
    await this.#until('the stream begins', () => this.#told !== '');
  }

  /** What the stream has told, as soon as that is enough. */
  async told(isEnough: (told: string) => boolean): Promise<string> {
    const deadline = Date.now() + 5000;
    while (!isEnough(this.#told) && Date.now() < deadline) await wait(10);
    return this.#told;
  }

  end(): void {
    for (const child of [this.#bash, ...this.#streams]) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #start(words: readonly string[], take: (out: string) => void): ChildProcess {
    const child = spawn('bash', ['--noprofile', '--norc', ...words], { cwd: this.#folder, env: this.#env });
    child.stdout.on('data', (text: Buffer) => {
      take(text.toString());
    });
    return child;
  }

  async #until(what: string, isTrue: () => boolean): Promise<void> {
    const deadline = Date.now() + 40_000;
    while (!isTrue()) {
      if (Date.now() > deadline) throw new Error(`not within 40 s: ${what}\n${this.#out}${this.#errors}`);
      await wait(5);
    }
  }
}

/** Exit codes, and the statuses of errors. */
export const isFailure = (outcome: string): boolean => Number(outcome) < 100 || Number(outcome) >= 400;

/** What a block says of failures: the number at the beginning of a comment. */
export const failuresIn = (code: string): readonly string[] =>
  [...code.matchAll(/# (?:exit code )?(\d+)\b/g)].map(([, number = '']) => number);
