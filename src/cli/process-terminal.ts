import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { addAbortSignal } from 'node:stream';
import { isatty } from 'node:tty';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

const CODE_OF_SIGNAL = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hungUp } as const;
const SIGNALS = Object.keys(CODE_OF_SIGNAL) as (keyof typeof CODE_OF_SIGNAL)[];

/** Of a terminal that does not know, or says 0. */
const COLUMNS = 80;
const ROWS = 24;

/** That of this process. */
export function processTerminal(): Terminal {
  const isTerminal = { input: isatty(0), out: isatty(1), notes: isatty(2) };
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // Who asks twice does not want to wait for an orderly end.
      if (controller.signal.aborted) process.exit(CODE_OF_SIGNAL[signal]);
      controller.abort(CODE_OF_SIGNAL[signal] satisfies ExitCode);
    });
  }
  return {
    out: (text) => results().write(`${text}\n`),
    // Whoever reads slowly is waited for, but not beyond a Ctrl-C.
    write: async (data) => {
      if (!results().write(data)) await once(results(), 'drain', { signal: controller.signal });
    },
    note: (text) => notes().write(`${text}\n`),
    draw: (text) => notes().write(text),
    ask: isTerminal.input ? ask : null,
    get input() {
      // Else a Ctrl-C would wait for the next line that somebody types.
      return addAbortSignal(controller.signal, process.stdin) as AsyncIterable<Uint8Array>;
    },
    env: process.env,
    isTerminal,
    size: () => ({ columns: process.stdout.columns || COLUMNS, rows: process.stdout.rows || ROWS }),
    signal: controller.signal,
  };
}

// None of the three is touched before it is needed: Node makes a pipe non-blocking that it has touched, for children, too.

let resultsOpen: NodeJS.WriteStream | null = null;

function results(): NodeJS.WriteStream {
  if (resultsOpen !== null) return resultsOpen;
  resultsOpen = process.stdout;
  // Whoever reads has got what it wanted, as `head` has: no failure, and nothing to say.
  resultsOpen.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.error),
  );
  return resultsOpen;
}

let notesOpen: NodeJS.WriteStream | null = null;

function notes(): NodeJS.WriteStream {
  if (notesOpen !== null) return notesOpen;
  notesOpen = process.stderr;
  // Nobody listens; the work goes on.
  notesOpen.on('error', () => undefined);
  return notesOpen;
}

async function ask(question: string): Promise<string> {
  const line = createInterface({ input: process.stdin, output: process.stderr });
  line.once('SIGINT', () => process.exit(EXIT.interrupted));
  // Who ends the input, by Ctrl-D for one, has said nothing.
  const closed = once(line, 'close').then(() => '');
  try {
    return await Promise.race([line.question(question).catch(() => ''), closed]);
  } finally {
    line.close();
  }
}
