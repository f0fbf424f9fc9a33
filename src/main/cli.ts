#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { processTerminal } from '../cli/process-terminal.ts';
import { runCli } from '../cli/run.ts';
import { RELEASE } from './release.ts';

process.exitCode = await runCli(process.argv.slice(2), processTerminal(), RELEASE);
