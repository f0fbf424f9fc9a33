import { setPriority, availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { makeGroupOf } from './make-group.ts';
import { drawPlan, type Plan } from './plan.ts';
import { describeProgress, recordOf, writeRecord } from './record.ts';
import { describeFailure, describeSummary } from './report.ts';
import { dailySeed, runMany } from './run-many.ts';
import { runPlan } from './run-seed.ts';
import { readSchedule, writeSchedule } from './schedule-file.ts';
import { shrink } from './shrink.ts';
import { describeShrunk, mermaidOf } from './shrink-report.ts';
import { lineOf } from './trace.ts';

const help = `npm run sim -- [--seeds A..B] [options]

  --seeds A..B     the seeds to run, default 1..1000; one number runs one seed; A.. goes on until --minutes or --events
                   are reached; today.. begins where no other day begins
  --schedule FILE  runs a saved schedule instead
  --nearby N       and N - 1 times more, with the same faults and another chance
  --mutant NAME    runs a mutant of the core, as npm run sim:mutants names them
  --jobs N         workers; default: one per processor
  --seconds S      simulated seconds with faults, instead of 20
  --minutes M      stop taking new seeds after M minutes
  --events E       stop taking new seeds after E events, as in 1e9
  --failures N     stop after N violations; default 10
  --json FILE      write the sums there, now and then and at the end
  --nightly        today.., 1e9 events unless something else is said, at the lowest priority

What fails is made small and drawn: the first of a run, with --shrink all of them.

  --trace          print all that happens in one seed or schedule
  --shrink         make every failing seed small, not only the first
  --patience S     show what there is after S seconds of processor time; default 120
  --mermaid        draw for mermaid instead of in plain text
  --write FILE     save the first schedule that was made small
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    schedule: { type: 'string' },
    nearby: { type: 'string' },
    mutant: { type: 'string' },
    jobs: { type: 'string' },
    seconds: { type: 'string' },
    minutes: { type: 'string' },
    events: { type: 'string' },
    failures: { type: 'string', default: '10' },
    json: { type: 'string' },
    nightly: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    shrink: { type: 'boolean', default: false },
    patience: { type: 'string', default: '120' },
    mermaid: { type: 'boolean', default: false },
    write: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function fail(message: string): never {
  console.error(`${message}\n\n${help}`);
  process.exit(2);
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) fail(`--${name}: ${text} is not a number above zero`);
  return value;
}

interface Seeds {
  readonly first: number;
  /** Infinity: as many as there is time for. */
  readonly last: number;
}

function seedsOf(text: string): Seeds {
  const range = /^(\d+|today)(\.\.(\d*))?$/.exec(text) ?? fail(`--seeds: ${text} is not A..B`);
  const first = range[1] === 'today' ? dailySeed() : Number(range[1]);
  return { first, last: range[2] === undefined ? first : range[3] === '' ? Infinity : Number(range[3]) };
}

const seconds = numberOf('seconds', values.seconds);
const planOf = (seed: number): Plan => drawPlan(seed, seconds === undefined ? {} : { seconds });

const makeGroup = await makeGroupOf(values.mutant ?? null);

/** One run, told from beginning to end; whether it passed. */
function traceOne(plan: Plan): boolean {
  const report = runPlan(plan, makeGroup, { listener: (event) => console.log(lineOf(event)) });
  const { violation, ...counts } = report;
  console.log(violation === null ? `passed: ${JSON.stringify(counts)}` : describeFailure(report));
  return violation === null;
}

/** Makes a failing run small and shows it; whether it passed instead. */
function shrinkOne(plan: Plan, options: { readonly write: string | undefined }): boolean {
  const shows = process.stderr.isTTY;
  const patience = numberOf('patience', values.patience) ?? 120;
  const before = process.cpuUsage();
  const isSpent = (): boolean => {
    const { user, system } = process.cpuUsage(before);
    return user + system >= patience * 1e6;
  };
  const shrunk = shrink(plan, makeGroup, {
    isSpent,
    onProgress: ({ attempts, plan: { schedule } }) => {
      if (shows) process.stderr.write(`\rshrinking: ${attempts} runs, ${schedule?.length ?? 0} faults \x1b[K`);
    },
  });
  if (shows) process.stderr.write('\r\x1b[K');
  if (shrunk === null) {
    console.log(`seed ${plan.seed} passed`);
    return true;
  }
  console.log(values.mermaid ? mermaidOf(shrunk) : describeShrunk(shrunk));
  const { violation } = shrunk.report;
  if (options.write !== undefined && violation !== null) {
    const [found = ''] = violation.message.split('\n');
    writeSchedule(options.write, {
      found,
      invariant: violation.invariant,
      mutant: values.mutant ?? null,
      plan: shrunk.plan,
    });
    console.log(`\nsaved: npm run sim -- --schedule ${options.write}`);
  }
  return false;
}

/** A schedule is a point; what it found should not stand a step away from it either. Whether all pass. */
function runNearby(plan: Plan, runs: number): boolean {
  const reports = Array.from({ length: runs }, (_, step) => runPlan({ ...plan, seed: plan.seed + step }, makeGroup));
  const failures = reports.filter((report) => report.violation !== null);
  for (const { seed, violation } of failures) {
    const [what = ''] = (violation?.message ?? '').split('\n');
    console.log(`seed ${seed}: ${violation?.invariant}: ${what}`);
  }
  console.log(`${failures.length} of ${runs} runs fail`);
  return failures.length === 0;
}

async function search(seeds: Seeds): Promise<boolean> {
  const events =
    numberOf('events', values.events) ?? (values.nightly && values.minutes === undefined ? 1e9 : undefined);
  const minutes = numberOf('minutes', values.minutes);
  if (seeds.last === Infinity && minutes === undefined && events === undefined) {
    fail('--seeds A.. needs --minutes or --events');
  }
  const isTerminal = process.stderr.isTTY;
  const everySeconds = isTerminal ? 0.5 : 60;
  const stop = new AbortController();
  // What has been found until then is worth a summary; a second signal ends it at once.
  process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
  let printedAt = 0;
  if (seeds.last === Infinity) console.log(`seeds from ${seeds.first} on`);
  const result = await runMany({
    firstSeed: seeds.first,
    lastSeed: seeds.last,
    jobs: numberOf('jobs', values.jobs) ?? availableParallelism(),
    failuresMax: numberOf('failures', values.failures) ?? 10,
    signal: stop.signal,
    ...(seconds === undefined ? {} : { simulatedSeconds: seconds }),
    ...(values.mutant === undefined ? {} : { mutant: values.mutant }),
    ...(minutes === undefined ? {} : { wallSeconds: 60 * minutes }),
    ...(events === undefined ? {} : { eventsMax: events }),
    onProgress: (soFar) => {
      if (soFar.wallSeconds - printedAt < everySeconds) return;
      printedAt = soFar.wallSeconds;
      const line = describeProgress(soFar, {
        eventsMax: events,
        wallSecondsMax: minutes === undefined ? undefined : 60 * minutes,
      });
      process.stderr.write(isTerminal ? `\r${line}\x1b[K` : `${line}\n`);
      if (values.json !== undefined) writeRecord(values.json, recordOf(soFar));
    },
  });
  if (isTerminal) process.stderr.write('\r\x1b[K');
  const { failures } = result.summary;
  for (const report of failures) console.log(`${describeFailure(report)}\n`);
  for (const [place, { seed }] of failures.entries()) {
    if (place > 0 && !values.shrink) break;
    shrinkOne(planOf(seed), { write: place === 0 ? values.write : undefined });
    console.log();
  }
  console.log(describeSummary(result));
  if (values.json !== undefined) writeRecord(values.json, recordOf(result));
  return failures.length === 0;
}

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(help);
    return true;
  }
  if (values.nightly) setPriority(19);
  if (values.schedule !== undefined) {
    const { plan } = readSchedule(values.schedule);
    const nearby = numberOf('nearby', values.nearby);
    if (nearby !== undefined) return runNearby(plan, nearby);
    return values.trace ? traceOne(plan) : shrinkOne(plan, { write: values.write });
  }
  const seeds = seedsOf(values.seeds ?? (values.nightly ? 'today..' : '1..1000'));
  if (values.trace) return traceOne(planOf(seeds.first));
  if (values.shrink && seeds.first === seeds.last) {
    return shrinkOne(planOf(seeds.first), { write: values.write });
  }
  return search(seeds);
}

process.exitCode = (await main()) ? 0 : 1;
