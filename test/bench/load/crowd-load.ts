import { Pipeline, type PipelineOwner } from './pipeline.ts';
import type { Load, LoadOptions } from './load.ts';
import type { PlannedRequest } from './requests.ts';

/** Connections that are opened at once: it is not the backlog of the listening socket that is tried. */
const OPEN_AT_ONCE = 128;

/** More requests under way, over HTTP, than anybody can answer at once; whoever is refused asks again without a wait. */
export class CrowdLoad implements Load, PipelineOwner {
  readonly #options: LoadOptions;
  readonly #underWayEach: number;
  readonly #pipelines: Pipeline[] = [];
  readonly #opened = Promise.withResolvers<null>();
  readonly #drained = Promise.withResolvers<null>();
  #phase: 'opening' | 'running' | 'ending' = 'opening';
  #open = 0;
  #underWay = 0;

  constructor(options: LoadOptions, underWayEach: number) {
    this.#options = options;
    this.#underWayEach = underWayEach;
  }

  async open(): Promise<void> {
    this.#openMore();
    await this.#opened.promise;
  }

  fill(): Promise<void> {
    throw new Error('a crowd fills nothing');
  }

  start(): void {
    this.#phase = 'running';
    for (const pipeline of this.#pipelines) this.onTurn(pipeline);
  }

  async stop(): Promise<void> {
    this.#phase = 'ending';
    this.#endIfDrained();
    await this.#drained.promise;
    for (const pipeline of this.#pipelines) pipeline.close();
  }

  onOpen(): void {
    this.#open += 1;
    this.#openMore();
    if (this.#open === this.#options.plan.connections) this.#opened.resolve(null);
  }

  onAnswer(_pipeline: Pipeline, request: PlannedRequest, sinceMs: number): void {
    this.#underWay -= 1;
    this.#options.tally.add(request.operations, sinceMs);
  }

  onRefusal(_pipeline: Pipeline, code: string, sinceMs: number): void {
    this.#underWay -= 1;
    this.#options.tally.refuse(code, sinceMs);
  }

  onTurn(pipeline: Pipeline): void {
    if (this.#phase === 'ending') return this.#endIfDrained();
    const { requests } = this.#options;
    const room = this.#underWayEach - pipeline.underWay;
    if (room === 0) return;
    this.#underWay += room;
    pipeline.send(Array.from({ length: room }, () => requests.next()));
  }

  onFailure(reason: string): void {
    this.#options.onFailure(reason);
  }

  #openMore(): void {
    const { plan } = this.#options;
    while (this.#pipelines.length < Math.min(plan.connections, this.#open + OPEN_AT_ONCE)) {
      this.#pipelines.push(new Pipeline(plan.address, this.#underWayEach, this));
    }
  }

  #endIfDrained(): void {
    if (this.#underWay === 0) this.#drained.resolve(null);
  }
}
