/** Ourselves beside Redis, etcd, NATS and bare servers, and the ratios that are asked for: `npm run bench -- goals`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { contestants } from './contestants/contestants.ts';
import { drawBars } from './suites/bars.ts';
import { writeFigures } from './suites/docs-page.ts';
import { exitCodeOf, interruption } from './suites/interruption.ts';
import { markdownOf } from './suites/markdown.ts';
import type { Report, SuiteReport } from './suites/report.ts';
import { runSuite } from './suites/run-suites.ts';
import type { Suite } from './suites/suite.ts';
import { suites } from './suites/suites.ts';
import { withSurroundings } from './suites/surroundings.ts';

const DEFAULT_ROUNDS = 5;
const DEFAULT_SECONDS = 5;

const PLOT = join(resolve(import.meta.dirname, '../..'), 'docs/performance.svg');
const names = Object.keys(suites);

const USAGE = `npm run bench -- goals [SUITE]... [OPTIONS]

Suites (all, if none is named):
${Object.entries(suites)
  .map(([name, { what }]) => `  ${name.padEnd(18)} ${what}`)
  .join('\n')}

  --rounds N       each runs so often, in turns (default ${DEFAULT_ROUNDS})
  --seconds S      for so long (default ${DEFAULT_SECONDS})
  --only NAME,...  these contestants; there are ${Object.keys(contestants).join(', ')}
  --alone          each contestant runs alone, started anew for each run: it takes much longer
  --json FILE      keep what was seen
  --from FILE      show what was kept, instead of a run
  --write          put it into docs/performance.md: all suites, of a machine that does nothing else

Exit code 1: somebody gave a wrong answer, or none. Whether goals are reached does not decide it.`;

process.exitCode = await main(process.argv.slice(2)).catch(exitCodeOf);

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
      seconds: { type: 'string', default: String(DEFAULT_SECONDS) },
      only: { type: 'string' },
      alone: { type: 'boolean', default: false },
      json: { type: 'string' },
      from: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const only = values.only?.split(',');
  const problem = problemIn({ positionals, rounds, seconds, only });
  if (problem !== null) console.error(`${problem}\n`);
  if (problem !== null || values.help) {
    console.log(USAGE);
    return problem === null ? 0 : 2;
  }
  const report =
    values.from === undefined
      ? await run(positionals.length === 0 ? names : positionals, {
          rounds,
          seconds,
          company: values.alone ? 'alone' : 'together',
          ...(only === undefined ? {} : { only }),
        })
      : (JSON.parse(readFileSync(values.from, 'utf8')) as Report);
  // First of all: whatever is wrong with the rest can be done again from it.
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  console.log(markdownOf(report));
  return values.write ? write(report) : 0;
}

interface Asked {
  readonly rounds: number;
  readonly seconds: number;
  readonly only?: readonly string[];
  readonly company: 'alone' | 'together';
}

async function run(asked: readonly string[], options: Asked): Promise<Report> {
  const say = (line: string): void => console.error(line);
  const { surroundings, result } = await withSurroundings(async () => {
    const reports: SuiteReport[] = [];
    for (const name of asked) {
      const suite: Suite = suites[name as keyof typeof suites];
      say(`${name} (${reports.length + 1} of ${asked.length}): ${suite.what}`);
      reports.push(await runSuite(name, suite, { ...options, contestants, signal: interruption(), say }));
    }
    return reports;
  });
  const { rounds, seconds } = options;
  return { ...surroundings, rounds, seconds, suites: result };
}

/** Figures of some suites only do not take the place of better ones. */
function write(report: Report): number {
  const missing = names.filter((name) => !report.suites.some((suite) => suite.name === name));
  if (missing.length > 0) {
    console.error(`not written: ${missing.join(', ')} did not run`);
    return 1;
  }
  const section = `## What it showed\n\n![Medians of all suites, as bars](performance.svg)\n\n${markdownOf(report)}`;
  if (writeFigures('goals', report.machine, section) === 'refused') return 1;
  writeFileSync(PLOT, drawBars(report));
  return 0;
}

function problemIn({
  positionals,
  rounds,
  seconds,
  only,
}: {
  readonly positionals: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly string[] | undefined;
}): string | null {
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) return `there is no suite ${unknown.join(', ')}`;
  const strangers = only?.filter((name) => !(name in contestants)) ?? [];
  if (strangers.length > 0) return `there is no contestant ${strangers.join(', ')}`;
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds is a number from 1 on';
  return seconds > 0 ? null : '--seconds is a number above 0';
}
