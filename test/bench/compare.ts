/**
 * This checkout beside another commit of it, in turns on the same machine: `npm run bench -- --compare BASE`. BASE is whatever
 * git takes for a commit; its servers are built from a worktree in a temporary folder, and the load is this checkout's for both.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exitCodeOf, interruption } from './command/interruption.ts';
import { taken } from './command/taken.ts';
import { kvstore } from './contestants/kvstore.ts';
import { markdownOf } from './suites/markdown.ts';
import { runSuite } from './suites/run-suites.ts';
import type { Goal, Lane, Suite } from './suites/suite.ts';

const USAGE = `npm run bench -- --compare BASE [OPTIONS]

BASE: a commit, branch or tag of this repository.

  --rounds N    both run so often, in turns (default 5)
  --seconds S   for so long (default 5)`;

const root = resolve(import.meta.dirname, '../..');

const PLACES = {
  'PUT at the leader': { at: 'leader', getShare: 0 },
  'PUT through the proxy': { at: 'proxy', getShare: 0 },
  'GET at a replica': { at: 'replica', getShare: 1 },
  'GET through the proxy': { at: 'proxy', getShare: 1 },
} as const satisfies Readonly<Record<string, Pick<Lane, 'at' | 'getShare'>>>;

process.exitCode = await main(process.argv.slice(2)).catch(exitCodeOf);

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      help: { type: 'boolean', default: false },
    },
  });
  const [base, ...rest] = positionals;
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const isRight = base !== undefined && rest.length === 0 && Number.isInteger(rounds) && rounds > 0 && seconds > 0;
  if (values.help || !isRight) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const commit = git('rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`);
  if (commit.status !== 0) {
    console.error(`git knows no commit ${base}`);
    return 2;
  }
  await compare(base, commit.stdout.trim(), { rounds, seconds });
  return 0;
}

async function compare(
  base: string,
  commit: string,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<void> {
  const signal = interruption();
  const say = (line: string): void => console.error(line);
  const folder = mkdtempSync(join(tmpdir(), 'kvstore-compare-'));
  const worktree = join(folder, 'base');
  try {
    say(`${base}: a worktree of ${commit.slice(0, 12)}, and npm ci in it`);
    must(git('worktree', 'add', '--detach', worktree, commit));
    must(spawnSync('npm', ['ci', '--prefer-offline'], { cwd: worktree, encoding: 'utf8' }));
    signal.throwIfAborted();
    const contestants = {
      now: kvstore({ title: 'this checkout', replicas: 3 }),
      base: kvstore({ title: base, replicas: 3, root: worktree }),
    };
    const missing = contestants.base.missing();
    if (missing !== null) throw new Error(missing);
    const report = await taken(async () => {
      const options = { contestants, rounds, seconds, company: 'together', signal, say } as const;
      return { rounds, seconds, suites: [await runSuite('compare', suite(), options)] };
    }, `of this checkout beside ${base}`);
    console.log(markdownOf(report));
  } finally {
    git('worktree', 'remove', '--force', worktree);
    rmSync(folder, { recursive: true, force: true });
  }
}

function suite(): Suite {
  return {
    what: 'this checkout beside another commit',
    figure: 'operations',
    lanes: Object.fromEntries(
      Object.entries(PLACES).flatMap(([what, place]) =>
        (['now', 'base'] as const).map((contestant) => [
          `${what}, ${contestant}`,
          { ...place, contestant, dialect: 'native' } satisfies Lane,
        ]),
      ),
    ),
    goals: Object.keys(PLACES).map((what): Goal => ({ of: `${what}, now`, beside: `${what}, base`, bound: null })),
  };
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function git(...args: readonly string[]): Ended {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' });
}

/** @throws with what it has said, if it failed */
function must({ status, stdout, stderr }: Ended): void {
  if (status !== 0) throw new Error(`it failed:\n${stdout}${stderr}`);
}
