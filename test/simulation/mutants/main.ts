/** `npm run sim:mutants`: every clause of the protocol that can be taken out is missed by something. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { huntAll } from './hunt-all.ts';
import { elusive, mutants } from './list.ts';

const help = `npm run sim:mutants [-- NAME...] [--seed N] [--tries N] [--jobs N]

Hunts every mutant, or those whose name or rule is given, until a seed kills it, and runs the unmutated core in the
schedule that killed it.

  --seed N     the first seed of each hunt; by default another with every run
  --tries N    give up after so many seeds (default 2000)
  --seconds S  or after so much processor time on one mutant (default 60)
  --jobs N     workers; default: one per processor
  --elusive    those that are not killed reliably yet, instead of the others
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    tries: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '60' },
    jobs: { type: 'string' },
    elusive: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}
const isElusive = (name: string): boolean => elusive[name] !== undefined;
const asked =
  positionals.length === 0
    ? mutants.filter(({ name }) => isElusive(name) === values.elusive)
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
const widest = Math.max(...asked.map(({ name }) => name.length));
let alive = 0;
const found = await huntAll({
  mutants: asked,
  firstSeed,
  jobs: Number(values.jobs ?? availableParallelism()),
  seedsMax: Number(values.tries),
  secondsMax: Number(values.seconds),
  onCatch: ({ mutant: name, tries, cpuSeconds, killedBy, unmutated }) => {
    const mutant = mutants.find((other) => other.name === name);
    const how = killedBy === null ? 'LIVES' : `seed ${killedBy.seed} ${killedBy.invariant}`;
    console.log(
      `${(mutant?.rule ?? '').padEnd(4)} ${name.padEnd(widest)} ${String(tries).padStart(5)} seeds ${cpuSeconds.toFixed(1).padStart(5)} s  ${how}`,
    );
    if (unmutated !== null) console.log(`     the unmutated core fails there too: ${unmutated}`);
    if (killedBy === null || unmutated !== null) alive += 1;
  },
});
const seeds = found.reduce((sum, { tries }) => sum + tries, 0);
console.log(
  `${found.length - alive} of ${found.length} mutants dead after ${seeds} seeds and ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
if (positionals.length === 0 && !values.elusive)
  console.log(`left out, for --elusive: ${Object.keys(elusive).join(', ')}`);
process.exitCode = alive === 0 ? 0 : 1;
