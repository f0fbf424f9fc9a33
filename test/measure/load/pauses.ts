/** A stretch without an acknowledgement. */
export interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A shorter one is not worth a record. */
const PAUSE_MIN_MS = 2;

export function lengthOf(pause: Pause): number {
  return pause.toMs - pause.fromMs;
}

/** The stretches between acknowledgements. */
export class Pauses {
  readonly #pauses: Pause[] = [];
  #acknowledged = 0;
  #lastAckMs: number;

  constructor(startedMs: number) {
    this.#lastAckMs = startedMs;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get lastAckMs(): number {
    return this.#lastAckMs;
  }

  acknowledge(atMs: number): void {
    if (atMs - this.#lastAckMs >= PAUSE_MIN_MS) this.#pauses.push({ fromMs: this.#lastAckMs, toMs: atMs });
    this.#lastAckMs = atMs;
    this.#acknowledged += 1;
  }

  /** The longest that touches the time from `fromMs` to `toMs`; the one that lasts until then, too. */
  worst({ fromMs, toMs }: Pause): Pause {
    let worst: Pause = { fromMs, toMs: fromMs };
    for (const pause of [...this.#pauses, { fromMs: this.#lastAckMs, toMs }]) {
      if (pause.toMs >= fromMs && lengthOf(pause) > lengthOf(worst)) worst = pause;
    }
    return worst;
  }
}
