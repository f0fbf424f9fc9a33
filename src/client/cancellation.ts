import { KvError } from './kv-error.ts';

export interface Attempt {
  readonly signal: AbortSignal;
  /** Its time is up. */
  readonly isOver: boolean;
  /** Its time begins anew. */
  restart(waitMs: number): void;
  /** It has all the time there is, until it is restarted. */
  pause(): void;
  end(): void;
  /** And whatever still comes is not wanted. */
  cut(): void;
}

/**
 * The signals of one call. Not `AbortSignal.any`: in Node 20 each of its signals is kept for as long as a source lives, and a
 * client's signal lives as long as the client.
 */
export class Cancellation {
  readonly #signals: readonly AbortSignal[];
  #onAbort: () => void = () => undefined;
  readonly #listener = (): void => this.#onAbort();

  constructor(signals: readonly (AbortSignal | null)[]) {
    this.#signals = signals.filter((signal) => signal !== null);
    for (const signal of this.#signals) signal.addEventListener('abort', this.#listener);
  }

  isAborted(): boolean {
    return this.#signals.some(({ aborted }) => aborted);
  }

  error(outcome: 'none' | 'unknown' = 'none'): KvError {
    const cause: unknown = this.#signals.find(({ aborted }) => aborted)?.reason;
    return new KvError({ code: 'aborted', detail: 'The call was cancelled by its signal.', outcome, cause });
  }

  /** One attempt of at most that long; one at a time. */
  begin(waitMs: number): Attempt {
    const controller = new AbortController();
    let isOver = false;
    const onOver = (): void => {
      isOver = true;
      controller.abort();
    };
    let timer = setTimeout(onOver, waitMs);
    this.#onAbort = () => controller.abort();
    const end = (): void => {
      clearTimeout(timer);
      this.#onAbort = () => undefined;
    };
    return {
      signal: controller.signal,
      get isOver() {
        return isOver;
      },
      restart: (againMs) => {
        clearTimeout(timer);
        timer = setTimeout(onOver, againMs);
      },
      pause: () => clearTimeout(timer),
      end,
      cut: () => {
        end();
        controller.abort();
      },
    };
  }

  /** Ends early when a signal is given. */
  async sleep(waitMs: number): Promise<void> {
    if (this.isAborted()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#onAbort = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onAbort = () => undefined;
  }

  release(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#listener);
  }
}
