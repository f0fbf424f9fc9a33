import type { MakeGroup } from './inspection.ts';
import { MS, type Plan, SECOND } from './plan.ts';
import { runPlan, type SeedReport } from './run-seed.ts';
import { quietPlan } from './scenario.ts';
import { scheduleOf } from './schedule.ts';
import type { TraceEvent } from './trace.ts';

/** While it is searched the run goes on for a while after the time at which it failed: what is left out may cost time. */
const SLACK_US = 3 * SECOND;

/** A failing run, and the shortest one found that fails in the same way. */
export interface Shrunk {
  readonly drawn: Plan;
  readonly plan: Plan;
  readonly report: SeedReport;
  /** All that happens in the shrunk run. */
  readonly events: readonly TraceEvent[];
  readonly attempts: number;
}

export interface ShrinkOptions {
  /** Asked before each run: whether there have been enough. */
  readonly isSpent?: (shrinker: { readonly attempts: number }) => boolean;
  readonly onProgress?: (shrinker: { readonly attempts: number; readonly plan: Plan }) => void;
}

/** Null if the plan does not fail. */
export function shrink(drawn: Plan, makeGroup: MakeGroup, options: ShrinkOptions = {}): Shrunk | null {
  const report = runPlan(drawn, makeGroup);
  return report.violation === null ? null : new Shrinker(drawn, report, makeGroup, options).run();
}

/**
 * Makes a failing run small, part by part, and begins again as long as something has become smaller. Each part is a list
 * of things that can be left out: the faults, what makes the world unlike a quiet one, what the clients do.
 *
 * A run is chaotic: what is left out changes chance as little as the streams (prng.ts) can make it, but it does change
 * what comes after. So a candidate that passes proves nothing, and one that fails proves itself.
 */
class Shrinker {
  readonly #drawn: Plan;
  readonly #makeGroup: MakeGroup;
  readonly #options: ShrinkOptions;
  readonly #failure: string;
  plan: Plan;
  #report: SeedReport;
  attempts = 0;

  constructor(drawn: Plan, report: SeedReport, makeGroup: MakeGroup, options: ShrinkOptions) {
    this.#drawn = drawn;
    this.#makeGroup = makeGroup;
    this.#options = options;
    this.#failure = failureOf(report);
    this.#report = report;
    this.plan = withoutRest({ ...drawn, schedule: scheduleOf(drawn), faults: [] }, report);
  }

