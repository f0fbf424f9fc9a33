import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { makeRealGroup } from './real-group.ts';
import { describeFailure, describeSummary } from './report.ts';
import { runMany } from './run-many.ts';
import { runSeed } from './run-seed.ts';
import { lineOf } from './trace.ts';

const help = `npm run sim -- --seeds A..B [--jobs N] [--seconds S] [--trace] [--minutes M] [--failures N]

  --seeds A..B   the seeds to run; one number runs one seed; A.. goes on until --minutes are over
  --jobs N       workers; default: one per processor
  --seconds S    simulated seconds with faults, instead of 20
  --trace        print all that happens in one seed
  --minutes M    stop taking new seeds after M minutes
  --failures N   stop after N violations; default 10
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1..1000' },
    jobs: { type: 'string' },
    seconds: { type: 'string' },
    minutes: { type: 'string' },
    failures: { type: 'string', default: '10' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function fail(message: string): never {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) fail(`--${name}: ${text} is not a number above zero`);
  return value;
}

const range = /^(\d+)(\.\.(\d*))?$/.exec(values.seeds) ?? fail(`--seeds: ${values.seeds} is not A..B`);
const firstSeed = Number(range[1]);
const lastSeed = range[2] === undefined ? firstSeed : range[3] === '' ? Infinity : Number(range[3]);
const simulatedSeconds = numberOf('seconds', values.seconds);
const minutes = numberOf('minutes', values.minutes);
if (lastSeed === Infinity && minutes === undefined) fail('--seeds A.. needs --minutes');

if (values.help) {
  console.log(help);
} else if (values.trace) {
  const report = runSeed(firstSeed, makeRealGroup, {
    ...(simulatedSeconds === undefined ? {} : { seconds: simulatedSeconds }),
    listener: (event) => {
      console.log(lineOf(event));
    },
  });
  const { violation, ...counts } = report;
  console.log(violation === null ? `passed: ${JSON.stringify(counts)}` : describeFailure(report));
  process.exitCode = violation === null ? 0 : 1;
} else {
  const isTerminal = process.stderr.isTTY;
  let printedAt = 0;
  const { summary, wallSeconds } = await runMany({
    firstSeed,
    lastSeed,
    jobs: numberOf('jobs', values.jobs) ?? availableParallelism(),
    failuresMax: numberOf('failures', values.failures) ?? 10,
    ...(simulatedSeconds === undefined ? {} : { simulatedSeconds }),
    ...(minutes === undefined ? {} : { wallSeconds: 60 * minutes }),
    onProgress: (soFar, seconds) => {
      if (!isTerminal || seconds - printedAt < 0.5) return;
      printedAt = seconds;
      const rate = ((60 * soFar.seeds) / seconds).toFixed(0);
      process.stderr.write(
        `\r${soFar.seeds} seeds, ${rate}/min, ${soFar.takeovers} takeovers, ${soFar.failures.length} violations `,
      );
    },
  });
  if (isTerminal) process.stderr.write('\r\x1b[K');
  for (const [place, report] of summary.failures.entries()) {
    // One trace to read; of the others the command that repeats them.
    if (place === 0) console.log(`${report.violation?.trace.join('\n') ?? ''}\n`);
  }
  for (const report of summary.failures) console.log(`${describeFailure(report)}\n`);
  console.log(describeSummary(summary, wallSeconds));
  process.exitCode = summary.failures.length === 0 ? 0 : 1;
}
