import { runCli } from '../../../src/cli/run.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

export interface KvOptions {
  /** What a person types when asked; without it nobody sits there. */
  readonly types?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string | Uint8Array;
  /** Whether results go to a terminal. @default false */
  readonly terminal?: boolean;
  readonly signal?: AbortSignal;
}

export interface KvRun {
  readonly exitCode: number;
  readonly out: string;
  readonly bytes: Uint8Array;
  readonly notes: string;
  /** A progress bar and its like. */
  readonly drawn: string;
  readonly questions: readonly string[];
}

/** The command line, with everything around it made up. */
export const kv = (argv: readonly string[], options: KvOptions = {}): Promise<KvRun> =>
  around((terminal) => runCli(argv, terminal, '1.2.3'), options);

export async function around(work: (terminal: Terminal) => Promise<number>, options: KvOptions = {}): Promise<KvRun> {
  const questions: string[] = [];
  const chunks: Uint8Array[] = [];
  let notes = '';
  let drawn = '';
  const { types, terminal = false, input = '' } = options;
  const write = (data: string | Uint8Array): void => void chunks.push(Buffer.from(data));
  const exitCode = await work({
    out: (text) => write(`${text}\n`),
    write: (data) => Promise.resolve(write(data)),
    note: (text) => (notes += `${text}\n`),
    draw: (text) => (drawn += text),
    ask:
      types === undefined
        ? null
        : (question) => {
            questions.push(question);
            return Promise.resolve(types);
          },
    input: (async function* () {
      yield await Promise.resolve(Buffer.from(input));
    })(),
    env: { KV_CONFIG: '/nowhere/contexts.json', ...options.env },
    isTerminal: { input: types !== undefined, out: terminal, notes: terminal },
    size: () => ({ columns: 80, rows: 24 }),
    signal: options.signal ?? new AbortController().signal,
  });
  const bytes = Buffer.concat(chunks);
  return { exitCode, out: bytes.toString(), bytes, notes, drawn, questions };
}
