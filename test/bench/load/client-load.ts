import type { Load, LoadOptions } from './load.ts';
import type { PlannedRequest } from './requests.ts';

/** A contestant's own client. */
export interface Client {
  /** Resolves when it is done and was right. @throws WrongAnswer, and what the client throws */
  send(request: PlannedRequest): Promise<void>;
  close(): Promise<void>;
}

/** Requests through a client of the contestant's own, as many under way as the plan has connections. */
export class ClientLoad implements Load {
  readonly #options: LoadOptions;
  readonly #connect: () => Promise<Client>;
  #client: Client | null = null;
  #workers: readonly Promise<void>[] = [];
  #isRunning = false;
  #filled = 0;

  constructor(options: LoadOptions, connect: () => Promise<Client>) {
    if (options.plan.pace.kind === 'open') throw new Error('a client of a contestant is asked in a closed loop only');
    this.#options = options;
    this.#connect = connect;
  }

  async open(): Promise<void> {
    this.#client = await this.#connect();
  }

  async fill(): Promise<void> {
    const { requests, tally } = this.#options;
    const { puts } = requests;
    await Promise.all(
      this.#forEachConnection(async (client) => {
        for (let request = puts[this.#filled]; request !== undefined; request = puts[this.#filled]) {
          this.#filled += 1;
          const sinceMs = performance.now();
          await client.send(request);
          tally.add(request.operations, sinceMs);
        }
      }),
    );
  }

  start(): void {
    const { requests, tally, onFailure } = this.#options;
    this.#isRunning = true;
    this.#workers = this.#forEachConnection(async (client) => {
      while (this.#isRunning) {
        const request = requests.next();
        const sinceMs = performance.now();
        await client.send(request);
        tally.add(request.operations, sinceMs);
      }
    }).map((worker) =>
      worker.catch((error: unknown) => {
        this.#isRunning = false;
        onFailure((error as Error).message);
      }),
    );
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#workers);
    await this.#client?.close();
  }

  #forEachConnection(work: (client: Client) => Promise<void>): readonly Promise<void>[] {
    const client = this.#client;
    if (client === null) throw new Error('it is not open');
    return Array.from({ length: this.#options.plan.connections }, () => work(client));
  }
}
