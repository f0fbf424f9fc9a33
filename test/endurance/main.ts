/** `npm run endurance`: a long run under load and churn, and whether anything grew that must not. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { judge } from './flatness.ts';
import { figuresOf, withFigures } from './page.ts';
import { drawPlot } from './plot.ts';
import type { Recording } from './recording.ts';
import { runEndurance, type Progress } from './run.ts';

const USAGE = `npm run endurance -- [OPTIONS]

  --minutes N   how long (default 30)
  --out FILE    keep what was recorded, as JSON
  --from FILE   judge and draw what was recorded before, instead of a run
  --docs        write the plot and the figures into docs/
  --svg FILE    write the plot there
  --rate R      requests per second (default 300)
  --seed N      for what the load draws (default: the time)

Exit code 1: something is not flat, or an answer was wrong.`;

const SAMPLE_EVERY_S = 5;
const FAULT_EVERY_S = 20;
/** Where nobody watches a line that changes. */
const PRINT_EVERY_S = 60;

const docs = resolve(import.meta.dirname, '../../docs');

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '30' },
      out: { type: 'string' },
      from: { type: 'string' },
      docs: { type: 'boolean', default: false },
      svg: { type: 'string' },
      rate: { type: 'string', default: '300' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [minutes, rate, seed] = [values.minutes, values.rate, values.seed ?? String(Date.now() % 1e9)].map(Number);
  const numbers = [minutes, rate, seed];
  if (values.help || !numbers.every((number) => number !== undefined && number > 0)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }

  const durationS = 60 * (minutes ?? 0);
  const recording =
    values.from === undefined
      ? await run({ durationS, ratePerS: rate ?? 0, seed: seed ?? 0 })
      : (JSON.parse(readFileSync(values.from, 'utf8')) as Recording);
  // First of all: whatever is wrong with the rest can be done again from it.
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(recording)}\n`);

  const verdicts = judge(recording);
  if (values.svg !== undefined) writeFileSync(values.svg, drawPlot(recording));
  if (values.docs) {
    writeFileSync(join(docs, 'endurance.svg'), drawPlot(recording));
    const page = join(docs, 'endurance.md');
    writeFileSync(page, withFigures(readFileSync(page, 'utf8'), recording, verdicts));
  }
  console.log(figuresOf(recording, verdicts));
  if (verdicts.length === 0) console.log('\nToo short: nothing can be said of any trend.');
  return verdicts.length > 0 && verdicts.every(({ isFlat }) => isFlat) && recording.load.wrong.length === 0 ? 0 : 1;
}

function run(options: {
  readonly durationS: number;
  readonly ratePerS: number;
  readonly seed: number;
}): Promise<Recording> {
  let printedS = -Infinity;
  const onProgress = (progress: Progress): void => {
    const line = lineOf(progress, options.durationS);
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (progress.sample.atS - printedS >= PRINT_EVERY_S) {
      printedS = progress.sample.atS;
      console.error(line);
    }
  };
  console.error(`seed ${options.seed}`);
  return runEndurance({ ...options, sampleEveryS: SAMPLE_EVERY_S, faultEveryS: FAULT_EVERY_S, onProgress }).finally(
    () => {
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    },
  );
}

function lineOf({ sample, faults, answered, failed, wrong }: Progress, durationS: number): string {
  const { atS, group, processes } = sample;
  const minutes = `${(atS / 60).toFixed(1)} of ${(durationS / 60).toFixed(1)} min`;
  const kept = processes['kvstore-0'];
  const memory = kept == null ? 'kvstore-0 does not answer' : `kvstore-0 ${kept.rssMiB ?? '?'} MiB`;
  const requests = `${group.requestsPerS ?? 0} requests/s, ${answered} answered, ${failed} failed, ${wrong} wrong`;
  return `${minutes}: ${requests}; ${memory}; ${faults.length} faults, the last: ${faults.at(-1)?.what ?? 'none yet'}`;
}
