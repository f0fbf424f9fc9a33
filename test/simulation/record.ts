import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ManyResult } from './run-many.ts';

const root = resolve(import.meta.dirname, '../..');

/** What a long run showed, and of which core: docs/simulation.md keeps the largest. */
export interface SearchRecord {
  readonly date: string;
  readonly version: string;
  /** The last commit that touched the core; null outside of a repository. */
  readonly commit: string | null;
  /** SHA-256 over the sources of the core as they were run. */
  readonly coreDigest: string;
  readonly firstSeed: number;
  /** All seeds before it are done: where to go on. */
  readonly nextSeed: number;
  readonly wallSeconds: number;
  readonly eventsPerSecond: number;
  readonly sums: Readonly<Record<string, number>>;
  readonly faultCounts: Readonly<Record<string, number>>;
  readonly violations: readonly { readonly seed: number; readonly invariant: string; readonly message: string }[];
}

/** Found out once, at the beginning: in an hour the sources may change below a run. */
const core = { version: versionOfPackage(), commit: commitOfCore(), coreDigest: digestOfCore() };

export function recordOf({ summary, wallSeconds, firstSeed, nextSeed }: ManyResult): SearchRecord {
  const { failures, faultCounts, ...sums } = summary;
  return {
    date: new Date().toISOString(),
    ...core,
    firstSeed,
    nextSeed,
    wallSeconds: Math.round(wallSeconds),
    eventsPerSecond: Math.round(summary.events / Math.max(0.001, wallSeconds)),
    sums,
    faultCounts,
    violations: failures.map(({ seed, violation }) => ({
      seed,
      invariant: violation?.invariant ?? '',
      message: violation?.message ?? '',
    })),
  };
}

/** In one step, so that whoever reads it never finds half of it. */
export function writeRecord(file: string, record: SearchRecord): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.part`, file);
}

export interface Limits {
  readonly eventsMax: number | undefined;
  readonly wallSecondsMax: number | undefined;
}

export function describeProgress({ summary, wallSeconds, nextSeed }: ManyResult, limits: Limits): string {
  const perSecond = summary.events / Math.max(0.001, wallSeconds);
  const left = [
    ...(limits.eventsMax === undefined ? [] : [(limits.eventsMax - summary.events) / Math.max(1, perSecond)]),
    ...(limits.wallSecondsMax === undefined ? [] : [limits.wallSecondsMax - wallSeconds]),
  ];
  const rest = left.length === 0 ? '' : `, ${(Math.max(0, Math.min(...left)) / 60).toFixed(0)} min to go`;
  return `${(wallSeconds / 60).toFixed(1)} min: ${summary.seeds} seeds (next ${nextSeed}), ${millions(summary.events)} events, ${thousands(perSecond)}/s, ${summary.takeovers} takeovers, ${summary.failures.length} violations${rest}`;
}

const millions = (count: number): string => `${(count / 1e6).toFixed(1)} million`;
const thousands = (count: number): string => `${(count / 1e3).toFixed(0)} thousand`;

function versionOfPackage(): string {
  const { version } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { readonly version: string };
  return version;
}

function commitOfCore(): string | null {
  const git = (...rest: string[]): string =>
    execFileSync('git', rest, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--', 'src/core') === '' ? '' : ' with changes';
    return `${git('log', '-1', '--format=%h', '--', 'src/core')}${changed}`;
  } catch {
    return null;
  }
}

function digestOfCore(): string {
  const hash = createHash('sha256');
  for (const file of globSync('src/core/**/*.ts', { cwd: root }).sort()) {
    hash.update(`${file}\n`).update(readFileSync(resolve(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
