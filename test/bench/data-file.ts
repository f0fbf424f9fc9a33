/** What a data file costs: to be loaded, to be held, to be asked: `npm run bench -- data-file`. */
import { runCommand, type Command } from './command/command.ts';
import { goalsTable, number, table } from './command/markdown.ts';
import { textOf } from './command/taken.ts';
import { measureDataFile, type DataFileAsked, type DataFileSeen } from './data-file/measure.ts';

const DEFAULTS = { lines: '10000000', value: '42', rate: '5000', seconds: '30' } as const;
const MIB = 2 ** 20;

type Seen = DataFileAsked & DataFileSeen;

const dataFile: Command<DataFileAsked, Seen> = {
  name: 'data-file',
  usage: `npm run bench -- data-file [OPTIONS]

One replica loads a file of UUIDs with values, and is asked for them at a constant rate, itself and through a proxy. Linux.

  --lines N        as many UUIDs (default ${DEFAULTS.lines})
  --value N        bytes of each value (default ${DEFAULTS.value}: lines of 80 bytes)
  --rate N         lookups in a second (default ${DEFAULTS.rate})
  --seconds S      for so long (default ${DEFAULTS.seconds})`,
  options: {
    lines: { type: 'string', default: DEFAULTS.lines },
    value: { type: 'string', default: DEFAULTS.value },
    rate: { type: 'string', default: DEFAULTS.rate },
    seconds: { type: 'string', default: DEFAULTS.seconds },
  },
  parse: (words) => ({
    lines: words.count('lines'),
    valueBytes: words.count('value'),
    ratePerS: words.count('rate'),
    seconds: words.amount('seconds'),
  }),
  measure: async (asked, tools) => ({ ...asked, ...(await measureDataFile(asked, tools)) }),
  markdownOf(report) {
    const { lines, ratePerS, seconds, fileBytes, loadS, memoryBytes, residentBytes, lookups, baseline } = report;
    const file = `${lines.toLocaleString('en-US')} lines, ${number(fileBytes / MIB)} MiB.`;
    return [
      textOf(report, `${file} ${number(ratePerS)} lookups/s for ${seconds} s.`),
      '',
      ...goalsTable([
        { what: 'loaded', bound: { atMost: 30 }, value: loadS, unit: 's' },
        {
          what: 'resident memory of the whole process, at the most, of the file',
          bound: { atMost: 2 },
          value: residentBytes / fileBytes,
          unit: '',
        },
        ...Object.entries(lookups).map(([where, { p99Ms }]) => ({
          what: `lookups ${where}, p99`,
          bound: { atMost: 1 },
          value: p99Ms,
          unit: 'ms',
        })),
      ]),
      '',
      `Records and index take ${number(memoryBytes / MIB)} MiB.`,
      '',
      ...table({
        head: ['', 'lookups/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'longest, ms'],
        rows: Object.entries({ ...lookups, 'a server that answers fixed bytes': baseline }).map(([where, seen]) => [
          where,
          ...[seen.requests / seen.seconds, seen.p50Ms, seen.p99Ms, seen.p999Ms, seen.maxMs].map(number),
        ]),
      }),
    ].join('\n');
  },
  unfit: ({ lines }) => (lines < Number(DEFAULTS.lines) ? `of ${lines} lines only` : null),
};

process.exitCode = await runCommand(dataFile);
