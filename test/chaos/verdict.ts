import type { HistoryOperation } from '../history/operation.ts';
import type { ChaosCluster } from './cluster.ts';

/** What a process says only if it has met what must not be. */
const FAILURES = /"message":"(?:process failed|replica failed)"|invariant/i;

/** Processes that ended though nobody ended them, and what any process wrote of a failure of its own. */
export function deathsAgainstTheRules(
  cluster: ChaosCluster,
  since: { readonly deathsBefore: number; readonly logsBefore: ReadonlyMap<string, number> },
): readonly string[] {
  const deaths = cluster.deaths
    .slice(since.deathsBefore)
    .filter(({ wanted }) => !wanted)
    .map(({ server, exitCode, signal }) => `${server} ended by itself: ${signal ?? `exit code ${String(exitCode)}`}`);
  const logged = cluster.serverNames.flatMap((name) => {
    const lines = cluster
      .logOf(name)
      .slice(since.logsBefore.get(name) ?? 0)
      .split('\n');
    return lines.filter((line) => FAILURES.test(line)).map((line) => `${name} logged: ${line.slice(0, 1000)}`);
  });
  return [...deaths, ...logged];
}

/** Keys that not everybody who was asked in the end has answered alike. */
export function divergences(audit: readonly HistoryOperation[]): readonly string[] {
  const byKey = new Map<string, HistoryOperation[]>();
  for (const read of audit) byKey.set(read.key, [...(byKey.get(read.key) ?? []), read]);
  const violations: string[] = [];
  for (const [key, reads] of byKey) {
    const unanswered = reads.filter(({ outcome }) => outcome !== 'ok');
    if (unanswered.length > 0) violations.push(`${key}: ${unanswered.length} reads failed once all was settled`);
    const answers = new Set(reads.map(({ value, revision }) => `${String(value)} at ${String(revision)}`));
    if (answers.size > 1) violations.push(`${key}: replicas differ: ${[...answers].join('; ')}`);
  }
  return violations;
}
