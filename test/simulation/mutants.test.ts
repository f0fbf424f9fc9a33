import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { aims } from './mutants/aims.ts';
import { huntAll } from './mutants/hunt-all.ts';
import { deaths } from '../exhaustive/deaths.ts';
import { mutants, searched } from './mutants/list.ts';
import { applyPatches } from './mutants/mutant.ts';

/** Other seeds with every run: what is remembered proves little. `KV_MUTANTS_SEED` fixes them. */
const firstSeed = Number(process.env['KV_MUTANTS_SEED'] ?? Math.floor(Date.now() / 1000) * 10_000);

describe('the list of mutants', () => {
  test('names each once, and aims each at a schedule that there is', () => {
    const names = mutants.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(mutants.filter(({ aim }) => !aims.includes(aim))).toEqual([]);
    expect([...searched].filter((name) => !deaths.some(({ mutant }) => mutant === name))).toEqual([]);
  });

  test('has some for every rule', () => {
    const rules = new Set(mutants.map(({ rule }) => rule));
    expect(
      Array.from({ length: 15 }, (_, place) => `R${place + 1}`).filter((rule) => !rules.has(rule as 'R1')),
    ).toEqual([]);
  });

  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('%s fits the sources', (_, mutant) => {
    for (const file of new Set(mutant.patches.map((patch) => patch.file))) {
      const source = readFileSync(new URL(`../../src/core/${file}`, import.meta.url), 'utf8');
      expect(applyPatches(mutant, file, source)).not.toBe(source);
    }
  });
});

test(
  'each mutant dies, in schedules that the core itself passes',
  async () => {
    process.stderr.write(`mutants: seeds from ${firstSeed} on (KV_MUTANTS_SEED)\n`);
    const found = await huntAll({
      mutants: mutants.filter(({ name }) => !searched.has(name)),
      firstSeed,
      jobs: availableParallelism(),
      seedsMax: 3000,
      // Ten times what the slowest takes on average, so that chance does not let it live once in a few runs.
      secondsMax: 240,
    });
    expect(found.filter(({ killedBy }) => killedBy === null).map(({ mutant }) => mutant)).toEqual([]);
    expect(found.filter(({ unmutated }) => unmutated !== null)).toEqual([]);
  },
  // Nine minutes on two cores that have nothing else to do.
  20 * 60_000,
);
