/**
 * Builds the package of `src/client` into its `dist`, or into a folder that is named: one file of JavaScript for Node 20 and
 * later, with the little that it takes from the servers' sources, and the declarations beside it.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = resolve(import.meta.dirname, '..');
const dist = resolve(process.argv[2] ?? join(root, 'src/client/dist'));

rmSync(join(dist, 'types'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['src/client/index.ts'],
  outfile: join(dist, 'index.js'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
const declarations = ['-p', 'src/client', '--outDir', join(dist, 'types')];
const { status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', ...declarations], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
