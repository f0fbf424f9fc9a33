import type { Contestant, Running } from '../contestants/contestant.ts';
import type { Outcome, Plan } from '../load/plan.ts';
import { runLoad } from '../load/run-load.ts';
import { Stage } from './stage.ts';
import { suiteReport, type Seen, type SuiteReport } from './report.ts';
import { CONNECTIONS, figures, keysOf, VALUE_BYTES, type Lane, type Suite } from './suite.ts';

export interface RunOptions {
  readonly contestants: Readonly<Record<string, Contestant>>;
  /** Names of contestants; the others are left out. @default all of them */
  readonly only?: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  /** Whether each contestant runs alone, started anew for each of its runs, or beside those that are idle. */
  readonly company: 'alone' | 'together';
  readonly signal: AbortSignal;
  /** A line of progress. */
  readonly say: (line: string) => void;
}

const WARM_UP_MS_MAX = 1000;

/**
 * Runs each lane once in every round, in turns: what the machine does meanwhile meets all of them alike. Ends every
 * server, whatever happens.
 *
 * @throws if a contestant gives a wrong answer, or none
 */
export async function runSuite(name: string, suite: Suite, options: RunOptions): Promise<SuiteReport> {
  const { contestants, only, rounds, company, signal, say } = options;
  const stage = new Stage(contestants);
  const seen = new Map<string, Seen>();
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const [laneName, lane] of Object.entries(suite.lanes)) {
        const absence = absenceOf(lane.contestant, contestants, only);
        if (absence !== null) {
          if (round === 1) say(`${name}: ${laneName} is skipped: ${absence}`);
          seen.set(laneName, { contestant: absence, outcomes: [] });
          continue;
        }
        signal.throwIfAborted();
        const running = await stage.start(lane.contestant);
        const outcome = await runLane(lane, running, stage, options).catch((cause: unknown) => {
          throw new Error(`${name}, ${laneName}: ${(cause as Error).message}`, { cause });
        });
        const title = `${contestants[lane.contestant]?.title ?? ''}; ${running.version}`;
        seen.set(laneName, { contestant: title, outcomes: [...(seen.get(laneName)?.outcomes ?? []), outcome] });
        say(`${name}, round ${round} of ${rounds}, ${laneName}: ${textOf(outcome, suite, lane)}`);
        if (company === 'alone') await stage.end();
      }
    }
  } finally {
    await stage.end();
  }
  return suiteReport(name, suite, seen);
}

async function runLane(lane: Lane, running: Running, stage: Stage, options: RunOptions): Promise<Outcome> {
  const { seconds, signal } = options;
  const plan: Omit<Plan, 'address'> & { readonly measureMs: number } = {
    dialect: lane.dialect,
    getShare: lane.getShare,
    connections: lane.connections ?? CONNECTIONS,
    keys: keysOf(lane),
    valueBytes: lane.valueBytes ?? VALUE_BYTES,
    pace: lane.pace ?? { kind: 'closed' },
    warmUpMs: Math.min(WARM_UP_MS_MAX, 500 * seconds),
    measureMs: 1000 * seconds,
  };
  if (plan.getShare > 0) {
    await stage.once(lane.contestant, `${plan.dialect}, ${plan.keys} keys of ${plan.valueBytes} bytes`, async () => {
      const address = await running.addressOf('leader');
      await runLoad({ ...plan, address, getShare: 0, pace: { kind: 'once' } }, signal);
      await running.settle();
    });
  }
  const outcome = await runLoad({ ...plan, address: await running.addressOf(lane.at) }, signal);
  await running.settle();
  return outcome;
}

/** Why it takes no part; null: it does. */
function absenceOf(
  name: string,
  contestants: RunOptions['contestants'],
  only: readonly string[] | undefined,
): string | null {
  if (only?.includes(name) === false) return `${name} is not asked for`;
  const contestant = contestants[name];
  if (contestant === undefined) throw new Error(`there is no contestant ${name}`);
  return contestant.missing();
}

function textOf(outcome: Outcome, suite: Suite, lane: Lane): string {
  const figure = figures[suite.figure];
  const value = figure.of(outcome, lane);
  return `${value >= 100 ? Math.round(value) : value.toFixed(2)} ${figure.unit}`;
}
