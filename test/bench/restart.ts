/**
 * How long a follower that was killed takes until it is in sync again, with a million keys and 5,000 writes a second at the leader, and
 * what these writes notice of it: `npm run bench -- restart`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { restartMarkdownOf, type RestartReport } from './restarts/restart-report.ts';
import { runRestarts } from './restarts/run-restarts.ts';
import { writeFigures } from './suites/docs-page.ts';
import { exitCodeOf, interruption } from './suites/interruption.ts';
import { withSurroundings } from './suites/surroundings.ts';

const DEFAULTS = { rounds: 5, keys: 1_000_000, ratePerS: 5000, readmitMs: 2000 } as const;

const USAGE = `npm run bench -- restart [OPTIONS]

  --rounds N    so many restarts, of both followers in turn (default ${DEFAULTS.rounds})
  --keys N      that the replicas hold (default ${DEFAULTS.keys})
  --rate R      writes per second at the leader, arriving evenly (default ${DEFAULTS.ratePerS})
  --readmit MS  KV_READMIT_MIN: how long a replica that was removed must be caught up (default ${DEFAULTS.readmitMs}, as the store's)
  --json FILE   keep what was seen
  --from FILE   show what was kept, instead of a run
  --write       put it into docs/performance.md

Exit code 1: a write was answered wrongly, or not at all. Whether goals are reached does not decide it.`;

process.exitCode = await main(process.argv.slice(2)).catch(exitCodeOf);

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: String(DEFAULTS.rounds) },
      keys: { type: 'string', default: String(DEFAULTS.keys) },
      rate: { type: 'string', default: String(DEFAULTS.ratePerS) },
      readmit: { type: 'string', default: String(DEFAULTS.readmitMs) },
      json: { type: 'string' },
      from: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const options = {
    rounds: Number(values.rounds),
    keys: Number(values.keys),
    ratePerS: Number(values.rate),
    readmitMs: Number(values.readmit),
  };
  const problem = problemIn(options);
  if (problem !== null) console.error(`${problem}\n`);
  if (problem !== null || values.help) {
    console.log(USAGE);
    return problem === null ? 0 : 2;
  }
  const report =
    values.from === undefined ? await run(options) : (JSON.parse(readFileSync(values.from, 'utf8')) as RestartReport);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  const text = restartMarkdownOf(report);
  console.log(text);
  return values.write && writeFigures('restart', report.machine, text) === 'refused' ? 1 : 0;
}

type Options = { readonly [Name in keyof typeof DEFAULTS]: number };

async function run(options: Options): Promise<RestartReport> {
  const say = (line: string): void => console.error(line);
  const { surroundings, result } = await withSurroundings(() =>
    runRestarts({ ...options, signal: interruption(), say }),
  );
  const { keys, ratePerS, readmitMs } = options;
  return { ...surroundings, keys, ratePerS, readmitMs, restarts: result };
}

function problemIn(options: Options): string | null {
  const names = { rounds: '--rounds', keys: '--keys', ratePerS: '--rate', readmitMs: '--readmit' } as const;
  for (const [name, flag] of Object.entries(names)) {
    const value = options[name as keyof Options];
    const least = name === 'readmitMs' ? 0 : 1;
    if (!Number.isInteger(value) || value < least) return `${flag} is a whole number from ${least} on`;
  }
  return null;
}
