import { Agent, request } from 'node:http';

/** Reads that cost a replica much and whoever asks for them little: batches of gets of one absent key. */
export interface BatchReads {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** In one request, 1 to 1000. */
  readonly gets: number;
  /** Between an answer and the next request of a connection. */
  readonly thinkMs: number;
}

export interface BatchReadsDone {
  readonly answered: number;
  /** Replicas come and go: a request may find none. What comes of it is nobody's promise, so that it is only counted. */
  readonly failed: number;
}

/**
 * A busy replica on a machine that has few processors: single reads would cost their clients more of them than the replicas,
 * and keep the replicas from what they are to be busy with.
 */
export class BatchReader {
  readonly #reads: BatchReads;
  readonly #agent: Agent;
  readonly #body: string;
  #ended = false;
  #answered = 0;
  #failed = 0;

  constructor(reads: BatchReads) {
    this.#reads = reads;
    this.#agent = new Agent({ keepAlive: true, maxSockets: reads.connections });
    this.#body = JSON.stringify({ operations: Array.from({ length: reads.gets }, () => ({ get: { key: 'nobody' } })) });
  }

  get done(): BatchReadsDone {
    return { answered: this.#answered, failed: this.#failed };
  }

  begin(): void {
    for (let connection = 0; connection < this.#reads.connections; connection += 1) this.#askAgain();
  }

  end(): void {
    this.#ended = true;
    this.#agent.destroy();
  }

  #askAgain(): void {
    if (!this.#ended) setTimeout(() => this.#ask(), this.#reads.thinkMs);
  }

  #ask(): void {
    const { host, port } = this.#reads;
    const options = {
      agent: this.#agent,
      host,
      port,
      method: 'POST',
      path: '/v1/batch?consistency=eventual',
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(this.#body) },
    };
    const asked = request(options, (response) => {
      response.resume().on('close', () => {
        if (response.statusCode === 200 && response.complete) this.#answered += 1;
        else this.#failed += 1;
        this.#askAgain();
      });
    });
    asked.on('error', () => {
      this.#failed += 1;
      this.#askAgain();
    });
    asked.end(this.#body);
  }
}
