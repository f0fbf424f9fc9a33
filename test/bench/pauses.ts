/** How long replicas with millions of keys stand still while they are written to: `npm run bench -- pauses`. */
import { runCommand, type Command } from './command/command.ts';
import { goalsTable, number, table } from './command/markdown.ts';
import { textOf } from './command/taken.ts';
import {
  KEYS_PER_REQUEST,
  measurePauses,
  type PausesAsked,
  type PausesSeen,
  type ReplicaPauses,
} from './pauses/measure.ts';
import { collectedMs, longest, type Collection } from './pauses/pauses.ts';

const DEFAULTS = { keys: '10000000', rate: '20000', seconds: '60' } as const;
const PAUSE_MS_MAX = 20;
const MIB = 2 ** 20;

type Seen = PausesAsked & PausesSeen;

const pauses: Command<PausesAsked, Seen> = {
  name: 'pauses',
  usage: `npm run bench -- pauses [OPTIONS]

Three replicas with many keys, and writes at a constant rate at the leader, ${KEYS_PER_REQUEST} in each request: how long collections of garbage
take, and how late the event loops are. 10 million keys take 10 GiB of memory, and minutes to be written. Linux.

  --keys N         as many in the store (default ${DEFAULTS.keys})
  --rate N         keys written in a second (default ${DEFAULTS.rate})
  --seconds S      for so long (default ${DEFAULTS.seconds})`,
  options: {
    keys: { type: 'string', default: DEFAULTS.keys },
    rate: { type: 'string', default: DEFAULTS.rate },
    seconds: { type: 'string', default: DEFAULTS.seconds },
  },
  parse: (words) => ({
    keys: words.count('keys'),
    ratePerS: words.count('rate'),
    seconds: words.amount('seconds'),
  }),
  measure: async (asked, tools) => ({ ...asked, ...(await measurePauses(asked, tools)) }),
  markdownOf(report) {
    const { keys, ratePerS, seconds, load, replicas } = report;
    const reached = number(load.operations / load.seconds);
    return [
      textOf(
        report,
        `${keys.toLocaleString('en-US')} keys; ${number(ratePerS)} writes/s asked for, ${reached} reached, for ${seconds} s.`,
      ),
      '',
      ...goalsTable([
        {
          what: 'longest collection of garbage',
          bound: { atMost: PAUSE_MS_MAX },
          value: longest(replicas.flatMap(({ collections }) => collections))?.ms ?? 0,
          unit: 'ms',
        },
        {
          what: 'longest delay of an event loop',
          bound: { atMost: PAUSE_MS_MAX },
          value: Math.max(...replicas.map(({ delayMaxMs }) => delayMaxMs)),
          unit: 'ms',
        },
      ]),
      '',
      `Requests: p50 ${number(load.p50Ms)} ms, p99 ${number(load.p99Ms)} ms, longest ${number(load.maxMs)} ms.`,
      '',
      ...table({
        head: [
          '',
          'heap, MiB',
          'resident, MiB',
          'delay p99, ms',
          'p99.9',
          'longest',
          'most processor time in one turn, ms',
          'of that garbage',
        ],
        rows: replicas.map(replicaRow),
      }),
      '',
      ...table({
        head: ['', 'garbage of', 'collections', 'all together, ms', 'longest, ms'],
        rows: replicas.flatMap(collectionRows),
      }),
    ].join('\n');
  },
  unfit: ({ keys, seconds }) =>
    keys < Number(DEFAULTS.keys) || seconds < Number(DEFAULTS.seconds) ? `of ${keys} keys for ${seconds} s only` : null,
};

process.exitCode = await runCommand(pauses);

/** The longest work in one turn is that which took most of a processor: without one a turn may take any time. */
function replicaRow(replica: ReplicaPauses): readonly string[] {
  const { role, name, heapBytes, rssBytes, delayP99Ms, delayP999Ms, delayMaxMs, stalls } = replica;
  const longestWork = stalls.toSorted((a, b) => b.processorMs - a.processorMs)[0] ?? null;
  const [workMs, garbageMs] =
    longestWork === null ? [0, 0] : [longestWork.processorMs, collectedMs(replica, longestWork)];
  const figures = [heapBytes / MIB, rssBytes / MIB, delayP99Ms, delayP999Ms, delayMaxMs, workMs, garbageMs];
  return [`${role}, ${name}`, ...figures.map(number)];
}

function collectionRows({ role, name, collections }: ReplicaPauses): readonly (readonly string[])[] {
  const byKind = Map.groupBy(collections, ({ kind }: Collection) => kind);
  return [...byKind].map(([kind, ones]) => [
    `${role}, ${name}`,
    kind,
    number(ones.length),
    number(ones.reduce((sum, { ms }) => sum + ms, 0)),
    number(longest(ones)?.ms ?? 0),
  ]);
}