  run(): Shrunk {
    let before: string;
    do {
      before = JSON.stringify(this.plan);
      this.#endEarlier();
      this.#leaveOutFaults();
      this.#calmTheWorld();
      this.#takeFewer();
      this.#closeGaps();
      this.#leaveOutOperations();
    } while (JSON.stringify(this.plan) !== before && !this.#isSpent);

    const endUs = this.#failedAtUs;
    const plan = endUs < this.plan.faultsUntilUs ? { ...this.plan, faultsUntilUs: endUs + MS } : this.plan;
    const events: TraceEvent[] = [];
    const report = runPlan(plan, this.#makeGroup, { listener: (event) => events.push(event) });
    return { drawn: this.#drawn, plan, report, events, attempts: this.attempts };
  }

  get #isSpent(): boolean {
    return this.#options.isSpent?.(this) ?? false;
  }

  get #failedAtUs(): number {
    return Math.ceil(this.#report.simulatedSeconds * SECOND);
  }

  /** Whether `candidate` fails as the original did; it then takes the place of the best plan so far. */
  #accepts(candidate: Plan): boolean {
    if (this.#isSpent || !isSensible(candidate)) return false;
    this.attempts += 1;
    const report = runPlan(candidate, this.#makeGroup);
    this.#options.onProgress?.(this);
    if (report.violation === null || failureOf(report) !== this.#failure) return false;
    this.#report = report;
    this.plan = withoutRest(candidate, report);
    return true;
  }

  /** For what shows only after the faults have ended; all else ends with the violation anyway. */
  #endEarlier(): void {
    if (this.#failedAtUs < this.plan.faultsUntilUs) return;
    const lastFaultUs = scheduleOf(this.plan).at(-1)?.atUs ?? 0;
    for (const rest of [0.1, 1, 3]) {
      const faultsUntilUs = lastFaultUs + rest * SECOND;
      if (faultsUntilUs < this.plan.faultsUntilUs && this.#accepts({ ...this.plan, faultsUntilUs })) return;
    }
  }

  #leaveOutFaults(): void {
    minimize(scheduleOf(this.plan), (schedule) => this.#accepts({ ...this.plan, schedule }));
  }

  #calmTheWorld(): void {
    const stormy = this.plan;
    const quiet = quietPlan(stormy.seed);
    const differences = leavesOf(stormy).filter((path) => !isSameLeaf(leafAt(stormy, path), leafAt(quiet, path)));
    minimize(differences, (kept) => {
      let candidate = this.plan;
      for (const path of differences)
        candidate = withLeaf(candidate, path, leafAt(kept.includes(path) ? stormy : quiet, path));
      return this.#accepts(candidate);
    });
  }

  #takeFewer(): void {
    for (const replicas of [2, 3, 4]) {
      if (replicas < this.plan.replicas && this.#accepts({ ...this.plan, replicas, replicasMax: replicas })) break;
    }
    if (this.plan.replicasMax > this.plan.replicas) this.#accepts({ ...this.plan, replicasMax: this.plan.replicas });
    for (const field of ['count', 'keys'] as const) {
      for (const fewer of [1, 2, 3]) {
        const { clients } = this.plan;
        if (fewer < clients[field] && this.#accepts({ ...this.plan, clients: { ...clients, [field]: fewer } })) break;
      }
    }
  }

  /** Faults come earlier, with all that follow, so that a short run shows the same. */
  #closeGaps(): void {
    for (let first = 0; first < scheduleOf(this.plan).length; first += 1) {
      for (const share of [0.9, 0.5]) {
        const schedule = scheduleOf(this.plan);
        const beforeUs = schedule[first - 1]?.atUs ?? 0;
        const earlierUs = Math.floor(((schedule[first]?.atUs ?? 0) - beforeUs) * share);
        if (earlierUs < 100 * MS) continue;
        const moved = schedule.map((fault, place) =>
          place < first ? fault : { ...fault, atUs: fault.atUs - earlierUs },
        );
        if (this.#accepts({ ...this.plan, schedule: moved })) break;
      }
    }
  }

  #leaveOutOperations(): void {
    const { count, acts } = this.plan.clients;
    const all =
      acts ?? this.#report.arrivals.map((arrivals) => Array.from({ length: arrivals }, (_, number) => number));
    const flat = all.slice(0, count).flatMap((numbers, client) => numbers.map((number) => ({ client, number })));
    minimize(flat, (kept) => {
      const numbers = Array.from({ length: count }, (_, client) =>
        kept.filter((act) => act.client === client).map((act) => act.number),
      );
      return this.#accepts({ ...this.plan, clients: { ...this.plan.clients, acts: numbers } });
    });
  }
}

/**
 * The least of `items` with which `fails` still holds, as far as leaving out pieces finds it (Zeller's ddmin, by
 * complements): nothing, then halves, quarters, … and single ones until none of them can be spared.
 */
export function minimize<T>(items: readonly T[], fails: (kept: readonly T[]) => boolean): readonly T[] {
  if (items.length === 0 || fails([])) return [];
  let kept = items;
  let piece = Math.ceil(kept.length / 2);
  for (;;) {
    let hasShrunk = false;
    for (let from = 0; from < kept.length;) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + piece)];
      if (rest.length > 0 && fails(rest)) {
        kept = rest;
        hasShrunk = true;
      } else from += piece;
    }
    if (piece === 1 && !hasShrunk) return kept;
    piece = Math.max(1, Math.floor(Math.min(piece, kept.length) / 2));
  }
}

/** What never happened because the run ended before is no part of it. */
function withoutRest(plan: Plan, report: SeedReport): Plan {
  const endUs = Math.ceil(report.simulatedSeconds * SECOND);
  if (endUs >= plan.faultsUntilUs) return plan;
  const { acts } = plan.clients;
  return {
    ...plan,
    faultsUntilUs: Math.min(plan.faultsUntilUs, endUs + SLACK_US),
    schedule: scheduleOf(plan).filter((fault) => fault.atUs <= endUs),
    clients: {
      ...plan.clients,
      acts: acts?.map((numbers, client) => numbers.filter((number) => number < (report.arrivals[client] ?? 0))) ?? null,
    },
  };
}

/**
 * What has to stay the same: the invariant, and for those that stand for many things what was said, without names and
 * numbers.
 */
function failureOf(report: SeedReport): string {
  const { violation } = report;
  if (violation === null) return 'none';
  if (violation.invariant !== 'liveness' && violation.invariant !== 'no-exception' && violation.invariant !== 'world') {
    return violation.invariant;
  }
  const [words = ''] = violation.message.split('\n');
  return `${violation.invariant} ${words.replaceAll(/kv-\S+/g, 'N').replaceAll(/\S*\d\S*/g, 'N')}`;
}

/** Not every mixture of a drawn plan and a quiet one is a world in which the rules promise anything. */
function isSensible({ replicas, limits, times }: Plan): boolean {
  const sessionsEnd = limits.sessionsMax >= 100 || times.sessionIdleMs <= 1500;
  return limits.minInSync < replicas && limits.inSyncMax >= limits.minInSync && sessionsEnd;
}

// A plan as the values at its leaves.

type Path = readonly string[];

/** These are not features of the world, or are made smaller in ways of their own. */
const otherLeaves = new Set([
  'seed',
  'replicas',
  'replicasMax',
  'faults',
  'schedule',
  'faultsUntilUs',
  'faultMeanUs',
  'count',
  'keys',
  'acts',
]);

export function leavesOf(tree: object, path: Path = []): Path[] {
  return Object.entries(tree).flatMap(([field, value]: [string, unknown]) => {
    if (otherLeaves.has(field)) return [];
    const isBranch = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isBranch ? leavesOf(value, [...path, field]) : [[...path, field]];
  });
}

export function leafAt(tree: unknown, path: Path): unknown {
  return path.reduce((branch, field) => (branch as Record<string, unknown>)[field], tree);
}

/** Lists are compared by what they say. */
export const isSameLeaf = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function withLeaf<T extends object>(tree: T, path: Path, leaf: unknown): T {
  const [field, ...rest] = path;
  if (field === undefined) return tree;
  const branch = (tree as Record<string, unknown>)[field];
  return { ...tree, [field]: rest.length === 0 ? leaf : withLeaf(branch as object, rest, leaf) };
}
