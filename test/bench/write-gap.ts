/**
 * How long no write is acknowledged when a leader is killed, falls silent or is stopped, when a follower is killed, and while the
 * Kubernetes API is away; beside etcd and NATS: `npm run bench -- write-gap`.
 */
import { runCommand, UsageError, type Command } from './command/command.ts';
import { disturbances, type Disturbance, type DisturbanceName } from './gaps/disturbances.ts';
import { etcd } from './gaps/etcd.ts';
import { gapMarkdownOf } from './gaps/gap-markdown.ts';
import { checkNothingLost, joined, OURS, type GapsSeen } from './gaps/gap-report.ts';
import type { GapContestant } from './gaps/group.ts';
import { kvstore } from './gaps/kvstore.ts';
import { nats } from './gaps/nats.ts';
import { runGaps } from './gaps/run-gaps.ts';

const DEFAULTS = { rounds: '50', rate: '300' } as const;

const contestants: Readonly<Record<string, GapContestant>> = { kvstore, etcd, nats };
const names = Object.keys(disturbances) as readonly DisturbanceName[];

interface Asked {
  readonly disturbances: readonly DisturbanceName[];
  readonly rounds: number;
  readonly ratePerS: number;
  readonly contestants: Readonly<Record<string, GapContestant>>;
}

const writeGap: Command<Asked, GapsSeen> = {
  name: 'write-gap',
  usage: `npm run bench -- write-gap [DISTURBANCE]... [OPTIONS]

Disturbances (all, if none is named):
${Object.entries(disturbances)
  .map(([name, { what }]: readonly [string, Disturbance]) => `  ${name.padEnd(18)} ${what}`)
  .join('\n')}

An acknowledged write that is lost is a wrong answer. --from may be given several times: rounds of several runs are put together.

  --rounds N       each comes so often, in turns (default ${DEFAULTS.rounds})
  --rate R         writes per second, arriving evenly (default ${DEFAULTS.rate})
  --only NAME,...  these contestants; there are ${Object.keys(contestants).join(', ')}`,
  options: {
    rounds: { type: 'string', default: DEFAULTS.rounds },
    rate: { type: 'string', default: DEFAULTS.rate },
    only: { type: 'string', default: Object.keys(contestants).join(',') },
  },
  parse(words) {
    const { positionals } = words;
    const unknown = positionals.filter((name) => !(name in disturbances));
    if (unknown.length > 0) throw new UsageError(`there is no disturbance ${unknown.join(', ')}`);
    const only = words.text('only')?.split(',') ?? [];
    const strangers = only.filter((name) => !(name in contestants));
    if (strangers.length > 0) throw new UsageError(`there is no contestant ${strangers.join(', ')}`);
    return {
      disturbances: positionals.length === 0 ? names : (positionals as DisturbanceName[]),
      rounds: words.count('rounds'),
      ratePerS: words.amount('rate'),
      contestants: Object.fromEntries(Object.entries(contestants).filter(([name]) => only.includes(name))),
    };
  },
  // As one run: its gaps in the order of the disturbances.
  measure: async (asked, tools) => joined([{ ratePerS: asked.ratePerS, gaps: await runGaps({ ...asked, ...tools }) }]),
  joined,
  markdownOf: gapMarkdownOf,
  unfit({ gaps }) {
    const roundsOf = (name: DisturbanceName): number =>
      gaps.find(({ contestant, disturbance }) => contestant === OURS && disturbance === name)?.rounds.length ?? 0;
    const rounds = Math.min(...names.map(roundsOf));
    return rounds < Number(DEFAULTS.rounds) ? `there were ${rounds} rounds only of some disturbance` : null;
  },
  check: checkNothingLost,
};

process.exitCode = await runCommand(writeGap);
