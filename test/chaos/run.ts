import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatHistory } from '../history/history-file.ts';
import type { OperationOutcome } from '../history/operation.ts';
import { Prng } from '../simulation/prng.ts';
import type { ChaosCluster } from './cluster.ts';
import { Experiment } from './experiment.ts';
import { judge } from './judge.ts';
import { nowUs } from './load/clock.ts';
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

const QUIET_WITHIN_MS = 10_000;
const AUDITS_MAX = 3;

/** Load and faults for a time, all by the seed; then everything is healed, read on every replica, and judged. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { cluster, seed, seconds, directory } = options;
  // Of an earlier run with the same seed, else.
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const random = new Prng(seed);
  const swarm = drawSwarm(random, options.faults);
  const prefix = `r${seed}`;
  const experiment = new Experiment({ cluster, directory, prefix });
  const nemesis = new Nemesis({
    stage: new Stage({ cluster, random, prefix }),
    swarm,
    onNews(news) {
      const line = JSON.stringify({ atMs: experiment.elapsedMs, ...news });
      appendFileSync(join(directory, 'faults.jsonl'), `${line}\n`);
      options.onFault?.(news);
    },
  });
  const before = {
    deaths: cluster.deaths.length,
    trail: Math.max(0, cluster.leaseTrail().length - 1),
    logs: new Map(cluster.serverNames.map((name) => [name, cluster.logOf(name).lastIndexOf('\n') + 1])),
  };

  const violations: string[] = [];
  const note = (what: string) => (error: unknown) => {
    violations.push(`${what}: ${(error as Error).message}`);
    return null;
  };
  await experiment.begin(seed);
  await nemesis.run(seconds * 1000).catch(note('a fault could not be undone'));
  const settledMs = await settle(cluster, prefix).catch(note('it did not settle'));
  const operations = await experiment.end();
  const view = await lookAtEnd(cluster, experiment).catch(note('the end could not be looked at'));

  const history = experiment.history();
  writeFileSync(join(directory, 'history.jsonl'), formatHistory(history));
  const trail = cluster.leaseTrail().slice(before.trail);
  const changes = changesOf(trail);
  const verdict = judge(history, {
    lineages: changes.lineages > 0 ? 'several' : 'one',
    clocks: nemesis.counts['clock-rate'] === undefined ? 'right' : 'bent',
    settledAtUs: view?.sinceUs ?? null,
  });
  violations.push(
    ...(view?.violations ?? []),
    ...violationsIn(trail),
    ...lineagesAgainstTheRules(trail, cluster.lives),
    ...deathsAgainstTheRules(cluster, before),
    ...wordsNobodyShouldHear(history),
    ...(verdict === null ? [] : [verdict]),
  );
  const failures = countBy(history.flatMap(({ outcome, code }) => (outcome === 'ok' || code === null ? [] : [code])));
  const result = { seed, operations, failures, faults: nemesis.counts, settledMs, violations, ...changes };
  writeFileSync(join(directory, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

interface EndView {
  /** Since when every replica had all that there was. */
  readonly sinceUs: number;
  readonly violations: readonly string[];
}

/** A write that its client gave up may land between two reads: what differs for good differs again. */
async function lookAtEnd(cluster: ChaosCluster, experiment: Experiment): Promise<EndView> {
  await untilQuiet(cluster, QUIET_WITHIN_MS);
  const sinceUs = nowUs();
  for (let audits = 1; ; audits += 1) {
    const reads = await experiment.audit();
    const [failed, differing] = [unanswered(reads), divergences(reads)];
    if (failed.length + differing.length === 0) return { sinceUs, violations: [] };
    if (failed.length > 0 || audits === AUDITS_MAX) return { sinceUs, violations: [...failed, ...differing] };
  }
}

function countBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
