import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const program = resolve(import.meta.dirname, '../../../src/main/cli.ts');
/** The command line, as a shell calls it. */
export const KV = `${process.execPath} --disable-warning=ExperimentalWarning ${program}`;

export interface End {
  readonly code: number | null;
  readonly out: string;
  readonly notes: string;
}

export interface BashOptions {
  readonly url: string;
  /** Working folder and home. */
  readonly folder: string;
  /** Sent to the shell, which should be `exec $kv …`, once that is to be seen in what it has said. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly when: (said: string) => boolean };
}

/** A line of bash, in which $kv is the command line. */
export function bash(line: string, { url, folder, signal }: BashOptions): Promise<End> {
  const env = { ...process.env, kv: KV, KV_URL: url, HOME: folder };
  const child = spawn('bash', ['-c', line], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, notes, isSent] = ['', '', false];
  const look = (): void => {
    if (signal === undefined || isSent || !signal.when(out + notes)) return;
    isSent = true;
    child.kill(signal.name);
  };
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    look();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    notes += chunk.toString();
    look();
  });
  return new Promise((done) => child.on('close', (code) => done({ code, out, notes })));
}
