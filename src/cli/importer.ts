import { setTimeout as wait } from 'node:timers/promises';
import { isKvError, type BatchOperation, type KvClient } from '../client/index.ts';

export interface Batch {
  readonly operations: readonly BatchOperation[];
  /** Which line each came from. */
  readonly lines: readonly number[];
  /** The keys of each. */
  readonly ids: readonly string[];
  /** Lines and bytes up to its end. */
  readonly place: Place;
}

export interface Place {
  readonly line: number;
  readonly bytes: number;
}

export interface Fault {
  readonly line: number;
  readonly reason: string;
}

export interface Done {
  readonly written: number;
  /** There was a value, and it was to stay. */
  readonly skipped: number;
  readonly faults: readonly Fault[];
  readonly place: Place;
}

interface InFlight {
  readonly ids: ReadonlySet<string>;
  readonly done: Promise<Done>;
}

const PAUSE_MS = 500;

/** Sends several batches at a time, and tells of each in the order of the lines: what was told is done, and all before it. */
export class Importer {
  readonly #client: KvClient;
  readonly #options: { readonly parallel: number; readonly patienceMs: number; readonly signal: AbortSignal };
  readonly #inFlight: InFlight[] = [];
  /** Whether there is a store at all: one that has never answered is not waited for. */
  #hasAnswered = false;

  constructor(
    client: KvClient,
    options: { readonly parallel: number; readonly patienceMs: number; readonly signal: AbortSignal },
  ) {
    this.#client = client;
    this.#options = options;
  }

  /** What was done meanwhile. */
  async *add(batch: Batch): AsyncGenerator<Done> {
    // A later line about a key must not overtake an earlier one.
    const isEntangled = this.#inFlight.some(({ ids }) => batch.ids.some((id) => ids.has(id)));
    while (this.#inFlight.length >= (isEntangled ? 1 : this.#options.parallel)) yield await this.#first();
    const done = this.#send(batch);
    // Looked at when its turn comes.
    done.catch(() => undefined);
    this.#inFlight.push({ ids: new Set(batch.ids), done });
  }

  async *rest(): AsyncGenerator<Done> {
    while (this.#inFlight.length > 0) yield await this.#first();
  }

  async #first(): Promise<Done> {
    const [first] = this.#inFlight;
    if (first === undefined) throw new Error('nothing is in flight');
    const done = await first.done;
    this.#inFlight.shift();
    return done;
  }

  /**
   * Without Idempotency-Keys: the store would keep the outcomes of a million keys for ten minutes. Written twice is what is
   * written once, so that it is repeated even where nobody knows.
   */
  async #send(batch: Batch): Promise<Done> {
    const { operations, lines, place } = batch;
    const untilMs = performance.now() + this.#options.patienceMs;
    for (;;) {
      try {
        const results = await this.#client.batch(operations, { idempotencyKey: false });
        this.#hasAnswered = true;
        const faults: Fault[] = [];
        let skipped = 0;
        results.forEach(({ status, error }, at) => {
          if (error === undefined) return;
          if (status === 412) skipped += 1;
          else faults.push({ line: lines[at] ?? 0, reason: error.detail });
        });
        return { written: operations.length - skipped - faults.length, skipped, faults, place };
      } catch (error) {
        if (isKvError(error) && REFUSED_WHOLE.includes(error.status ?? 0))
          return await this.#sendParts(batch, error.detail);
        const mayComeRight = isKvError(error) && (error.retryable || error.outcome === 'unknown');
        const isPatient = this.#hasAnswered && performance.now() < untilMs;
        if (!mayComeRight || !isPatient || this.#options.signal.aborted) throw error;
        await wait(PAUSE_MS, undefined, { signal: this.#options.signal });
      }
    }
  }

  /** One bad operation has the whole request refused: which one, halving finds. */
  async #sendParts({ operations, lines, ids, place }: Batch, reason: string): Promise<Done> {
    const middle = operations.length >> 1;
    if (middle === 0) return { written: 0, skipped: 0, faults: [{ line: lines[0] ?? 0, reason }], place };
    const part = (from: number, to?: number): Batch => ({
      operations: operations.slice(from, to),
      lines: lines.slice(from, to),
      ids: ids.slice(from, to),
      place,
    });
    const first = await this.#send(part(0, middle));
    const second = await this.#send(part(middle));
    return {
      written: first.written + second.written,
      skipped: first.skipped + second.skipped,
      faults: [...first.faults, ...second.faults],
      place,
    };
  }
}

/** Nothing of it was done. */
const REFUSED_WHOLE: readonly number[] = [400, 413];
