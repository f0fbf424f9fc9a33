#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { processTerminal } from '../cli/process-terminal.ts';
import { runReforg } from '../cli/reforg.ts';

process.exitCode = await runReforg(process.argv.slice(2), processTerminal());
