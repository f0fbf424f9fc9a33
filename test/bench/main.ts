/**
 * Lists the benchmarks, or runs one of them: `npm run bench`, `npm run bench -- peer-codec 1024`. A suite of `goals` goes by
 * its own name, too: `npm run bench -- put-leader`.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suites } from './suites/suites.ts';

const folder = import.meta.dirname;
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== basename(import.meta.filename))
  .map((file) => basename(file, '.ts'));

const [name, ...args] = process.argv.slice(2);
if (name === undefined || name === '--help') {
  const list = (all: readonly string[]): string => all.map((one) => `\n  ${one}`).join('');
  console.log(`npm run bench -- NAME [ARGUMENTS]; the names are:${list(names)}
suites of goals, which need not name it:${list(Object.keys(suites))}
npm run bench -- --compare BASE compares this checkout with another commit.`);
} else if (name === '--compare') await runFile('compare', args);
else if (name in suites) await runFile('goals', [name, ...args]);
else if (names.includes(name)) await runFile(name, args);
else {
  console.error(`no benchmark ${name}; there are ${[...names, ...Object.keys(suites)].join(', ')}`);
  process.exitCode = 2;
}

/** In this very process, which has done nothing else so far: Ctrl-C reaches whoever has something to end. */
async function runFile(file: string, words: readonly string[]): Promise<void> {
  const path = join(folder, `${file}.ts`);
  process.argv = [process.execPath, path, ...words];
  await import(pathToFileURL(path).href);
}
