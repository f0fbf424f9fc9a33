/** Ourselves beside Redis, etcd, NATS and bare servers, and the ratios that are asked for: `npm run bench -- goals`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { withSection } from '../endurance/page.ts';
import { contestants } from './contestants/contestants.ts';
import { drawBars } from './suites/bars.ts';
import { busyShare } from './suites/busy.ts';
import { chooserTable, README_MARKERS } from './suites/chooser.ts';
import { drawCosts } from './suites/costs.ts';
import { MARKERS } from './suites/docs-page.ts';
import { exitCodeOf, interruption } from './suites/interruption.ts';
import { markdownOf } from './suites/markdown.ts';
import { machineNow, QUIET_SHARE_MAX, type Report, type SuiteReport } from './suites/report.ts';
import { runSuite } from './suites/run-suites.ts';
import type { Suite } from './suites/suite.ts';
import { suites } from './suites/suites.ts';

const DEFAULT_ROUNDS = 5;
const DEFAULT_SECONDS = 5;
const LOOK_MS = 1000;

const root = resolve(import.meta.dirname, '../..');
const PAGE = join(root, 'docs/performance.md');
const PLOT = join(root, 'docs/performance.svg');
const COSTS = join(root, 'docs/performance-costs.svg');
const README = join(root, 'README.md');
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
  --write          put it into docs/performance.md and README.md: all suites, of a machine that does nothing else

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
  const startedAt = new Date().toISOString();
  const before = await busyShare(LOOK_MS);
  const reports: SuiteReport[] = [];
  for (const name of asked) {
    const suite: Suite = suites[name as keyof typeof suites];
    say(`${name} (${reports.length + 1} of ${asked.length}): ${suite.what}`);
    reports.push(await runSuite(name, suite, { ...options, contestants, signal: interruption(), say }));
  }
  const after = await busyShare(LOOK_MS);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const { rounds, seconds } = options;
  return {
    startedAt,
    release: version,
    machine: machineNow(Math.max(before, after)),
    rounds,
    seconds,
    suites: reports,
  };
}

/** Figures of a machine that was busy, or of some suites only, do not take the place of better ones. */
function write(report: Report): number {
  const missing = names.filter((name) => !report.suites.some((suite) => suite.name === name));
  if (missing.length > 0) {
    console.error(`not written: ${missing.join(', ')} did not run`);
    return 1;
  }
  if (report.machine.busyShare > QUIET_SHARE_MAX) {
    console.error(`not written: others used ${Math.round(100 * report.machine.busyShare)} % of the processors`);
    return 1;
  }
  const section = `## What it showed\n\n![Medians of all suites, as bars](performance.svg)\n\n${markdownOf(report)}`;
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), MARKERS, section));
  writeFileSync(PLOT, drawBars(report));
  writeFileSync(COSTS, drawCosts(report));
  writeFileSync(README, withSection(readFileSync(README, 'utf8'), README_MARKERS, chooserTable(report)));
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
