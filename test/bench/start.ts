/** How long processes take from their start until they are ready: `npm run bench -- start`. */
import { median } from '../measure/measure.ts';
import { runCommand, type Command } from './command/command.ts';
import { goalsTable, number, percent, table } from './command/markdown.ts';
import { textOf } from './command/taken.ts';
import { measureStarts, type Starts } from './start/measure.ts';

const DEFAULT_ROUNDS = '20';
const READY_MS_MAX = 700;

interface Asked {
  readonly rounds: number;
}

type Seen = Asked & Starts;

const start: Command<Asked, Seen> = {
  name: 'start',
  usage: `npm run bench -- start [OPTIONS]

Servers as their images have them, a bundle and a compile cache: from the start of a process until /livez and until /readyz answer 200.

  --rounds N       so many starts of each (default ${DEFAULT_ROUNDS})`,
  options: { rounds: { type: 'string', default: DEFAULT_ROUNDS } },
  parse: (words) => ({ rounds: words.count('rounds') }),
  measure: async ({ rounds }, tools) => ({ rounds, ...(await measureStarts(rounds, tools)) }),
  markdownOf(report) {
    const nodeMs = median(report.nodeMs);
    return [
      textOf(report, `${report.rounds} starts of each.`),
      '',
      ...goalsTable(
        report.starts.map(({ what, readyMs }) => ({
          what: `${what}: ready, median`,
          bound: { atMost: READY_MS_MAX },
          value: median(readyMs),
          unit: 'ms',
        })),
      ),
      '',
      ...table({
        head: [
          '',
          'listens, ms',
          'ready, ms',
          'min–max',
          'processor time, ms',
          `of it \`node -e 0\`: ${number(nodeMs)} ms`,
        ],
        rows: report.starts.map(({ what, listensMs, readyMs, processorMs }) => [
          what,
          number(median(listensMs)),
          number(median(readyMs)),
          `${number(Math.min(...readyMs))}–${number(Math.max(...readyMs))}`,
          number(median(processorMs)),
          percent(nodeMs / median(readyMs)),
        ]),
      }),
    ].join('\n');
  },
  unfit: ({ rounds }) => (rounds < Number(DEFAULT_ROUNDS) ? `there were ${rounds} rounds only` : null),
};

process.exitCode = await runCommand(start);
