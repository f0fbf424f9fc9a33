import { countText, durationText } from './text.ts';
import type { Terminal } from './terminal.ts';

const DRAW_EVERY_MS = 100;
const BAR_COLUMNS = 20;

/** How far a long command is, drawn over and over in one line where somebody looks; else nothing. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #label: string;
  readonly #startedAtMs = performance.now();
  #drawnAtMs = -Infinity;
  #isDrawn = false;

  constructor(terminal: Terminal, label: string) {
    this.#terminal = terminal;
    this.#label = label;
  }

  /** `share`: of all there is, 0 to 1; null: nobody knows. */
  update(done: number, share: number | null, what = 'keys'): void {
    if (!this.#terminal.isTerminal.notes) return;
    const nowMs = performance.now();
    if (nowMs - this.#drawnAtMs < DRAW_EVERY_MS) return;
    this.#drawnAtMs = nowMs;
    this.#isDrawn = true;
    const elapsedMs = Math.max(1, nowMs - this.#startedAtMs);
    const rate = `${countText(Math.round(done / (elapsedMs / 1000)))}/s`;
    const parts = [this.#label, ...barOf(share, elapsedMs), `${countText(done)} ${what}`, rate];
    const line = parts.join('  ').slice(0, Math.max(20, this.#terminal.size().columns - 1));
    this.#terminal.draw(`\r${line}\u001b[K`);
  }

  /** Leaves nothing behind. */
  end(): void {
    if (this.#isDrawn) this.#terminal.draw('\r\u001b[K');
    this.#isDrawn = false;
  }
}

function barOf(share: number | null, elapsedMs: number): readonly string[] {
  if (share === null) return [];
  const within = Math.min(1, Math.max(0, share));
  const full = Math.round(within * BAR_COLUMNS);
  const left = within < 0.01 ? '' : `, ${durationText((elapsedMs / within) * (1 - within))} left`;
  return [`[${'#'.repeat(full)}${'.'.repeat(BAR_COLUMNS - full)}] ${Math.floor(within * 100)}%${left}`];
}
