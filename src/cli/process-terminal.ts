import { createInterface } from 'node:readline/promises';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

const CODE_OF_SIGNAL = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hungUp } as const;
const SIGNALS = Object.keys(CODE_OF_SIGNAL) as (keyof typeof CODE_OF_SIGNAL)[];

/** That of this process. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // Who asks twice does not want to wait for an orderly end.
      if (controller.signal.aborted) process.exit(CODE_OF_SIGNAL[signal]);
      controller.abort(CODE_OF_SIGNAL[signal] satisfies ExitCode);
    });
  }
  // Whoever reads has got what it wanted, as `head` has: no failure, and nothing to say.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.error));
  // Nobody listens; the work goes on.
  stderr.on('error', () => undefined);
  return {
    out: (text) => stdout.write(`${text}\n`),
    write: (data) =>
      new Promise((resolve) => {
        if (stdout.write(data)) resolve();
        else stdout.once('drain', resolve);
      }),
    note: (text) => stderr.write(`${text}\n`),
    draw: (text) => stderr.write(text),
    ask: stdin.isTTY ? ask : null,
    // Not touched before it is asked for: a stream that was is not inherited whole by a child.
    get input() {
      return stdin as AsyncIterable<Uint8Array>;
    },
    env: process.env,
    isTerminal: { input: stdin.isTTY, out: stdout.isTTY, notes: stderr.isTTY },
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    signal: controller.signal,
  };
}

async function ask(question: string): Promise<string> {
  const line = createInterface({ input: process.stdin, output: process.stderr });
  line.once('SIGINT', () => process.exit(EXIT.interrupted));
  try {
    return await line.question(question);
  } finally {
    line.close();
  }
}
