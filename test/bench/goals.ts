/** Ourselves beside Redis, etcd, NATS and bare servers, and the ratios that are asked for: `npm run bench -- goals`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, UsageError, type Command, type Tools } from './command/command.ts';
import { putIntoPage, root } from './command/page.ts';
import { contestants } from './contestants/contestants.ts';
import { drawBars } from './suites/bars.ts';
import { markdownOf } from './suites/markdown.ts';
import type { Run, SuiteReport } from './suites/report.ts';
import { runSuite } from './suites/run-suites.ts';
import type { Suite } from './suites/suite.ts';
import { suites } from './suites/suites.ts';

const NAME = 'goals';
const DEFAULT_ROUNDS = '5';
const DEFAULT_SECONDS = '5';
const PLOT = join(root, 'docs/performance.svg');
const names = Object.keys(suites);

interface Asked {
  readonly suites: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly only?: readonly string[];
  readonly company: 'alone' | 'together';
}

const goals: Command<Asked, Run> = {
  name: NAME,
  usage: `npm run bench -- goals [SUITE]... [OPTIONS]

Suites (all, if none is named):
${Object.entries(suites)
  .map(([name, { what }]) => `  ${name.padEnd(18)} ${what}`)
  .join('\n')}

  --rounds N       each runs so often, in turns (default ${DEFAULT_ROUNDS})
  --seconds S      for so long (default ${DEFAULT_SECONDS})
  --only NAME,...  these contestants; there are ${Object.keys(contestants).join(', ')}
  --alone          each contestant runs alone, started anew for each run: it takes much longer`,
  options: {
    rounds: { type: 'string', default: DEFAULT_ROUNDS },
    seconds: { type: 'string', default: DEFAULT_SECONDS },
    only: { type: 'string' },
    alone: { type: 'boolean', default: false },
  },
  parse(words) {
    const { positionals } = words;
    const unknown = positionals.filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new UsageError(`there is no suite ${unknown.join(', ')}`);
    const only = words.text('only')?.split(',') ?? null;
    const strangers = only?.filter((name) => !(name in contestants)) ?? [];
    if (strangers.length > 0) throw new UsageError(`there is no contestant ${strangers.join(', ')}`);
    return {
      suites: positionals.length === 0 ? names : positionals,
      rounds: words.count('rounds'),
      seconds: words.amount('seconds'),
      company: words.flag('alone') ? 'alone' : 'together',
      ...(only === null ? {} : { only }),
    };
  },
  measure,
  markdownOf,
  unfit({ suites }) {
    const missing = names.filter((name) => !suites.some((suite) => suite.name === name));
    return missing.length === 0 ? null : `${missing.join(', ')} did not run`;
  },
  write(report) {
    const section = `## What it showed\n\n![Medians of all suites, as bars](performance.svg)\n\n${markdownOf(report)}`;
    putIntoPage(NAME, section);
    writeFileSync(PLOT, drawBars(report));
  },
};

process.exitCode = await runCommand(goals);

async function measure({ suites: asked, ...options }: Asked, tools: Tools): Promise<Run> {
  const reports: SuiteReport[] = [];
  for (const name of asked) {
    const suite: Suite = suites[name as keyof typeof suites];
    tools.say(`${name} (${reports.length + 1} of ${asked.length}): ${suite.what}`);
    reports.push(await runSuite(name, suite, { ...options, ...tools, contestants }));
  }
  const { rounds, seconds } = options;
  return { rounds, seconds, suites: reports };
}
