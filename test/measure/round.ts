import type { Installation } from './installation.ts';
import { Ledger } from './load/ledger.ts';
import { OpenLoop, type Failure } from './load/open-loop.ts';
import { lengthOf } from './load/pauses.ts';
import { until } from './until.ts';

export interface RunOptions {
  readonly installation: Installation;
  readonly ratePerS: number;
  readonly say: (line: string) => void;
  /** How long things last that have no natural end, such as an outage. */
  readonly outageMs: number;
}

/** One run of a row: its rounds share the keys, and what is found of them in the end holds for all of it. */
export interface Run extends RunOptions {
  readonly ledger: Ledger;
}

export interface RoundResult {
  /** The longest stretch without an acknowledgement that the round is about; null where none is asked for. */
  readonly pauseMs: number | null;
  /** When it began, as the logs tell the time. */
  readonly pauseAt: string;
  /** No pause may be shorter than this client's own absence. */
  readonly stallMs: number;
  readonly failures: readonly Failure[];
  readonly note: string;
  /** What the row requires and this round did not show, beyond pauses and failures. */
  readonly broken: readonly string[];
  /** What took longer than the row allows, beyond pauses. @default nothing */
  readonly slow?: readonly string[];
}

export const KEYS = 500;

export function newRun(options: RunOptions): Run {
  return { ...options, ledger: new Ledger(KEYS) };
}

/**
 * Load, and in the midst of it the fault; it ends, once the fault's consequences are over, with nothing under way, every
 * replica in sync, and each of them asked for each key.
 */
export async function underLoad(
  run: Run,
  fault: (load: OpenLoop) => Promise<Partial<RoundResult>>,
): Promise<RoundResult> {
  const { installation, ledger } = run;
  const load = new OpenLoop({ addresses: installation.proxyAddresses, ratePerS: run.ratePerS, ledger });
  try {
    await steady(run, load);
    const startedMs = performance.now();
    const result = await fault(load);
    await installation.untilInSync();
    await steady(run, load);
    const pause = load.worstPause(startedMs);
    const pauseAt = new Date(performance.timeOrigin + pause.fromMs).toISOString();
    await load.stop();
    await installation.untilQuiet();
    const { longestStallMs, failures } = load;
    return { pauseMs: lengthOf(pause), pauseAt, stallMs: longestStallMs, failures, note: '', broken: [], ...result };
  } finally {
    load.close();
  }
}

/** Waits for about a second's worth of acknowledgements. */
export async function steady(run: Run, load: OpenLoop): Promise<void> {
  const goal = load.acknowledged + run.ratePerS;
  await until('writes are acknowledged', () => load.acknowledged >= goal);
}

/** Waits for an acknowledgement of a write after now. */
export async function untilAcknowledging(load: OpenLoop, withinMs = 30_000): Promise<void> {
  const nowMs = performance.now();
  await until('writes are acknowledged again', () => load.lastAckMs > nowMs, { withinMs, everyMs: 10 });
}

export function msText(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}
