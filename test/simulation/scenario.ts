import { defaultLimits, defaultTimes } from '../../src/core/group/options.ts';
import { checkLiveness, isSettled } from './checkers/liveness.ts';
import { drawPlan, MS, type Plan, SECOND } from './plan.ts';
import type { MakeGroup } from './inspection.ts';
import type { Process } from './process.ts';
import { makeRealGroup } from './real-group.ts';
import { Trace } from './trace.ts';
import { check } from './violation.ts';
import { World } from './world.ts';

/** A world without chance faults: what goes wrong in it, the scenario does. */
export function quietPlan(seed: number, changes: Partial<Plan> = {}): Plan {
  const drawn = drawPlan(seed);
  return {
    ...drawn,
    replicas: 3,
    replicasMax: 5,
    times: defaultTimes,
    limits: defaultLimits,
    uncleanRecovery: 'auto',
    podNames: 'stable',
    addressReuse: 0,
    faultsUntilUs: 1000 * SECOND,
    faults: [],
    restartMeanUs: 300 * MS,
    network: { latencyUs: 200, jitterUs: 200, loss: 0, duplicates: 0, ghosts: 0, falseRefusals: 0 },
    api: {
      ...drawn.api,
      latencyUs: 3 * MS,
      timeoutUs: 5 * SECOND,
      late: 0,
      slowAnswers: 0,
      refusals: 0,
      watchDelayUs: 5 * MS,
      watchLoss: 0,
    },
    clock: { drift: 0.0005, wallSkewMs: 5 },
    clients: {
      ...drawn.clients,
      count: 4,
      keys: 4,
      operationMeanUs: 20 * MS,
      inFlightMax: 8,
      deadlineUs: 10 * SECOND,
      attemptUs: 400 * MS,
      readModes: ['in-sync', 'linearizable', 'session', 'eventual'],
      loss: 0,
    },
    ...changes,
  };
}

/** A stage: a group at work, and what a schedule needs to know of it. */
export class Scenario {
  readonly world: World;

  constructor(plan: Plan, makeGroup: MakeGroup = makeRealGroup) {
    this.world = new World(plan, makeGroup, new Trace({ keep: 400, listener: null }));
    this.world.start();
  }

  get leader(): Process {
    const [leader] = this.leaders();
    check(leader !== undefined, 'liveness', () => 'nobody leads');
    return leader;
  }

  /** All who think that they lead. */
  leaders(): Process[] {
    return this.world.pods.running().filter((process) => process.mirror?.role === 'leading');
  }

  followers(): Process[] {
    return this.world.pods.running().filter((process) => process.mirror?.role !== 'leading');
  }

  run(ms: number): void {
    this.world.runUntil(this.world.now + ms * MS);
  }

  /** Runs until `holds`, at most for `ms`; whether it came to hold. */
  runUntil(holds: () => boolean, ms: number): boolean {
    const deadline = this.world.now + ms * MS;
    while (!holds()) {
      if (this.world.now >= deadline) return false;
      this.world.runUntil(Math.min(deadline, this.world.now + 5 * MS));
    }
    return true;
  }

  /** The very thing that the schedule is about: `holds` comes true within `ms`. */
  expect(what: string, holds: () => boolean, ms: number): void {
    const came = this.runUntil(holds, ms);
    check(came, 'liveness', () => `not within ${ms} ms: ${what}`);
  }

  /** `holds` is true now and stays so for `ms`. */
  expectThroughout(what: string, holds: () => boolean, ms: number): void {
    const broken = this.runUntil(() => !holds(), ms);
    check(!broken, 'liveness', () => `no longer true: ${what}`);
  }

  /** A leader with all replicas in its set, and writes that commit. */
  begin(): void {
    const { replicas } = this.world.plan;
    const ready = this.runUntil(
      () => this.world.checker.lastRecord?.inSync.length === Math.min(replicas, this.world.plan.limits.inSyncMax),
      15_000,
    );
    check(ready, 'liveness', () => 'the group does not get ready');
    this.run(500);
  }

  /** Ends it where the rules leave the group frozen, as they must, until an operator recovers it. */
  endByOperator(): void {
    const { world } = this;
    world.endFaults();
    this.run(10_000);
    checkLiveness(world);
    check(world.frozen !== null, 'liveness', () => 'the group is not frozen');
    world.operator.recover();
    world.checker.finish();
  }

  /** Ends the schedule: everything heals, order must come back, and all histories must be right. */
  end(): void {
    const { world } = this;
    world.endFaults();
    if (!this.runUntil(() => isSettled(world), 10_000)) checkLiveness(world);
    world.checker.finish();
  }
}
