import { compareHoldings } from '../core/election/ranking.ts';
import { type Holding, type Objection, OBJECTIONS, type RecoverRequest } from '../core/election/recovery.ts';
import { CommandFailure, EXIT } from './exit-code.ts';
import type { Found, ReachedReplica } from './replica-admin.ts';

/** What would be done: from which replica the group goes on, and what that costs. */
export interface RecoveryPlan {
  readonly chosen: ReachedReplica;
  /** What would be lost, or may be, in sentences. */
  readonly losses: readonly string[];
  readonly request: RecoverRequest;
}

/** The one with the most by R14's order, or the one that was asked for; fails where there is nothing to recover. */
export function planRecovery(
  found: Found,
  options: { readonly replica: string | null; readonly despite: readonly Objection[] },
): RecoveryPlan {
  const { reached, unreached } = found;
  const working = reached.find(({ view }) => view.takesWrites);
  if (working !== undefined) {
    throw new CommandFailure(
      EXIT.precondition,
      `Nothing is to be recovered: ${working.podName} leads, and takes writes.`,
    );
  }
  const chosen = options.replica === null ? best(reached) : named(reached, options.replica);
  refuseUnlessDespite(chosen, reached, options.despite);
  const { holding, record } = chosen.view;
  if (record.kind === 'unknown') {
    throw new CommandFailure(
      EXIT.unavailable,
      `${chosen.podName} could not read the Lease yet. Make sure that it reaches the Kubernetes API, then look again.`,
    );
  }
  const request: RecoverRequest = {
    shown: holding,
    record: record.kind === 'there' ? record.version : null,
    // Who answers elsewhere will answer the chosen one, too, and may object.
    silentPods: unreached.filter(({ answersElsewhere }) => !answersElsewhere).map(({ podName }) => podName),
    despite: options.despite,
  };
  return { chosen, losses: lossesOf(found, chosen), request };
}

function best(reached: readonly ReachedReplica[]): ReachedReplica {
  // Of equals one that says itself that it is frozen, such as a leader whose followers have all that it has.
  const isFrozen = ({ view }: ReachedReplica): number => (view.frozen === null ? 0 : 1);
  const [first, ...others] = [...reached].sort((a, b) => isFrozen(b) - isFrozen(a));
  if (first === undefined) throw new CommandFailure(EXIT.unavailable, 'No replica answers.');
  const most = others.reduce(
    (best_, next) => (compareHoldings(next.view.holding, best_.view.holding) > 0 ? next : best_),
    first,
  );
  const rival = reached.find(({ view }) => isOtherHistory(view.holding, most.view.holding));
  if (rival !== undefined) {
    throw new CommandFailure(
      EXIT.precondition,
      `${most.podName} and ${rival.podName} hold two histories, and neither comes after the other. Say with --replica which one goes on; the other will be dropped.`,
    );
  }
  return most;
}

function named(reached: readonly ReachedReplica[], name: string): ReachedReplica {
  const replica = reached.find(({ podName, view }) => podName === name || view.replica === name);
  if (replica !== undefined) return replica;
  const names = reached.map(({ podName }) => podName).join(', ');
  throw new CommandFailure(
    EXIT.precondition,
    `${name} is not among the replicas that answer: ${names || 'none does'}.`,
  );
}

/** The replica itself would refuse, too: here it is said before anybody is asked. */
function refuseUnlessDespite(
  chosen: ReachedReplica,
  reached: readonly ReachedReplica[],
  despite: readonly Objection[],
): void {
  if (chosen.view.frozen === null && !despite.includes('not-frozen')) {
    throw new CommandFailure(
      EXIT.precondition,
      `${chosen.podName} does not say that only an operator can go on: the group may help itself. Wait half a minute and look again; to go on all the same, add --despite not-frozen.`,
    );
  }
  const better = reached.find(({ view }) => compareHoldings(view.holding, chosen.view.holding) > 0);
  if (better !== undefined && !despite.includes('more-elsewhere')) {
    throw new CommandFailure(
      EXIT.precondition,
      `${better.podName} has more of the data than ${chosen.podName}. Choose that one; to lose what only it has, add --despite more-elsewhere.`,
    );
  }
}

function lossesOf({ reached, unreached }: Found, chosen: ReachedReplica): string[] {
  const losses: string[] = [];
  const own = chosen.view.holding;
  for (const { podName, view } of reached) {
    const { holding } = view;
    if (isOtherHistory(holding, own)) {
      losses.push(`${podName} holds another history, ${describeHolding(holding)}: all of it is dropped.`);
    } else if (compareHoldings(holding, own) > 0) {
      losses.push(`${podName} has ${describeHolding(holding)}: what follows ${describeHolding(own)} is lost.`);
    }
  }
  for (const { podName, reason, answersElsewhere } of unreached) {
    losses.push(
      answersElsewhere
        ? `${podName} lives, but cannot be asked from here (${reason}). If it has more, ${chosen.podName} will refuse.`
        : `${podName} did not answer (${reason}): what only it holds is lost, even if its process still lives.`,
    );
  }
  return losses;
}

/** Two histories of one number: which came first, nobody can say. */
const isOtherHistory = (a: Holding, b: Holding): boolean =>
  a.lineage !== null && b.lineage !== null && a.lineage.number === b.lineage.number && a.lineage.id !== b.lineage.id;

const describeHolding = ({ lineage, lastEpoch, lastIndex }: Holding): string =>
  lineage === null ? 'nothing' : `entry ${lastIndex} of epoch ${lastEpoch} in lineage ${lineage.number}.${lineage.id}`;

export const isObjection = (text: string): text is Objection => (OBJECTIONS as readonly string[]).includes(text);
