import { epoch, logIndex } from '../../src/core/base/numbers.ts';
import { compareHoldings } from '../../src/core/election/ranking.ts';
import type { Holding, RecoverOutcome } from '../../src/core/election/recovery.ts';
import type { Ticket } from '../../src/core/group/io.ts';
import { checkLiveness, isSettled } from './checkers/liveness.ts';
import { MS, SECOND } from './plan.ts';
import type { Process } from './process.ts';
import { check } from './violation.ts';
import type { World } from './world.ts';

/** After the operator's word there must be order within this time. */
const SETTLE_US = 10 * SECOND;
/** What was looked at may have changed by the time that the word arrives; then one looks again. */
const LOOKS_MAX = 5;

/** Where the rules say that only an operator can go on, this one looks at all replicas and recovers the best (R13). */
export class Operator {
  readonly #world: World;
  #chosen: Process | null = null;
  readonly #outcomes = new Map<Ticket, RecoverOutcome>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether this replica was told to begin a lineage. */
  hasChosen(process: Process): boolean {
    return this.#chosen === process;
  }

  onAnswered(ticket: Ticket, outcome: RecoverOutcome): void {
    this.#outcomes.set(ticket, outcome);
  }

  /** The group is rightly frozen: gives the word, and order must come back. */
  recover(): void {
    const world = this.#world;
    let outcome = this.#giveWord();
    for (let looks = 1; outcome.kind !== 'begun' && looks < LOOKS_MAX; looks += 1) {
      world.runUntil(world.now + 500 * MS);
      outcome = this.#giveWord();
    }
    check(outcome.kind === 'begun', 'liveness', () => `the operator got nowhere: ${JSON.stringify(outcome)}`);
    for (const deadlineUs = world.now + SETTLE_US; !isSettled(world); world.runUntil(world.now + 100 * MS)) {
      if (world.now < deadlineUs) continue;
      checkLiveness(world);
      return;
    }
  }

  #giveWord(): RecoverOutcome {
    const world = this.#world;
    const best = bestOf(world.pods.running().filter(({ pod }) => pod.isListed));
    const version = world.api.record()?.version ?? null;
    this.#chosen = best;
    const ticket = world.nextTicket();
    world.trace.add(world.now, 'operator', `chooses ${best.label}`, { version });
    best.deliver({
      kind: 'recover',
      ticket,
      request: { shown: holdingOf(best), record: version, silentPods: [], despite: [] },
    });
    const deadlineUs = world.now + 11 * SECOND;
    while (!this.#outcomes.has(ticket) && world.now < deadlineUs) world.runUntil(world.now + 50 * MS);
    return this.#outcomes.get(ticket) ?? { kind: 'unknown', detail: 'no answer' };
  }

  /** R14's order: of those that can be had nobody had more. */
  checkBest(chosen: Process): void {
    for (const other of this.#world.pods.running()) {
      if (other === chosen || !other.pod.isListed) continue;
      check(
        compareHoldings(holdingOf(other), holdingOf(chosen)) <= 0,
        'new-lineage',
        () =>
          `${chosen.label} begins a lineage by an operator's word with ${JSON.stringify(holdingOf(chosen))}, ${other.label} has ${JSON.stringify(holdingOf(other))}`,
      );
    }
  }
}

/** R14's order; of equals one that says itself that it is frozen, such as a leader whose followers have all that it has. */
function bestOf(processes: readonly Process[]): Process {
  const [first, ...others] = [...processes].sort((a, b) => Number(isFrozen(b)) - Number(isFrozen(a)));
  check(first !== undefined, 'liveness', () => 'nobody runs who could be recovered');
  return others.reduce((best, next) => (compareHoldings(holdingOf(next), holdingOf(best)) > 0 ? next : best), first);
}

const isFrozen = (process: Process): boolean => process.group.status(process.instant()).frozen;

function holdingOf(process: Process): Holding {
  const { dataLineage: lineage, log } = process.group.inspect();
  if (lineage === null) return { lineage, lastEpoch: epoch(0), lastIndex: logIndex(0) };
  return { lineage, lastEpoch: epoch(log.lastEpoch), lastIndex: logIndex(log.lastIndex) };
}
