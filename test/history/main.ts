import { parseArgs } from 'node:util';
import { checkHistory, DEFAULT_CHECKS } from './check-history.ts';
import { HistoryFormatError, readHistory } from './history-file.ts';
import type { HistoryOperation } from './operation.ts';
import { describeVerdict } from './report.ts';

const help = `npm run history -- FILE.jsonl [options]

Checks a kept history: linearizability, and what R12 promises of the other read modes (docs/histories.md).

  --lineages one|several   whether the group may have lost its data on the way; default: one
  --staleness-ms N         READ_STALENESS_MAX of the store; default: ${DEFAULT_CHECKS.readStalenessMs}
  --clock-drift SHARE      how wrong its clocks may be; default: ${DEFAULT_CHECKS.clockDrift}
  --settled-at µS          from when on every replica has to show every acknowledged write
  --steps N                give a key up after N steps; default: ${DEFAULT_CHECKS.stepsMax}

Exit code: 0 ok, 1 violated, 2 wrong usage or no history, 3 undecided.
`;

const EXIT_CODES = { ok: 0, violated: 1, undecided: 3 } as const;

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    fail(`--${name}: ${text} is not a number from 0\n\n${help}`);
  return value;
}

function argumentsOf() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        lineages: { type: 'string', default: DEFAULT_CHECKS.lineages },
        'staleness-ms': { type: 'string' },
        'clock-drift': { type: 'string' },
        'settled-at': { type: 'string' },
        steps: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${help}`);
  }
}

function historyIn(file: string): HistoryOperation[] {
  try {
    return readHistory(file);
  } catch (error) {
    if (error instanceof HistoryFormatError) return fail(`${file}: ${error.message}`);
    return fail((error as Error).message);
  }
}

const { values, positionals } = argumentsOf();
const [file, ...others] = positionals;
const { lineages } = values;
if (values.help) {
  console.log(help);
} else {
  if (file === undefined || others.length > 0) fail(help);
  if (lineages !== 'one' && lineages !== 'several') fail(`--lineages: ${lineages} is not one or several\n\n${help}`);
  const verdict = checkHistory(historyIn(file), {
    lineages,
    readStalenessMs: numberOf('staleness-ms', values['staleness-ms']) ?? DEFAULT_CHECKS.readStalenessMs,
    clockDrift: numberOf('clock-drift', values['clock-drift']) ?? DEFAULT_CHECKS.clockDrift,
    settledAtUs: numberOf('settled-at', values['settled-at']) ?? null,
    stepsMax: numberOf('steps', values.steps) ?? DEFAULT_CHECKS.stepsMax,
  });
  console.log(describeVerdict(verdict));
  process.exitCode = EXIT_CODES[verdict.kind];
}
