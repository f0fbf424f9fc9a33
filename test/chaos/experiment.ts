import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcome } from '../history/operation.ts';
import type { ChaosCluster } from './cluster.ts';
import { RESTLESS } from './load/client.ts';
import { nowUs } from './load/clock.ts';
import { keysUntil } from './load/keys.ts';
import type { RecordedOperation } from './load/requests.ts';

const CLIENTS_PER_CROWD = 6;
/** Numbers of clients that only look, once all is over. */
const AUDITORS = 1000;

/** The load of one run, what is looked at in the end, and the history that both have left. */
export class Experiment {
  readonly #cluster: ChaosCluster;
  readonly #directory: string;
  readonly #prefix: string;
  readonly #startUs = nowUs();
  readonly #files: string[];
  #audits = 0;
  #endUs = 0;

  constructor(options: { readonly cluster: ChaosCluster; readonly directory: string; readonly prefix: string }) {
    this.#cluster = options.cluster;
    this.#directory = options.directory;
    this.#prefix = options.prefix;
    this.#files = options.cluster.crowds.map(({ name }) => join(options.directory, `${name}.jsonl`));
  }

  get elapsedMs(): number {
    return Math.round((nowUs() - this.#startUs) / 1000);
  }

  async begin(seed: number): Promise<void> {
    const { targets, proxies, crowds } = this.#cluster;
    for (const [index, crowd] of crowds.entries()) {
      const clients = Array.from({ length: CLIENTS_PER_CROWD }, (_, number) => {
        const id = index * CLIENTS_PER_CROWD + number;
        const home = targets[id % proxies.length];
        const others = targets.filter((target) => target !== home);
        return { id, targets: home === undefined ? others : [home, ...others], habits: RESTLESS };
      });
      const historyFile = this.#files[index] ?? '';
      const order = {
        kind: 'begin',
        seed,
        prefix: this.#prefix,
        startUs: this.#startUs,
        historyFile,
        clients,
      } as const;
      await crowd.order(order, 'done');
    }
  }

  /** Resolves when every operation that was begun has an outcome. */
  async end(): Promise<Record<OperationOutcome, number>> {
    const ends = await Promise.all(this.#cluster.crowds.map((crowd) => crowd.order({ kind: 'end' }, 'counts')));
    this.#endUs = nowUs();
    const total = { ok: 0, refused: 0, failed: 0, unknown: 0 };
    for (const { outcomes } of ends) {
      for (const outcome of Object.keys(total) as OperationOutcome[]) total[outcome] += outcomes[outcome];
    }
    return total;
  }

  /** Reads every key through every proxy, linearizable, and what each replica itself holds; part of the history as well. */
  async audit(): Promise<readonly RecordedOperation[]> {
    const { crowds, targets, proxies } = this.#cluster;
    this.#audits += 1;
    const historyFile = join(this.#directory, `audit-${this.#audits}.jsonl`);
    this.#files.push(historyFile);
    writeFileSync(historyFile, '');
    const keys = keysUntil(this.#prefix, this.#startUs, this.#endUs);
    const common = { kind: 'audit', historyFile, keys } as const;
    const [ofProxies, ofKvstores] = [targets.slice(0, proxies.length), targets.slice(proxies.length)];
    await crowds[0]?.order({ ...common, client: AUDITORS, targets: ofProxies, mode: 'linearizable' }, 'counts');
    const client = AUDITORS + proxies.length;
    await crowds[0]?.order({ ...common, client, targets: ofKvstores, mode: 'eventual' }, 'counts');
    return readHistory(historyFile);
  }

  history(): readonly RecordedOperation[] {
    return this.#files.flatMap(readHistory);
  }
}

function readHistory(file: string): readonly RecordedOperation[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedOperation);
}
