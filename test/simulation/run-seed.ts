import type { MakeGroup } from './inspection.ts';
import { drawPlan, type Plan, type PlanOverrides, SECOND } from './plan.ts';
import { Trace, type TraceEvent } from './trace.ts';
import { type Invariant, Violation } from './violation.ts';
import { World } from './world.ts';

const TRACE_LINES = 400;

/** What one seed showed. */
export interface SeedReport {
  readonly seed: number;
  readonly simulatedSeconds: number;
  readonly events: number;
  readonly operations: number;
  readonly answered: number;
  /** By client: how often its time to do something came. */
  readonly arrivals: readonly number[];
  readonly faults: number;
  readonly faultCounts: Readonly<Record<string, number>>;
  readonly takeovers: number;
  readonly newLineages: number;
  readonly setChanges: number;
  readonly snapshots: number;
  readonly frozen: string | null;
  readonly violation: {
    readonly invariant: Invariant;
    readonly message: string;
    readonly trace: readonly string[];
  } | null;
}

export interface RunOptions extends PlanOverrides {
  /** Gets all that happens; the last of it is kept in any case, for the report of a violation. */
  readonly listener?: (event: TraceEvent) => void;
}

/** Runs one seed to its end, or to the first violation. */
export function runSeed(seed: number, makeGroup: MakeGroup, options: RunOptions = {}): SeedReport {
  return runPlan(drawPlan(seed, options), makeGroup, options);
}

export function runPlan(plan: Plan, makeGroup: MakeGroup, options: RunOptions = {}): SeedReport {
  const trace = new Trace({ keep: TRACE_LINES, listener: options.listener ?? null });
  const world = new World(plan, makeGroup, trace);
  try {
    world.run();
    return reportOf(world, null);
  } catch (error) {
    return reportOf(world, error);
  }
}

export function reportOf(world: World, error: unknown): SeedReport {
  const { checker, nemesis } = world;
  return {
    seed: world.plan.seed,
    simulatedSeconds: world.now / SECOND,
    events: world.events,
    operations: world.clients.reduce((sum, client) => sum + client.operations, 0),
    answered: world.clients.reduce((sum, client) => sum + client.answered, 0),
    arrivals: world.clients.map((client) => client.arrived),
    faults: nemesis.total,
    faultCounts: Object.fromEntries(nemesis.counts),
    takeovers: Math.max(0, checker.leaderships - 1),
    newLineages: checker.newLineages,
    setChanges: checker.setChanges,
    snapshots: checker.snapshots,
    frozen: world.frozen,
    violation: error === null ? null : describe(world, error),
  };
}

function describe(world: World, error: unknown): SeedReport['violation'] {
  const isViolation = error instanceof Violation;
  const cause = error instanceof Error ? (error.cause ?? (isViolation ? null : error)) : error;
  const stack = cause instanceof Error ? `\n${cause.stack ?? ''}` : '';
  return {
    invariant: isViolation ? error.invariant : 'world',
    message: `${(world.now / SECOND).toFixed(6)} s: ${error instanceof Error ? error.message : String(error)}${stack}`,
    trace: world.trace.lines(),
  };
}
