/** What a snapshot costs for each value, in processor time: `npm run bench -- snapshot`. */
import { runCommand, type Command } from './command/command.ts';
import { number, table } from './command/markdown.ts';
import { textOf } from './command/taken.ts';
import { costOfSnapshot, type SnapshotCost } from './restarts/snapshot-cost.ts';

const DEFAULT_KEYS = '400000';

interface Asked {
  readonly keys: number;
}

interface Seen extends Asked {
  readonly cost: SnapshotCost;
}

const PARTS = [
  { at: 'the leader', to: 'find it', part: 'findUs' },
  { at: 'the leader', to: 'encode it', part: 'encodeUs' },
  { at: 'the follower', to: 'decode it', part: 'decodeUs' },
  { at: 'the follower', to: 'add it', part: 'addUs' },
] as const;

const snapshot: Command<Asked, Seen> = {
  name: 'snapshot',
  usage: `npm run bench -- snapshot [OPTIONS]

The processor time of a snapshot of small values and older versions, in one process: at the leader to find them and to encode them, at
the follower to decode and to add them.

  --keys N         that the store holds, with an older version each (default ${DEFAULT_KEYS})`,
  options: { keys: { type: 'string', default: DEFAULT_KEYS } },
  parse: (words) => ({ keys: words.count('keys') }),
  measure: ({ keys }) => Promise.resolve({ keys, cost: costOfSnapshot(keys) }),
  markdownOf: (report) =>
    [
      textOf(report, `${number(report.keys)} keys of 16 bytes with values of 64, each with an older version.`),
      '',
      ...table({
        head: ['at', 'to', 'µs a value', 'µs an older version'],
        rows: PARTS.map(({ at, to, part }) => [
          at,
          to,
          number(report.cost.standing[part]),
          number(report.cost.older[part]),
        ]),
      }),
    ].join('\n'),
  unfit: ({ keys }) => (keys < Number(DEFAULT_KEYS) ? `of ${keys} keys only` : null),
};

process.exitCode = await runCommand(snapshot);
