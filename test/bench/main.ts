/** Lists the benchmarks, or runs one of them: `npm run bench`, `npm run bench -- peer-codec 1024`. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = import.meta.dirname;
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== basename(import.meta.filename))
  .map((file) => basename(file, '.ts'));

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  console.log(`npm run bench -- <name> [arguments]; the names are:\n  ${names.join('\n  ')}`);
} else if (names.includes(name)) {
  // A process of its own: what another one has compiled or allocated would be measured as well.
  const { status } = spawnSync(process.execPath, [join(folder, `${name}.ts`), ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
} else {
  console.error(`no benchmark ${name}; there are ${names.join(', ')}`);
  process.exitCode = 2;
}
