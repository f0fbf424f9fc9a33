import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSchedule } from './schedule-file.ts';

/*
 * Every schedule that has found something stays. It is run as it was saved, and some times more with the same faults and
 * another chance, for what was wrong at one point was wrong around it, and a simulator that draws differently some day
 * will not hit that point again. Where the list of mutants has the mistake, it is shown that the schedule still finds it.
 */
const NEARBY = 20;

const folder = resolve(import.meta.dirname, 'regressions');
const main = resolve(import.meta.dirname, 'main.ts');

/** In a plain Node process, as a person would: inside jest's VM the same code is several times slower. */
function run(file: string, ...options: string[]): { readonly status: number | null; readonly output: string } {
  const arguments_ = [main, '--schedule', join(folder, file), '--nearby', String(NEARBY), ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, arguments_, { encoding: 'utf8', timeout: 60_000 });
  return { status, output: `${stdout}${stderr}` };
}

describe.each(readdirSync(folder))('%s', (file) => {
  const { invariant, mutant } = readSchedule(join(folder, file));

  test('passes, and so does what is near it', () => {
    const { status, output } = run(file);
    expect(output).toContain(`0 of ${NEARBY} runs fail`);
    expect(status).toBe(0);
  }, 60_000);

  if (mutant === null) return;
  test(`finds what it found, with the mutant ${mutant}`, () => {
    const { status, output } = run(file, '--mutant', mutant);
    expect(output).toContain(`: ${invariant}: `);
    expect(status).toBe(1);
  }, 60_000);
});
