import type { ChaosCluster, Life } from './cluster.ts';
import type { RecordedOperation } from './load/requests.ts';
import type { LeaseState } from './record/lease-state.ts';

/** What a process says only if it has met what must not be. What is not a line of JSON was said by no log: a crash. */
const FAILURES = /"event":"(?:process failed|replica failed)"|invariant|^[^{]/i;
/** Answers that no fault excuses: a fault of ours, a request that the clients do not make, words that are not the service's. */
const UNHEARD_OF = /^(?:internal|bad-|idempotency-mismatch|status )/;

/** Processes that ended though nobody ended them, and what any process wrote of a failure of its own. */
export function deathsAgainstTheRules(
  cluster: ChaosCluster,
  before: { readonly deaths: number; readonly logs: ReadonlyMap<string, number> },
): readonly string[] {
  const deaths = cluster.deaths
    .slice(before.deaths)
    .filter(({ wanted }) => !wanted)
    .map(({ server, exitCode, signal }) => `${server} ended by itself: ${signal ?? `exit code ${String(exitCode)}`}`);
  const logged = cluster.serverNames.flatMap((name) => {
    const lines = cluster
      .logOf(name)
      .slice(before.logs.get(name) ?? 0)
      .split('\n');
    return lines.filter((line) => FAILURES.test(line)).map((line) => `${name} logged: ${line.slice(0, 1000)}`);
  });
  return [...deaths, ...logged];
}

/** Keys that not everybody who was asked in the end has answered alike. */
export function divergences(audit: readonly RecordedOperation[]): readonly string[] {
  const byKey = new Map<string, RecordedOperation[]>();
  for (const read of audit) byKey.set(read.key, [...(byKey.get(read.key) ?? []), read]);
  const violations: string[] = [];
  for (const [key, reads] of byKey) {
    const told = reads.filter(({ outcome }) => outcome === 'ok');
    const answers = new Set(told.map(({ value, revision }) => `${String(value)} at ${String(revision)}`));
    if (answers.size > 1) violations.push(`${key}: replicas differ: ${[...answers].join('; ')}`);
  }
  return violations;
}

export function unanswered(audit: readonly RecordedOperation[]): readonly string[] {
  const failed = audit.filter(({ outcome }) => outcome !== 'ok');
  const [first] = failed;
  if (first === undefined) return [];
  const example = `${first.key} by ${first.target}: ${String(first.code)}`;
  return [`${failed.length} reads failed once all was settled, the first ${example}`];
}

export function wordsNobodyShouldHear(history: readonly RecordedOperation[]): readonly string[] {
  return history
    .filter(({ code }) => code !== null && UNHEARD_OF.test(code))
    .map(({ op, key, code, target }) => `a ${op} of ${key} by ${target} was answered ${String(code)}`);
}

/**
 * R14: a new lineage is begun by one who is no member only when no member has kept its memory. (A leader that leaves out a
 * member that is gone, R13, was a member itself, and begins with all that there was.)
 */
export function lineagesAgainstTheRules(trail: readonly LeaseState[], lives: readonly Life[]): readonly string[] {
  const violations: string[] = [];
  for (const { before, after } of lineageChanges(trail)) {
    if (after.holder !== null && before.inSync.includes(after.holder)) continue;
    for (const member of before.inSync) {
      const life = lives.find(({ replica }) => replica !== null && isDataOf(member, replica));
      if (life !== undefined && (life.endUs === null || life.endUs > after.atUs)) {
        violations.push(
          `R14: ${String(after.holder)} began lineage ${String(after.lineage?.number)} though ${member} lived`,
        );
      }
    }
  }
  return violations;
}

interface LineageChange {
  readonly before: LeaseState;
  readonly after: LeaseState;
}

function lineageChanges(trail: readonly LeaseState[]): readonly LineageChange[] {
  const changes: LineageChange[] = [];
  let before: LeaseState | null = null;
  for (const state of trail) {
    if (state.lineage === null) continue;
    if (before !== null && before.lineage?.id !== state.lineage.id) changes.push({ before, after: state });
    before = state;
  }
  return changes;
}

/** A replica id ends with a data id, which gets a count where the process has dropped its data and begun anew. */
const isDataOf = (id: string, first: string): boolean => id === first || id.startsWith(`${first}.`);
