/** What is left of a replica and of a proxy under far more than they can take: `npm run bench -- overload`. */
import { runCommand, type Command } from './command/command.ts';
import { goalsTable, number, table, type Goal } from './command/markdown.ts';
import { textOf } from './command/taken.ts';
import { measureOverload, type Lane } from './overload/measure.ts';

const DEFAULT_SECONDS = '60';
const MIB = 2 ** 20;

interface Asked {
  readonly seconds: number;
}

interface Seen extends Asked {
  readonly lanes: readonly Lane[];
}

const overload: Command<Asked, Seen> = {
  name: 'overload',
  usage: `npm run bench -- overload [OPTIONS]

Reads at a replica and writes through the proxy, of clients that have 10 and 512 times as many requests under way as the peak takes:
what is still answered rightly, what memory it takes, and how soon all is as before.

  --seconds S      of overload, each time (default ${DEFAULT_SECONDS})`,
  options: { seconds: { type: 'string', default: DEFAULT_SECONDS } },
  parse: (words) => ({ seconds: words.amount('seconds') }),
  measure: async ({ seconds }, tools) => ({ seconds, lanes: await measureOverload(seconds, tools) }),
  markdownOf: (report) =>
    [
      textOf(report, `${report.seconds} s of overload each time.`),
      '',
      ...goalsTable(report.lanes.flatMap(goalsOf)),
      '',
      ...table({
        head: [
          '',
          'under way',
          'peak/s',
          'answered/s',
          'refused/s',
          'refused as',
          'p50 ms',
          'p99 ms',
          'generator µs',
          'others’ p99 before, ms',
          'recovered after ms',
        ],
        rows: report.lanes.map(laneRow),
      }),
      '',
      ...table({
        head: ['', 'under way', 'process', 'before, MiB', 'first half, MiB', 'second half, MiB'],
        rows: report.lanes.flatMap(memoryRows),
      }),
    ].join('\n'),
  unfit: ({ seconds }) => (seconds < Number(DEFAULT_SECONDS) ? `each took ${seconds} s only` : null),
};

process.exitCode = await runCommand(overload);

function goalsOf(lane: Lane): readonly Goal[] {
  const { place, crowd, goodputPerS, peakPerS, recoveryMs, memory } = lane;
  const what = `${place}, ${crowd}`;
  const growth = Math.max(...memory.map(({ firstHalf, secondHalf }) => secondHalf / firstHalf));
  return [
    { what: `${what}: answered, of the peak`, bound: { atLeast: 0.8 }, value: goodputPerS / peakPerS, unit: '' },
    {
      what: `${what}: memory in the second half, of that in the first`,
      bound: { atMost: 1.1 },
      value: growth,
      unit: '',
    },
    { what: `${what}: recovered after`, bound: { atMost: 2 }, value: (recoveryMs ?? Infinity) / 1000, unit: 's' },
  ];
}

function laneRow(lane: Lane): readonly string[] {
  const { place, crowd, refusals, recoveryMs } = lane;
  const figures = [lane.peakPerS, lane.goodputPerS, lane.refusedPerS].map(number);
  const times = [lane.p50Ms, lane.p99Ms, lane.generatorUs, lane.undisturbedP99Ms].map(number);
  const codes = Object.keys(refusals).join(', ');
  return [place, crowd, ...figures, codes, ...times, recoveryMs === null ? 'not within 30 s' : number(recoveryMs)];
}

function memoryRows({ place, crowd, memory }: Lane): readonly (readonly string[])[] {
  return memory.map(({ process, before, firstHalf, secondHalf }) => [
    place,
    crowd,
    process,
    ...[before, firstHalf, secondHalf].map((bytes) => number(bytes / MIB)),
  ]);
}
