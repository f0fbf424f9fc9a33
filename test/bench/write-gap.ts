/**
 * How long no write is acknowledged when a leader is killed, falls silent or is stopped, when a follower is killed, and while the
 * Kubernetes API is away; beside etcd and NATS: `npm run bench -- write-gap`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { disturbances, type Disturbance, type DisturbanceName } from './gaps/disturbances.ts';
import { etcd } from './gaps/etcd.ts';
import { gapMarkdownOf } from './gaps/gap-markdown.ts';
import { joined, type GapsReport } from './gaps/gap-report.ts';
import type { GapContestant } from './gaps/group.ts';
import { kvstore } from './gaps/kvstore.ts';
import { nats } from './gaps/nats.ts';
import { runGaps } from './gaps/run-gaps.ts';
import { writeFigures } from './suites/docs-page.ts';
import { exitCodeOf, interruption } from './suites/interruption.ts';
import { withSurroundings } from './suites/surroundings.ts';

const DEFAULT_ROUNDS = 50;
const DEFAULT_RATE_PER_S = 300;

const contestants: Readonly<Record<string, GapContestant>> = { kvstore, etcd, nats };
const names = Object.keys(disturbances) as readonly DisturbanceName[];

const USAGE = `npm run bench -- write-gap [DISTURBANCE]... [OPTIONS]

Disturbances (all, if none is named):
${Object.entries(disturbances)
  .map(([name, { what }]: readonly [string, Disturbance]) => `  ${name.padEnd(18)} ${what}`)
  .join('\n')}

  --rounds N       each comes so often, in turns (default ${DEFAULT_ROUNDS})
  --rate R         writes per second, arriving evenly (default ${DEFAULT_RATE_PER_S})
  --only NAME,...  these contestants; there are ${Object.keys(contestants).join(', ')}
  --json FILE      keep what was seen
  --from FILE      show what was kept, instead of a run; given several times, their rounds are put together
  --write          put it into docs/performance.md

Exit code 1: an acknowledged write was lost, or a group was not whole again. Whether goals are reached does not decide it.`;

process.exitCode = await main(process.argv.slice(2)).catch(exitCodeOf);

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
      rate: { type: 'string', default: String(DEFAULT_RATE_PER_S) },
      only: { type: 'string', default: Object.keys(contestants).join(',') },
      json: { type: 'string' },
      from: { type: 'string', multiple: true },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [rounds, ratePerS, only] = [Number(values.rounds), Number(values.rate), values.only.split(',')];
  const problem = problemIn({ positionals, rounds, ratePerS, only });
  if (problem !== null) console.error(`${problem}\n`);
  if (problem !== null || values.help) {
    console.log(USAGE);
    return problem === null ? 0 : 2;
  }
  const report =
    values.from === undefined
      ? await run(positionals.length === 0 ? names : (positionals as DisturbanceName[]), { rounds, ratePerS, only })
      : joined(values.from.map((file) => JSON.parse(readFileSync(file, 'utf8')) as GapsReport));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  const text = gapMarkdownOf(report);
  console.log(text);
  if (values.write && writeFigures('write-gap', report.machine, text) === 'refused') return 1;
  return report.gaps.some((gap) => gap.rounds.some(({ lost }) => lost > 0)) ? 1 : 0;
}

async function run(
  asked: readonly DisturbanceName[],
  { rounds, ratePerS, only }: { readonly rounds: number; readonly ratePerS: number; readonly only: readonly string[] },
): Promise<GapsReport> {
  const { surroundings, result } = await withSurroundings(() =>
    runGaps({
      contestants: Object.fromEntries(Object.entries(contestants).filter(([name]) => only.includes(name))),
      disturbances: asked,
      rounds,
      ratePerS,
      signal: interruption(),
      say: (line) => console.error(line),
    }),
  );
  return joined([{ ...surroundings, ratePerS, gaps: result }]);
}

function problemIn({
  positionals,
  rounds,
  ratePerS,
  only,
}: {
  readonly positionals: readonly string[];
  readonly rounds: number;
  readonly ratePerS: number;
  readonly only: readonly string[];
}): string | null {
  const unknown = positionals.filter((name) => !(name in disturbances));
  if (unknown.length > 0) return `there is no disturbance ${unknown.join(', ')}`;
  const strangers = only.filter((name) => !(name in contestants));
  if (strangers.length > 0) return `there is no contestant ${strangers.join(', ')}`;
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds is a number from 1 on';
  return ratePerS > 0 ? null : '--rate is a number above 0';
}
