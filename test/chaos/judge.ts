import { checkHistory } from '../history/check-history.ts';
import type { HistoryOperation } from '../history/operation.ts';
import { describeVerdict } from '../history/report.ts';

/** By how much a clock of the store may have been wrong, where a fault bends clocks (`clock-rate`). */
const CLOCK_DRIFT_BENT = 0.25;

/** What the history shows that no history may show; null: nothing. */
export function judge(
  history: readonly HistoryOperation[],
  options: {
    /** Whether a new lineage began: what was acknowledged in the one before may be lost (R14). */
    readonly lineages: 'one' | 'several';
    readonly clocks: 'right' | 'bent';
    /** From when on every replica showed all; null: that never was. */
    readonly settledAtUs: number | null;
  },
): string | null {
  const { lineages, clocks, settledAtUs } = options;
  const drift = clocks === 'bent' ? { clockDrift: CLOCK_DRIFT_BENT } : {};
  const verdict = checkHistory(history, { lineages, settledAtUs, ...drift });
  // Undecided is not decided for us.
  return verdict.kind === 'ok' ? null : describeVerdict(verdict);
}
