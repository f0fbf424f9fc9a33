#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { createInterface } from 'node:readline/promises';
import { EXIT } from '../cli/exit-code.ts';
import { runCli } from '../cli/run.ts';

async function ask(question: string): Promise<string> {
  const line = createInterface({ input: process.stdin, output: process.stderr });
  line.once('SIGINT', () => process.exit(EXIT.interrupted));
  try {
    return await line.question(question);
  } finally {
    line.close();
  }
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
  ask: process.stdin.isTTY ? ask : null,
  env: process.env,
});
