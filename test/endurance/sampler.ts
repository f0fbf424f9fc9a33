import { setTimeout as wait } from 'node:timers/promises';
import type { Installation } from '../measure/installation.ts';
import { rounded, valuesOfMetrics, valuesOfProcess } from './process-values.ts';
import type { Sample, Values } from './recording.ts';

/** A process that stands still is asked in vain; the next sample must not wait for it. */
const SCRAPE_MS = 1000;
const REWATCH_MS = 100;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

interface Watched {
  readonly name: string;
  readonly pid: () => number | null;
  readonly metricsUrl: string | null;
}

/** Looks at every process of an installation from outside, and at the traffic of its Lease. */
export class Sampler {
  readonly #processes: readonly Watched[];
  readonly #kubernetesUrl: string;
  readonly #answered: () => number;
  readonly #watching = new AbortController();
  readonly #startedMs = performance.now();
  #leaseWrites = 0;
  #before: { readonly ms: number; readonly answered: number; readonly leaseWrites: number; readonly version: number };

  private constructor(installation: Installation, answered: () => number, version: number) {
    const { cluster, pods } = installation;
    this.#kubernetesUrl = cluster.kubernetesUrl;
    this.#answered = answered;
    this.#processes = [
      ...pods.map(({ name, server, httpPort }) => ({
        name,
        pid: () => server.pid,
        metricsUrl: `http://127.0.0.1:${httpPort}/metrics`,
      })),
      ...cluster.proxies.map(({ name, server, url }) => ({
        name,
        pid: () => server.pid,
        metricsUrl: `${url}/metrics`,
      })),
      // The emulation of the Kubernetes API publishes nothing.
      { name: 'kubernetes', pid: () => cluster.api.pid, metricsUrl: null },
    ];
    this.#before = { ms: this.#startedMs, answered: answered(), leaseWrites: 0, version };
  }

  /** `answered` counts what the load was answered. */
  static async start(installation: Installation, answered: () => number): Promise<Sampler> {
    const version = await versionAt(installation.cluster.kubernetesUrl);
    const sampler = new Sampler(installation, answered, version);
    sampler.#watchLease(version);
    return sampler;
  }

  get elapsedS(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  async sample(): Promise<Sample> {
    const atS = rounded(this.elapsedS);
    const [values, version] = await Promise.all([
      Promise.all(this.#processes.map(async (process) => [process.name, await valuesOf(process)] as const)),
      versionAt(this.#kubernetesUrl),
    ]);
    const before = this.#before;
    const now = { ms: performance.now(), answered: this.#answered(), leaseWrites: this.#leaseWrites, version };
    this.#before = now;
    const perS = (count: number) => rounded((1000 * count) / (now.ms - before.ms));
    const group = {
      requestsPerS: perS(now.answered - before.answered),
      leaseWritesPerS: perS(now.leaseWrites - before.leaseWrites),
      apiWritesPerS: perS(now.version - before.version),
    };
    return { atS, group, processes: Object.fromEntries(values) };
  }

  stop(): void {
    this.#watching.abort();
  }

  /** Counts every write of the Lease; begins again where a watch ends, as it does now and then. */
  #watchLease(fromVersion: number): void {
    const { signal } = this.#watching;
    let version = fromVersion;
    const watch = async () => {
      const url = `${this.#kubernetesUrl}${LEASES}?watch=true&resourceVersion=${version}`;
      const { body } = await fetch(url, { signal });
      if (body === null) return;
      let rest = '';
      for await (const text of body.pipeThrough(new TextDecoderStream()) as AsyncIterable<string>) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const { type, object } = JSON.parse(line) as {
            type: string;
            object: { metadata: { resourceVersion: string } };
          };
          if (type !== 'MODIFIED') continue;
          version = Number(object.metadata.resourceVersion);
          this.#leaseWrites += 1;
        }
      }
    };
    void (async () => {
      while (!signal.aborted) {
        await watch().catch(() => undefined);
        await wait(REWATCH_MS);
      }
    })();
  }
}

/** Every write of any object raises it by one. */
async function versionAt(kubernetesUrl: string): Promise<number> {
  const answer = await fetch(`${kubernetesUrl}${LEASES}`);
  const { metadata } = (await answer.json()) as { metadata: { resourceVersion: string } };
  return Number(metadata.resourceVersion);
}

async function valuesOf({ pid, metricsUrl }: Watched): Promise<Values | null> {
  const now = pid();
  const seen = now === null ? null : valuesOfProcess(now);
  if (seen === null) return null;
  const text = metricsUrl === null ? '' : await scrape(metricsUrl);
  // The answer of a process that took the place of the one that was looked at says nothing of it.
  return pid() === now ? { ...seen, ...valuesOfMetrics(text) } : null;
}

async function scrape(url: string): Promise<string> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(SCRAPE_MS) });
    return await answer.text();
  } catch {
    return '';
  }
}
