/** `npm run chaos`: real processes under load while they are killed, stopped, cut off and lied to. docs/chaos.md */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { askedNetwork, networkOf, startInstallation, type Installation } from './installation.ts';
import { FAULT_KINDS, type FaultKind } from './nemesis/nemesis.ts';
import { run, type RunResult } from './run.ts';
import { Sums } from './sums.ts';

const RUNS_PER_INSTALLATION = 8;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string', default: '15' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      network: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  const asked = values.faults?.split(',') ?? null;
  const unknown = asked?.filter((kind) => !(FAULT_KINDS as readonly string[]).includes(kind)) ?? [];
  if (values.help === true || unknown.length > 0) {
    if (unknown.length > 0) console.error(`unknown fault: ${unknown.join(', ')}\n`);
    console.log(USAGE);
    return values.help === true ? 0 : 2;
  }

  const firstSeed = Number(values.seed ?? Math.floor(Date.now() / 1000));
  const seconds = Number(values.seconds);
  const untilMs = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000;
  const runs = Number(values.runs ?? (values.minutes === undefined ? 1 : Infinity));
  const network = askedNetwork(values.network);
  const out = values.out === undefined ? null : resolve(values.out);
  const scratch = mkdtempSync(join(tmpdir(), 'kvstore-chaos-'));
  const say = (line: string): void => (values.json ? console.error(line) : console.log(line));
  say(`network: ${networkOf(network).text}`);
  say(`seeds from ${firstSeed}, ${seconds} s each`);

  const sums = new Sums();
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // The run that is under way ends first: what was made is to be removed. Who asks twice does not want to wait.
    process.on(signal, () => (stopped ? process.exit(1) : (stopped = true)));
  }
  const isOver = (): boolean => stopped || performance.now() >= untilMs;
  let installation: Installation | null = null;
  let kept = 0;
  try {
    for (let number = 0; number < runs && !isOver(); number += 1) {
      const seed = firstSeed + number;
      const directory = join(out ?? scratch, String(seed));
      if (number % RUNS_PER_INSTALLATION === 0) {
        await installation?.close();
        installation = null;
      }
      installation ??= await startInstallation({
        seed,
        directory: join(out ?? scratch, `installation-${seed}`),
        network,
      });
      const result = await run({
        cluster: installation.cluster,
        seed,
        seconds,
        faults: asked as readonly FaultKind[] | null,
        directory,
        onFault: ({ kind, phase, what }) => {
          if (values.verbose) say(`    ${phase === 'begun' ? '+' : '-'} ${kind}: ${what}`);
        },
      });
      sums.add(result);
      say(lineOf(number + 1, result));
      if (values.json) console.log(JSON.stringify(result));
      if (result.violations.length === 0) {
        if (out === null) rmSync(directory, { recursive: true, force: true });
        continue;
      }
      kept += 1;
      for (const violation of result.violations.slice(0, 10)) say(`  VIOLATION: ${violation}`);
      say(`  kept: ${directory} and ${installation.cluster.directory}`);
      const faults = asked === null ? '' : ` --faults ${asked.join(',')}`;
      say(`  again: npm run chaos -- --seed ${seed} --runs 1 --seconds ${seconds}${faults} --verbose`);
      // What one run has broken must not be found by the next.
      await installation.close();
      installation = null;
    }
  } finally {
    await installation?.close();
    if (kept === 0) rmSync(scratch, { recursive: true, force: true });
  }
  for (const line of sums.lines()) say(line);
  return sums.violations === 0 ? 0 : 1;
}

function lineOf(number: number, result: RunResult): string {
  const { seed, operations, faults, settledMs, elections, setChanges, lineages, violations } = result;
  const count = Object.values(operations).reduce((total, each) => total + each, 0);
  const faultCount = Object.values(faults).reduce((total, each) => total + each, 0);
  return [
    `run ${number}, seed ${seed}:`,
    `${count} operations (${operations.unknown} unknown),`,
    `${faultCount} faults (${Object.keys(faults).join(' ')}),`,
    `${elections} elections, ${setChanges} set changes${lineages > 0 ? `, ${lineages} new lineages` : ''},`,
    settledMs === null ? 'NOT settled,' : `settled in ${(settledMs / 1000).toFixed(1)} s,`,
    violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`,
  ].join(' ');
}

const USAGE = `npm run chaos -- [OPTIONS]

  --minutes N      runs begin until then
  --runs N         or a number of runs (default 1)
  --seconds S      how long each is under load and faults (default 15)
  --seed S         the first run's; the others count up (default: the time, printed)
  --faults A,B     only these, and all of them; by default each seed draws its own
  --network KIND   namespaces or loopback (default: KV_CHAOS_NETWORK, else namespaces where root may)
  --out DIR        keep histories, lists of faults and logs of every run; else of those with violations
  --json           one line of JSON for each run on standard output
  --verbose        each fault as it comes and goes

Faults: ${FAULT_KINDS.join(', ')}

Exit code 1: a promise was not kept.`;
