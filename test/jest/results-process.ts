import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const OUTPUT_KEPT = 40;

/**
 * A program that prints a result a line, as JSON, beside the tests that judge them: inside jest the same code is several
 * times slower.
 */
export class ResultsProcess<Result> {
  readonly #process: ChildProcess;
  readonly #results: Result[] = [];
  readonly #lastLines: string[] = [];
  #hasEnded = false;
  #onNews: () => void = () => undefined;

  /** `onLine` gets what it says beside its results. */
  constructor(program: string, words: readonly string[], onLine: (line: string) => void = () => undefined) {
    const node = ['--disable-warning=ExperimentalWarning', program, ...words];
    this.#process = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.#process.stdout === null || this.#process.stderr === null) throw new Error('it has no output');
    createInterface(this.#process.stdout).on('line', (line) => {
      this.#results.push(JSON.parse(line) as Result);
      this.#onNews();
    });
    createInterface(this.#process.stderr).on('line', (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > OUTPUT_KEPT) this.#lastLines.shift();
      onLine(line);
    });
    this.#process.once('close', () => {
      this.#hasEnded = true;
      this.#onNews();
    });
  }

  /** @throws Error with the last that it said, if it ends before. */
  async result(what: string, isIt: (result: Result) => boolean): Promise<Result> {
    for (;;) {
      const result = this.#results.find(isIt);
      if (result !== undefined) return result;
      if (this.#hasEnded) throw new Error(`it ended before ${what}:\n${this.#lastLines.join('\n')}`);
      await new Promise<void>((resolve) => (this.#onNews = resolve));
    }
  }

  /** Lets it clean up what it has made. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGTERM');
    await ended;
  }
}
