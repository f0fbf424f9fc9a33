import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');

/** A project elsewhere that has installed the package as npm would publish it, and nothing else of this repository. */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), 'kvstore-client-'));

  constructor() {
    const sources = join(this.folder, 'package');
    mkdirSync(sources);
    for (const file of ['package.json', 'README.md']) cpSync(join(root, 'src/client', file), join(sources, file));
    run(process.execPath, ['scripts/build-client.ts', join(sources, 'dist')], root);
    run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', this.folder], sources);
    const installed = join(this.folder, 'node_modules/kvstore-client');
    mkdirSync(installed, { recursive: true });
    run('tar', ['-xzf', 'kvstore-client-0.1.0.tgz', '-C', installed, '--strip-components=1'], this.folder);
    symlinkSync(join(root, 'node_modules/@types'), join(this.folder, 'node_modules/@types'));
    writeFileSync(join(this.folder, 'package.json'), '{"type":"module"}');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** Makes JavaScript of the files, and refuses what is wrong with their types, the declarations of the package included. */
  compile(files: readonly string[]): void {
    const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--target', 'es2023'];
    const modules = ['--module', 'nodenext', '--types', 'node', '--skipLibCheck', 'false'];
    run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...modules, ...files],
      this.folder,
    );
  }

  /** What it prints. */
  run(node: string, file: string): string {
    return run(node, [file], this.folder);
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(command: string, words: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd, encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return stdout;
  throw new Error(
    `${command} ${words.join(' ')}: ${error?.message ?? `ended with ${String(status)}`}\n${stdout}${stderr}`,
  );
}

/** The blocks of TypeScript on the package's page. */
export function examples(): readonly string[] {
  const page = readFileSync(join(root, 'src/client/README.md'), 'utf8');
  return [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
}

/** What an example says that it prints: in comments behind what prints it, or on lines of their own. */
export const promisedBy = (example: string): string =>
  [...example.matchAll(/(?:^ *|; )\/\/ (.*)$/gm)].map(([, line = '']) => `${line}\n`).join('');

/** A Node 20 of this machine, which the package has to run on; null: there is none. */
export function node20(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const { stdout } = spawnSync(join(folder, 'node'), ['--version'], { encoding: 'utf8' });
    if (typeof stdout === 'string' && stdout.startsWith('v20.')) return join(folder, 'node');
  }
  return null;
}
