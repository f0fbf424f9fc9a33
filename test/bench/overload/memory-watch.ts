import { rssBytesOf } from '../../measure/linux.ts';

export interface Watched {
  readonly name: string;
  readonly pid: number | null;
}

const EVERY_MS = 250;

/** Resident memory of some processes, from now on. */
export class MemoryWatch {
  readonly #processes: readonly Watched[];
  readonly #samples: { readonly atMs: number; readonly bytes: readonly number[] }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(processes: readonly Watched[]) {
    this.#processes = processes;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#look();
  }

  /** The most of each process between two times, in bytes; NaN: it had ended. */
  mostBetween(fromMs: number, toMs: number): readonly number[] {
    const samples = this.#samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    return this.#processes.map((_, at) => Math.max(0, ...samples.map(({ bytes }) => bytes[at] ?? NaN)));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#samples.push({ atMs: performance.now(), bytes: this.#processes.map(({ pid }) => rssBytesOf(pid)) });
  }
}
