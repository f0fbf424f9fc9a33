import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that this project does not bring along. */
export interface Program {
  readonly name: string;
  /** The environment variable that names its file. */
  readonly variable: string;
  /** A variable that names a folder in which it may be. */
  readonly folderVariable?: string;
  readonly howToInstall: string;
}

export const REDIS_SERVER: Program = {
  name: 'redis-server',
  variable: 'REDIS_SERVER',
  howToInstall: 'Debian: apt-get install redis-server',
};

export const ETCD: Program = {
  name: 'etcd',
  variable: 'ETCD',
  folderVariable: 'KUBEBUILDER_ASSETS',
  howToInstall:
    'take 3.6 or newer from https://github.com/etcd-io/etcd/releases, or set KUBEBUILDER_ASSETS to the folder of envtest',
};

export const NATS_SERVER: Program = {
  name: 'nats-server',
  variable: 'NATS_SERVER',
  howToInstall: 'go install github.com/nats-io/nats-server/v2@latest',
};

/** By its own variable, then in PATH, then in the folder; null: nowhere. A variable that names nothing is not passed over. */
export function fileOf(program: Program, env: NodeJS.ProcessEnv = process.env): string | null {
  const given = env[program.variable];
  if (given !== undefined && given !== '') return isThere(given, env) ? given : null;
  const folder = env[program.folderVariable ?? ''] ?? '';
  const folders = [...(env['PATH'] ?? '').split(delimiter), folder].filter((name) => name !== '');
  return folders.map((name) => join(name, program.name)).find((file) => existsSync(file)) ?? null;
}

/** Why it is not there, and what to do about it; null: it is. */
export function missingProgram(program: Program, env: NodeJS.ProcessEnv = process.env): string | null {
  if (fileOf(program, env) !== null) return null;
  const { name, variable, howToInstall } = program;
  const given = env[variable] ?? '';
  if (given !== '') return `${variable} names ${given}, which is not there`;
  return `${name} is not installed: ${howToInstall}; it is looked for in PATH, or set ${variable} to its file`;
}

/** As it is started; {@link missingProgram} has said that it is there. */
export function commandOf(program: Program): string {
  const file = fileOf(program);
  if (file === null) throw new Error(missingProgram(program) ?? '');
  return file;
}

/** The first thing that looks like a version in what it prints. */
export function versionOf(program: Program, flag: string): string {
  const { stdout } = spawnSync(commandOf(program), [flag], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'of an unknown version';
}

/** A name without a slash is looked for in PATH. */
function isThere(given: string, env: NodeJS.ProcessEnv): boolean {
  if (given.includes('/')) return existsSync(given);
  return (env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, given)));
}
