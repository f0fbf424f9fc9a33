/** `npm run sim:mutants`: every clause of the protocol that can be taken out is missed by something. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { deaths } from '../../exhaustive/deaths.ts';
import { runSearches } from '../../exhaustive/run-searches.ts';
import { huntAll } from './hunt-all.ts';
import { mutants, searched } from './list.ts';

const help = `npm run sim:mutants [-- NAME...] [--seed N] [--tries N] [--jobs N]

Hunts every mutant, or those whose name or rule is given, until a seed kills it, and runs the unmutated core in the
schedule that killed it. The few that schedules hardly meet are looked for in the exhaustive search.

  --seed N     the first seed of each hunt; by default another with every run
  --tries N    give up after so many seeds (default 2000)
  --seconds S  or after so much processor time on one mutant (default 240)
  --jobs N     workers; default: one per processor
`;

/** Of a search; some three times what the most expensive of them takes. */
const STATES_MAX = 600_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    tries: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '240' },
    jobs: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}
const asked =
  positionals.length === 0
    ? mutants
    : mutants.filter((mutant) => positionals.some((word) => mutant.name === word || mutant.rule === word));
if (asked.length === 0) {
  console.error(
    `no mutant is named ${positionals.join(', ')}; there are:\n${mutants.map(({ rule, name }) => `  ${rule.padEnd(4)} ${name}`).join('\n')}`,
  );
  process.exit(2);
}
const firstSeed = values.seed === undefined ? Math.floor(Date.now() / 1000) * 10_000 : Number(values.seed);
console.log(`${asked.length} mutants, seeds from ${firstSeed} on`);

const started = performance.now();
const jobs = Number(values.jobs ?? availableParallelism());
const widest = Math.max(...asked.map(({ name }) => name.length));
let alive = 0;

function print(name: string, work: string, cpuSeconds: number, end: string | null): void {
  const rule = mutants.find((mutant) => mutant.name === name)?.rule ?? '';
  console.log(
    `${rule.padEnd(4)} ${name.padEnd(widest)} ${work.padStart(12)} ${cpuSeconds.toFixed(1).padStart(5)} s  ${end ?? 'LIVES'}`,
  );
  if (end === null) alive += 1;
}

const found = await huntAll({
  mutants: asked.filter(({ name }) => !searched.has(name)),
  firstSeed,
  jobs,
  seedsMax: Number(values.tries),
  secondsMax: Number(values.seconds),
  onCatch: ({ mutant, tries, cpuSeconds, killedBy, unmutated }) => {
    const end = killedBy === null ? null : `seed ${killedBy.seed} ${killedBy.invariant}`;
    print(mutant, `${tries} seeds`, cpuSeconds, end);
    if (unmutated === null) return;
    console.log(`     the unmutated core fails there too: ${unmutated}`);
    alive += 1;
  },
});
await runSearches({
  searches: deaths
    .filter(({ mutant }) => searched.has(mutant) && asked.some(({ name }) => name === mutant))
    .map(({ mutant, configuration }) => ({ mutant, configuration, statesMax: STATES_MAX })),
  jobs,
  onSearched: ({ options, found: { counts, violation }, cpuSeconds }) => {
    const end = violation === null ? null : `search ${options.configuration} ${violation.invariant}`;
    print(options.mutant ?? '', `${counts.states} states`, cpuSeconds, end);
  },
});
const seeds = found.reduce((sum, { tries }) => sum + tries, 0);
console.log(
  `${asked.length - alive} of ${asked.length} mutants dead after ${seeds} seeds and ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
process.exitCode = alive === 0 ? 0 : 1;
