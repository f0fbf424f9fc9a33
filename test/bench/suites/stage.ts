import type { Contestant, Running } from '../contestants/contestant.ts';

/** The contestants whose servers run now. */
export class Stage {
  readonly #contestants: Readonly<Record<string, Contestant>>;
  readonly #running = new Map<string, Running>();
  readonly #done = new Set<string>();

  constructor(contestants: Readonly<Record<string, Contestant>>) {
    this.#contestants = contestants;
  }

  /** Unless it runs. */
  async start(name: string): Promise<Running> {
    const running = this.#running.get(name) ?? (await this.#contestants[name]?.start());
    if (running === undefined) throw new Error(`there is no contestant ${name}`);
    this.#running.set(name, running);
    return running;
  }

  /** Does it, unless it was done since the contestant was started. */
  async once(name: string, what: string, work: () => Promise<void>): Promise<void> {
    const key = `${name}: ${what}`;
    if (this.#done.has(key)) return;
    await work();
    this.#done.add(key);
  }

  /** Ends all of them, even if one does not want to. */
  async end(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    this.#done.clear();
    const ends = await Promise.allSettled(all.map((running) => running.end()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
