import { parseArgs } from 'node:util';
import { configurations } from './configurations.ts';
import { deaths } from './deaths.ts';
import { describeProgress, describeSearch, describeViolation } from './report.ts';
import { runSearches } from './run-searches.ts';
import type { WorkerOptions } from './worker.ts';

const help = `npm run sim:exhaustive -- [--config NAME]… [--states N] [--jobs N] [--mutant NAME] [--mutants]

  --config NAME  search this configuration; several times for several; default: all
  --states N     stop each search after N distinct states; default 1500000
  --jobs N       so many searches at a time; default 2
  --mutant NAME  with this mutant of the core
  --mutants      each mutant in the configuration in which it dies; one that lives is a failure

${configurations.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n')}
`;

const { values } = parseArgs({
  options: {
    config: { type: 'string', multiple: true },
    states: { type: 'string', default: '1500000' },
    jobs: { type: 'string', default: '2' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name}: ${text} is not a whole number above zero\n\n${help}`);
  process.exit(2);
}

if (values.help) {
  console.log(help);
} else {
  const statesMax = numberOf('states', values.states);
  const names = values.config ?? configurations.map(({ name }) => name);
  const searches: WorkerOptions[] = values.mutants
    ? deaths.map(({ mutant, configuration }) => ({ configuration, statesMax, mutant }))
    : names.map((configuration) => ({ configuration, statesMax, mutant: values.mutant ?? null }));
  const isTerminal = process.stderr.isTTY;
  let printedAtMs = 0;
  const searched = await runSearches({
    searches,
    jobs: numberOf('jobs', values.jobs),
    onProgress: (counts) => {
      const nowMs = performance.now();
      if (!isTerminal || nowMs - printedAtMs < 500) return;
      printedAtMs = nowMs;
      process.stderr.write(`\r\x1b[K${describeProgress(counts)}`);
    },
    onSearched: (one) => {
      if (isTerminal) process.stderr.write('\r\x1b[K');
      console.log(describeSearch(one));
      if (one.found.violation !== null && !values.mutants) console.log(describeViolation(one));
    },
  });
  const sums = searched.reduce((sum, { found }) => sum + found.counts.states, 0);
  const violated = searched.filter(({ found }) => found.violation !== null).length;
  console.log(`${searched.length} searches, ${sums} states, ${violated} violations`);
  process.exitCode = (values.mutants ? violated === searched.length : violated === 0) ? 0 : 1;
}
