#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { processTerminal } from '../cli/process-terminal.ts';
import { runCli } from '../cli/run.ts';
import { RELEASE } from './release.ts';

const terminal = processTerminal();
process.exitCode = await runCli(process.argv.slice(2), terminal, RELEASE);
// Who wants an end waits for nobody who should read what is left.
if (terminal.signal.aborted) process.exit();
