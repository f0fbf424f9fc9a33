/**
 * How long a follower that was killed takes until it is in sync again, with a million keys and 5,000 writes a second at the leader, and
 * what these writes notice of it: `npm run bench -- restart`.
 */
import { runCommand, type Command } from './command/command.ts';
import { restartMarkdownOf, type RestartsAsked, type RestartsSeen } from './restarts/restart-report.ts';
import { runRestarts } from './restarts/run-restarts.ts';

const DEFAULTS = { rounds: '5', keys: '1000000', rate: '5000', readmit: '500' } as const;

const restart: Command<RestartsAsked, RestartsSeen> = {
  name: 'restart',
  usage: `npm run bench -- restart [OPTIONS]

A follower is killed and started again, while others write at the leader: when it is in sync again, and what the writes notice.

  --rounds N       so many restarts, of both followers in turn (default ${DEFAULTS.rounds})
  --keys N         that the replicas hold (default ${DEFAULTS.keys})
  --rate R         writes per second at the leader, arriving evenly (default ${DEFAULTS.rate})
  --readmit MS     KV_READMIT_MIN: how long a replica that was removed must be caught up (default ${DEFAULTS.readmit}, as the store's)`,
  options: {
    rounds: { type: 'string', default: DEFAULTS.rounds },
    keys: { type: 'string', default: DEFAULTS.keys },
    rate: { type: 'string', default: DEFAULTS.rate },
    readmit: { type: 'string', default: DEFAULTS.readmit },
  },
  parse: (words) => ({
    rounds: words.count('rounds'),
    keys: words.count('keys'),
    ratePerS: words.count('rate'),
    readmitMs: words.count('readmit', 0),
  }),
  measure: async (asked, tools) => ({ ...asked, restarts: await runRestarts({ ...asked, ...tools }) }),
  markdownOf: restartMarkdownOf,
  unfit: ({ rounds, keys, readmitMs }) =>
    rounds < Number(DEFAULTS.rounds) || keys < Number(DEFAULTS.keys) || readmitMs < Number(DEFAULTS.readmit)
      ? `${rounds} rounds with ${keys} keys and ${readmitMs} ms only`
      : null,
};

process.exitCode = await runCommand(restart);
