import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcome } from '../history/operation.ts';
import { Prng } from '../simulation/prng.ts';
import type { ChaosCluster } from './cluster.ts';
import { judge } from './judge.ts';
import { nowUs } from './load/clock.ts';
import { keysUntil } from './load/keys.ts';
import type { RecordedOperation } from './load/requests.ts';
import { drawSwarm, Nemesis, type FaultKind, type FaultNews } from './nemesis/nemesis.ts';
import { Stage } from './nemesis/stage.ts';
import { changesOf, violationsIn, type RecordChanges } from './record/changes.ts';
import { settle, untilQuiet } from './settle.ts';
import {
  deathsAgainstTheRules,
  divergences,
  lineagesAgainstTheRules,
  unanswered,
  wordsNobodyShouldHear,
} from './verdict.ts';

export interface RunOptions {
  readonly cluster: ChaosCluster;
  readonly seed: number;
  readonly seconds: number;
  /** Of those that a seed may draw; null: its own choice of all. */
  readonly faults: readonly FaultKind[] | null;
  /** The history and the list of faults are put here; emptied first. */
  readonly directory: string;
  readonly onFault?: (news: FaultNews) => void;
}

export interface RunResult extends RecordChanges {
  readonly seed: number;
  readonly operations: Readonly<Record<OperationOutcome, number>>;
  /** How often each error was met. */
  readonly failures: Readonly<Record<string, number>>;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** From the end of all faults; null: it did not settle. */
  readonly settledMs: number | null;
  /** Empty: every promise was kept. */
  readonly violations: readonly string[];
}

const CLIENTS_PER_CROWD = 6;
const QUIET_WITHIN_MS = 10_000;
const AUDITS_MAX = 3;
/** Numbers of clients that only look, once all is over. */
const AUDITORS = 1000;

/** Load and faults for a time, all by the seed; then everything is healed, read on every replica, and judged. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { cluster, seed, seconds, directory } = options;
  // Of an earlier run with the same seed, else.
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const random = new Prng(seed);
  const swarm = drawSwarm(random, options.faults);
  const prefix = `r${seed}`;
  const stage = new Stage({ cluster, random, prefix });
  const faultsFile = join(directory, 'faults.jsonl');
  const startUs = nowUs();
  const nemesis = new Nemesis({
    stage,
    swarm,
    onNews(news) {
      appendFileSync(faultsFile, `${JSON.stringify({ atMs: Math.round((nowUs() - startUs) / 1000), ...news })}\n`);
      options.onFault?.(news);
    },
  });
  const deathsBefore = cluster.deaths.length;
  const trailBefore = Math.max(0, cluster.leaseTrail().length - 1);
  const logsBefore = new Map(cluster.serverNames.map((name) => [name, cluster.logOf(name).lastIndexOf('\n') + 1]));

  const violations: string[] = [];
  const histories = cluster.crowds.map(({ name }) => join(directory, `${name}.jsonl`));
  for (const file of histories) writeFileSync(file, '');
  await beginLoad(options, { prefix, startUs, histories });
  await nemesis.run(seconds * 1000).catch((error: unknown) => violations.push(`not undone: ${String(error)}`));

  let settledMs: number | null = null;
  try {
    settledMs = await settle(cluster, prefix);
  } catch (error) {
    violations.push(`it did not settle: ${(error as Error).message}`);
  }
  const ends = await Promise.all(cluster.crowds.map((crowd) => crowd.order({ kind: 'end' }, 'counts')));
  const endUs = nowUs();
  const operations = sum(ends.map(({ outcomes }) => outcomes));
  let settledAtUs: number | null = null;
  const audits: string[] = [];
  try {
    await untilQuiet(cluster, QUIET_WITHIN_MS);
    settledAtUs = nowUs();
    // A write that its client gave up may land between two reads. What differs for good differs again.
    do {
      const file = join(directory, `audit-${audits.length + 1}.jsonl`);
      audits.push(file);
      await audit(cluster, file, keysUntil(prefix, startUs, endUs));
    } while (audits.length < AUDITS_MAX && divergences(lastAudit()).length > 0);
  } catch (error) {
    violations.push(`the end could not be looked at: ${(error as Error).message}`);
  }
  const trail = cluster.leaseTrail().slice(trailBefore);
  const history = [...histories, ...audits].flatMap(readHistory);
  writeFileSync(join(directory, 'history.jsonl'), history.map((line) => `${JSON.stringify(line)}\n`).join(''));
  violations.push(
    ...violationsIn(trail),
    ...deathsAgainstTheRules(cluster, { deathsBefore, logsBefore }),
    ...divergences(lastAudit()),
    ...unanswered(audits.flatMap(readHistory)),
    ...wordsNobodyShouldHear(history),
    ...lineagesAgainstTheRules(trail, cluster.lives),
  );
  const changes = changesOf(trail);
  const verdict = judge(history, {
    lineages: changes.lineages > 0 ? 'several' : 'one',
    clocks: nemesis.counts['clock-rate'] === undefined ? 'right' : 'bent',
    settledAtUs,
  });
  if (verdict !== null) violations.push(verdict);
  const failures = countBy(history.flatMap(({ outcome, code }) => (outcome === 'ok' || code === null ? [] : [code])));
  const result = { seed, operations, failures, faults: nemesis.counts, settledMs, violations, ...changes };
  writeFileSync(join(directory, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  return result;

  function lastAudit(): readonly RecordedOperation[] {
    return readHistory(audits.at(-1) ?? '');
  }
}

export async function beginLoad(
  { cluster, seed }: Pick<RunOptions, 'cluster' | 'seed'>,
  {
    prefix,
    startUs,
    histories,
  }: { readonly prefix: string; readonly startUs: number; readonly histories: readonly string[] },
): Promise<void> {
  const { targets, proxies } = cluster;
  let id = 0;
  for (const [index, crowd] of cluster.crowds.entries()) {
    const clients = Array.from({ length: CLIENTS_PER_CROWD }, () => {
      const home = targets[id % proxies.length];
      const others = targets.filter((target) => target !== home);
      const client = { id, targets: home === undefined ? others : [home, ...others] };
      id += 1;
      return client;
    });
    const historyFile = histories[index] ?? '';
    await crowd.order({ kind: 'begin', seed, prefix, startUs, historyFile, clients }, 'done');
  }
}

/** Through every proxy, linearizable; and what each replica itself holds. */
export async function audit(cluster: ChaosCluster, historyFile: string, keys: readonly string[]): Promise<void> {
  const [crowd] = cluster.crowds;
  const proxies = cluster.targets.slice(0, cluster.proxies.length);
  const kvstores = cluster.targets.slice(cluster.proxies.length);
  const common = { kind: 'audit', historyFile, keys } as const;
  await crowd?.order({ ...common, client: AUDITORS, targets: proxies, mode: 'linearizable' }, 'counts');
  await crowd?.order({ ...common, client: AUDITORS + proxies.length, targets: kvstores, mode: 'eventual' }, 'counts');
}

function readHistory(file: string): readonly RecordedOperation[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedOperation);
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function sum(parts: readonly Readonly<Record<OperationOutcome, number>>[]): Record<OperationOutcome, number> {
  const total = { ok: 0, refused: 0, failed: 0, unknown: 0 };
  for (const part of parts)
    for (const outcome of Object.keys(total) as OperationOutcome[]) total[outcome] += part[outcome];
  return total;
}
